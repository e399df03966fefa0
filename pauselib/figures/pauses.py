"""Pictures of pauses: how many against correctness and certainty, places and origin."""

import itertools

import numpy as np
import pandas as pd

from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.why.pause_origin import IN_WORDS
from pauselib.analysis.why.places import NUMBER_PLACES
from pauselib.figures import style

CORRECT_BAR = {"color": style.CORRECT, "edgecolor": "white", "linewidth": 0, "label": "correct replies"}
INCORRECT_BAR = {**CORRECT_BAR, "color": style.INCORRECT, "hatch": "////", "label": "incorrect replies"}
SHARE = {"color": style.LINE, "marker": "o", "markersize": 3, "linewidth": 1, "elinewidth": 0.7}
FEWEST = 20  # positions or tokens in a bin, at least: below that a share is noise
INJECTOR = {"color": style.LINE, "linestyle": "--", "linewidth": 1}


def pause_bins(n_pauses: pd.Series, most: int = 8) -> pd.Series:
    """Return the bin of each reply, as an ordered category: every count below `most`, then ranges that double."""
    edges = [*range(most), *(most * 2**i for i in range(20))]
    labels = [str(a) if b == a + 1 else f"{a}–{b - 1}" for a, b in itertools.pairwise(edges)]
    return pd.cut(n_pauses, edges, right=False, labels=labels)


@style.shows(
    "Correct and incorrect replies of each variant by number of pauses, and the accuracy there with its 95 % Wilson "
    "interval over problems."
)
def accuracy_by_pauses(replies: pd.DataFrame):
    """Draw `loading.predictions` of the variants that pause, a panel a variant."""
    variants = list(dict.fromkeys(replies["variant"]))
    figure, axes = style.panels(len(variants))
    shares = [axis.twinx() for axis in axes]
    for axis, share, name in zip(axes, shares, variants):
        part = replies[replies["variant"] == name]
        bins = pause_bins(part["n_pauses"])
        binned = part.astype({"correct": int}).groupby(bins, observed=False)
        counts = binned["correct"].agg(["sum", "size"]).assign(problems=binned["problem_id"].nunique())
        counts = counts.loc[: bins.max()]
        x, (right, n, problems) = np.arange(len(counts)), counts.to_numpy().T
        axis.bar(x, right, width=0.85, **CORRECT_BAR)
        axis.bar(x, n - right, bottom=right, width=0.85, **INCORRECT_BAR)
        axis.set_xticks(x, counts.index, rotation=60 if len(x) > 9 else 0, fontsize=7)
        axis.set(xlabel="pauses in the reply", ylabel="replies")
        axis.set_title(name, fontsize=8)
        axis.grid(visible=False)
        x, found, problems = x[n > 0], right[n > 0] / n[n > 0], problems[n > 0]  # several seeds are no more problems
        low, high = zip(*map(wilson, found * problems, problems))
        share.errorbar(x, found, style.whiskers(found, low, high), label="accuracy, 95 % interval", **SHARE)
        share.set(ylim=(0, 1.02), ylabel="accuracy")
        share.spines["right"].set_visible(True)
    style.legend_above(figure, axes + shares)
    return figure


@style.shows("Where in the reply the pauses of one variant are, at which numbers, and how many stand in a row.")
def places_of_variant(found: dict[str, pd.DataFrame], variant: str | None):
    """Draw the tables of `places.pause_places` for one variant; the marks are where an even spread would be."""
    relative, numbers, runs = (found[key][found[key]["variant"] == variant] for key in ("relative", "numbers", "runs"))
    if relative.empty and runs.empty:
        return style.panels(0)[0]
    figure, (first, second, third) = style.panels(3)
    colour = style.looks([variant])[variant]["color"]
    middle = (relative["low"] + relative["high"]) / 2
    first.bar(middle, relative["share"], width=0.09, color=colour, label="pauses")
    first.plot(middle, relative["expected"], "_", color=style.LINE, markersize=14, label="if spread evenly")
    first.set(title="place in the reply", xlabel="0 the start, 1 the end", ylabel="share of the pauses")
    first.legend(frameon=False)
    present = [place for place in NUMBER_PLACES if place in set(numbers["number"])]
    numbers = numbers.set_index("number").loc[present]
    x = np.arange(len(numbers))
    second.bar(x, numbers["share"], color=colour)
    second.plot(x, numbers["expected"], "_", color=style.LINE, markersize=24)
    second.set_xticks(x, [words.replace(" a ", "\na ") for words in present], fontsize=8)
    second.set(title="at numbers", ylabel="share of the pauses")
    third.bar(runs["length"], runs["n"], color=colour)
    third.set(title="pauses in a row", xlabel="pauses", ylabel="runs")
    figure.suptitle(variant, fontsize=9)
    return figure


@style.shows(
    "The probability of a pause by the head of a variant, beside the one that the injector implies, by the pauses so "
    "far, the words so far and the length of the reply."
)
def pause_origin(by: pd.DataFrame, variant: str | None):
    """Draw `pause_origin.pause_rates` of a variant. Words are tokens that are no pause."""
    by = by[by["n"] >= FEWEST]
    if by.empty:
        return style.panels(0)[0]
    figure, axes = style.panels(3)
    look = {**style.looks([variant])[variant], "markersize": 4, "linewidth": 1}
    for axis, (column, words) in zip(axes, IN_WORDS.items()):
        part = by[by["bins_of"] == column]
        if column == "gap":
            style.mostly_linear(axis, "x", 1)
        axis.plot(part["value"], part["head"], label=f"the head of {variant}", **look)
        axis.plot(part["value"], part["implied"], label="the injector, known exactly", **INJECTOR)
        axis.set(xlabel=words, ylabel="probability of a pause", ylim=(0, None))
    style.legend_above(figure, axes[:1])
    return figure


@style.shows("How often there is a pause where the head finds one that likely, in validation answers.")
def calibration(table: pd.DataFrame, variant: str | None):
    """Draw `loading.calibration` of a variant, over all seeds: a point a bin with some tokens, on scales of powers."""
    mine = table[(table["variant"] == variant) & (table["n"] >= FEWEST)]
    if mine.empty:
        return style.panels(0)[0]
    figure, (axis,) = style.panels(1)
    mine = mine.assign(pauses=mine["observed"] * mine["n"], expected=mine["predicted"] * mine["n"])
    sums = mine.groupby("low")[["pauses", "expected", "n"]].sum()
    look = {**style.looks([variant])[variant], "markersize": 4, "linewidth": 1}
    axis.plot(sums["expected"] / sums["n"], sums["pauses"] / sums["n"], label=f"the head of {variant}", **look)
    ends = [mine["predicted"].min(), mine["predicted"].max()]
    axis.plot(ends, ends, color=style.LINE, linewidth=0.8, label="as often as predicted")
    axis.set(xscale="log", yscale="log", xlabel="probability of a pause by the head", ylabel="share of pauses")
    edges = [low for low in sums.index if low]
    axis.set_xticks(edges, edges)
    axis.set_yticks(edges, edges)
    axis.minorticks_off()
    style.legend_above(figure, [axis])
    return figure
