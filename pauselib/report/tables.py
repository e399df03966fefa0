"""Tables for readers: the result table in the published layout, and any table rounded, as text and as HTML."""

import math
from html import escape

import pandas as pd

from pauselib.analysis.loading import of_pausing_variants
from pauselib.variants import PARTS

LAYOUT = {  # column of `loading.results` -> its heading, and the format of its numbers
    "accuracy": ("Test accuracy", "{:.3f}"),
    "interval": ("95 % interval", "{:.3f}–{:.3f}"),
    "step_accuracy": ("Step accuracy", "{:.3f}"),
    "eval_loss": ("Eval loss", "{:.4f}"),
    "pauses_mean": ("Pauses per reply", "{:.2f}"),
    "pauses_mean_correct": ("Pauses (correct)", "{:.2f}"),
    "pauses_mean_incorrect": ("Pauses (incorrect)", "{:.2f}"),
    "truncated_rate": ("Cut replies", "{:.1%}"),
    "n": ("Replies", "{:.0f}"),
}
NONE = "–"  # how a missing value is shown


def best_cells(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which cells to print in bold, by column: the highest accuracy, the lowest eval loss of the pausing
    variants.

    A baseline's eval loss is on clean answers, another text than that of the pausing variants, so it is never compared
    with theirs.
    """
    accuracy, eval_loss = table["accuracy"], table["eval_loss"]
    pausing = of_pausing_variants(table).index
    lowest = eval_loss == eval_loss[pausing].min()
    return {"accuracy": accuracy == accuracy.max(), "eval_loss": lowest & eval_loss.index.isin(pausing)}


def as_published(table: pd.DataFrame) -> pd.DataFrame:
    """Return `loading.results` in the published layout, as text.

    Numbers are rounded, a row that is not finished has `–`, and the best is marked `**…**`.
    """
    text = table[["variant"]].copy()
    if table["seed"].nunique() > 1:
        text.insert(0, "seed", table["seed"])
    for part in PARTS:
        text[part.replace("_", " ")] = ["×" if trained else "" for trained in table[part]]
    best = best_cells(table)
    for column, (heading, form) in LAYOUT.items():
        numbers = table[["accuracy_low", "accuracy_high"] if column == "interval" else [column]]
        cells = [form.format(*row) if row.notna().all() else NONE for _, row in numbers.iterrows()]
        bold = best.get(column, [False] * len(table))
        text[heading] = [f"**{cell}**" if is_best else cell for cell, is_best in zip(cells, bold)]
    return text


def styled(text: pd.DataFrame):
    """Return a text table for a notebook or the report: bold where a cell says `**…**`, all else escaped."""
    plain = text.map(lambda cell: cell.strip("*") if isinstance(cell, str) else cell)
    bold = text.map(lambda cell: "font-weight: bold" if isinstance(cell, str) and cell.startswith("**") else "")
    return plain.style.set_uuid("table").format(escape="html").apply(lambda _: bold, axis=None).hide(axis="index")


def rounded(column: pd.Series) -> list[str]:
    """Return a column's cells as text, rounded for reading; `–` for none, texts as they are.

    Numbers are whole where all are; else they have three decimals, one above 10, two digits below 0.001. p values, in
    columns named p or p_…, are `<0.001` below that.
    """
    numbers = [value for value in column.dropna() if not isinstance(value, str)]
    whole = all(float(value).is_integer() for value in numbers if not math.isinf(value))
    truth = column.dtype == bool
    is_p = str(column.name).split("_")[0] == "p"

    def text(value) -> str:
        if isinstance(value, str):
            return value
        if pd.isna(value):
            return NONE
        if truth:
            return "yes" if value else "no"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        if is_p and value < 0.001:
            return "<0.001"
        return number_text(value, whole)

    return [text(value) for value in column]


def number_text(value: float, whole: bool) -> str:
    """Return a finite number as text, without decimals where it is one of `whole` numbers."""
    if whole:
        return f"{value:,.0f}"
    if 1e-6 < abs(value) < 0.001:
        return f"{value:.2g}"
    if abs(value) < 10:
        return f"{value:.3f}"
    return f"{value:,.1f}"


def table_html(table: pd.DataFrame, caption: str = "") -> str:
    """Return a table as HTML, its numbers rounded for reading and all text escaped.

    The exact value of a number is in its cell's `data-value`, for sorting.
    """
    headings, columns = [], []
    for name in table.columns:
        exact = [exact_value(cell) for cell in table[name]]
        kind = ' class="number"' if any(exact) else ""
        headings.append(f'<th scope="col"{kind}>{escape(str(name).replace("_", " "))}</th>')
        cells = zip(exact, rounded(table[name]))
        columns.append([f"<td{kind}{value}>{escape(text)}</td>" for value, text in cells])
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns))
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{''.join(headings)}</tr></thead><tbody>{rows}</tbody></table>"


def exact_value(cell) -> str:
    """Return a number as the attribute of its cell that keeps it exact; nothing for a text or a missing value."""
    if isinstance(cell, str) or pd.isna(cell):
        return ""
    return f' data-value="{float(cell)!r}"'


def show_table(table: pd.DataFrame) -> None:
    """Show a table, rounded for reading, as the output of a notebook's cell; one without rows says so."""
    from IPython.display import HTML, display

    if table.empty:
        display(HTML("<p>There are no rows.</p>"))
        return
    left = ' style="text-align: left"'  # JupyterLab aligns all cells to the right, which is hard to read for text
    text = table_html(table).replace("<td>", f"<td{left}>").replace('<th scope="col">', f'<th scope="col"{left}>')
    display(HTML(text))
