"""How the columns of a table are shown: a heading in words, one precision, an interval as one column, and which columns
are details that a reader asks for.
"""

import math
from dataclasses import dataclass

import pandas as pd

from pauselib.analysis.why.pause_origin import IN_WORDS
from pauselib.decoding.interventions import name_in_words
from pauselib.trials.contents import CONTENTS, GivenResult
from pauselib.trials.sites import SITES

HEADINGS = {  # column of a table of the analysis -> its heading; of an interval, its low end has it
    "variant": "Variant",
    "reference": "Compared with",
    "seed": "Seed",
    "seeds": "Seeds",
    "n": "n",
    "p": "p",
    "p_holm": "p, corrected (Holm)",
    "low": "95 % interval",
    "accuracy": "Accuracy",
    "accuracy_low": "95 % interval of the accuracy",
    "step_accuracy": "Step accuracy",
    "difference": "Difference",
    "difference_low": "95 % interval of the difference",
    "discordant": "Answered differently",
    "test": "Test",
    "se": "Standard error",
    "se_seeds": "Its part of seeds",
    "se_problems": "Its part of problems",
    "pauses_mean": "Pauses per reply",
    "pauses_mean_correct": "Pauses, correct",
    "pauses_mean_incorrect": "Pauses, incorrect",
    "truncated_rate": "Share of replies cut",
    "n_correct": "Correct replies",
    "n_incorrect": "Incorrect replies",
    "mean_correct": "Pauses, correct",
    "mean_incorrect": "Pauses, incorrect",
    "superiority": "Incorrect one pauses more",
    "claim": "Claim",
    "says": "The claim says",
    "verdict": "Verdict",
    "what": "What is estimated",
    "estimate": "Estimate",
    "margin": "Margin",
    "beyond_below": "Beyond every margin below",
    "equivalent_above": "Equivalent for margins above",
    "detectable": "Smallest that can be found",
    "reading": "Reading",
    "by": "Pauses told by",
    "bins_of": "In bins of",
    "head": "By the head",
    "implied": "Implied by the injector",
    "auc": "AUC",
    "pauses": "Pauses",
    "opening_auc": "AUC, first pauses only",
    "opening_low": "95 % interval, first pauses only",
    "openings": "n, first pauses only",
    "sites": "First pauses",
    "model": "Model",
    "term": "Term",
    "rate_ratio": "Rate ratio",
    "explained": "Share explained",
    "explained_low": "95 % interval of the share explained",
    "problems": "Problems",
    "cut": "Replies cut",
    "intervention": "Intervention",
    "allowed": "Pauses allowed",
    "contrast": "Contrast",
    "site": "Site",
    "content": "Put in",
    "dose": "Tokens",
    "step": "Step",
    "first_step": "First step",
    "first_gain": "Gain at the first step",
    "last_step": "Last step",
    "last_gain": "Gain at the last step",
    "outcome": "Outcome",
    "doubt": "Doubt",
    "unit": "Unit",
    "results": "Results",
    "log_likelihood": "Log likelihood, nats",
    "strategy": "Strategy",
    "side": "Side",
    "token": "Token",
    "tokens": "Tokens, with cosines",
    "share": "Share",
    "expected": "Share by chance",
    "lift": "Times as often as by chance",
    "published": "Published accuracy",
    "ours": "Our accuracy",
    "findings": "Findings",
    "correct_low": "Numbers correct that fit",
    "pauses_mean_ours": "Pauses per reply, ours",
    "pauses_mean_correct_ours": "Pauses, correct, ours",
    "pauses_mean_incorrect_ours": "Pauses, incorrect, ours",
    "predictions": "Replies",
    "warmup notebook": "Training",
    "evaluate notebook": "Evaluation",
    "trial notebook": "Trial",
    "tracking": "Tracking",
    "pause embedding": "Pause embedding",
    "pause head": "Pause head",
    "lm head": "LM head",
    "lm embeddings": "LM embeddings",
    "lora": "LoRA",
    "setting": "Setting",
    "value": "Value",
}
DETAILS = {  # shown only to a reader who asks for all columns
    "reference", "n", "discordant", "test", "se", "se_seeds", "se_problems", "pauses_mean_correct",
    "pauses_mean_incorrect", "truncated_rate", "n_correct", "n_incorrect", "superiority", "says",
    "beyond_below", "equivalent_above", "detectable", "reading", "pauses", "opening_auc", "opening_low", "openings",
    "first_step", "last_step", "sites", "explained", "explained_low", "problems", "cut", "allowed", "accuracy_low",
    "share", "expected", "correct_low", "pauses_mean_ours", "pauses_mean_correct_ours",
    "pauses_mean_incorrect_ours", "warmup notebook", "trial notebook", "tracking",
}  # fmt: skip
MEANINGS = {  # column -> what a name in it means; others stay as they are
    "site": {site.name: site.meaning for site in SITES.values()},
    "content": {content.name: content.meaning for content in (*CONTENTS.values(), GivenResult)},
    "bins_of": IN_WORDS,
}
P_VALUES = ("p", "p_holm")
ASIDES = (*P_VALUES, "what")  # no details, but left out where the screen is narrow
NONE = "–"  # how a missing value is shown
ZERO = 1e-12  # what is nearer to 0 than this is 0 but for the last bits of the computation


