"""The published table against its own numbers: how many correct replies its means allow, and what repeats in it.

The mean over all replies is the mix of the two others, all = acc · correct + (1 − acc) · incorrect, so three printed
means bound the accuracy printed beside them (in the spirit of the GRIM test: Brown & Heathers 2017,
doi:10.1177/1948550616673876).

>>> row = {"pauses_mean": "2.25", "pauses_mean_correct": "3.00", "pauses_mean_incorrect": "2.00"}
>>> list(correct_counts(row, 4))
[1]
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pandas as pd

MEANS = ["pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect"]
PLACEHOLDER = re.compile(r".*?/?(..?)\1{2,}")
"""A link that ends in one or two characters over and over: fewer than one of 10⁹ random ids of 8 characters does."""
PUBLISHED_REPLIES = 1319  # the test problems of GSM8K
DECIMALS = 2  # of the published means: 4 of the 54 that are not 0 show one, and none a last 0, so 77.8 is 77.80


def published() -> pd.DataFrame:
    """The published table, one line a variant, every cell the text as printed (empty where there is none).

    `accuracy` is the share of correct replies, MEANS are pauses per reply. `predictions`, `model` and `tracking` are
    what the published table of artifacts cites.
    """
    return pd.read_csv(Path(__file__).with_name("published.csv"), dtype=str, keep_default_na=False)


def unit(cell: str, decimals: int = 0) -> Fraction:
    """What the last decimal of a printed number stands for, if it was rounded to as many as it shows or `decimals`."""
    return Fraction(1, 10 ** max(decimals, len(cell.partition(".")[2])))


def correct_counts(row: Mapping[str, str], n: int) -> range | None:
    """The counts of correct replies, of `n`, that fit the three printed means; empty where none does.

    Each mean may be anywhere within half a unit of its last decimal, and c of `n` fits where the interval of c/n ·
    correct + (1 − c/n) · incorrect meets that of all: two linear inequalities, so what fits has no gaps. None where the
    means of the correct and the incorrect replies are equal, which says nothing.
    """
    every, correct, incorrect = (Fraction(row[column]) for column in MEANS)
    if correct == incorrect:
        return None
    halves = [unit(row[column], DECIMALS) / 2 for column in MEANS]
    fitting = []
    for count in range(n + 1):
        share = Fraction(count, n)
        mix = share * correct + (1 - share) * incorrect
        if abs(mix - every) <= halves[0] + share * halves[1] + (1 - share) * halves[2]:
            fitting.append(count)
    return range(fitting[0], fitting[-1] + 1) if fitting else range(0)


def accuracy_finding(cell: str, counts: range, n: int) -> str:
    """What it can only mean that a printed accuracy stands beside means that allow these counts of `n`.

    `rounded` where a count gives it by rounding and none by cutting decimals off, `cut` for the reverse, `contradicts
    its own means` where none gives it either way, and empty where both are possible.
    """
    printed = Fraction(cell)
    rounded = any(abs(Fraction(count, n) - printed) <= unit(cell) / 2 for count in counts)
    cut = any(printed <= Fraction(count, n) < printed + unit(cell) for count in counts)
    findings = {(True, True): "", (True, False): "rounded", (False, True): "cut"}
    return findings.get((rounded, cut), "contradicts its own means")


def audit(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """What a table of `n` replies a row, with the columns of `published()`, says about itself: one line a variant.

    `variant`; `correct_low` and `correct_high`, the replies that its means allow to be correct (missing where the means
    bound nothing or no count fits); and `findings`, joined by `; ` and empty where there is none.
    """
    rows = []
    for row in table.to_dict("records"):
        counts, others = correct_counts(row, n), table[table["variant"] != row["variant"]]
        has_same_predictions = others["predictions"] == row["predictions"]
        findings = [f"same predictions as {name}" for name in others["variant"][has_same_predictions]]
        if counts is not None:
            findings = [accuracy_finding(row["accuracy"], counts, n), *findings]
            has_same_means = (others[MEANS] == [row[mean] for mean in MEANS]).all(axis=1)
            findings += [f"same pause counts as {name}" for name in others["variant"][has_same_means]]
        findings += ["tracking link is a placeholder"] if PLACEHOLDER.fullmatch(row["tracking"]) else []
        ends = (counts[0], counts[-1]) if counts else (None, None)
        rows.append([row["variant"], *ends, "; ".join(filter(None, findings))])
    found = pd.DataFrame(rows, columns=["variant", "correct_low", "correct_high", "findings"])
    return found.astype({"correct_low": "Int64", "correct_high": "Int64"})


def audit_beside_ours(ours: pd.DataFrame) -> pd.DataFrame:
    """The published table, its audit and our results side by side, one line a published variant.

    `ours` is `comparisons.over_seeds`; its numbers are NaN where a variant is not in it. The accuracy is `published`,
    as printed, and `ours` with its interval `low` to `high`.
    """
    theirs = published().merge(audit(published(), PUBLISHED_REPLIES), on="variant")
    theirs = theirs.rename(columns={"accuracy": "published"})
    both = theirs.merge(ours.rename(columns={"accuracy": "ours"}), on="variant", how="left", suffixes=("", "_ours"))
    pauses = [column for mean in MEANS for column in (mean, f"{mean}_ours")]
    checked = ["variant", "published", "correct_low", "correct_high", "findings"]
    return both[[*checked, "ours", "low", "high", *pauses, "truncated_rate"]]
