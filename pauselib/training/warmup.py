"""The warm-up of one variant: from its base model and its rows to a trained model and a record of the training."""

import contextlib
import os
import shutil
import sys
import warnings
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.injection.strategies import prompt_pauses
from pauselib.manifests import without_notes
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.variants import Variant, parse


@contextlib.contextmanager
def quiet():
    """Leave out notes of the training libraries about image models and renamed options, which tell a reader nothing."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl|peft")
            yield
    finally:
        logging.set_verbosity(before)


def training_precision(trainer):
    """Return a context in which a trainer's model is held as it is trained."""
    from pauselib.model.precision import frozen_matrices_in_bfloat16

    if not trainer.autocast:
        return contextlib.nullcontext()
    return frozen_matrices_in_bfloat16(trainer.model)


def train_variant(
    settings: Settings,
    base: Path | str,
    rows: dict[str, pd.DataFrame],
    folder: Path,
    work: Path,
    made_from: dict,
    picture=None,
) -> dict:
    """Train `base` as the settings' variant says, save the best checkpoint's model in `folder`, return the record of
    the training.

    `rows` are those of `train` and `validation`. `work` holds the checkpoints while it runs: a run that was cut off
    goes on from the last whole one if it was made from the same. `picture.update(history)` is called as the losses
    come.
    """
    with quiet():
        trainer, table = prepare(settings, parse(settings.variant), base, rows, work, picture)
        from pauselib.model.trained_parts import factors_of, save_trained_parts
        from pauselib.training.checkpoints import KeptWeights

        kept = KeptWeights(work, settings.trial_checkpoints if parse(settings.variant).second_step else ())
        trainer.add_callback(kept)
        with training_precision(trainer):
            trainer.train(resume_from_checkpoint=checkpoint_to_go_on_from(work, made_from))
        tokenizer, adapters = trainer.processing_class, factors_of(trainer.model)
        trained = merged(settings, trainer.model)
        forget_place(trained)
        save_trained_parts(trained, parse(settings.variant), adapters, base, folder)
        tokenizer.save_pretrained(folder)
        kept.copy_to(folder)
        nearest = nearest_tokens(trained, tokenizer)
        losses = trainer.losses_of(trained) if trainer.autocast else trainer.kept_losses()
    return {
        "variant": settings.variant,
        "eval_loss": losses["eval_loss"],
        **{name: losses[f"eval_{name}"] for name in ("lm_loss", "pause_loss") if f"eval_{name}" in losses},
        "best_step": trainer.state.best_global_step,
        "steps": trainer.state.global_step,
        "tracking": tracking(work.parent),
        "trainable": table.to_dict("records"),
        "nearest_tokens": nearest,
        "history": trainer.history(),
    }


def checkpoint_to_go_on_from(work: Path, made_from: dict) -> str | None:
    """Return the last whole checkpoint of a run that was made from the same, or None; what was made from something else
    is removed.
    """
    from pauselib.training.trainer import last_checkpoint

    if without_notes(runs.read_json(work / runs.MANIFEST) or {}) != without_notes(made_from):
        shutil.rmtree(work, ignore_errors=True)
        runs.write_json(work / runs.MANIFEST, made_from)
    return last_checkpoint(work)


def prepare(settings: Settings, variant: Variant, base: Path | str, rows: dict[str, pd.DataFrame], work: Path, picture):
    """Return the trainer of a variant, and the table of what it trains."""
    from pauselib.model.unfreezing import trainable
    from pauselib.training.trainer import PauseTrainer, arguments, as_dataset

    tokenizer = load_tokenizer(str(base))
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(work.parent / "tensorboard")
    os.environ.setdefault("WANDB_PROJECT", "pauselib")
    model = untrained(settings, variant, base)
    table = trainable(model)
    trainer = PauseTrainer(
        model,
        arguments(settings, variant, work, len(rows["train"])),
        train_dataset=as_dataset(rows["train"]),
        eval_dataset=as_dataset(rows["validation"]),
        processing_class=tokenizer,
        picture=picture,
        autocast=settings.dtype != "float32",
    )
    return trainer, table


def untrained(settings: Settings, variant: Variant, base: Path | str):
    """Return the model of a variant before its first step, what it trains unfrozen (a peft model with adapters)."""
    import torch

    from pauselib.model.pause_model import PauseForCausalLM
    from pauselib.model.precision import train_in_bfloat16, train_in_float32
    from pauselib.model.unfreezing import unfreeze
    from pauselib.training.suitability import check_model

    torch.manual_seed(settings.seed)
    model = load_model(str(base), settings.dtype, settings.attn_implementation)
    check_model(model)
    if variant.pauses:
        model = PauseForCausalLM.around(model, settings.seed)
        model.config.prompt_pauses = prompt_pauses(settings)
    model = unfreeze(model, variant, settings)
    train_in_bfloat16(model) if settings.dtype == "pure_bfloat16" else train_in_float32(model)
    return model


def merged(settings: Settings, model):
    """Return a trained model, its adapters added to its weights, in the precision that it is saved in."""
    from pauselib.model.precision import as_loaded_in

    trained = model.merge_and_unload() if parse(settings.variant).lora else model
    if "bfloat16" in settings.dtype:
        as_loaded_in("bfloat16", trained)
    return trained


def model_at(settings: Settings, base: Path | str, folder: Path, step: int):
    """Return the model of a variant as it was at one of its `trial_checkpoints`, in evaluation mode.

    `folder` is that of the trained model, `base` that of the model which the training started from.
    """
    from pauselib.training.checkpoints import read_weights, weights_at

    with quiet():
        model = untrained(settings, parse(settings.variant), base)
        read_weights(model, weights_at(folder, step))
        return merged(settings, model).eval()


def forget_place(model) -> None:
    """Take the path that a model was loaded from out of its configuration: it would differ in every clone."""
    for config in (model.config, model.config.get_text_config()):
        config._name_or_path = ""


def nearest_tokens(model, tokenizer, n: int = 10) -> list[dict]:
    """Return the `n` tokens whose embeddings are most like the pause embedding: `token` (its text) and `cosine`.

    Empty for a model without a pause embedding.
    """
    import torch

    if not hasattr(model, "pause_embedding"):
        return []
    rows = model.get_input_embeddings().weight.detach().float()
    pause = model.pause_embedding.weight.detach().float()
    best = torch.cosine_similarity(rows, pause).nan_to_num(-1).topk(min(n, len(rows)))
    found = zip(best.indices.tolist(), best.values.tolist())
    return [{"token": tokenizer.decode([token]), "cosine": cosine} for token, cosine in found]


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
