"""The picture of where the pauses of a reply come from."""

import pandas as pd

from pauselib.analysis.why.pause_origin import IN_WORDS
from pauselib.figures.style import LINE, legend_above, looks, panels, shows

FEWEST = 20  # tokens in a bin, at least: below that a mean is noise
INJECTOR = {"color": LINE, "linestyle": "--", "linewidth": 1}


@shows(
    "The probability of a pause by the head of a variant, beside the one that the injector implies, by the pauses so "
    "far, the words so far and the length of the reply; and the head's loss by the steps of its training."
)
def pause_origin(by: pd.DataFrame, losses: pd.DataFrame, variant: str | None):
    """Draw `by` and `losses` of a `PauseOrigin`. Words are tokens that are no pause."""
    by = by[by["n"] >= FEWEST]
    if by.empty:
        return panels(0)[0]
    figure, axes = panels(4 if len(losses) else 3, width=3.6, height=2.5, across=2)
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
    if len(losses):
        measured, trained = losses.dropna(subset="loss"), losses.dropna(subset="training")
        axes[3].plot(trained["step"], trained["training"], **{**look, "marker": "", "alpha": 0.5})
        axes[3].plot(measured["step"], measured["loss"], **look)
        axes[3].plot(losses["step"], losses["implied"], **INJECTOR)
        constant = {**INJECTOR, "linestyle": ":", "label": "one rate for all tokens"}
        axes[3].plot(losses["step"], losses["constant"], **constant)
        axes[3].set(xlabel="steps of the warm-up, points: validation", ylabel="loss of the head, nats")
    legend_above(figure, [axes[0], axes[-1]])
    return figure
