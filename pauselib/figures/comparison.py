"""The picture of two trainings."""

import pandas as pd

from pauselib.figures.style import CORRECT, INCORRECT, described, panels
from pauselib.figures.training import LOSSES

LOOKS = ({"color": CORRECT, "marker": "o"}, {"color": INCORRECT, "marker": "s"})


@described
def losses_of_two(losses: pd.DataFrame):
    """The losses of two trainings by step, in training (thin lines) and on the validation rows (points), those of LM
    and pause head apart where there are both.

    `losses` is `TwoRuns.losses`. The panels are below one another: side by side they are too small on a narrow screen.
    """
    losses = losses.reindex(columns=losses.columns.union([f"eval_{key}" for key in LOSSES], sort=False))
    losses = losses.reindex(columns=losses.columns.union(["step", *LOSSES], sort=False))
    present = [key for key in LOSSES if losses[[key, f"eval_{key}"]].notna().any(axis=None)]
    figure, axes = panels(len(present), width=4.4, height=1.8, across=1)
    for axis, key in zip(axes, present):
        for (name, part), look in zip(losses.groupby("run", sort=False), LOOKS):
            trained, validated = part.dropna(subset=[key]), part.dropna(subset=[f"eval_{key}"])
            axis.plot(trained["step"], trained[key], color=look["color"], linewidth=0.8, alpha=0.7)
            axis.plot(validated["step"], validated[f"eval_{key}"], linestyle="--", markersize=4, label=name, **look)
        axis.set(title=LOSSES[key], xlabel="step", ylabel="nats per token")
        axis.grid(alpha=0.3)
    if axes:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=1, frameon=False)
    return figure
