"""Copies of a table for other people's documents: CSV with every column and all digits; LaTeX and Markdown, rounded.

>>> print(latex(columns_of(study.against_matched), "What pauses did", "against_matched"))
"""

import re

import pandas as pd

from pauselib.figures.columns import Column

TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "<": "$<$", ">": "$>$", "−": "$-$", "∞": r"$\infty$", "²": "$^2$", "×": r"$\times$", "‖": r"$\|$",
    }
)  # fmt: skip
"""What a character is in LaTeX, of those that its text mode does not show as they are."""

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")  # a line break would tear a row
TAG = re.compile(r"<(?=[A-Za-z/!?])")  # where Markdown would begin an element of HTML
SENTENCE = 50  # characters: a longer text is broken into lines


def text_table(columns: list[Column], details: bool = False) -> pd.DataFrame:
    """Return columns as a table of texts with headings in words; without `details`, those that are no details."""
    shown = pd.DataFrame({column.heading: column.texts for column in columns if details or not column.detail})
    return shown.map(lambda cell: CONTROL.sub(" ", cell))


def markdown(columns: list[Column], details: bool = False) -> str:
    """Return columns as a table in Markdown, numbers from the right."""
    shown = [column for column in columns if details or not column.detail]
    text = text_table(shown, details).map(lambda cell: TAG.sub("&lt;", cell.replace("|", "\\|")))
    sides = ["right" if column.is_number else "left" for column in shown]
    return text.to_markdown(index=False, disable_numparse=True, colalign=sides if len(text) else None)


def latex(columns: list[Column], caption: str = "", label: str = "") -> str:
    r"""Return the columns that are no details as a LaTeX table, for `\usepackage{booktabs}`.

    A cell `**…**` is bold.
    """
    shown = [column for column in columns if not column.detail]
    marked = text_table(shown)
    bold = marked.map(lambda cell: "textbf:--rwrap" if cell.startswith("**") else "")
    plain = marked.map(lambda cell: tex(cell.strip("*"))).rename(columns=tex)
    style = plain.style.hide(axis="index").apply(lambda _: bold.set_axis(plain.columns, axis=1), axis=None)
    return style.to_latex(
        hrules=True,
        position="htbp",
        position_float="centering",
        column_format="".join(map(alignment, shown)),
        caption=tex(caption) or None,
        label=f"tab:{label}" if label else None,
    )


def alignment(column: Column) -> str:
    """Return how LaTeX sets a column: numbers from the right, sentences in lines of a third of the page."""
    if column.is_number:
        return "r"
    return "p{0.33\\linewidth}" if max(map(len, column.texts), default=0) > SENTENCE else "l"


def tex(text: str) -> str:
    """Return text as LaTeX that shows it, with a minus sign where a number is below 0."""
    return re.sub(r"(^| to )-(?=\d)", r"\1−", text).translate(TEX)