@dataclass
class Column:
    """A column as it is shown: the cells' `texts`, and for sorting their numbers, nan for what is no number.

    `detail`: it is shown only to a reader who asks for all columns.
    """

    name: str
    heading: str
    texts: list[str]
    numbers: list[float]
    detail: bool

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, which are set from the right."""
        return not all(map(math.isnan, self.numbers))

    @property
    def is_aside(self) -> bool:
        """Whether a narrow screen leaves it out."""
        return self.name in ASIDES


def columns_of(table: pd.DataFrame) -> list[Column]:
    """Return the columns of a table as they are shown, those of an interval as one.

    An estimate and the two ends of its interval have one precision. The name of an interval is that of its low end.
    """
    shown = []
    for group in one_precision(table):
        places = decimals([value for name in group for value in numbers_of(table[name]) if not math.isnan(value)])
        ends = [name for name in group if is_end(name, table)]
        for name in group:
            if name not in ends:
                shown.append(_column(table, name, cells(table[name], places), len(shown) == 0))
        if ends:
            pairs = zip(*(cells(table[name], places) for name in ends))
            texts = [f"{low} to {high}" if low != NONE else NONE for low, high in pairs]
            shown.append(_column(table, ends[0], texts, len(shown) == 0))
    return shown


def _column(table: pd.DataFrame, name: str, texts: list[str], is_first: bool) -> Column:
    """A column with these texts; the first is never a detail, a seed is one where all are the same.

    A column that has one of ours beside it is that of the published table.
    """
    is_constant_seed = name in ("seed", "seeds") and table[name].nunique() < 2
    is_detail = name in DETAILS or is_constant_seed or (name == "p" and "p_holm" in table)
    words = "From" if name == "low" and "high" not in table else heading(name)
    if f"{name}_ours" in table:
        words, is_detail = f"{words}, published", True
    return Column(name, words, texts, numbers_of(table[name]), is_detail and not is_first)


def heading(name: str) -> str:
    """Return the heading of a column in words."""
    words = name.replace("_", " ")
    return HEADINGS.get(name, words[:1].upper() + words[1:])


def other_end(name: str) -> str:
    """Return the name of the other end of an interval whose low or high end this would be; nothing for other names."""
    for end, other in (("low", "high"), ("high", "low")):
        if name.split("_")[-1] == end:
            return name.removesuffix(end) + other
    return ""


def is_end(name: str, table: pd.DataFrame) -> bool:
    """Whether a column is an end of an interval that the table has both ends of."""
    return other_end(name) in table


def one_precision(table: pd.DataFrame) -> list[list[str]]:
    """Cut the names of a table's columns into groups that share a precision.

    A group is an estimate and the two ends of its interval, which follow it, or two ends alone, or any other column.
    """
    groups: list[list[str]] = []
    for name in map(str, table.columns):
        if not is_end(name, table):
            groups.append([name])
        elif name.endswith("low"):
            follows = groups and not is_end(groups[-1][-1], table) and is_numeric(table[groups[-1][0]])
            groups[-1:] = [[*groups[-1], name]] if follows else [*groups[-1:], [name]]
        else:
            (group,) = [group for group in groups if other_end(name) in group]
            group.append(name)
    return groups


def is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers, some of which may be missing."""
    return not all(map(math.isnan, numbers_of(column)))


def numbers_of(column: pd.Series) -> list[float]:
    """Return the numbers of a column's cells, nan for texts, booleans and missing values."""
    return [math.nan if isinstance(cell, str | bool) or pd.isna(cell) else float(cell) for cell in column]


def decimals(values: list[float]) -> int:
    """Return how many decimals show all these numbers: one precision for all of them.

    None where all are whole, one where none is below 10, else three; four where some are below 0 and three decimals
    would show one of them as 0, so that its sign would be lost.
    """
    exact = [value for value in values if math.isfinite(value) and abs(value) > ZERO]
    if all(value.is_integer() for value in exact):
        return 0
    smallest = min(map(abs, exact))
    if smallest >= 10:
        return 1
    return 4 if smallest < 0.0005 and min(exact) < 0 else 3


def cells(column: pd.Series, places: int) -> list[str]:
    """Return a column's cells as text: numbers with so many decimals, names in words, `–` for none.

    p values have three decimals, and are `<0.001` below that.
    """

    meanings = MEANINGS.get(column.name, {})

    def text(value) -> str:
        if isinstance(value, str):
            return name_in_words(value) if column.name == "intervention" else meanings.get(value, value)
        if pd.isna(value):
            return NONE
        if column.dtype == bool:
            return "yes" if value else "no"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        if column.name in P_VALUES:
            return "<0.001" if value < 0.001 else f"{value:.3f}"
        return number_text(float(value), places)

    return [text(value) for value in column]


def number_text(value: float, places: int) -> str:
    """Return a finite number with so many decimals. One that is not 0 keeps its sign, as in `-0.0000`."""
    return f"{0.0 if abs(value) < ZERO else value:,.{places}f}"
