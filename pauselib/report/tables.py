"""The result table for readers: in the published layout, as text, with the best values in bold."""

import pandas as pd

from pauselib.analysis.loading import of_pausing_variants
from pauselib.variants import PARTS, parse

HEADINGS = {
    "accuracy": "Test accuracy",
    "interval": "95 % interval",
    "eval_loss": "Eval loss",
    "pauses_mean": "Pauses per reply",
    "pauses_mean_correct": "Pauses (correct)",
    "pauses_mean_incorrect": "Pauses (incorrect)",
    "truncated_rate": "Cut replies",
    "n": "Replies",
}
"""The columns of numbers, in their order, and what stands above them."""

FORMATS = {
    "accuracy": "{:.3f}",
    "eval_loss": "{:.4f}",
    "pauses_mean": "{:.2f}",
    "pauses_mean_correct": "{:.2f}",
    "pauses_mean_incorrect": "{:.2f}",
    "truncated_rate": "{:.1%}",
    "n": "{:.0f}",
}
"""How the numbers are written."""


def best_values(table: pd.DataFrame) -> dict[str, float]:
    """The value to print in bold, by column: the highest accuracy, and the lowest eval loss of the variants that pause.

    A baseline's eval loss is on clean answers, another text than that of the variants that pause, so it is left out.
    """
    return {"accuracy": table["accuracy"].max(), "eval_loss": of_pausing_variants(table)["eval_loss"].min()}


def as_published(table: pd.DataFrame) -> pd.DataFrame:
    """The result table (`loading.results`) in the published layout, as text.

    Numbers are rounded, `–` stands where a row is not finished, and the best values are marked `**…**`. The seed has a
    column where there are several.
    """
    text = pd.DataFrame({"variant": table["variant"]})
    if table["seed"].nunique() > 1:
        text.insert(0, "seed", table["seed"])
    for part in PARTS:
        text[part.replace("_", " ")] = ["×" if trained else "" for trained in table[part]]
    for column, heading in HEADINGS.items():
        if column == "interval":
            text[heading] = [as_interval(*ends) for ends in zip(table["accuracy_low"], table["accuracy_high"])]
        else:
            text[heading] = [as_number(value, FORMATS[column]) for value in table[column]]
    for column, value in best_values(table).items():
        is_best = table[column] == value
        if column == "eval_loss":
            is_best &= table["variant"].map(lambda name: parse(name).pauses)
        heading = HEADINGS[column]
        text[heading] = text[heading].mask(is_best, "**" + text[heading] + "**")
    return text


def as_number(value: float, layout: str) -> str:
    """A number as text by its layout (`{:.3f}`), `–` where it is missing."""
    return "–" if pd.isna(value) else layout.format(value)


def as_interval(low: float, high: float) -> str:
    """An interval of shares as text, `–` where it is missing."""
    return "–" if pd.isna(low) else f"{low:.3f}–{high:.3f}"


def styled(text: pd.DataFrame):
    """A table of text as a notebook and the report show it: what is marked `**…**` in bold, the rest escaped."""
    plain = text.map(lambda cell: cell.strip("*") if isinstance(cell, str) else cell)
    bold = text.map(lambda cell: "font-weight: bold" if isinstance(cell, str) and cell.startswith("**") else "")
    return plain.style.set_uuid("table").format(escape="html").apply(lambda _: bold, axis=None).hide(axis="index")
