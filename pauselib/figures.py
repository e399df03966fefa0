"""Every picture. Correct replies are blue, incorrect ones orange and hatched, so that no meaning hangs on colour alone."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

CORRECT, INCORRECT, LINE = "#0072B2", "#E69F00", "#222222"  # Okabe and Ito's colours, told apart by colour-blind readers
plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "pauselib",
        "hatch.linewidth": 0.6,
        "figure.dpi": 110,
    }
)


def panels(n: int, width: float = 3.4, height: float = 2.2, across: int = 3):
    """A figure of `n` panels in rows of `across` and their axes; with none, it says that nothing is finished."""
    if n == 0:
        figure = plt.figure(figsize=(width * 2, height / 2))
        figure.text(0.5, 0.5, "nothing is finished yet", ha="center", va="center")
        return figure, []
    rows = -(-n // across)
    figure, axes = plt.subplots(rows, min(n, across), figsize=(width * min(n, across), height * rows), squeeze=False)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:n])


def bins(n_pauses: pd.Series, most: int = 8) -> tuple[pd.Series, list[str]]:
    """The bin of each reply and the bins' labels: every count alone up to `most`, and beyond in doubling ranges as far as needed."""
    edges = list(range(most + 1))
    while edges[-1] <= n_pauses.max():
        edges.append(2 * edges[-1])
    labels = [str(a) if b == a + 1 else f"{a}–{b - 1}" for a, b in itertools.pairwise(edges)]
    return pd.cut(n_pauses, edges, right=False, labels=False), labels


def pause_panels(replies: pd.DataFrame):
    """A figure with one panel a variant, the pause counts' bins on its x-axis, and for each panel: axis, variant, its replies, their bins."""
    variants = list(dict.fromkeys(replies["variant"]))
    figure, axes = panels(len(variants))
    by_variant = []
    for axis, name in zip(axes, variants):
        part = replies[replies["variant"] == name]
        which, labels = bins(part["n_pauses"])
        axis.set_xticks(range(len(labels)), labels, rotation=60 if len(labels) > 9 else 0, fontsize=7)
        axis.set_xlabel("pauses in the reply")
        by_variant.append((axis, name, part, which.astype(pd.CategoricalDtype(range(len(labels))))))
    return figure, by_variant


def accuracy_by_pauses(replies: pd.DataFrame):
    """One panel a variant: bars of correct and incorrect replies at each pause count, and the accuracy there with its 95 % Wilson interval."""
    from statsmodels.stats.proportion import proportion_confint

    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        by_bin = part.groupby(which, observed=False)["correct"]
        right, n = by_bin.sum().astype(int), by_bin.size()
        axis.bar(range(len(n)), right, color=CORRECT, width=0.85, label="correct replies")
        axis.bar(range(len(n)), n - right, bottom=right, color=INCORRECT, width=0.85, hatch="////", edgecolor="white", linewidth=0, label="incorrect replies")
        axis.set_title(name, fontsize=8)
        axis.set_ylabel("replies")
        share, seen = axis.twinx(), n > 0
        low, high = proportion_confint(right[seen], n[seen], method="wilson")
        accuracy = right[seen] / n[seen]
        share.errorbar(
            accuracy.index,
            accuracy,
            [(accuracy - low).clip(lower=0), (high - accuracy).clip(lower=0)],
            color=LINE,
            marker="o",
            markersize=3,
            linewidth=1,
            elinewidth=0.7,
            label="accuracy, 95 % interval",
        )
        share.set(ylim=(0, 1.02), ylabel="accuracy")
        share.spines["right"].set_visible(True)
    if not by_variant:
        return figure
    handles = [*axis.get_legend_handles_labels()[0], *share.get_legend_handles_labels()[0]]
    figure.legend(handles, ["correct replies", "incorrect replies", "accuracy, 95 % interval"], loc="outside upper center", ncols=3, frameon=False)
    return figure


def pause_histograms(replies: pd.DataFrame):
    """One panel a variant: the share of the correct and of the incorrect replies that has each number of pauses."""
    figure, by_variant = pause_panels(replies)
    for axis, name, part, which in by_variant:
        for offset, (correct, colour, label) in enumerate(((True, CORRECT, "correct"), (False, INCORRECT, "incorrect"))):
            group = which[part["correct"] == correct]
            share = group.value_counts(normalize=True, sort=False).fillna(0)
            axis.bar(
                np.arange(len(share)) + 0.4 * offset - 0.2,
                share,
                width=0.4,
                color=colour,
                hatch=None if correct else "////",
                edgecolor="white",
                linewidth=0,
                label=f"{label} replies",
            )
        axis.set_title(f"{name}\n({part['correct'].sum()} correct, {(~part['correct']).sum()} not)", fontsize=8)
        axis.set_ylabel("share of replies")
    if by_variant:
        figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    return figure


def loss_curve(history: pd.DataFrame):
    """The losses of one training by step: in training (line) and on the validation rows (dots); LM and pause loss apart where there are both."""
    parts = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}
    parts = {key: label for key, label in parts.items() if key in history}
    figure, axes = panels(len(parts), width=3.2, height=2.4)
    for axis, (key, label) in zip(axes, parts.items()):
        trained, validated = history.dropna(subset=[key]), history.dropna(subset=[f"eval_{key}"])
        axis.plot(trained["step"], trained[key], color=CORRECT, linewidth=1.2, label="training")
        axis.plot(validated["step"], validated[f"eval_{key}"], "o--", color=INCORRECT, markersize=4, label="validation")
        axis.set(title=label, xlabel="step", ylabel="nats per token")
        axis.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    return figure


def injected(rows: pd.DataFrame, pause_id: int):
    """Two panels: how many pauses the injected rows have, and where in the answer they are (0 the start, 1 the end)."""
    figure, (number, place) = panels(2, width=3.2, height=2.4)
    counts = rows["n_pauses"].value_counts().sort_index()
    number.bar(counts.index, counts, color=CORRECT)
    number.set(title="pauses in a row", xlabel="pauses", ylabel="rows")
    answers = [ids[mask == 1] for ids, mask in zip(rows["input_ids"], rows["completion_mask"])]
    where = np.concatenate([np.flatnonzero(ids == pause_id) / (len(ids) - 1) for ids in answers])
    place.hist(where, bins=20, range=(0, 1), color=CORRECT)
    place.set(title="where the pauses are", xlabel="place in the answer", ylabel="pauses")
    return figure
