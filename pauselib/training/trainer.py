"""TRL's SFTTrainer for pause models: the model's own loss, its two parts logged apart, a history without wall times."""

import math
import shutil
from pathlib import Path

import pandas as pd
import torch
from datasets import Dataset
from transformers.modeling_outputs import CausalLMOutput
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig, SFTTrainer

from pauselib import runs
from pauselib.errors import InputError
from pauselib.model.precision import labelled_positions, summed_loss
from pauselib.progress import Progress
from pauselib.settings import BY_STEP, Settings
from pauselib.variants import Variant

LOGGED = (
    "step",
    "loss",
    "lm_loss",
    "pause_loss",
    "learning_rate",
    "grad_norm",
    "eval_loss",
    "eval_lm_loss",
    "eval_pause_loss",
)


CHECKPOINT_DIGESTS = "digests.json"


def by_step(settings: Settings, variant: Variant) -> dict:
    """Return `learning_rate`, `eval_steps` and `max_steps` of the step in which a variant is trained."""
    prefix = "" if variant.second_step else "base_"
    return {name: getattr(settings, prefix + name) for name in BY_STEP}


def arguments(settings: Settings, variant: Variant, folder: Path, n_rows: int) -> SFTConfig:
    """Return the trainer's arguments for `n_rows` training rows.

    AdamW, linear decay without warm-up, no weight decay, clipping at 1; of the checkpoints the one with the lowest eval
    loss.
    """
    step = by_step(settings, variant)
    epochs = variant.epochs or 1
    all_steps = (
        math.ceil(n_rows / settings.batch_size) * epochs
    )  # the trainer would go past its epochs to reach max_steps
    return SFTConfig(
        output_dir=str(folder),
        seed=settings.seed,
        # the rows
        train_sampling_strategy="group_by_length" if settings.group_by_length else "random",
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
        # the loss
        router_aux_loss_coef=0.0,  # of a mixture of experts: the loss is the cross-entropy alone
        # the steps
        per_device_train_batch_size=settings.batch_size // settings.gradient_accumulation_steps,
        gradient_accumulation_steps=settings.gradient_accumulation_steps,
        gradient_checkpointing=settings.gradient_checkpointing,
        bf16=False,  # autocast is this trainer's own, so that it ends where the heads begin
        num_train_epochs=epochs,
        max_steps=step["max_steps"] if step["max_steps"] < all_steps else -1,
        optim="adamw_torch",
        learning_rate=step["learning_rate"],
        lr_scheduler_type="linear",
        warmup_steps=0,
        weight_decay=0.0,
        max_grad_norm=1.0,
        # evaluation and checkpoints
        per_device_eval_batch_size=settings.validation_batch_size,
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=step["eval_steps"],
        save_strategy="steps",
        save_steps=step["eval_steps"],
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        # what is told
        report_to=settings.report_to,
        project="pauselib",
        run_name=f"{settings.experiment}/seed-{settings.seed}/{settings.variant}",
        disable_tqdm=True,
        logging_steps=max(1, min(10, step["eval_steps"] // 5)),
        logging_nan_inf_filter=False,
    )


def as_dataset(rows: pd.DataFrame) -> Dataset:
    """Return `input_ids` and `labels` of rows with `input_ids` and `completion_mask`: -100 wherever the mask is 0."""
    labels = [
        [int(token) if labelled else -100 for token, labelled in zip(ids, mask)]
        for ids, mask in zip(rows["input_ids"], rows["completion_mask"])
    ]
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


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint to go on from, or None.

    All its files are as they were written, and so are those of the best checkpoint so far, which it refers to. Others
    are removed: a kill may have torn them, and the trainer would stop at them.
    """
    found = sorted(folder.glob("checkpoint-*"), key=step_of)
    whole = {step_of(path) for path in found if is_whole(path)}
    for path in reversed(found):
        state = runs.read_json(path / "trainer_state.json") or {}
        if step_of(path) in whole and (state.get("best_global_step") or step_of(path)) in whole:
            return str(path)
        shutil.rmtree(path)
    return None


def step_of(checkpoint: Path) -> int:
    """Return the step at which a checkpoint was written, by its name."""
    return int(checkpoint.name.split("-")[1])


def is_whole(checkpoint: Path) -> bool:
    """Return whether all files of a checkpoint are as they were written."""
    known = runs.read_json(checkpoint / CHECKPOINT_DIGESTS) or {}
    same = [(checkpoint / name).exists() and runs.digest(checkpoint / name) == value for name, value in known.items()]
    return bool(same) and all(same)


class PauseTrainer(SFTTrainer):
    """SFTTrainer, except for the loss: TRL computes its own from the LM head alone, past the model, and a pause head
    would never move.
    """

    def __init__(self, *args, picture=None, autocast: bool = False, **kwargs):
        """As SFTTrainer; `picture.update(history)` is called whenever something is logged.

        With `autocast` the products of the layers are computed in bfloat16, and the LM head of a model without pauses
        like that of a pause model: in float32, at labelled positions alone.
        """
        super().__init__(*args, **kwargs)
        self.remove_callback(PrinterCallback)
        self.progress, self.loss_shown, self.picture = None, "", picture
        self.autocast = self.labelled_only = autocast

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """Return the model's loss: its sum over the labelled positions divided by their number in the whole batch.

        Where gradients are accumulated, that is the number over all parts.
        """
        with torch.autocast(inputs["input_ids"].device.type, torch.bfloat16, enabled=self.autocast):
            if self.labelled_only and not hasattr(self.model, "pause_head"):
                outputs = labelled_loss(self.model, **inputs, n=num_items_in_batch)
            else:
                outputs = model(**inputs, use_cache=False, num_items_in_batch=num_items_in_batch)
        training = self.model.training
        parts = self.current_gradient_accumulation_steps if training else 1
        logged = self._metrics["train" if training else "eval"]
        for name in ("lm_loss", "pause_loss"):
            value = getattr(outputs, name, None)
            if value is not None:
                logged[name] += [value * parts] * len(inputs["labels"])
        return (outputs.loss, outputs) if return_outputs else outputs.loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log as the trainer does, then show how far it is. Raises InputError where the loss is not a number."""
        for values in self._metrics["train" if self.model.training else "eval"].values():
            values[:] = map(float, values)
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
        if self.picture:
            self.picture.update(self.history())

    def training_step(self, *args, **kwargs):
        """As the trainer, after showing which step it is."""
        done, total = self.state.global_step, self.state.max_steps
        self.progress = self.progress or Progress("training step", total, done)
        self.progress.update(done, self.loss_shown)
        return super().training_step(*args, **kwargs)

    def floating_point_ops(self, inputs) -> int:
        """Return 0: the trainer would walk all parameters at every step to fill a count that nobody reads."""
        return 0

    def _save_checkpoint(self, model, trial) -> None:
        """Save a checkpoint as the trainer does, then the digests of its files: a checkpoint that has them is whole."""
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        digests = {path.name: runs.digest(path) for path in sorted(folder.iterdir())}
        runs.write_json(folder / CHECKPOINT_DIGESTS, digests)

    def losses_of(self, model) -> dict:
        """Return the losses of a model on the validation rows, in the precision of its weights."""
        self.model = self.model_wrapped = model
        self.autocast, self.picture = False, None
        self.evaluate()
        return self.state.log_history.pop()

    def kept_losses(self) -> dict:
        """Return the losses on the validation rows at the checkpoint that was kept."""
        kept = self.state.best_global_step
        return next(entry for entry in self.history() if "eval_loss" in entry and entry["step"] == kept)

    def history(self) -> list[dict]:
        """Return the losses by step, without wall times, so that the same run gives the same bytes."""
        entries = [{name: entry[name] for name in LOGGED if name in entry} for entry in self.state.log_history]
        return [entry for entry in entries if "loss" in entry or "eval_loss" in entry]
