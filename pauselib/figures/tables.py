"""Tables for readers: headings in words, one precision for an estimate and its interval; as HTML, as text and as LaTeX.

>>> show_table(study.against_matched)     # in a notebook
"""

import itertools
import math
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd
from IPython.display import HTML, display

from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, SMALLER, UNDECIDED
from pauselib.analysis.why.pause_origin import IN_WORDS
from pauselib.decoding.interventions import name_in_words
from pauselib.figures.reply_html import NO_MATH, PRINTED
from pauselib.trials.contents import CONTENTS, GivenResult
from pauselib.trials.sites import SITES

HEADINGS = {  # of the columns whose name is no heading; the low end of an interval has that of the interval
    "p_holm": "p, corrected (Holm)", "low": "95 % interval", "accuracy_low": "95 % interval of the accuracy",
    "difference_low": "95 % interval of the difference", "n": "n", "p": "p", "se": "Standard error",
    "se_seeds": "Its part of seeds", "se_problems": "Its part of problems", "pauses_mean": "Pauses per reply",
    "pauses_mean_correct": "Pauses, correct", "pauses_mean_incorrect": "Pauses, incorrect",
    "pauses_mean_ours": "Pauses per reply, ours", "pauses_mean_correct_ours": "Pauses, correct, ours",
    "pauses_mean_incorrect_ours": "Pauses, incorrect, ours", "correct_low": "Correct replies that fit",
    "truncated_rate": "Share of replies cut", "expected_pauses": "Pauses the head expects",
    "by_chance": "Accuracy by chance", "says": "The claim says", "what": "What is estimated",
    "doubt": "What forbids a verdict", "detectable": "Smallest that can be found", "bins_of": "In bins of",
    "head": "By the head", "implied": "Implied by the injector", "log_likelihood": "Log likelihood, nats",
    "lora": "LoRA", "lm_head": "LM head", "lm_embeddings": "LM embeddings",
}  # fmt: skip
DETAILS = {  # columns that a reader finds behind one click
    "reference", "n", "discordant", "test", "se", "se_seeds", "se_problems", "says",
    "beyond_below", "equivalent_above", "detectable", "pauses", "first_step", "last_step", "problems", "allowed",
    "share", "expected", "pause_embedding", "pause_head", "lm_head", "lm_embeddings", "lora", "model_digest",
}  # fmt: skip
MEANINGS = {  # column -> what a name in it means; others stay as they are
    "site": {site.name: site.meaning for site in SITES.values()},
    "content": {content.name: content.meaning for content in (*CONTENTS.values(), GivenResult)},
    "bins_of": IN_WORDS,
}
VERDICT_COLOURS = {
    LARGER: "#cdebd8",
    OPPOSITE: "#f6cfc6",
    EQUIVALENT: "#cfe2f3",
    SMALLER: "#cfe2f3",
    UNDECIDED: "#e8e8e8",
}
NONE = "–"  # how a missing value is shown
ZERO = 1e-12  # what is nearer to 0 than this is 0 but for the last bits of the computation


class Column(NamedTuple):
    """A column as it is shown: its heading, its cells as texts, and whether it holds numbers."""

    name: str
    heading: str
    texts: list[str]
    is_number: bool


def columns_of(table: pd.DataFrame) -> list[Column]:
    """Return the columns of a table as they are shown: an interval is one, beside its estimate, in one precision."""
    shown, pairs = [], intervals(list(table.columns))
    for name in table.columns.difference(sum(pairs.values(), ()), sort=False):
        pair = pairs.get(name, ())
        places = decimals(np.concatenate([numbers(table[one]) for one in (name, *pair)]))
        texts = cells(table[name], places)
        is_printed = any(texts) and all(text.replace(".", "").isdigit() for text in texts if text)  # numbers as texts
        shown.append(Column(name, heading(name), texts, is_printed or not numbers(table[name]).isna().all()))
        if pair:
            low, high = (cells(table[end], places) for end in pair)
            texts = [NONE if a == NONE else f"{a} to {b}" for a, b in zip(low, high)]
            shown.append(Column(pair[0], heading(pair[0]), texts, True))
    return shown


def main_columns(table: pd.DataFrame) -> list[Column]:
    """Return those of `columns_of` that are no details, as the first is not; a seed is one where all are the same."""
    details = DETAILS - set(table.columns[:1]) | ({"p"} if "p_holm" in table else set())
    details |= {name for name in ("seed", "seeds") if name in table and table[name].nunique() < 2}
    return [column for column in columns_of(table) if column.name not in details]


