"""Checks a table of results against its own numbers: how many correct replies its means allow, and what repeats.

The mean over all replies is the mix of the two others, all = acc · correct + (1 − acc) · incorrect, so three printed
means bound the accuracy printed beside them (in the spirit of the GRIM test: Brown & Heathers 2017,
doi:10.1177/1948550616673876).

>>> row = {"pauses_mean": "2.25", "pauses_mean_correct": "3.00", "pauses_mean_incorrect": "2.00"}
>>> correct_counts(row, 4)
(1, 1)
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import pandas as pd

MEANS = ["pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect"]
AUDITED = ["variant", "accuracy", *MEANS, "predictions", "tracking"]
EMPTY_CELLS = {"", "-", "–"}

PLACEHOLDER = re.compile(r"(..?)\1{2,}")
"""One or two characters over and over: by chance in fewer than one of 10⁹ random ids of 8 letters and digits."""

PUBLISHED_REPLIES = 1319
"""The test problems of GSM8K."""

PUBLISHED_DECIMALS = 2
"""Of the published means: 4 of the 54 that are not 0 show one decimal, and none shows a last 0, so 77.8 is 77.80."""

NOTES = {
    "sft_fr_pembed_unfr_lm_head_embed_peft": (
        "Trained with the wrong modules: beside the adapters it saved the pause embedding, the LM head and the LM "
        "embeddings, so the pause head was frozen and the pause embedding trained, the opposite of the name. "
        "Source: the settings that produced the row."
    ),
}
"""What is wrong with a published row and cannot be computed from the table, by variant, with its source."""


def published() -> pd.DataFrame:
    """The published table, one line a variant, every cell the text as printed (empty where there is none).

    `accuracy` is the share of correct replies, the three means are pauses per reply. `predictions` and `model` are the
    paths, and `tracking` is the link, that the published table of artifacts cites.
    """
    return pd.read_csv(Path(__file__).with_name("published.csv"), dtype=str, keep_default_na=False)


def parse_printed(cell: str) -> tuple[Fraction, int] | None:
    """The exact value of a printed number and its number of decimals; None where the cell is empty, a dash or NaN.

    Raises ValueError for other text, and for a number that is no text: it has lost the decimals it was printed with.
    """
    if not isinstance(cell, str) and pd.isna(cell):
        return None
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not text: read the table with dtype=str, so that its decimals are kept.")
    if cell.strip() in EMPTY_CELLS:
        return None
    try:
        number = Decimal(cell.strip())
        return Fraction(number), max(0, -number.as_tuple().exponent)
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"'{cell}' is not a number.") from None


def rounding_interval(value: Fraction, decimals: int) -> tuple[Fraction, Fraction]:
    """The numbers that round to `value`: half a unit of its last decimal to either side.

    Both ends are included, since a tie may go either way.
    """
    half = Fraction(1, 2 * 10**decimals)
    return value - half, value + half


def correct_counts(row: Mapping[str, str], n: int, decimals: int | None = None) -> tuple[int, int] | None:
    """The fewest and the most correct replies of `n` that fit the three printed means.

    By these, acc = (incorrect − all) / (incorrect − correct), with each mean anywhere in its rounding interval. So c of
    `n` fits where the interval of c/n · correct + (1 − c/n) · incorrect meets that of all. Where no count fits, the
    fewest are more than the most. None where a mean is missing, or where the means of the correct and the incorrect
    replies are equal: then they say nothing about the count.

    `decimals` is how many the means were rounded to. None takes what each cell shows, which is too few (and the bounds
    too wide) where trailing zeros were dropped. Raises ValueError for n < 1 and for a mean that is no printed number.
    """
    if n < 1:
        raise ValueError(f"A row needs at least one reply, not n = {n}.")
    means = [parse_printed(row[column]) for column in MEANS]
    if None in means or means[1][0] == means[2][0]:
        return None
    rounded_to = [shown if decimals is None else max(shown, decimals) for _, shown in means]
    unit = 2 * 10 ** max(rounded_to)  # makes every bound a whole number, so the comparisons below are exact
    bounds = []
    for (value, _), places in zip(means, rounded_to):
        low, high = rounding_interval(value, places)
        bounds.append((int(unit * low), int(unit * high)))
    (all_low, all_high), (correct_low, correct_high), (incorrect_low, incorrect_high) = bounds
    fitting = []  # two linear inequalities in c, so what fits has no gaps
    for c in range(n + 1):
        lowest = c * correct_low + (n - c) * incorrect_low
        highest = c * correct_high + (n - c) * incorrect_high
        if lowest <= n * all_high and highest >= n * all_low:
            fitting.append(c)
    return (fitting[0], fitting[-1]) if fitting else (n + 1, -1)


def by_rounding(count: int, n: int, accuracy: Fraction, decimals: int) -> bool:
    """Whether `count` of `n`, rounded, is the accuracy printed with so many decimals."""
    low, high = rounding_interval(accuracy, decimals)
    return low <= Fraction(count, n) <= high


def by_cutting(count: int, n: int, accuracy: Fraction, decimals: int) -> bool:
    """Whether `count` of `n`, its further decimals cut off, is the accuracy printed with so many decimals."""
    return accuracy <= Fraction(count, n) < accuracy + Fraction(1, 10**decimals)


def accuracy_finding(cell: str, counts: tuple[int, int] | None, n: int) -> tuple[bool | None, str]:
    """Whether a printed accuracy fits the possible counts by rounding, and what only that can mean.

    The finding is `rounded` where some count gives it by rounding and none by cutting, `cut` for the reverse,
    `contradicts its own means` where none gives it either way, and empty where both are possible. Without an accuracy
    or counts there is nothing to check, so it is None with an empty finding. Raises ValueError for an accuracy that is
    not a share between 0 and 1.
    """
    printed = parse_printed(cell)
    if printed is None or counts is None:
        return None, ""
    if not 0 <= printed[0] <= 1:
        raise ValueError(f"The accuracy '{cell}' is not a share between 0 and 1.")
    possible = range(counts[0], counts[1] + 1)
    rounded = any(by_rounding(count, n, *printed) for count in possible)
    cut = any(by_cutting(count, n, *printed) for count in possible)
    if rounded:
        return True, "" if cut else "rounded"
    return False, "cut" if cut else "contradicts its own means"


def same_as(names: list[str], keys: list, what: str) -> list[list[str]]:
    """For every named row, `same WHAT as X` for each other row X with an equal key; a key of None is like no other."""
    found = []
    for row, mine in enumerate(keys):
        alike = [name for other, name in enumerate(names) if other != row and keys[other] == mine]
        found.append([] if mine is None else [f"same {what} as {name}" for name in alike])
    return found


def cited_predictions(row: Mapping[str, str]) -> str | None:
    """The path of the predictions that a row cites; None where it cites none."""
    cell = row["predictions"]
    return cell if isinstance(cell, str) and cell not in EMPTY_CELLS else None


def pause_counts(row: Mapping[str, str]) -> tuple[Fraction, ...] | None:
    """The three printed means as a key; None where one is missing, and where all are 0.

    Rows that never pause have nothing to share.
    """
    means = [parse_printed(row[column]) for column in MEANS]
    if None in means or not any(value for value, _ in means):
        return None
    return tuple(value for value, _ in means)


def tracking_finding(row: Mapping[str, str]) -> str:
    """What is to say about the link to a row's tracking: that its id is a placeholder, or nothing."""
    link = row["tracking"]
    is_placeholder = isinstance(link, str) and PLACEHOLDER.fullmatch(link.rsplit("/", 1)[-1])
    return "tracking link is a placeholder" if is_placeholder else ""


