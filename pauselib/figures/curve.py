"""Pictures of what changes with the amount of training."""

import pandas as pd

from pauselib.figures.style import LINE, described, panels, whiskers
from pauselib.figures.trials import scale_in_nats
from pauselib.trials.contents import CONTENTS
from pauselib.trials.sites import SITES
from pauselib.variants import parse

COLOURS = ("#009E73", "#0072B2", "#D55E00", "#AA4499", "#E69F00", "#56B4E9")
BASELINE_COLOURS = ("#555555", "#999999")
MARKERS = ("o", "s", "^", "v", "D", "P")
BESIDE = 0.04  # the lines of a panel are drawn side by side: each is this share of its step to the right


@described
def learning_curves(gains: pd.DataFrame):
    """The gain of pauses, and of masked pauses, in the log likelihood of hard results against nothing put in, by the
    steps of the warm-up, with its 95 % interval: a panel a content, site and dose, a line a row.

    `gains` is `Curve.gains`, in nats (linear up to 0.1, logarithmic beyond). Step 0 is the first step's model with an
    untrained pause embedding. Dashed lines are baselines, which were trained without pauses.
    """
    shown = gains[gains["content"].isin(["pauses", "masked"])]
    made = set(shown[["content", "site", "dose"]].itertuples(index=False, name=None))
    order = [(content, site, dose) for content in CONTENTS for site in SITES for dose in sorted(set(shown["dose"]))]
    places = [place for place in order if place in made]
    figure, axes = panels(len(places), width=3.2, height=2.6)
    looks = looks_of(list(dict.fromkeys(shown["variant"])))
    first = min((step for step in shown["step"] if step), default=1)
    for axis, (content, site, dose) in zip(axes, places):
        here = shown[(shown["content"] == content) & (shown["site"] == site) & (shown["dose"] == dose)]
        for place, (name, look) in enumerate(looks.items()):
            mine = here[here["variant"] == name].sort_values("step")
            reach = whiskers(mine["estimate"], mine["low"], mine["high"])
            steps = mine["step"].astype(float) * (1 + BESIDE * place)
            axis.errorbar(steps, mine["estimate"].astype(float), reach, label=name, **look)
        axis.axhline(0, color=LINE, linewidth=0.8)
        axis.set_title(f"{CONTENTS[content].meaning} × {dose}\n{SITES[site].meaning}", fontsize=9)
        axis.set(xlabel="steps of the warm-up", ylabel="nats")
        axis.set_xscale("symlog", linthresh=first, linscale=0.5)
        scale_in_nats(axis)
        steps = sorted(set(here["step"]))
        axis.set_xlim(-0.1 * first, 1.4 * max(steps))
        axis.set_xticks(steps, [str(step) for step in steps])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    if axes:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return figure


def looks_of(variants: list[str]) -> dict[str, dict]:
    """Return a colour and a marker for every row of a picture; the dashed grey ones are baselines."""
    pausing = [name for name in variants if parse(name).pauses]
    baselines = [name for name in variants if name not in pausing]
    style = {"markersize": 4, "linewidth": 1, "elinewidth": 0.7}
    looks = {}
    for names, colours, line in ((pausing, COLOURS, "-"), (baselines, BASELINE_COLOURS, "--")):
        for i, name in enumerate(names):
            colour, marker = colours[i % len(colours)], MARKERS[i % len(MARKERS)]
            looks[name] = {"color": colour, "marker": marker, "linestyle": line, **style}
    return looks