def intervals(names: list[str]) -> dict[str, tuple[str, str]]:
    """Return the two ends of each interval by the name of its estimate.

    The estimate of `accuracy_low` to `accuracy_high` is `accuracy`; that of another interval is the column before it.
    """
    found = {}
    for before, low in itertools.pairwise(names):
        stem, high = low.removesuffix("low").rstrip("_"), low.removesuffix("low") + "high"
        if low.endswith("low") and high in names:
            found[stem if stem in names else before] = low, high
    return found


def heading(name: str) -> str:
    """Return the heading of a column in words."""
    words = name.replace("_", " ")
    return HEADINGS.get(name, words[:1].upper() + words[1:])


def numbers(column: pd.Series) -> pd.Series:
    """Return the numbers of a column's cells, nan for texts, booleans and missing values."""
    return column.map(lambda cell: math.nan if isinstance(cell, str | bool | np.bool_) else cell).astype(float)


def decimals(values: np.ndarray) -> int:
    """Return how many decimals show all numbers: none where all are whole, one where none is below 10, else three."""
    sizes = np.abs(values[np.isfinite(values) & (np.abs(values) > ZERO)])
    if (sizes % 1 == 0).all():
        return 0
    return 1 if sizes.min() >= 10 else 3


def cells(column: pd.Series, places: int) -> list[str]:
    """Return a column's cells as text: numbers with these decimals, p values never 0, names in words, `–` for none."""

    def text(value) -> str:
        if isinstance(value, str):
            words = MEANINGS.get(column.name, {}).get(value, value)
            return name_in_words(value) if column.name == "intervention" else words
        if pd.isna(value):
            return NONE
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        if column.name in ("p", "p_holm"):
            return "<0.001" if value < 0.001 else f"{value:.3f}"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        grouping = "" if column.name in ("seed", "step") else ","
        return f"{0.0 if abs(value) < ZERO else value:{grouping}.{places}f}"

    return [text(value) for value in column]


def as_text(columns: list[Column]) -> pd.DataFrame:
    """Return columns as a table of texts with headings in words."""
    return pd.DataFrame({column.heading: column.texts for column in columns})


def latex(table: pd.DataFrame, name: str) -> str:
    r"""Return the main columns of a table as a LaTeX table, for `\usepackage{booktabs}`, with its name as caption."""
    columns = main_columns(table)
    form = "".join("r" if column.is_number else "l" for column in columns)
    options = {"caption": heading(name), "label": f"tab:{name}", "position": "htbp"}
    text = as_text(columns).to_latex(index=False, escape=True, column_format=form, **options)
    for character, shown in {"−": "$-$", "∞": r"$\infty$", "‖": r"$\|$", " -": " $-$"}.items():
        text = text.replace(character, shown)
    return text


def table_html(table: pd.DataFrame) -> str:
    """Return a table with all its columns as HTML, its numbers rounded for reading and all text escaped."""
    return columns_html(columns_of(table))


def columns_html(columns: list[Column]) -> str:
    """Return columns as an HTML table: texts from the left, numbers of the class `number`, verdicts in colour."""

    def cell(tag: str, column: Column, text: str) -> str:
        is_verdict = text in VERDICT_COLOURS and column.name != "says"
        ground = f"; background: {VERDICT_COLOURS[text]}; {PRINTED}" if is_verdict else ""
        kind = ' class="number"' if column.is_number else f' style="text-align: left{ground}"'
        may_break = "_<wbr>" if any(" " in one for one in column.texts) else "_"  # a column of names is never broken
        return f"<{tag}{kind}>{escape(text).replace('_', may_break)}</{tag.split()[0]}>"

    head = "".join(cell('th scope="col"', column, column.heading) for column in columns)
    body = zip(*([cell("td", column, text) for text in column.texts] for column in columns))
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def with_details(table: pd.DataFrame) -> str:
    """Return the main columns of a table as HTML, and all columns behind one click; one without rows says so."""
    if table.empty:
        return "<p>There are no rows.</p>"
    columns, main = columns_of(table), main_columns(table)
    wide = f'<div class="{NO_MATH} wide" style="overflow-x: auto">'
    html = f"{wide}{columns_html(main)}</div>"
    if len(main) < len(columns):
        html += f"<details><summary>All {len(columns)} columns</summary>{wide}{columns_html(columns)}</div></details>"
    return html


def show_table(table: pd.DataFrame) -> None:
    """Show a table, rounded for reading, as the output of a notebook's cell (`with_details`)."""
    display(HTML(with_details(table)))
