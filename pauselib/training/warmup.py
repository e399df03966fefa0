"""The warm-up of one variant: from its base model and its rows to a trained model and a record of the training.

A `recipe`, which `artifacts.recipe` makes, says how: it has the settings by their names, `learning_rate`, `eval_steps`
and `max_steps` being those of the step that the variant is trained in, and `prompt_pauses`, how many pauses stand
between every prompt and its answer.
"""

import contextlib
import math
import os
import shutil
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file
from transformers.utils import logging
from trl import SFTConfig

from pauselib.files import read_json, write_json
from pauselib.machine import slow_products
from pauselib.manifests import MANIFEST, without_notes
from pauselib.model.pause_model import PAUSE, SPEAK, PauseForCausalLM, labelled_positions, logits_of
from pauselib.model.precision import as_loaded_in, frozen_matrices_in_bfloat16, set_trained_precision
from pauselib.model.trained_parts import factors_of, save_trained_parts
from pauselib.model.unfreezing import trainable, unfreeze
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.training.suitability import check_model
from pauselib.training.trainer import PARTS_OF_LOSS, KeptWeights, PauseTrainer, as_dataset, last_checkpoint, weights_at
from pauselib.variants import parse

EDGES = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]  # of the bins of the probability of a pause


def sft_config(recipe, work: Path, n_rows: int) -> SFTConfig:
    """Return the trainer's arguments for `n_rows` training rows, with the checkpoints in `work`.

    AdamW, linear decay without warm-up, no weight decay, clipping at 1; the checkpoint with the lowest eval loss.
    """
    epochs = parse(recipe.variant).epochs or 1
    all_steps = math.ceil(n_rows / recipe.batch_size) * epochs
    return SFTConfig(
        output_dir=str(work),
        seed=recipe.seed,
        train_sampling_strategy="group_by_length" if recipe.group_by_length else "random",
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=False,
        router_aux_loss_coef=0.0,  # of a mixture of experts: the loss is the cross-entropy alone
        per_device_train_batch_size=recipe.batch_size // recipe.gradient_accumulation_steps,
        gradient_accumulation_steps=recipe.gradient_accumulation_steps,
        gradient_checkpointing=recipe.gradient_checkpointing,
        bf16=False,  # autocast is this trainer's own, so that it ends where the heads begin
        num_train_epochs=epochs,
        max_steps=recipe.max_steps if recipe.max_steps < all_steps else -1,  # it would go past its epochs to reach them
        optim="adamw_torch",
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0,
        weight_decay=0.0,
        max_grad_norm=1.0,
        per_device_eval_batch_size=recipe.validation_batch_size,
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=recipe.eval_steps,
        save_steps=recipe.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        report_to=recipe.report_to,
        use_cpu=not torch.cuda.is_available(),  # as `load_model`: a trainer would take the GPU of a Mac
        project="pauselib",
        run_name=f"{recipe.experiment}/seed-{recipe.seed}/{recipe.variant}",
        disable_tqdm=True,
        logging_steps=max(n for n in range(1, 11) if recipe.eval_steps % n == 0 and 5 * n <= max(5, recipe.eval_steps)),
        logging_nan_inf_filter=False,
    )


def train_variant(
    recipe, base: Path | str, rows: dict[str, pd.DataFrame], folder: Path, work: Path, made_from: dict
) -> dict:
    """Train `base` as a recipe says, save the best checkpoint's model in `folder`, return the record of the training.

    `rows` are those of `train` and `validation`. `work` holds the checkpoints while it runs: a run that was cut off
    goes on from the last whole one if it was `made_from` the same.
    """
    sys.stderr.write("" if torch.cuda.is_available() else slow_products(dtype=recipe.dtype))
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(work.parent / "tensorboard")
    os.environ.setdefault("WANDB_PROJECT", "pauselib")
    if without_notes(read_json(work / MANIFEST) or {}) != without_notes(made_from):
        shutil.rmtree(work, ignore_errors=True)
        write_json(work / MANIFEST, made_from)
    tokenizer, kept = load_tokenizer(str(base)), KeptWeights(work, recipe.trial_checkpoints)
    epochs = 1 if recipe.group_by_length is True else math.inf  # in which a run that was cut off can go on
    with quiet():
        trainer = trainer_of(recipe, untrained(recipe, base), tokenizer, rows, work)
        trainer.add_callback(kept)
        table = trainable(trainer.model)
        with frozen_matrices_in_bfloat16(trainer.model) if trainer.autocast else contextlib.nullcontext():
            trainer.train(resume_from_checkpoint=last_checkpoint(work, epochs))
        adapters = factors_of(trainer.model)  # before they are merged
        trained = merged(recipe, trainer.model)
        save_trained_parts(trained, parse(recipe.variant), adapters, base, folder)
        tokenizer.save_pretrained(folder)
        kept.copy_to(folder)
        calibrated = calibration(trained.eval(), trainer.get_eval_dataloader())
        losses = trainer.losses_of(trained)
    return {
        "variant": recipe.variant,
        "eval_loss": losses["eval_loss"],
        **{name: losses[f"eval_{name}"] for name in PARTS_OF_LOSS if f"eval_{name}" in losses},
        "best_step": trainer.state.best_global_step,
        "steps": trainer.state.global_step,
        "tracking": tracking(work.parent),
        "trainable": table.to_dict("records"),
        "calibration": calibrated,
        "history": trainer.history(),
    }


