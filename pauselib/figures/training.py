"""Pictures of what a model is trained on, of one training, and of two side by side."""

import numpy as np
import pandas as pd

from pauselib.figures.style import CORRECT, INCORRECT, legend_above, panels, shows

LOSSES = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}


def loss_panels(table: pd.DataFrame, **sizes):
    """Return a figure with a panel for each loss that a history has, and its panels by the name of the loss."""
    present = [key for key in LOSSES if key in table or f"eval_{key}" in table]
    figure, axes = panels(len(present), **sizes)
    for axis, key in zip(axes, present):
        axis.set(title=LOSSES[key], xlabel="step", ylabel="nats per token")
    return figure, dict(zip(present, axes))


def by_step(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the `step` and a loss of a history, without the steps that lack it; empty where it has none."""
    return table.reindex(columns=["step", key]).dropna()


@shows(
    "The losses of one training by step, in training (line) and on the validation rows (dots), those of LM and pause "
    "head apart where there are both."
)
def loss_curve(history: pd.DataFrame | list[dict]):
    """Draw a `history` as training.json has it."""
    history = pd.DataFrame(history)
    figure, axes = loss_panels(history, width=3.2, height=2.4)
    for key, axis in axes.items():
        axis.plot(*by_step(history, key).to_numpy().T, color=CORRECT, linewidth=1.2, label="training")
        validation = by_step(history, f"eval_{key}")
        axis.plot(*validation.to_numpy().T, "o--", color=INCORRECT, markersize=4, label="validation")
        axis.legend(frameon=False)
    return figure


@shows(
    "The losses of two trainings by step, in training (thin lines) and on the validation rows (points), those of LM "
    "and pause head apart where there are both."
)
def losses_of_two(losses: pd.DataFrame):
    """Draw `TwoRuns.losses`. The panels are below one another: side by side they are too small on a narrow screen."""
    figure, axes = loss_panels(losses, width=4.4, height=1.8, across=1)
    for key, axis in axes.items():
        for (name, part), colour, marker in zip(losses.groupby("run", sort=False), (CORRECT, INCORRECT), "os"):
            axis.plot(*by_step(part, key).to_numpy().T, color=colour, linewidth=0.8, alpha=0.7)
            validation = by_step(part, f"eval_{key}").to_numpy().T
            axis.plot(*validation, linestyle="--", color=colour, marker=marker, markersize=4, label=name)
    legend_above(figure, list(axes.values())[:1], ncols=1)
    return figure


@shows("How many pauses the injected rows have, and where in the answer they are (0 the start, 1 the end).")
def injected(rows: pd.DataFrame, pause_id: int):
    """Draw the pauses of rows with `n_pauses`, `input_ids` and `prompt_length`; the answer follows the prompt."""
    figure, (number, place) = panels(2, width=3.2, height=2.4)
    counts = rows["n_pauses"].value_counts().sort_index()
    number.bar(counts.index, counts, color=CORRECT)
    number.set(title="pauses of a copy", xlabel="pauses", ylabel="copies")
    answers = [ids[start:] for ids, start in zip(rows["input_ids"], rows["prompt_length"])]
    where = np.concatenate([np.flatnonzero(ids == pause_id) / (len(ids) - 1) for ids in answers])
    place.hist(where, bins=20, range=(0, 1), color=CORRECT)
    place.set(title="where the pauses are", xlabel="place in the answer", ylabel="pauses")
    return figure
