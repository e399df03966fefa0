"""The result table for readers: in the published layout, as text, with the best values in bold."""

import pandas as pd

from pauselib.analysis import results as analysis
from pauselib.variants import VARIANTS

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
FORMATS = {
    "accuracy": "{:.3f}",
    "eval_loss": "{:.4f}",
    "pauses_mean": "{:.2f}",
    "pauses_mean_correct": "{:.2f}",
    "pauses_mean_incorrect": "{:.2f}",
    "truncated_rate": "{:.1%}",
    "n": "{:.0f}",
}


def best_values(table: pd.DataFrame) -> dict[str, float]:
    """The value to print in bold, by column: the highest accuracy, and the lowest eval loss among the variants that pause.

    A baseline's eval loss is on clean answers, another text than the pausing variants', so it is never compared with theirs.
    """
    return {"accuracy": table["accuracy"].max(), "eval_loss": analysis.pausing(table)["eval_loss"].min()}


def as_published(table: pd.DataFrame) -> pd.DataFrame:
    """The table in the published layout, as text: rounded, `–` where a row is missing, the best marked `**…**`."""
    winners, text = best_values(table), pd.DataFrame({"variant": table["variant"]})
    if table["seed"].nunique() > 1:
        text.insert(0, "seed", table["seed"])
    for part in ("pause_embedding", "pause_head", "lm_head", "lm_embeddings", "lora"):
        text[part.replace("_", " ")] = ["×" if yes else "" for yes in table[part]]
    for column, heading in HEADINGS.items():
        if column == "interval":
            text[heading] = [
                "–" if pd.isna(low) else f"{low:.3f}–{high:.3f}"
                for low, high in zip(table["accuracy_low"], table["accuracy_high"])
            ]
            continue
        cells = ["–" if pd.isna(value) else FORMATS[column].format(value) for value in table[column]]
        bold = [
            value == winners.get(column) and (column == "accuracy" or VARIANTS[name].pauses)
            for value, name in zip(table[column], table["variant"])
        ]
        text[heading] = [f"**{cell}**" if b else cell for cell, b in zip(cells, bold)]
    return text


def styled(text: pd.DataFrame):
    """A text table for a notebook or the report: bold where it says `**…**`, links where it says `<a …>`; else escaped."""
    plain = text.map(lambda cell: cell.strip("*") if isinstance(cell, str) else cell)
    bold = text.map(lambda cell: "font-weight: bold" if isinstance(cell, str) and cell.startswith("**") else "")
    return plain.style.set_uuid("table").format(escape="html").apply(lambda _: bold, axis=None).hide(axis="index")
