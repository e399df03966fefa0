"""Pictures of accuracy: of every variant, and of a variant whose decoding is changed."""

import matplotlib.pyplot as plt
import pandas as pd

from pauselib.decoding.interventions import name_in_words
from pauselib.figures.style import LINE, legend_of_looks, looks, mostly_linear, panels, shows, whiskers

LINEAR = 2  # points; far beyond, a difference is on a logarithmic scale: models that never answer would squeeze others


def forest(axis, labels: list[str], styles: list[dict], table: pd.DataFrame, estimate: str) -> None:
    """Draw points with intervals (`estimate`, `low`, `high`), one line a row of `table`, the first at the top."""
    for y, (style, row) in enumerate(zip(styles, table.itertuples())):
        value = getattr(row, estimate)
        reach = whiskers([value], [row.low], [row.high])
        axis.errorbar([value], [-y], xerr=reach, linestyle="none", markersize=5, elinewidth=1, clip_on=False, **style)
    axis.set_yticks([-y for y in range(len(table))], labels)
    axis.set_ylim(-len(table) + 0.4, 0.6)
    axis.grid(axis="x", alpha=0.3)


def pair_of_forests(labels: list[str], names: pd.Series, left: pd.DataFrame, right: pd.DataFrame, than: str):
    """Return a figure with accuracies (`accuracy`, `low`, `high`) and differences of accuracy, a line a label.

    The rows of both tables belong to the labels; `names` are their variants, `than` says what the differences are to. A
    missing difference is not drawn.
    """
    if not labels:
        return panels(0)[0]
    height = max(1.6, 0.8 + 0.24 * len(labels))
    figure, axes = plt.subplots(1, 2, figsize=(10, height), sharey=True)
    styles = [looks(names)[name] for name in names]
    forest(axes[0], labels, styles, left, "accuracy")
    axes[0].set(xlabel="accuracy on the test problems, 95 % interval", xlim=(0, left["high"].max() + 0.05))
    points = 100 * right[["difference", "low", "high"]].astype(float)
    mostly_linear(axes[1], "x", LINEAR, marks=9)
    forest(axes[1], labels, styles, points, "difference")
    axes[1].axvline(0, color=LINE, linewidth=0.8)
    axes[1].set_xlabel(f"points more accurate than {than}, paired 95 % interval")
    return figure


@shows(
    "Accuracy of each variant with its 95 % interval, and its difference to that of as much training without pauses, "
    "paired by problem."
)
def accuracies(found: pd.DataFrame, against: pd.DataFrame):
    """Draw `comparisons.over_seeds`, and `comparisons.against_matched`, which may lack some of its variants."""
    differences = found[["variant"]].merge(against, on="variant", how="left")
    than = "as much training\nwithout pauses"
    figure = pair_of_forests(found["variant"].tolist(), found["variant"], found, differences, than)
    if figure.axes:
        legend_of_looks(figure, found["variant"])
    return figure


@shows(
    "Accuracy of the same models on the same problems under each intervention in decoding, and its difference to that "
    "without an intervention, paired by problem."
)
def accuracy_under_interventions(effects: pd.DataFrame):
    """Draw `comparisons.intervention_effects`; a label has the mean number of pauses too."""
    rows = effects.itertuples()
    labels = [f"{one.variant}: {name_in_words(one.intervention)} ({one.pauses_mean:.1f} pauses)" for one in rows]
    plain = effects.drop(columns=["low", "high"]).rename(columns={"accuracy_low": "low", "accuracy_high": "high"})
    return pair_of_forests(labels, effects["variant"], plain, effects, "without\nthe intervention")
