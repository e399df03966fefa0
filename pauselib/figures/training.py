"""Pictures of what a model is trained on, of one training, and of two side by side."""

import numpy as np
import pandas as pd

from pauselib.figures.style import CORRECT, INCORRECT, legend_above, panels, shows

VALIDATION = {"linestyle": "--", "markersize": 4}
LOSSES = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}


@shows(
    "The losses of two trainings by step, in training (thin lines) and on the validation rows (points), those of LM "
    "and pause head apart where there are both."
)
def losses_of_two(losses: pd.DataFrame, across: int = 1):
    """Draw `compare.losses`. The panels are below one another: side by side they are too small on a narrow screen."""
    present = [key for key in LOSSES if {key, f"eval_{key}"} & set(losses)]
    figure, axes = panels(len(present), across=across)
    for axis, key in zip(axes, present):
        axis.set(title=LOSSES[key], xlabel="step", ylabel="nats per token")
        for (name, part), colour, marker in zip(losses.groupby("run", sort=False), (CORRECT, INCORRECT), "os"):
            training, validation = (
                part.reindex(columns=["step", column]).dropna().to_numpy().T for column in (key, f"eval_{key}")
            )
            axis.plot(*training, color=colour, linewidth=0.8, alpha=0.7)
            axis.plot(*validation, color=colour, marker=marker, label=name, **VALIDATION)
    legend_above(figure, axes[:1])
    return figure


@shows(
    "The losses of one training by step, in training (line) and on the validation rows (points), those of LM and pause "
    "head apart where there are both."
)
def loss_curve(history: pd.DataFrame | list[dict]):
    """Draw a `history` as training.json has it."""
    return losses_of_two(pd.DataFrame(history).assign(run="points: on the validation rows"), across=3)


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
