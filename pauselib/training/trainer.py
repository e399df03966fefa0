"""TRL's SFTTrainer for pause models: a loss in two parts, a history without wall times, weights kept of some steps."""

import math
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from safetensors.torch import save
from transformers import TrainerCallback
from transformers.modeling_outputs import CausalLMOutput
from transformers.trainer_callback import PrinterCallback
from transformers.trainer_pt_utils import LengthGroupedSampler
from trl import SFTTrainer

from pauselib import runs
from pauselib.errors import InputError
from pauselib.files import read_json, write
from pauselib.manifests import damaged, manifest
from pauselib.model.pause_model import labelled_positions, summed_loss
from pauselib.progress import Progress

PARTS_OF_LOSS = ("lm_loss", "pause_loss")
LOSSES = ("loss", *PARTS_OF_LOSS)
FOLDER = "steps"  # of the weights that are kept, beside the model's own files
LOGGED = ("step", *LOSSES, "learning_rate", "grad_norm", *(f"eval_{name}" for name in LOSSES))


def as_dataset(rows: pd.DataFrame) -> Dataset:
    """Return `input_ids` and `labels` of rows with `input_ids` and `completion_mask`: -100 wherever the mask is 0."""
    labels = [np.where(mask, ids, -100).tolist() for ids, mask in zip(rows["input_ids"], rows["completion_mask"])]
    return Dataset.from_dict({"input_ids": [ids.tolist() for ids in rows["input_ids"]], "labels": labels})


def labelled_loss(model, input_ids, attention_mask, labels, n=None) -> CausalLMOutput:
    """Return the loss of a causal language model (with adapters or not), its head computed where there is a label.

    The summed cross-entropy is divided by `n`, or by the number of labels.
    """
    lm = model.get_base_model() if hasattr(model, "get_base_model") else model
    out = lm.base_model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False)
    hidden, targets = labelled_positions(out.last_hidden_state, labels)
    total = max(1, len(targets)) if n is None else n
    return CausalLMOutput(loss=summed_loss(lm.get_output_embeddings(), hidden, targets) / total)


def last_checkpoint(folder: Path, epochs: float = math.inf) -> str | None:
    """Return the newest checkpoint to go on from, or None: one with all its files, and those of the best one so far,
    as they were written. Newer ones, torn by a kill or behind so many `epochs`, are removed: the trainer would take
    them. transformers' groups of similar length come in another order where a run goes on in its second epoch.
    """
    found = {int(path.name.split("-")[1]): path for path in folder.glob("checkpoint-*")}  # by their step
    whole = {step for step, path in found.items() if manifest(path) is not None and not damaged(path)}
    for step, path in sorted(found.items(), reverse=True):
        state = read_json(path / "trainer_state.json") or {}
        if {step, state.get("best_global_step") or step} <= whole and state.get("epoch", 0) <= epochs:
            return str(path)
        shutil.rmtree(path)
    return None


def weights_at(folder: Path, step: int) -> Path:
    """Return the file of a step, below a model's folder."""
    return folder / FOLDER / f"step-{step}.safetensors"


class KeptWeights(TrainerCallback):
    """Writes what is trained at each of some steps, so that a trial can score that model; beside the checkpoints,
    where a run that was cut off finds it. What stays frozen is in the model that it started from.
    """

    def __init__(self, work: Path, steps: Iterable[int]):
        self.work, self.steps = work, tuple(steps)

    def on_train_begin(self, args, state, control, **kwargs):
        """Raise InputError, before the first step, for a step that the training doesn't reach."""
        if state.best_global_step:  # whose place was another one, if the run was moved since
            state.best_model_checkpoint = str(self.work / f"checkpoint-{state.best_global_step}")
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


class ShuffledBatches(LengthGroupedSampler):
    """Rows of similar length share a batch, as transformers groups them, and the batches come in a random order."""

    def set_epoch(self, epoch: int) -> None:
        """Draw the order of a later epoch from the seed, so that a run that was cut off in it goes on in that order."""
        self.generator = torch.Generator().manual_seed(torch.initial_seed() + epoch) if epoch else None

    def __iter__(self):
        """Return the rows' numbers, batch after batch; the last batch, which may be smaller, stays the last."""
        rows = list(super().__iter__())
        batches = [rows[first : first + self.batch_size] for first in range(0, len(rows), self.batch_size)]
        last = batches.pop() if len(batches[-1]) < self.batch_size else []
        order = torch.randperm(len(batches), generator=self.generator).tolist()
        return iter([row for batch in order for row in batches[batch]] + last)


