"""TRL's SFTTrainer for pause models: the model's own loss, its two parts logged apart, a history without wall times."""

import math
import warnings
from pathlib import Path

import pandas as pd
from datasets import Dataset
from transformers.trainer_callback import PrinterCallback
from transformers.utils import logging

from pauselib.errors import InputError
from pauselib.progress import LivePicture, Progress
from pauselib.settings import Settings
from pauselib.training.warmup import BY_STEP
from pauselib.variants import Variant

logging.set_verbosity_error()  # notes about image models and renamed options, which say nothing to the reader of a notebook
warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl|peft")

from trl import SFTConfig, SFTTrainer  # noqa: E402

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


def arguments(settings: Settings, variant: Variant, folder: Path, n_rows: int) -> SFTConfig:
    """The trainer's arguments for `n_rows` training rows: AdamW, linear decay without warm-up, no weight decay, clipping at 1, the best of the checkpoints."""
    prefix = "" if variant.second_step else "base_"
    lr, steps, max_steps = (getattr(settings, prefix + name) for name in BY_STEP)
    epochs = variant.epochs or 1
    all_steps = (
        math.ceil(n_rows / settings.batch_size) * epochs
    )  # the trainer would go past its epochs to reach max_steps
    bf16 = settings.dtype == "bfloat16"
    return SFTConfig(
        output_dir=str(folder), seed=settings.seed, report_to=settings.report_to, train_sampling_strategy="group_by_length" if settings.group_by_length else "random", disable_tqdm=True, logging_steps=max(1, min(10, steps // 5)), logging_nan_inf_filter=False,
        per_device_train_batch_size=settings.batch_size // settings.gradient_accumulation_steps, per_device_eval_batch_size=64,
        gradient_accumulation_steps=settings.gradient_accumulation_steps, gradient_checkpointing=settings.gradient_checkpointing, bf16=bf16,
        num_train_epochs=epochs, max_steps=max_steps if max_steps < all_steps else -1, optim="adamw_torch", learning_rate=lr, lr_scheduler_type="linear", warmup_steps=0, weight_decay=0.0, max_grad_norm=1.0,
        eval_strategy="steps", eval_steps=steps, save_strategy="steps", save_steps=steps, save_total_limit=2, load_best_model_at_end=True, metric_for_best_model="eval_loss", greater_is_better=False,
        max_length=None, packing=False, dataset_kwargs={"skip_prepare_dataset": True}, prediction_loss_only=True, dataloader_pin_memory=False,
    )  # fmt: skip


def as_dataset(rows: pd.DataFrame) -> Dataset:
    """`input_ids` and `labels` of rows with `input_ids` and `completion_mask`: -100 wherever the mask is 0."""
    labels = [
        [int(i) if m else -100 for i, m in zip(ids, mask)]
        for ids, mask in zip(rows["input_ids"], rows["completion_mask"])
    ]
    return Dataset.from_dict({"input_ids": [ids.tolist() for ids in rows["input_ids"]], "labels": labels})


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written whole (the trainer's state is the last thing written), or None."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


class PauseTrainer(SFTTrainer):
    """SFTTrainer, except for the loss: TRL computes its own from the LM head alone, past the model, and a pause head would never move."""

    def __init__(self, *args, picture: LivePicture | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.remove_callback(PrinterCallback)
        self.progress, self.picture = None, picture

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The model's loss: its sum over the labelled positions divided by their number in the whole batch, over all accumulated parts."""
        outputs = model(**inputs, use_cache=False, num_items_in_batch=num_items_in_batch)
        loss, parts = outputs.loss, 1 if num_items_in_batch is None else self.current_gradient_accumulation_steps
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            loss = loss * self.accelerator.num_processes
        for name in ("lm_loss", "pause_loss"):
            if (value := getattr(outputs, name, None)) is not None:
                self._metrics["train" if self.model.training else "eval"][name] += [value * parts] * len(
                    inputs["labels"]
                )
        return (loss, outputs) if return_outputs else loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As the trainer's, then show how far it is. Raises ValueError where the loss is not a number."""
        for values in self._metrics["train" if self.model.training else "eval"].values():
            values[:] = map(float, values)
        super().log(logs, start_time)
        entry = self.state.log_history[-1]
        for name in ("loss", "eval_loss"):
            if not math.isfinite(entry.get(name, 0.0)):
                raise InputError(
                    f"The {name} is {entry[name]} at step {self.state.global_step}: lower the learning rate, or look at the rows around it."
                )
        self.progress = self.progress or Progress("training step", self.state.max_steps)
        self.progress.update(self.state.global_step, f"loss {entry['loss']:.3f}" if "loss" in entry else "")
        if self.picture:
            self.picture.update(self.history())

    def best(self) -> dict:
        """The losses on the validation rows at the checkpoint that was kept."""
        return next(
            entry for entry in self.history() if "eval_loss" in entry and entry["step"] == self.state.best_global_step
        )

    def history(self) -> list[dict]:
        """The losses by step, without wall times, so that the same run gives the same bytes."""
        entries = [{name: entry[name] for name in LOGGED if name in entry} for entry in self.state.log_history]
        return [entry for entry in entries if "loss" in entry or "eval_loss" in entry]
