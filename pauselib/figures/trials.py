"""Pictures of insertion trials: at the end of the training, and by its steps."""

import itertools

import pandas as pd

from pauselib.analysis.tables.contrasts import OUTCOMES
from pauselib.figures.style import LINE, legend_above, looks, mostly_linear, panels, shows, whiskers
from pauselib.trials.contents import CONTENTS
from pauselib.trials.sites import SITES
from pauselib.variants import matched_baseline, parse

LOOKS = {  # of a content, as arguments of matplotlib's `plot`
    "pauses": {"color": "#009E73", "marker": "o"},
    "masked": {"color": "#009E73", "marker": "o", "markerfacecolor": "white", "linestyle": "--"},
    "unmoved": {"color": "#CC79A7", "marker": "P"},
    "question": {"color": "#882255", "marker": "X"},
    "untrained": {"color": "#D55E00", "marker": "s"},
    "newline": {"color": "#0072B2", "marker": "^"},
    "dots": {"color": "#E69F00", "marker": "v"},
}
FREE_LOOK = {"marker": "X"}  # of any other, in the next of matplotlib's colours
MATCHED_LOOK = {"color": "#555555", "marker": "D"}
SPREAD = 1.05  # doses are drawn side by side: each line is this much to the right of the one before
BESIDE = 0.04  # steps are drawn side by side: each line is this share of its step to the right
LINEAR = 0.1  # nats; what is far beyond is drawn on a logarithmic scale


@shows(
    "What is put into the gold text before a result, against nothing put in: the gain by dose with its 95 % "
    "interval, a panel a site and a line a content, and the pauses of as much training without them."
)
def trial_gains(gains: pd.DataFrame, variant: str, outcome: str):
    """Draw `Trials.gains` of the `outcome` for one variant.

    The log likelihood is in nats, step accuracy in percentage points.
    """
    mine = gains[(gains["variant"] == variant) & gains["content"].isin(CONTENTS)]  # without the positive control
    sites = [name for name, site in SITES.items() if name in set(mine["site"]) and not site.one_dose]
    matched = gains[(gains["variant"] == matched_baseline(variant)) & (gains["content"] == "pauses")]
    lines = [
        (content.meaning, LOOKS.get(name, FREE_LOOK), mine[mine["content"] == name])
        for name, content in CONTENTS.items()
    ]
    lines.append((f"pauses, {matched_baseline(variant)}", MATCHED_LOOK, matched))
    figure, axes = panels(len(sites), height=2.6)
    scale, unit = OUTCOMES[outcome].scale, OUTCOMES[outcome].unit
    for axis, site in zip(axes, sites):
        if unit == "nats":
            mostly_linear(axis, "y", LINEAR)
        axis.axhline(0, color=LINE, linewidth=0.8)
        here = [(label, look, table[table["site"] == site].sort_values("dose")) for label, look, table in lines]
        here = [line for line in here if not line[2].empty]
        for place, (label, look, part) in enumerate(here):
            draw_gains(axis, part["dose"] * SPREAD ** (place - (len(here) - 1) / 2), part, scale, label, look)
        doses = sorted(set(mine.loc[mine["site"] == site, "dose"]))
        axis.set(title=SITES[site].meaning, xlabel="how many are put in", ylabel=f"gain, {unit}", xscale="log")
        axis.set_xticks(doses, doses)
        axis.minorticks_off()
        axis.margins(0.1)
    legend_above(figure, axes)
    return figure


def draw_gains(axis, x, table: pd.DataFrame, scale: float, label: str, look: dict) -> None:
    """Draw gains with their intervals at the places `x`, as one line."""
    estimate, low, high = (scale * table[column].astype(float) for column in ("estimate", "low", "high"))
    style = {"markersize": 4, "linewidth": 1, "elinewidth": 0.7, "label": label, **look}
    axis.errorbar(x.astype(float), estimate, whiskers(estimate, low, high), **style)


@shows(
    "The gain of pauses, and of masked pauses, in the log likelihood of results against nothing put in, by the "
    "steps of the warm-up, with its 95 % interval: a panel a content, site and dose, a line a row."
)
def learning_curves(gains: pd.DataFrame):
    """Draw `Curve.gains`, in nats.

    Step 0 is the first step's model with an untrained pause embedding. Dashed lines are baselines.
    """
    shown = gains[gains["content"].isin(["pauses", "masked"])]
    panel = dict(list(shown.groupby(["content", "site", "dose"])))
    order = itertools.product(CONTENTS, SITES, sorted(set(shown["dose"])))
    places = [place for place in order if place in panel]
    figure, axes = panels(len(places), height=2.6)
    first = min((step for step in shown["step"] if step), default=1)
    names = sorted(dict.fromkeys(shown["variant"]), key=lambda name: not parse(name).pauses)  # baselines last
    for axis, (content, site, dose) in zip(axes, places):
        here = panel[content, site, dose]
        mostly_linear(axis, "x", first)
        mostly_linear(axis, "y", LINEAR)
        axis.axhline(0, color=LINE, linewidth=0.8)
        present = [name for name in names if name in set(here["variant"])]
        for place, name in enumerate(present):
            mine = here[here["variant"] == name].sort_values("step")
            look = {**looks(names)[name], "linestyle": "-" if parse(name).pauses else "--"}
            draw_gains(axis, mine["step"] * (1 + BESIDE * (place - (len(present) - 1) / 2)), mine, 1, name, look)
        axis.set_title(f"{CONTENTS[content].meaning} × {dose}\n{SITES[site].meaning}", fontsize=9)
        steps = sorted(set(here["step"]))
        axis.set_xticks(steps, steps)
        axis.set(xlabel="steps of the warm-up", ylabel="gain, nats")
    legend_above(figure, axes[:1])
    return figure
