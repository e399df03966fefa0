"""Pictures of accuracy: of every variant, and of a variant whose decoding is changed."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pauselib.decoding.interventions import name_in_words
from pauselib.figures.style import LINE, PAUSE_PART_COLOURS, described, look, panels, whiskers

FAR = 40  # points: models that never answer would squeeze all the others into one place


def forest(axis, names: list[str], table: pd.DataFrame, estimate: str) -> None:
    """Draw points with intervals (`estimate`, `low`, `high`), one line a row of `table`, the first at the top.

    `names` are the rows' variants, which give them their look.
    """
    for y, (name, row) in enumerate(zip(names, table.itertuples())):
        value = getattr(row, estimate)
        reach = whiskers([value], [row.low], [row.high])
        axis.errorbar([value], [-y], xerr=reach, linestyle="none", markersize=5, elinewidth=1, **look(name))
    axis.set_ylim(-len(table) + 0.4, 0.6)
    axis.grid(axis="x", alpha=0.3)


def in_points(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of differences with `difference`, `low` and `high` in percentage points instead of shares."""
    return table.assign(**{column: 100 * table[column] for column in ("difference", "low", "high")})


@described
def accuracies(found: pd.DataFrame, against: pd.DataFrame):
    """Accuracy of each variant with its 95 % interval, and its difference to that of as much training without pauses,
    paired by problem.

    `found` is `comparisons.over_seeds`, `against` is `comparisons.against_matched`: a variant without a line there has
    no difference. One of more than 40 points is written in words at the left edge.
    """
    names = found["variant"].tolist()
    if not names:
        return panels(0)[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, max(1.6, 0.8 + 0.24 * len(names))), sharey=True)
    forest(left, names, found, "accuracy")
    left.set_yticks([-y for y in range(len(names))], names)
    left.set(xlabel="accuracy on the test problems, 95 % interval", xlim=(-0.02, min(1, found["high"].max() + 0.05)))
    differences = in_points(found[["variant"]].merge(against, on="variant", how="left"))
    forest(right, names, differences, "difference")
    right.axvline(0, color=LINE, linewidth=0.8)
    right.set(xlabel="points more accurate than as much training\nwithout pauses, paired 95 % interval")
    leave_out_far_ones(right, differences)
    figure.legend(handles=legend_of_looks(), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def leave_out_far_ones(axis, differences: pd.DataFrame) -> None:
    """Fit the x-axis to the differences that are not far from 0, and write the far ones at the left edge, in words."""
    far = (differences["difference"].abs() >= FAR).to_numpy()
    near = differences[differences["difference"].abs() < FAR]
    if near.empty:
        return
    axis.set_xlim(min(near["low"].min(), 0) - 1, max(near["high"].max(), 0) + 1)
    for y in np.flatnonzero(far):
        words = f"◂ {differences['difference'].iloc[y]:+.0f} points"
        axis.annotate(words, (0.01, -y), xycoords=("axes fraction", "data"), va="center", fontsize=8)


def legend_of_looks() -> list:
    """Return the legend of `style.look` as matplotlib's handles: the colours, the markers and the two fillings."""
    point = {"linestyle": "none", "marker": "o", "color": LINE}
    looks = [
        *({**point, "color": colour, "label": words} for colour, words in PAUSE_PART_COLOURS.values()),
        {**point, "marker": "s", "markerfacecolor": "white", "label": "LM head trained too"},
        {**point, "marker": "D", "markerfacecolor": "white", "label": "and the LM embeddings"},
        {**point, "markerfacecolor": LINE, "label": "with LoRA"},
        {**point, "markerfacecolor": "white", "label": "without"},
    ]
    return [plt.Line2D([], [], **one) for one in looks]


@described
def accuracy_under_interventions(effects: pd.DataFrame):
    """Accuracy against the number of pauses allowed in a reply, apart from it without a limit, and what other
    interventions do to it.

    `effects` is `comparisons.intervention_effects`.
    """
    if effects.empty:
        return panels(0)[0]
    capped = effects[effects["allowed"].notna()]
    others = effects[effects["allowed"].isna()].reset_index(drop=True)
    if others.empty:
        figure, (left,) = panels(1, width=6, height=3.2)
        draw_caps(left, capped)
        return figure
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, max(3.2, 1.2 + 0.3 * len(others))))
    draw_caps(left, capped)
    forest(right, others["variant"].tolist(), in_points(others), "difference")
    words = others["intervention"].map(name_in_words)
    labels = [f"{said}\n{pauses:.1f} pauses" for said, pauses in zip(words, others["pauses_mean"])]
    right.set_yticks([-y for y in range(len(others))], labels, fontsize=7)
    right.axvline(0, color=LINE, linewidth=0.8)
    right.set(xlabel="points more accurate than without\nthe intervention, paired 95 % interval")
    return figure


def draw_caps(axis, capped: pd.DataFrame) -> None:
    """Draw the accuracy by the number of pauses allowed, one line a variant.

    The axis is logarithmic above 1. No limit is no number on it: its points stand apart, behind a dashed line that no
    line of a variant crosses.
    """
    limits = sorted(limit for limit in capped["allowed"].unique() if np.isfinite(limit))
    edge = 2 * max([1, *limits])
    for name, part in capped.groupby("variant", sort=False):
        part = part.sort_values("allowed")
        reach = np.array(whiskers(part["accuracy"], part["accuracy_low"], part["accuracy_high"]))
        is_cap = np.isfinite(part["allowed"].to_numpy(dtype=float))
        looks = {"markersize": 5, "linewidth": 1, **look(name)}
        axis.errorbar(part["allowed"][is_cap], part["accuracy"][is_cap], reach[:, is_cap], label=name, **looks)
        uncapped = part["accuracy"][~is_cap]
        axis.errorbar([2 * edge] * len(uncapped), uncapped, reach[:, ~is_cap], **{**looks, "linestyle": "none"})
    axis.set_xscale("symlog", base=2, linthresh=1)
    axis.axvline(edge, color=LINE, linestyle="--", linewidth=0.8)
    axis.set_xticks([*limits, 2 * edge], [*(f"{limit:.0f}" for limit in limits), "no limit"])
    axis.minorticks_off()
    top = min(1.02, capped["accuracy_high"].max() + 0.1)
    axis.set(xlabel="pauses allowed in a reply, at most", ylabel="accuracy, 95 % interval", ylim=(-0.02, top))
    axis.grid(alpha=0.3)
    axis.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8)