def audit(table: pd.DataFrame, n: int, decimals: int | None = None) -> pd.DataFrame:
    """What a table of `n` replies a row says about itself, one line a variant.

    `variant`; `correct_low` and `correct_high`, the replies that its means allow to be correct (missing where the means
    bound nothing or no count fits); `fits`, whether the accuracy is one of these counts rounded; `findings`, joined by
    `; ` and empty where there is none.

    `table` has the columns of `published()` as printed text, `eval_loss` not needed, and `decimals` is that of
    `correct_counts`. Raises ValueError for a missing column, a cell that is no number or no text, and an accuracy
    outside 0 to 1.
    """
    absent = [column for column in AUDITED if column not in table]
    if absent:
        raise ValueError(f"The table has no column {', '.join(absent)}: it needs {', '.join(AUDITED)}.")
    rows, names = table.to_dict("records"), list(table["variant"])
    same_predictions = same_as(names, [cited_predictions(row) for row in rows], "predictions")
    same_pauses = same_as(names, [pause_counts(row) for row in rows], "pause counts")
    audited = []
    for row, predictions, pauses in zip(rows, same_predictions, same_pauses):
        counts = correct_counts(row, n, decimals)
        fits, finding = accuracy_finding(row["accuracy"], counts, n)
        low, high = counts if counts and counts[0] <= counts[1] else (None, None)
        findings = [finding, *predictions, *pauses, tracking_finding(row)]
        audited.append([row["variant"], low, high, fits, "; ".join(text for text in findings if text)])
    columns = ["variant", "correct_low", "correct_high", "fits", "findings"]
    types = {"correct_low": "Int64", "correct_high": "Int64", "fits": "boolean"}
    return pd.DataFrame(audited, columns=columns).astype(types)


def audit_beside_ours(ours: pd.DataFrame) -> pd.DataFrame:
    """The published table, its audit and our results side by side, one line a published variant.

    `ours` is `comparisons.over_seeds`; its numbers are NaN where a variant is not in it. The columns are the `variant`;
    the `published` accuracy as printed; the replies `correct_low` to `correct_high` that its means allow, of 1,319; the
    `findings` of the published row; our accuracy `ours` with its interval `low` to `high`; the pauses per reply of both
    (`pauses_mean`, `pauses_mean_correct`, `pauses_mean_incorrect`, ours with `_ours`); and our `truncated_rate`, which
    the published table leaves out.
    """
    table = published()
    theirs = table[["variant", "accuracy", *MEANS]].rename(columns={"accuracy": "published"})
    theirs = theirs.merge(audit(table, PUBLISHED_REPLIES, PUBLISHED_DECIMALS), on="variant")
    mine = ours.rename(columns={"accuracy": "ours"})[["variant", "ours", "low", "high", *MEANS, "truncated_rate"]]
    both = theirs.merge(mine, on="variant", how="left", suffixes=("", "_ours"))
    checked = ["variant", "published", "correct_low", "correct_high", "findings"]
    pauses = [column for mean in MEANS for column in (mean, f"{mean}_ours")]
    return both[[*checked, "ours", "low", "high", *pauses, "truncated_rate"]]
