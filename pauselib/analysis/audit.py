"""Checks a table of results against its own numbers: which numbers of correct replies its means of pauses allow, and what repeats.

The mean over all replies is the mix of the two others, all = acc · correct + (1 − acc) · incorrect, so three printed means bound
the accuracy printed beside them (in the spirit of the GRIM test: Brown & Heathers 2017, doi:10.1177/1948550616673876).

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
COLUMNS = ["variant", "accuracy", *MEANS, "predictions", "tracking"]
MISSING = {"", "-", "–"}
PLACEHOLDER = re.compile(
    r"(..?)\1{2,}"
)  # one or two characters over and over: by chance in fewer than one of 10⁹ random ids of 8 letters and digits

PUBLISHED_REPLIES = 1319  # the test problems of GSM8K
PUBLISHED_DECIMALS = (
    2  # of the published means: 4 of the 54 that are not 0 show one decimal, none shows a last 0, so 77.8 is 77.80
)

NOTES = {
    "sft_fr_pembed_unfr_lm_head_embed_peft": (
        "Trained with the wrong modules: beside the adapters it saved the pause embedding, the LM head and the LM embeddings, so the pause head was frozen "
        "and the pause embedding trained, the opposite of the name. Source: the settings that produced the row."
    ),
}
"""What is wrong with a published row and cannot be computed from the table, by variant, with its source."""


def published() -> pd.DataFrame:
    """The published table, one row a variant, every cell the text as printed (empty where there is none).

    `accuracy` is the share of correct replies, the three means are pauses per reply; `predictions` and `model` are the paths and `tracking`
    the link that the published table of artifacts cites.
    """
    return pd.read_csv(Path(__file__).with_name("published.csv"), dtype=str, keep_default_na=False)


def parse_printed(cell: str) -> tuple[Fraction, int] | None:
    """The exact value of a printed number and its number of decimals; None where the cell is missing (empty, a dash or NaN).

    Raises ValueError for other text, and for a number that is no text: it has lost the decimals it was printed with.
    """
    if not isinstance(cell, str) and pd.isna(cell):
        return None
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not text: read the table with dtype=str, so that its decimals are kept.")
    if cell.strip() in MISSING:
        return None
    try:
        number = Decimal(cell.strip())
        return Fraction(number), max(0, -number.as_tuple().exponent)
    except (InvalidOperation, ValueError, OverflowError):
        raise ValueError(f"'{cell}' is not a number.") from None


def rounding_interval(value: Fraction, decimals: int) -> tuple[Fraction, Fraction]:
    """The numbers that round to `value`: half a unit of its last decimal to either side, both ends included (a tie may go either way)."""
    half = Fraction(1, 2 * 10**decimals)
    return value - half, value + half


def correct_counts(row: Mapping[str, str], n: int, decimals: int | None = None) -> tuple[int, int] | None:
    """The fewest and the most correct replies of `n` that fit the three printed means; None where a mean is missing or the means
    of the correct and the incorrect replies are equal: then the means say nothing about the count. Low > high: no count fits.

    acc = (incorrect − all) / (incorrect − correct), each mean anywhere in its rounding interval: c of `n` fits where the interval
    of c/n · correct + (1 − c/n) · incorrect meets that of all. `decimals` is how many the means were rounded to; None takes
    what each cell shows, which is too few (and the bounds too wide) where trailing zeros were dropped. Raises ValueError for n < 1
    and for a mean that is no printed number.
    """
    if n < 1:
        raise ValueError(f"A row needs at least one reply, not n = {n}.")
    means = [parse_printed(row[column]) for column in MEANS]
    if None in means or means[1][0] == means[2][0]:
        return None
    places = [shown if decimals is None else max(shown, decimals) for _, shown in means]
    unit = 2 * 10 ** max(places)  # makes every bound a whole number, so the comparisons below are exact
    bounds = [
        [int(unit * bound) for bound in rounding_interval(value, shown)] for (value, _), shown in zip(means, places)
    ]
    (all_low, all_high), (correct_low, correct_high), (incorrect_low, incorrect_high) = bounds
    fitting = [
        c
        for c in range(n + 1)
        if c * correct_low + (n - c) * incorrect_low <= n * all_high
        and c * correct_high + (n - c) * incorrect_high >= n * all_low
    ]  # two linear inequalities in c, so what fits has no gaps
    return (fitting[0], fitting[-1]) if fitting else (n + 1, -1)


def by_rounding(count: int, n: int, accuracy: Fraction, decimals: int) -> bool:
    """Whether `count` of `n`, rounded, is the accuracy printed with so many decimals."""
    low, high = rounding_interval(accuracy, decimals)
    return low <= Fraction(count, n) <= high


def by_cutting(count: int, n: int, accuracy: Fraction, decimals: int) -> bool:
    """Whether `count` of `n`, its further decimals cut off, is the accuracy printed with so many decimals."""
    return accuracy <= Fraction(count, n) < accuracy + Fraction(1, 10**decimals)


def accuracy_finding(cell: str, counts: tuple[int, int] | None, n: int) -> tuple[bool | None, str]:
    """Whether a printed accuracy fits the possible counts by rounding (None: nothing to check), and what only that can mean.

    `rounded`: some count gives it by rounding, none by cutting; `cut`: the reverse; `contradicts its own means`: none gives it
    either way; empty where both are possible. Raises ValueError for an accuracy that is not a share between 0 and 1.
    """
    printed = parse_printed(cell)
    if printed is None or counts is None:
        return None, ""
    if not 0 <= printed[0] <= 1:
        raise ValueError(f"The accuracy '{cell}' is not a share between 0 and 1.")
    possible = range(counts[0], counts[1] + 1)
    rounded, cut = (any(rule(count, n, *printed) for count in possible) for rule in (by_rounding, by_cutting))
    return rounded, {
        (True, True): "",
        (True, False): "rounded",
        (False, True): "cut",
        (False, False): "contradicts its own means",
    }[rounded, cut]


def shared(table: pd.DataFrame, keys: list, what: str) -> list[list[str]]:
    """For every row, `same WHAT as X` for each other row X with an equal key; a key of None is like no other."""
    names = list(table["variant"])
    return [
        [
            f"same {what} as {names[other]}"
            for other, key in enumerate(keys)
            if other != row and mine is not None and key == mine
        ]
        for row, mine in enumerate(keys)
    ]


def pause_counts(row: Mapping[str, str]) -> tuple[Fraction, ...] | None:
    """The three printed means as a key; None where one is missing or all are 0: rows that never pause have nothing to share."""
    means = [parse_printed(row[column]) for column in MEANS]
    return tuple(value for value, _ in means) if None not in means and any(value for value, _ in means) else None


def audit(table: pd.DataFrame, n: int, decimals: int | None = None) -> pd.DataFrame:
    """What a table of `n` replies a row says about itself, one row a variant:

    `variant`; `correct_low`, `correct_high` (replies; missing where the means bound nothing or no count fits); `fits`, whether the
    accuracy is one of these counts rounded; `findings`, joined by `; `, empty where there is none. `table` has the columns of
    `published()` as printed text, `eval_loss` not needed; `decimals` is that of `correct_counts`. Raises ValueError for a missing
    column, a cell that is no number or no text, and an accuracy outside 0 to 1.
    """
    if absent := [column for column in COLUMNS if column not in table]:
        raise ValueError(f"The table has no column {', '.join(absent)}: it needs {', '.join(COLUMNS)}.")
    rows = table.to_dict("records")
    cited = [
        row["predictions"] if isinstance(row["predictions"], str) and row["predictions"] not in MISSING else None
        for row in rows
    ]
    repeats = zip(
        shared(table, cited, "predictions"), shared(table, [pause_counts(row) for row in rows], "pause counts")
    )
    audited = []
    for row, (same_predictions, same_pauses) in zip(rows, repeats):
        counts = correct_counts(row, n, decimals)
        fits, finding = accuracy_finding(row["accuracy"], counts, n)
        low, high = counts if counts and counts[0] <= counts[1] else (None, None)
        placeholder = (
            ["tracking link is a placeholder"]
            if isinstance(row["tracking"], str) and PLACEHOLDER.fullmatch(row["tracking"].rsplit("/", 1)[-1])
            else []
        )
        findings = "; ".join(filter(None, [finding, *same_predictions, *same_pauses, *placeholder]))
        audited.append(
            {"variant": row["variant"], "correct_low": low, "correct_high": high, "fits": fits, "findings": findings}
        )
    columns = ["variant", "correct_low", "correct_high", "fits", "findings"]
    return pd.DataFrame(audited, columns=columns).astype(
        {"correct_low": "Int64", "correct_high": "Int64", "fits": "boolean"}
    )


def beside(ours: pd.DataFrame) -> pd.DataFrame:
    """The published table, its audit, and `ours` (`comparison.over_seeds`) side by side: one row a published variant, NaN where ours has none.

    `variant`; `published` accuracy as printed; `correct_low` to `correct_high` replies that its means allow, of 1,319; `ours`, `low`, `high`: our
    accuracy with its interval; of both, the pauses per reply (`pauses_mean`, `pauses_mean_correct`, `pauses_mean_incorrect`, ours with `_ours`);
    our `truncated_rate`, which the published table leaves out; `findings` of the published row.
    """
    table = published()
    audited = audit(table, PUBLISHED_REPLIES, PUBLISHED_DECIMALS)
    mine = ours.rename(columns={"accuracy": "ours"})[["variant", "ours", "low", "high", *MEANS, "truncated_rate"]]
    both = table[["variant", "accuracy", *MEANS]].rename(columns={"accuracy": "published"}).merge(audited, on="variant")
    both = both.merge(mine, on="variant", how="left", suffixes=("", "_ours"))
    pauses = [name for mean in MEANS for name in (mean, f"{mean}_ours")]
    return both[
        [
            "variant",
            "published",
            "correct_low",
            "correct_high",
            "findings",
            "ours",
            "low",
            "high",
            *pauses,
            "truncated_rate",
        ]
    ]
