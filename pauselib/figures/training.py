"""Pictures of what a model is trained on, of one training, and of two side by side."""

import numpy as np
import pandas as pd

from pauselib.figures.style import CORRECT, INCORRECT, legend_above, panels, shows

VALIDATION = {"linestyle": "--", "marker": "o", "markersize": 4}
LOSSES = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}


def draw_losses(runs: list, across: int, height: float):
    """Return a figure with a panel for each loss, and a line and points for each of `runs`.

    A run is its history, and the arguments of matplotlib's `plot` for the training and for the validation rows.
    """
    columns = set().union(*(history.columns for history, _, _ in runs))
    present = [key for key in LOSSES if columns & {key, f"eval_{key}"}]
    figure, axes = panels(len(present), width=3.2 if across > 1 else 4.4, height=height, across=across)
    for axis, key in zip(axes, present):
        axis.set(title=LOSSES[key], xlabel="step", ylabel="nats per token")
        for history, training, validation in runs:
            for name, look in ((key, training), (f"eval_{key}", {**VALIDATION, **validation})):
                axis.plot(*history.reindex(columns=["step", name]).dropna().to_numpy().T, **look)
    legend_above(figure, axes[:1])
    return figure


@shows(
    "The losses of one training by step, in training (line) and on the validation rows (dots), those of LM and pause "
    "head apart where there are both."
)
def loss_curve(history: pd.DataFrame | list[dict]):
    """Draw a `history` as training.json has it."""
    looks = {"color": CORRECT, "linewidth": 1.2, "label": "training"}, {"color": INCORRECT, "label": "validation"}
    return draw_losses([(pd.DataFrame(history), *looks)], across=3, height=2.4)


@shows(
    "The losses of two trainings by step, in training (thin lines) and on the validation rows (points), those of LM "
    "and pause head apart where there are both."
)
def losses_of_two(losses: pd.DataFrame):
    """Draw `TwoRuns.losses`. The panels are below one another: side by side they are too small on a narrow screen."""
    runs = []
    for (name, part), colour, marker in zip(losses.groupby("run", sort=False), (CORRECT, INCORRECT), "os"):
        validation = {"color": colour, "marker": marker, "label": name}
        runs.append((part, {"color": colour, "linewidth": 0.8, "alpha": 0.7}, validation))
    return draw_losses(runs, across=1, height=1.8)


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