class PauseTrainer(SFTTrainer):
    """SFTTrainer, except for the loss: TRL computes its own from the LM head alone, so a pause head never moved."""

    def __init__(self, *args, autocast: bool = False, shuffled: bool = False, **kwargs):
        """As SFTTrainer. With `autocast` the products of the layers are in bfloat16, and the LM head of a model without
        pauses is computed like that of a pause model: at labelled positions alone. With `shuffled` the batches of rows
        of similar length come in a random order.
        """
        self.shuffled = shuffled
        super().__init__(*args, **kwargs)
        self.remove_callback(PrinterCallback)
        self.progress, self.loss_shown = None, ""
        self.autocast = self.labelled_only = autocast

    def _get_train_sampler(self, train_dataset=None):
        """Return the trainer's sampler of rows, its batches shuffled if they shall be."""
        sampler = super()._get_train_sampler(train_dataset)
        return ShuffledBatches(sampler.batch_size, lengths=sampler.lengths) if self.shuffled else sampler

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Return the model's loss: its sum over the labelled positions of `inputs`, divided by `num_items_in_batch`.

        In training that is the number of labels in the whole batch, so that the losses of its parts (gradient
        accumulation) add up to its own; in an evaluation it is None, for the number of labels in `inputs`.
        """
        with torch.autocast(inputs["input_ids"].device.type, torch.bfloat16, enabled=self.autocast):
            if self.labelled_only and not hasattr(self.model, "pause_head"):
                outputs = labelled_loss(self.model, **inputs, n=num_items_in_batch)
            else:
                outputs = model(**inputs, use_cache=False, num_items_in_batch=num_items_in_batch)
        self.note_parts_of(outputs, len(inputs["labels"]))
        return (outputs.loss, outputs) if return_outputs else outputs.loss

    def note_parts_of(self, outputs, n_rows: int) -> None:
        """Note the LM's and the pause head's part of a loss, where there are two, as often as the loss itself counts:
        `SFTTrainer.log` logs the mean of what was noted, and an evaluation's own loss is a mean over rows.
        """
        mode = "train" if self.model.training else "eval"
        n_parts = self.current_gradient_accumulation_steps if mode == "train" else 1  # whose mean is 1/n of their sum
        for name in PARTS_OF_LOSS:
            if getattr(outputs, name, None) is not None:
                self._metrics[mode][name] += [(outputs[name] * n_parts).item()] * (1 if mode == "train" else n_rows)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log as the trainer does, then show how far it is. Raises InputError where the loss is not a number."""
        super().log(logs, start_time)
        entry = self.state.log_history[-1]
        for name in ("loss", "eval_loss"):
            if not math.isfinite(entry.get(name, 0.0)):
                raise InputError(
                    f"The {name} is {entry[name]} at step {self.state.global_step}: lower the learning rate, or look "
                    "at the rows around it."
                )
        if "loss" in entry:
            self.loss_shown = f"loss {entry['loss']:.3f}"
        if self.progress:
            self.progress.update(self.state.global_step, self.loss_shown)

    def training_step(self, *args, **kwargs):
        """As the trainer, after showing which step it is."""
        done, total = self.state.global_step, self.state.max_steps
        self.progress = self.progress or Progress("training step", total, done)
        self.progress.update(done, self.loss_shown)
        return super().training_step(*args, **kwargs)

    def _run_epoch(self, **given):
        """As the trainer, but not after the last step: a run that was cut off behind it would take one more."""
        return None if self.state.global_step >= self.state.max_steps else super()._run_epoch(**given)

    def _save_checkpoint(self, model, trial) -> None:
        """Save a checkpoint as the trainer does, then a manifest of its files: a checkpoint that has them is whole."""
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        runs.fill(folder, {"settings": {}, "inputs": {}}, lambda _: None)

    def losses_of(self, model) -> dict:
        """Return the losses of the kept model on the validation rows, in the precision of its weights."""
        if not self.autocast:  # they were computed at its checkpoint
            kept = self.state.best_global_step
            return next(entry for entry in self.history() if "eval_loss" in entry and entry["step"] == kept)
        self.model = self.model_wrapped = model
        self.callback_handler.callbacks.clear()  # a tracker would note them at the last step
        self.autocast = False
        self.evaluate()
        return self.state.log_history.pop()

    def history(self) -> list[dict]:
        """Return the losses by step, without wall times, so that the same run gives the same bytes."""
        entries = [{name: entry[name] for name in LOGGED if name in entry} for entry in self.state.log_history]
        return [entry for entry in entries if "loss" in entry or "eval_loss" in entry]
