"""Pictures of what a model is trained on, and of the training."""

import numpy as np
import pandas as pd

from pauselib.figures.style import CORRECT, INCORRECT, described, panels

LOSSES = {"loss": "loss", "lm_loss": "LM loss", "pause_loss": "pause loss"}


@described
def loss_curve(history: pd.DataFrame | list[dict]):
    """The losses of one training by step, in training (line) and on the validation rows (dots), those of LM and pause
    head apart where there are both.

    `history` as in training.json.
    """
    history = pd.DataFrame(history)
    history = history.reindex(columns=history.columns.union([f"eval_{key}" for key in LOSSES], sort=False))
    history = history.reindex(columns=history.columns.union(["step", *LOSSES], sort=False))
    present = [key for key in LOSSES if history[[key, f"eval_{key}"]].notna().any(axis=None)]
    figure, axes = panels(len(present), width=3.2, height=2.4)
    for axis, key in zip(axes, present):
        trained, validated = history.dropna(subset=[key]), history.dropna(subset=[f"eval_{key}"])
        axis.plot(trained["step"], trained[key], color=CORRECT, linewidth=1.2, label="training")
        axis.plot(validated["step"], validated[f"eval_{key}"], "o--", color=INCORRECT, markersize=4, label="validation")
        axis.set(title=LOSSES[key], xlabel="step", ylabel="nats per token")
        axis.grid(alpha=0.3)
    if axes:
        axes[0].legend(frameon=False)
    return figure


@described
def injected(rows: pd.DataFrame, pause_id: int):
    """How many pauses the injected rows have, and where in the answer they are (0 the start, 1 the end).

    `rows` has `n_pauses`, `input_ids` and `prompt_length`; the answer is what follows the prompt.
    """
    figure, (number, place) = panels(2, width=3.2, height=2.4)
    counts = rows["n_pauses"].value_counts().sort_index()
    number.bar(counts.index, counts, color=CORRECT)
    number.set(title="pauses of a copy", xlabel="pauses", ylabel="copies")
    answers = [ids[start:] for ids, start in zip(rows["input_ids"], rows["prompt_length"])]
    where = np.concatenate([np.flatnonzero(ids == pause_id) / (len(ids) - 1) for ids in answers])
    place.hist(where, bins=20, range=(0, 1), color=CORRECT)
    place.set(title="where the pauses are", xlabel="place in the answer", ylabel="pauses")
    return figure
