"""Pictures of insertion trials."""

import itertools

import pandas as pd

from pauselib.analysis.tables.contrasts import OUTCOMES
from pauselib.figures.style import LINE, described, panels, whiskers
from pauselib.trials.contents import CONTENTS
from pauselib.trials.sites import SITES
from pauselib.variants import matched_baseline

LOOKS = {  # content -> colour, marker, whether it is filled
    "pauses": ("#009E73", "o", True),
    "masked": ("#009E73", "o", False),
    "untrained": ("#D55E00", "s", True),
    "newline": ("#0072B2", "^", True),
    "dots": ("#E69F00", "v", True),
}
FREE_LOOKS = (("#CC79A7", "P", True), ("#56B4E9", "X", True), ("#F0E442", "*", True))  # of contents added since
MATCHED_LOOK = ("#555555", "D", True)
SPREAD = 1.05  # doses are drawn side by side: each line is this much to the right of the one before

LINEAR = 0.1  # nats; what is farther from 0 is drawn on a logarithmic scale
TICKS = (0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30)  # nats, also below 0


@described
def trial_gains(gains: pd.DataFrame, variant: str, outcome: str):
    """What is put into the gold text before a hard result, against nothing put in: the gain by dose with its 95 %
    interval, a panel a site and a line a content, and the pauses of as much training without them.

    `gains` is `Trials.gains` of the `outcome`: log likelihood in nats (linear up to 0.1, logarithmic beyond), or step
    accuracy in percentage points.
    """
    mine = gains[gains["variant"] == variant]
    made = set(mine.loc[mine["content"] == "pauses", "site"])
    sites = [name for name, site in SITES.items() if name in made and not site.one_dose]
    figure, axes = panels(len(sites), width=3.2, height=2.6)
    matched = gains[(gains["variant"] == matched_baseline(variant)) & (gains["content"] == "pauses")]
    added = [name for name in CONTENTS if name not in LOOKS]
    looks_of = LOOKS | dict(zip(added, itertools.cycle(FREE_LOOKS)))
    lines = [(content.meaning, looks_of[name], mine[mine["content"] == name]) for name, content in CONTENTS.items()]
    lines.append((f"pauses, {matched_baseline(variant)}", MATCHED_LOOK, matched))
    for axis, site in zip(axes, sites):
        for place, (label, looks, table) in enumerate(lines):
            draw_gains(axis, table[table["site"] == site].sort_values("dose"), SPREAD**place, label, looks, outcome)
        doses = sorted(set(mine.loc[(mine["site"] == site) & (mine["content"] == "pauses"), "dose"]))
        axis.axhline(0, color=LINE, linewidth=0.8)
        axis.set(title=SITES[site].meaning, xlabel="how many", xscale="log")
        axis.set_ylabel(OUTCOMES[outcome].unit)
        if OUTCOMES[outcome].unit == "nats":
            scale_in_nats(axis)
        axis.set_xticks(doses, [str(dose) for dose in doses])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    if axes:
        fullest = max(axes, key=lambda axis: len(axis.get_legend_handles_labels()[0]))
        handles = fullest.get_legend_handles_labels()
        figure.legend(*handles, loc="outside upper center", ncols=3, frameon=False)
    return figure


def draw_gains(axis, table: pd.DataFrame, beside: float, label: str, looks: tuple, outcome: str) -> None:
    """Draw the gains of one content by dose."""
    if table.empty:
        return
    colour, marker, filled = looks
    values, low, high = (OUTCOMES[outcome].scale * table[column] for column in ("estimate", "low", "high"))
    style = {"color": colour, "marker": marker, "linestyle": "-" if filled else "--", "linewidth": 1, "elinewidth": 0.7}
    fill = colour if filled else "white"
    reach = whiskers(values, low, high)
    axis.errorbar(beside * table["dose"], values, reach, label=label, markersize=4, markerfacecolor=fill, **style)


def scale_in_nats(axis) -> None:
    """Make the y-axis linear near 0 and logarithmic farther away, with ticks that are read without a power of ten."""
    axis.set_yscale("symlog", linthresh=LINEAR)
    low, high = axis.get_ylim()
    inside = [sign * tick for sign in (-1, 1) for tick in TICKS if low < sign * tick < high]
    smallest = max(map(abs, inside), default=0) / 20
    ticks = sorted([0, *(tick for tick in inside if abs(tick) >= smallest)])
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