def before_first_step(
    recipe, base: Path | str, rows: dict[str, pd.DataFrame], work: Path
) -> tuple[pd.DataFrame, float]:
    """Return what a recipe would train in `base`, as `trainable` has it, and the loss on the validation rows as it is.
    The model is not kept: the training loads it anew.
    """
    with quiet():
        trainer = trainer_of(recipe, untrained(recipe, base), load_tokenizer(str(base)), rows, work)
        found = trainable(trainer.model), trainer.evaluate()["eval_loss"]
    return found


@torch.inference_mode()
def calibration(model, batches: Iterable[dict[str, torch.Tensor]]) -> list[dict]:
    """Return how well the pause head of a trained model knows the answers in some batches, with `input_ids`,
    `attention_mask` and `labels` (rows, length): a line a bin of its probability of a pause.

    A line has the `low` edge, the number `n` of labelled positions in it, the mean probability `predicted`, and the
    share `observed` at which there is a pause, and the head's mean `loss`. There is none of a model without pauses.
    """
    if not hasattr(model, "pause_head"):
        return []
    found = []
    for batch in batches:
        embedded, mask = model.embed(batch["input_ids"]), batch["attention_mask"]
        hidden = model.lm.base_model(inputs_embeds=embedded, attention_mask=mask, use_cache=False).last_hidden_state
        hidden, targets = labelled_positions(hidden, batch["labels"])
        log_p, is_pause = logits_of(model.pause_head, hidden).log_softmax(-1), targets == model.config.pause_token_id
        loss = -torch.where(is_pause, log_p[:, PAUSE], log_p[:, SPEAK])
        of_each = torch.stack([log_p[:, PAUSE].exp(), is_pause.to(loss), loss], dim=1)
        found.append(pd.DataFrame(of_each.cpu().numpy(), columns=["predicted", "observed", "loss"], dtype=float))
    table = pd.concat(found)
    bins = pd.cut(table["predicted"], EDGES, labels=EDGES[:-1], include_lowest=True)
    lines = table.groupby(bins, observed=True).mean().assign(n=bins.value_counts())
    return lines.rename_axis("low").reset_index().astype({"low": float, "n": int}).to_dict("records")


def trainer_of(recipe, model, tokenizer, rows: dict[str, pd.DataFrame], work: Path):
    """Return the trainer of a model by a recipe, on rows of `train` and `validation`."""
    config = sft_config(recipe, work, len(rows["train"]))
    config._n_gpu = min(config.n_gpu, 1)  # the one that `load_model` took; TRL refuses several
    return PauseTrainer(
        model,
        config,
        train_dataset=as_dataset(rows["train"]),
        eval_dataset=as_dataset(rows["validation"]),
        processing_class=tokenizer,
        autocast=recipe.dtype != "float32",
        shuffled=recipe.group_by_length == "shuffled",
    )


def untrained(recipe, base: Path | str):
    """Return the model of a variant before its first step, what it trains unfrozen (a peft model with adapters)."""
    variant = parse(recipe.variant)
    torch.manual_seed(recipe.seed)
    on_processor = recipe.dtype == "mixed" and not torch.cuda.is_available()  # where sdpa's way back is slow
    attention = "eager" if on_processor and recipe.attn_implementation == "auto" else recipe.attn_implementation
    model = load_model(str(base), recipe.dtype, attention)
    check_model(model)
    if variant.pauses:
        model = PauseForCausalLM.around(model, recipe.seed)
        model.config.prompt_pauses = recipe.prompt_pauses
    of_lora = {"r": recipe.lora_r, "lora_alpha": recipe.lora_alpha, "lora_dropout": recipe.lora_dropout}
    model = unfreeze(model, variant, recipe.lora_target_modules, **of_lora)
    model._weight_conversions = []  # a checkpoint has the modules' names, by which the trainer reads it
    set_trained_precision(model, recipe.dtype)
    return model


def merged(recipe, model):
    """Return a trained model with its adapters added to its weights, in the precision that it is loaded in. The path of
    its base is taken out of its configuration: it would differ in every clone.
    """
    trained = model.merge_and_unload() if parse(recipe.variant).lora else model
    if "bfloat16" in recipe.dtype:
        as_loaded_in("bfloat16", trained)
    for config in (trained.config, trained.config.get_text_config()):
        config._name_or_path = ""
    return trained


def model_at(recipe, base: Path | str, folder: Path, step: int):
    """Return the model that a recipe made of `base` in `folder` at one of its `trial_checkpoints`, to evaluate."""
    with quiet():
        model = untrained(recipe, base)
        model.load_state_dict(load_file(weights_at(folder, step)), strict=False)
        return merged(recipe, model).eval()


@contextlib.contextmanager
def quiet():
    """Leave out notes of the training libraries about image models and renamed options."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl|peft")
            yield
    finally:
        logging.set_verbosity(before)


def tracking(folder: Path) -> str | None:
    """Return where the run can be followed: its page at Weights & Biases, or TensorBoard's folder; or None.

    A run at Weights & Biases ends here: the next training of this process would go on in it.
    """
    wandb = sys.modules.get("wandb")
    if wandb and wandb.run:
        url = wandb.run.url
        wandb.finish()
        return url
    return f"{folder.parent.name}/{folder.name}/tensorboard" if (folder / "tensorboard").exists() else None
