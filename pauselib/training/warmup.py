"""The warm-up: what a variant trains, by TRL's trainer with the pause model's own loss, from clean answers or injected ones."""

import os
import shutil
import sys
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.errors import InputError
from pauselib.injection import data
from pauselib.progress import LivePicture
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP, Variant, parse

SETTINGS = (
    "variant", "seed", "batch_size", "group_by_length", "gradient_accumulation_steps", "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules",
    "dtype", "gradient_checkpointing",
)  # fmt: skip
BY_STEP = (
    "learning_rate",
    "eval_steps",
    "max_steps",
)  # for the second step; with base_ before them, for the first one and the baselines


def model_source(model: str) -> Path | str:
    """Where a model is: the embedded one's folder for `tiny`, otherwise what was given."""
    return Path(__file__).parents[1] / "sources" / "tiny" if model == "tiny" else model


def from_hub(auto, source: str, **kwargs):
    """`auto.from_pretrained(source)`. Raises ValueError, in one sentence, where the model can't be had."""
    try:
        return auto.from_pretrained(model_source(str(source)), **kwargs)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"The model '{source}' could not be loaded ({reason}): give 'tiny', a folder with a transformers model, or a hub id you can reach."
        ) from error


def load_tokenizer(source: str):
    """The tokenizer of a model, padding on the left, with a padding token (no label is ever taken from padding)."""
    from transformers import AutoTokenizer

    tokenizer = from_hub(AutoTokenizer, source, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_model(source: str, dtype: str = "float32"):
    """A causal language model (a pause model too), in evaluation mode, on the GPU if there is one."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    model = from_hub(AutoModelForCausalLM, source, dtype=getattr(torch, dtype))
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def pause_token_id(source: str) -> int:
    """The pause token's id for a model: the number of rows of its embeddings, by its configuration."""
    from transformers import AutoConfig

    return from_hub(AutoConfig, source).get_text_config().vocab_size


def unfreeze(model, variant: Variant, settings: Settings):
    """Freeze all of `model` but what `variant` names; return the model to train (a peft model where it has adapters)."""
    from peft import LoraConfig, get_peft_model

    full = trained_in_full(model, variant)
    model.requires_grad_(False)
    if variant.lora:
        config = LoraConfig(
            r=settings.lora_r, lora_alpha=settings.lora_alpha, lora_dropout=settings.lora_dropout, target_modules=list(settings.lora_target_modules),
            modules_to_save=full or None, task_type="CAUSAL_LM",
        )  # fmt: skip
        return get_peft_model(model, config)
    for name in full:
        model.get_submodule(name).requires_grad_(True)
    return model


def trained_in_full(model, variant: Variant) -> list[str]:
    """The names of the modules that `variant` trains beside LoRA, whatever the backbone calls them."""
    names = {module: name for name, module in model.named_modules()}
    modules = {"lm_head": model.get_output_embeddings(), "lm_embeddings": model.get_input_embeddings()}
    if variant.pauses:
        modules |= {"pause_embedding": model.pause_embedding, "pause_head": model.pause_head}
    return [names[module] for part, module in modules.items() if getattr(variant, part)]


def trainable(model) -> pd.DataFrame:
    """What is trained: one row a group of parameters (`part`, `tensors`, `parameters`), all layers' adapters being one group."""
    rows = [
        {
            "part": "LoRA"
            if "lora_" in name
            else name.removeprefix("base_model.model.")
            .replace(".modules_to_save.default", "")
            .removesuffix(".weight")
            .removesuffix(".bias"),
            "tensors": 1,
            "parameters": p.numel(),
        }
        for name, p in model.named_parameters()
        if p.requires_grad
    ]
    return pd.DataFrame(rows).groupby("part", sort=False).sum().reset_index()


def training_rows(settings: Settings, variant: Variant, folder: Path) -> dict[str, pd.DataFrame]:
    """Training and validation rows: injected ones, or clean ones for a baseline: each once an epoch, or as often as it was injected."""
    rows = {split: data.read(folder, split) for split in ("train", "validation")}
    if variant.pauses:
        return rows
    pause_id = pause_token_id(settings.model)
    return {split: data.clean(part, pause_id, once=not variant.second_step) for split, part in rows.items()}


def made_from(settings: Settings, data_folder: Path, base: Path | str) -> dict:
    """What a trained model depends on."""
    names = BY_STEP if parse(settings.variant).second_step else tuple(f"base_{name}" for name in BY_STEP)
    inputs = {"data": runs.digest(data_folder), "base": runs.source_digest(base)}
    return {
        "settings": settings.of(*SETTINGS, *names),
        "inputs": inputs,
        "versions": runs.versions("torch", "transformers", "trl", "peft"),
    }


def warm_up(settings: Settings, asked: bool = True, picture: LivePicture | None = None) -> Path:
    """Train a variant unless it is there; return its folder, with `model/` and `training.json`.

    Makes what it needs and does not find: the injected data, and the first step's model for a variant that starts from it.
    `picture` shows the losses by step as they come, and at the end all of them. Raises ValueError where the loss is not a number.
    """
    variant, folder = parse(settings.variant), settings.variant_folder()
    load_tokenizer(settings.model)  # a model that can't be had is refused before anything is made
    data_folder, _ = data.make(settings)
    base = (
        warm_up(settings.but(variant=FIRST_STEP), asked=False) / "model"
        if variant.second_step
        else model_source(settings.model)
    )
    origin = made_from(settings, data_folder, base)

    def make(part: Path) -> None:
        record = train(
            settings,
            variant,
            base,
            training_rows(settings, variant, data_folder),
            part,
            folder / "checkpoints",
            origin,
            picture,
        )
        runs.write_json(folder / "training.json", {**record, "made_from": origin})

    if runs.make_once(folder / "model", origin, make, asked):
        shutil.rmtree(folder / "checkpoints")
    if picture:
        picture.update(runs.read_json(folder / "training.json")["history"], last=True)
    return folder


def train(
    settings: Settings,
    variant: Variant,
    base: Path | str,
    rows: dict,
    folder: Path,
    work: Path,
    origin: dict,
    picture: LivePicture | None = None,
) -> dict:
    """Train `base` as `variant` says, save the best checkpoint's model in `folder`, return what goes into training.json.

    `work` holds the checkpoints while it runs: a run that was cut off goes on from the last whole one if it was made from the same.
    """
    import torch

    from pauselib.model.pause_model import PauseForCausalLM
    from pauselib.training.trainer import PauseTrainer, arguments, as_dataset, last_checkpoint

    tokenizer = load_tokenizer(str(base))
    torch.manual_seed(settings.seed)
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(work.parent / "tensorboard")
    model = load_model(str(base), settings.dtype)
    if variant.pauses:
        model = PauseForCausalLM.around(model, settings.seed)
    model = unfreeze(model, variant, settings)
    table = trainable(model)
    trainer = PauseTrainer(
        model,
        arguments(settings, variant, work, len(rows["train"])),
        train_dataset=as_dataset(rows["train"]),
        eval_dataset=as_dataset(rows["validation"]),
        processing_class=tokenizer,
        picture=picture,
    )
    if runs.read_json(work / "made_from.json") != runs.plain(origin):
        shutil.rmtree(work, ignore_errors=True)
        runs.write_json(work / "made_from.json", origin)
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    scores = trainer.best()
    trained = trainer.model.merge_and_unload() if variant.lora else trainer.model
    trained.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {
        "variant": settings.variant,
        "eval_loss": scores["eval_loss"],
        **{name: scores[f"eval_{name}"] for name in ("lm_loss", "pause_loss") if f"eval_{name}" in scores},
        "best_step": trainer.state.best_global_step,
        "steps": trainer.state.global_step,
        "tracking": tracking(work.parent),
        "trainable": table.to_dict("records"),
        "nearest_tokens": nearest(trained, tokenizer),
        "history": trainer.history(),
    }


def nearest(model, tokenizer, n: int = 10) -> list[dict]:
    """The `n` tokens whose embeddings are most like the pause embedding: `token` (its text) and `cosine`; empty for a model without one."""
    import torch

    if not hasattr(model, "pause_embedding"):
        return []
    rows, pause = model.get_input_embeddings().weight.detach().float(), model.pause_embedding.weight.detach().float()
    best = torch.cosine_similarity(rows, pause).nan_to_num(-1).topk(min(n, len(rows)))
    return [
        {"token": tokenizer.decode([token]), "cosine": cosine}
        for token, cosine in zip(best.indices.tolist(), best.values.tolist())
    ]


def tracking(folder: Path) -> str | None:
    """Where the run can be followed: its page at Weights & Biases, or TensorBoard's folder, by its name in the experiment's; None without."""
    if (wandb := sys.modules.get("wandb")) and wandb.run:
        return wandb.run.url
    return f"{folder.parent.name}/{folder.name}/tensorboard" if (folder / "tensorboard").exists() else None
