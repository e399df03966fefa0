"""What is trained in a row, as it was at some steps of its warm-up, so that a trial can score the model of then.

What stays frozen is in the model that the training started from. So a step takes as much room as what is trained: a
LoRA row of a model with a hundred million parameters takes a few megabytes.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import nn
from transformers import TrainerCallback

from pauselib.errors import InputError
from pauselib.files import write

FOLDER = "steps"  # beside the model's own files


def weights_at(folder: Path, step: int) -> Path:
    """Return the file of what was trained until a step, below a model's folder."""
    return folder / FOLDER / f"step-{step}.safetensors"


class KeptWeights(TrainerCallback):
    """Writes what is trained, in a folder of checkpoints, at each of some steps."""

    def __init__(self, work: Path, steps: Iterable[int]):
        """`work` is the folder of the checkpoints, so a run that was cut off goes on with what it has kept."""
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
            write(weights_at(self.work, state.global_step), save(trained_weights(model)))

    def copy_to(self, folder: Path) -> None:
        """Copy what was kept into the folder of the trained model.

        A run that is cut off now goes on behind the last step, and finds it in the folder of checkpoints again.
        """
        if self.steps:
            shutil.copytree(self.work / FOLDER, folder / FOLDER)


def trained_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return what is trained in a model, by its name, in the memory of the processor."""
    return {name: one.detach().cpu().contiguous() for name, one in model.named_parameters() if one.requires_grad}


def read_weights(model: nn.Module, path: Path) -> None:
    """Give a model, in which the same is trained, the weights of a file that `KeptWeights` has written."""
    weights = load_file(path)
    found = model.load_state_dict(weights, strict=False)
    left = {name for name, one in model.named_parameters() if one.requires_grad} - set(weights)
    if found.unexpected_keys or left:
        raise ValueError(f"{path} is of another model: {sorted([*found.unexpected_keys, *left])[0]}")
