"""Pictures of pauses: how many against correctness and certainty, rate ratios, places and origin."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.why.pause_origin import IN_WORDS
from pauselib.analysis.why.places import NUMBER_PLACES
from pauselib.figures.accuracy import forest
from pauselib.figures.style import (
    CORRECT,
    INCORRECT,
    LINE,
    PAUSE_PART_COLOURS,
    legend_above,
    looks,
    panels,
    shows,
    whiskers,
)

CORRECT_BAR = {"color": CORRECT, "edgecolor": "white", "linewidth": 0, "label": "correct replies"}
INCORRECT_BAR = {**CORRECT_BAR, "color": INCORRECT, "hatch": "////", "label": "incorrect replies"}
SHARE = {"color": LINE, "marker": "o", "markersize": 3, "linewidth": 1, "elinewidth": 0.7}
FEWEST = 20  # positions or tokens in a bin, at least: below that a share is noise
INJECTOR = {"color": LINE, "linestyle": "--", "linewidth": 1}
WIDTH, WIDTH_ALONE = 3.4, 5.2  # inches of a panel; one alone has to be as wide as the legend above it


def pause_bins(n_pauses: pd.Series, most: int = 8) -> tuple[pd.Series, list[str]]:
    """Return the bin of each reply and the bins' labels.

    Every count up to `most` has its bin; beyond it, ranges double as often as needed.
    """
    edges = list(range(most + 1))
    while edges[-1] <= n_pauses.max():
        edges.append(2 * edges[-1])
    labels = [str(a) if b == a + 1 else f"{a}–{b - 1}" for a, b in itertools.pairwise(edges)]
    return pd.cut(n_pauses, edges, right=False, labels=False), labels


@shows(
    "Correct and incorrect replies of each variant by number of pauses, and the accuracy there with its 95 % Wilson "
    "interval."
)
def accuracy_by_pauses(replies: pd.DataFrame):
    """Draw `loading.predictions` of the variants that pause, a panel a variant."""
    variants = list(dict.fromkeys(replies["variant"]))
    figure, axes = panels(len(variants), width=WIDTH_ALONE if len(variants) == 1 else WIDTH)
    shares = [axis.twinx() for axis in axes]
    for axis, share, name in zip(axes, shares, variants):
        part = replies[replies["variant"] == name]
        which, labels = pause_bins(part["n_pauses"])
        n = which.value_counts().reindex(range(len(labels)), fill_value=0)
        right = which[part["correct"].astype(bool)].value_counts().reindex(n.index, fill_value=0)
        axis.bar(n.index, right, width=0.85, **CORRECT_BAR)
        axis.bar(n.index, n - right, bottom=right, width=0.85, **INCORRECT_BAR)
        axis.set_xticks(range(len(labels)), labels, rotation=60 if len(labels) > 9 else 0, fontsize=7)
        axis.set(xlabel="pauses in the reply", ylabel="replies")
        axis.set_title(name, fontsize=8)
        axis.grid(visible=False)
        right, n = right[n > 0], n[n > 0]
        low, high = zip(*(wilson(count, total) for count, total in zip(right, n)))
        share.errorbar(n.index, right / n, whiskers(right / n, low, high), label="accuracy, 95 % interval", **SHARE)
        share.set(ylim=(0, 1.02), ylabel="accuracy")
        share.spines["right"].set_visible(True)
    legend_above(figure, axes + shares)
    return figure


@shows("The share of positions that are pauses by the probability of the LM's best word there, one line a variant.")
def certainty_curve(by_certainty: pd.DataFrame, prediction: pd.DataFrame):
    """Draw `certainty.pauses_by_certainty`; the title has the median AUC of each predictor in `pause_prediction`."""
    figure, (axis,) = panels(1, width=6.4, height=3.4)
    enough = by_certainty[by_certainty["n"] >= FEWEST]
    styles = looks(enough["variant"])
    for name, part in enough.groupby("variant", sort=False):
        axis.plot((part["low"] + part["high"]) / 2, part["share"], markersize=4, linewidth=0.8, **styles[name])
    axis.set(xlabel="probability of the LM's best word at a position", ylabel="share that are pauses")
    areas = prediction.groupby("by", sort=False)["auc"].median()
    title = ", ".join(f"{by} {area:.2f}" for by, area in areas.items()) or "nothing to show yet"
    axis.set(xlim=(0, 1), ylim=(-0.02, 1.02), title=f"AUC of a pause, medians: {title}")
    of_pausing = list(PAUSE_PART_COLOURS.values())[:3]
    axis.legend([plt.Line2D([], [], marker="o", color=colour) for colour, _ in of_pausing], dict(of_pausing).values())
    return figure


@shows(
    "In how many times as many places incorrect replies pause as correct ones, with 95 % intervals and the margin of "
    "the plan in grey, as more is held equal; then the covariates."
)
def rate_ratios(regression: pd.DataFrame):
    """Draw `reasons.pause_regression`: the ratios of all models, and the covariates of the last one."""
    if regression.empty:
        return panels(0)[0]
    is_ratio, is_last = regression["term"] == "incorrect", regression["model"] == regression["model"].iloc[-1]
    rows = pd.concat([regression[is_ratio], regression[~is_ratio & is_last]], ignore_index=True)
    figure, (axis,) = panels(1, width=7, height=0.9 + 0.32 * len(rows))
    kinds = {True: {"color": INCORRECT, "marker": "o"}, False: {"color": LINE, "marker": "s"}}
    styles = [kinds[term == "incorrect"] for term in rows["term"]]
    compared = "incorrect : correct, " + rows["model"].replace("incorrect alone", "nothing held equal")
    labels = compared.where(rows["term"] == "incorrect", rows["term"] + ", a standard deviation more").tolist()
    forest(axis, labels, styles, rows, "rate_ratio")
    margin = plan().margin("incorrect")
    axis.axvspan(1 - margin, 1 + margin, color=LINE, alpha=0.08, linewidth=0)
    axis.axvline(1, color=LINE, linewidth=0.8)
    axis.set(xlabel="times as many places with pauses, 95 % interval; grey: the margin")
    return figure


@shows("Where in the reply the pauses of one variant are, at which numbers, and how many stand in a row.")
def places_of_variant(found: dict[str, pd.DataFrame], variant: str | None):
    """Draw the tables of `places.pause_places` for one variant; the marks are where an even spread would be."""
    relative, numbers, runs = (found[key][found[key]["variant"] == variant] for key in ("relative", "numbers", "runs"))
    if relative.empty and runs.empty:
        return panels(0)[0]
    figure, (first, second, third) = panels(3)
    colour = looks([variant])[variant]["color"]
    middle = (relative["low"] + relative["high"]) / 2
    first.bar(middle, relative["share"], width=0.09, color=colour, label="pauses")
    first.plot(middle, relative["expected"], "_", color=LINE, markersize=14, label="if spread evenly")
    first.set(title="place in the reply", xlabel="0 the start, 1 the end", ylabel="share of the pauses")
    first.legend(frameon=False)
    present = [place for place in NUMBER_PLACES if place in set(numbers["number"])]
    numbers = numbers.set_index("number").loc[present]
    x = np.arange(len(numbers))
    second.bar(x, numbers["share"], color=colour)
    second.plot(x, numbers["expected"], "_", color=LINE, markersize=24)
    second.set_xticks(x, [words.replace(" a ", "\na ") for words in present], fontsize=8)
    second.set(title="at numbers", ylabel="share of the pauses")
    third.bar(runs["length"], runs["n"], color=colour)
    third.set(title="pauses in a row", xlabel="pauses", ylabel="runs")
    figure.suptitle(variant, fontsize=9)
    return figure


@shows(
    "The probability of a pause by the head of a variant, beside the one that the injector implies, by the pauses so "
    "far, the words so far and the length of the reply."
)
def pause_origin(by: pd.DataFrame, variant: str | None):
    """Draw `pause_origin.pause_rates` of a variant. Words are tokens that are no pause."""
    by = by[by["n"] >= FEWEST]
    if by.empty:
        return panels(0)[0]
    figure, axes = panels(3)
    look = {**looks([variant])[variant], "markersize": 4, "linewidth": 1}
    for axis, (column, words) in zip(axes, IN_WORDS.items()):
        part = by[by["bins_of"] == column]
        axis.plot(part["value"], part["head"], label=f"the head of {variant}", **look)
        axis.plot(part["value"], part["implied"], label="the injector, known exactly", **INJECTOR)
        axis.set(xlabel=words, ylabel="probability of a pause", ylim=(0, None))
        if column == "gap" and len(part):
            ticks = [tick for tick in (0, 1, 3, 10, 30, 100, 300) if tick <= part["value"].max()]
            axis.set_xscale("symlog", linthresh=1)
            axis.set_xticks(ticks, [str(tick) for tick in ticks])
            axis.minorticks_off()
    legend_above(figure, axes[:1])
    return figure
