"""What is trained in a row, as it was at some steps of its warm-up, so that a trial can score the model of then.

What stays frozen is in the model that the training started from: a step of a LoRA row takes a few megabytes.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from safetensors.torch import save
from transformers import TrainerCallback

from pauselib.errors import InputError
from pauselib.files import write

FOLDER = "steps"  # beside the model's own files


def weights_at(folder: Path, step: int) -> Path:
    """Return the file of a step, below a model's folder."""
    return folder / FOLDER / f"step-{step}.safetensors"


class KeptWeights(TrainerCallback):
    """Writes what is trained at each of some steps, beside the checkpoints, where a run that was cut off finds it."""

    def __init__(self, work: Path, steps: Iterable[int]):
        self.work, self.steps = work, tuple(steps)

    def on_train_begin(self, args, state, control, **kwargs):
        """Raise InputError, before the first step, for a step that the training doesn't reach."""
        if max(self.steps, default=0) > state.max_steps:
            raise InputError(
                f"trial_checkpoints is {list(self.steps)}, but the warm-up has {state.max_steps} steps: give steps up "
                "to that, or more rows or max_steps."
            )

    def on_step_end(self, args, state, control, model=None, **kwargs):
        """Write what is trained, where the step is one of those."""
        if state.global_step in self.steps:
            trained = {name: one.detach() for name, one in model.named_parameters() if one.requires_grad}
            weights = {name: one.cpu().contiguous() for name, one in trained.items()}
            write(weights_at(self.work, state.global_step), save(weights))

    def copy_to(self, folder: Path) -> None:
        """Copy what was kept into the folder of the trained model; a run that is cut off now finds it once more."""
        if self.steps:
            shutil.copytree(self.work / FOLDER, folder / FOLDER)
