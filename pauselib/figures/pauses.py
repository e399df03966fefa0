"""Pictures of the number of pauses: against correctness, against the LM's certainty, and as rate ratios."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.why.certainty import HEAD, LM
from pauselib.figures.style import CORRECT, INCORRECT, LINE, PAUSE_PART_COLOURS, described, look, panels, whiskers

INCORRECT_BAR = {"color": INCORRECT, "hatch": "////", "edgecolor": "white", "linewidth": 0}
FEWEST = 20  # positions in a bin of certainty, at least: below that a share is noise
WIDTH, WIDTH_ALONE = 3.4, 5.2  # inches of a panel; one alone has to be as wide as the legend above it
RATIO_TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.5, 2, 3, 5, 10)
FINE_TICKS = (0.95, 1.05)  # where all is between 0.8 and 1.25


def pause_bins(n_pauses: pd.Series, most: int = 8) -> tuple[pd.Series, list[str]]:
    """Return the bin of each reply and the bins' labels.

    Every count up to `most` has a bin of its own; beyond it, ranges double as often as needed.
    """
    edges = list(range(most + 1))
    while edges[-1] <= n_pauses.max():
        edges.append(2 * edges[-1])
    labels = [str(a) if b == a + 1 else f"{a}–{b - 1}" for a, b in itertools.pairwise(edges)]
    return pd.cut(n_pauses, edges, right=False, labels=False), labels


def pause_panels(replies: pd.DataFrame):
    """Return a figure with one panel a variant, whose x-axis has the bins of its pause counts, and a list of the
    panels.

    Each entry of the list has the axis, the variant, its replies, and their bins as a categorical column.
    """
    variants = list(dict.fromkeys(replies["variant"]))
    figure, axes = panels(len(variants), width=WIDTH_ALONE if len(variants) == 1 else WIDTH)
    by_variant = []
    for axis, name in zip(axes, variants):
        part = replies[replies["variant"] == name]
        which, labels = pause_bins(part["n_pauses"])
        axis.set_xticks(range(len(labels)), labels, rotation=60 if len(labels) > 9 else 0, fontsize=7)
        axis.set_xlabel("pauses in the reply")
        by_variant.append((axis, name, part, which.astype(pd.CategoricalDtype(range(len(labels))))))
    return figure, by_variant


@described
def accuracy_by_pauses(replies: pd.DataFrame):
    """Correct and incorrect replies of each variant by number of pauses, and the accuracy there with its 95 % Wilson
    interval.

    `replies` is `loading.predictions`, of the variants that pause.
    """
    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        counts = part.groupby(which, observed=False)["correct"]
        right, n = counts.sum().astype(int), counts.size()
        axis.bar(range(len(n)), right, color=CORRECT, width=0.85, label="correct replies")
        axis.bar(range(len(n)), n - right, bottom=right, width=0.85, label="incorrect replies", **INCORRECT_BAR)
        axis.set_title(name, fontsize=8)
        axis.set_ylabel("replies")
        share = axis.twinx()
        draw_accuracy(share, right[n > 0], n[n > 0])
    if by_variant:
        bars, labels = axis.get_legend_handles_labels()
        line, its_label = share.get_legend_handles_labels()
        handles, labels = [*bars, *line], [*labels, *its_label]
        figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw_accuracy(axis, right: pd.Series, n: pd.Series) -> None:
    """Draw the accuracy in every bin, `right` of `n` replies, with its 95 % Wilson interval; the index has the bins."""
    low, high = zip(*(wilson(count, total) for count, total in zip(right, n)))
    accuracy = right / n
    reach = whiskers(accuracy, low, high)
    looks = {"color": LINE, "marker": "o", "markersize": 3, "linewidth": 1, "elinewidth": 0.7}
    axis.errorbar(accuracy.index, accuracy, reach, label="accuracy, 95 % interval", **looks)
    axis.set(ylim=(0, 1.02), ylabel="accuracy")
    axis.spines["right"].set_visible(True)


@described
def pause_histograms(replies: pd.DataFrame):
    """The share of the correct and of the incorrect replies of each variant that has each number of pauses.

    `replies` is `loading.predictions`, of the variants that pause.
    """
    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        correct = part["correct"].astype(bool)
        for kind, offset, bar, label in (
            (correct, -0.2, {"color": CORRECT, "edgecolor": "white", "linewidth": 0}, "correct replies"),
            (~correct, 0.2, INCORRECT_BAR, "incorrect replies"),
        ):
            share = which[kind].value_counts(normalize=True, sort=False).fillna(0)
            axis.bar(np.arange(len(share)) + offset, share, width=0.4, label=label, **bar)
        axis.set_title(f"{name}\n({correct.sum()} correct, {(~correct).sum()} not)", fontsize=8)
        axis.set_ylabel("share of replies")
    if by_variant:
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


@described
def certainty_curve(by_certainty: pd.DataFrame, prediction: pd.DataFrame):
    """The share of positions that are pauses by the probability of the LM's best word there, one line a variant.

    `by_certainty` is `certainty.pauses_by_certainty`, `prediction` is `certainty.pause_prediction`.
    """
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    enough = by_certainty[by_certainty["n"] >= FEWEST]
    for name, part in enough.groupby("variant", sort=False):
        axis.plot((part["low"] + part["high"]) / 2, part["share"], markersize=4, linewidth=0.8, **look(name))
    axis.set(xlabel="probability of the LM's best word at a position", ylabel="share that are pauses")
    axis.set(xlim=(0, 1), ylim=(-0.02, 1.02))
    of_pausing = list(PAUSE_PART_COLOURS.values())[:3]
    handles = [plt.Line2D([], [], marker="o", color=colour, label=words) for colour, words in of_pausing]
    axis.legend(handles=handles, frameon=False)
    told = "nothing to show yet"
    if len(prediction):
        areas = prediction.groupby("by")["auc"].median()
        told = f"AUC of a pause by the LM's certainty {areas[LM]:.2f}, by the head's odds {areas[HEAD]:.2f} (medians)"
    axis.set_title(told, fontsize=9)
    axis.grid(alpha=0.3)
    return figure


@described
def rate_ratios(regression: pd.DataFrame):
    """In how many times as many places incorrect replies pause as correct ones, with 95 % intervals and the margin of
    the plan in grey, as more is held equal; then the covariates.

    `regression` is `reasons.pause_regression`.
    """
    if regression.empty:
        return panels(0)[0]
    incorrect = regression[regression["term"] == "incorrect"]
    last = regression[regression["model"] == regression["model"].iloc[-1]]
    others = last[last["term"] != "incorrect"]
    rows = pd.concat([incorrect, others], ignore_index=True)
    figure, axis = plt.subplots(figsize=(7, 0.9 + 0.32 * len(rows)))
    for y, row in rows.iterrows():
        ratio = row["rate_ratio"]
        reach = [[ratio - row["low"]], [row["high"] - ratio]]
        colour, marker = (INCORRECT, "o") if row["term"] == "incorrect" else (LINE, "s")
        axis.errorbar([ratio], [-y], xerr=reach, color=colour, marker=marker, elinewidth=1.2)
    axis.set_yticks([-y for y in range(len(rows))], [ratio_label(row) for row in rows.itertuples()])
    margin = plan().margin("incorrect")
    axis.axvspan(1 - margin, 1 + margin, color=LINE, alpha=0.08, linewidth=0)
    axis.axvline(1, color=LINE, linewidth=0.8)
    axis.set(xlabel="times as many places with pauses, 95 % interval; grey: the margin", xscale="log")
    low, high = rows["low"].min() / 1.1, rows["high"].max() * 1.1
    is_narrow = low > 0.8 and high < 1.25
    ticks = [tick for tick in (*RATIO_TICKS, *(FINE_TICKS if is_narrow else ())) if low < tick < high]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(axis="x", alpha=0.3)
    return figure


def ratio_label(row) -> str:
    """Return what the rate ratio in a row of the regression compares."""
    if row.term != "incorrect":
        return f"{row.term}, a standard deviation more"
    held = "nothing held equal" if row.model == "incorrect alone" else row.model
    return f"incorrect : correct, {held}"
