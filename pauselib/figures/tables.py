"""Tables for readers: the result table in the published layout, and any table rounded, as text and as HTML."""

import math
import re
from collections.abc import Callable
from html import escape

import pandas as pd

from pauselib.figures.columns import NONE, Column, columns_of, heading
from pauselib.figures.reply_html import NO_MATH
from pauselib.variants import PARTS, parse

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
MAIN_RESULTS = ("Test accuracy", "95 % interval", "Eval loss", "Pauses per reply")  # the other columns are details


def best_cells(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which cells to print in bold, by column: of each seed the highest accuracy, and the lowest eval loss of
    the pausing variants with the experiment's own injection strategy.

    Eval losses are compared on the same text alone: a baseline's is on clean answers, a row's with a strategy of its
    own on other injected ones, and another seed has other validation rows.
    """
    accuracy = table.groupby("seed")["accuracy"]
    is_same_text = table["variant"].map(lambda name: parse(name).pauses and not parse(name).strategy).astype(bool)
    eval_loss = table["eval_loss"].where(is_same_text)
    lowest = eval_loss.groupby(table["seed"]).transform("min")
    return {"accuracy": table["accuracy"] == accuracy.transform("max"), "eval_loss": eval_loss == lowest}


def as_published(table: pd.DataFrame) -> pd.DataFrame:
    """Return `loading.results` in the published layout, as text.

    Numbers are rounded, a row that is not finished has `–`, and the best is marked `**…**`.
    """
    text = table[["variant"]].copy()
    if table["seed"].nunique() > 1:
        text["seed"] = table["seed"]
    for part in PARTS:
        text[part.replace("_", " ")] = ["×" if trained else "" for trained in table[part]]
    best = best_cells(table)
    for column, (words, form) in LAYOUT.items():
        numbers = table[["accuracy_low", "accuracy_high"] if column == "interval" else [column]]
        cells = [form.format(*row) if row.notna().all() else NONE for _, row in numbers.iterrows()]
        bold = best.get(column, [False] * len(table))
        text[words] = [f"**{cell}**" if is_best else cell for cell, is_best in zip(cells, bold)]
    return text


def results_columns(table: pd.DataFrame) -> list[Column]:
    """Return the columns of `as_published` as they are shown; what a row trains and most means are details."""
    text = as_published(table)
    measured = {words for words, _ in LAYOUT.values()}
    shown = []
    for name in text.columns:
        numbers = [leading_number(cell) if name in measured else math.nan for cell in text[name]]
        is_detail = name not in ("seed", "variant", *MAIN_RESULTS)
        shown.append(Column(name, heading(name), text[name].map(str).tolist(), numbers, is_detail))
    return shown


def leading_number(cell: str) -> float:
    """Return the number that a cell of `as_published` begins with, nan where there is none."""
    found = re.match(r"\**([\d.,]+)", cell)
    return float(found[1].replace(",", "")) if found else math.nan


def cell_html(text: str) -> str:
    """Return a cell's text as HTML: bold where it says `**…**`, and a long name may be broken after each `_`."""
    html = escape(text.strip("*")).replace("_", "_<wbr>")
    return f"<strong>{html}</strong>" if text.startswith("**") else html


def columns_html(columns: list[Column], caption: str = "", cell: Callable[[str], str] = cell_html) -> str:
    """Return columns as an HTML table, all text escaped; `cell` makes HTML of a cell's text.

    The exact value of a number is in its cell's `data-value`, for sorting. Of the classes, `number` is set from the
    right, `detail` and `aside` can be hidden.
    """
    headings, shown = [], []
    for column in columns:
        kinds = [("number", column.is_number), ("detail", column.detail), ("aside", column.is_aside)]
        words = " ".join(kind for kind, is_so in kinds if is_so)
        kind = f' class="{words}"' if words else ""
        headings.append(f'<th scope="col"{kind}>{escape(column.heading)}</th>')
        cells = [(cell(text), exact_value(number)) for text, number in zip(column.texts, column.numbers)]
        shown.append([f"<td{kind}{exact}>{html}</td>" for html, exact in cells])
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*shown))
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{''.join(headings)}</tr></thead><tbody>{rows}</tbody></table>"


def exact_value(number: float) -> str:
    """Return a number as the attribute of its cell that keeps it exact; nothing for nan."""
    return "" if math.isnan(number) else f' data-value="{number!r}"'


def table_html(table: pd.DataFrame, caption: str = "") -> str:
    """Return a table with all its columns as HTML, its numbers rounded for reading and all text escaped."""
    return columns_html(columns_of(table), caption)


def show_table(table: pd.DataFrame) -> None:
    """Show a table, rounded for reading, as the output of a notebook's cell; one without rows says so.

    What is shown are the main columns, the first one fixed; all of them are behind one click.
    """
    show_columns(columns_of(table))


def show_columns(columns: list[Column]) -> None:
    """Show columns as the output of a notebook's cell, as `show_table` does."""
    from IPython.display import HTML, display

    if not any(column.texts for column in columns):
        display(HTML("<p>There are no rows.</p>"))
        return
    main = [column for column in columns if not column.detail]
    html = notebook_html(main)
    if len(main) < len(columns):
        summary = f"<summary>All {len(columns)} columns</summary>"
        html += f"<details>{summary}{notebook_html(columns)}</details>"
    display(HTML(html))


def notebook_html(columns: list[Column]) -> str:
    """Return columns as HTML for a notebook, where no style sheet is ours: text from the left, the first column fixed.

    JupyterLab aligns all cells to the right, which is hard to read for text, and it shades every other line, but not
    the fixed column.
    """
    html = columns_html(columns)
    left, ground = "text-align: left", "background: var(--jp-layout-color0, #fff)"
    fixed = f"{left}; position: sticky; left: 0; {ground}"
    html = re.sub(r"<tr><t([hd])", rf'<tr style="{ground}"><t\1 style="{fixed}"', html)
    html = re.sub(r'<(td|th scope="col")(?= class="detail"|>)', rf'<\1 style="{left}"', html)
    return f'<div class="{NO_MATH}" style="overflow-x: auto">{html}</div>'


def show_takeaways(takeaways: pd.DataFrame) -> None:
    """Show the claims of `Study.takeaways` with their verdicts as prose, a paragraph a claim, in a notebook."""
    from IPython.display import Markdown, display

    lines = zip(takeaways["claim"], takeaways["verdict"], takeaways["doubt"])
    display(Markdown("\n\n".join(f"**{claim}** *{verdict.capitalize()}.* {said}" for claim, verdict, said in lines)))
