"""What a variant unfreezes in a model: modules trained in full, and low-rank adapters (LoRA)."""

import pandas as pd
from torch import nn
from transformers.pytorch_utils import Conv1D

from pauselib.errors import InputError
from pauselib.variants import PARTS, Variant

MATRICES = (nn.Linear, Conv1D)  # what an adapter fits; GPT-2's layers are of the second kind
QUERY_AND_VALUE = ("q_proj v_proj", "query_key_value", "qkv_proj", "c_attn", "Wqkv", "query value")
"""What families of models call the layers of the attention's query and value, alone or with the key in one matrix."""


def unfreeze(model, variant: Variant, target_modules: tuple[str, ...] = ("auto",), **lora):
    """Freeze all of `model` but what `variant` names; return the model to train (a peft model with adapters).

    `lora` are arguments of peft's `LoraConfig`, such as the rank `r`; for the adapters' layers see `lora_targets`.
    """
    from peft import LoraConfig, get_peft_model

    if variant.lm_head:
        untie(model)
    full = trained_in_full(model, variant)
    model.requires_grad_(False)
    if variant.lora:
        where = {"target_modules": lora_targets(model, target_modules), "modules_to_save": full or None}
        return get_peft_model(model, LoraConfig(**lora, **where, task_type="CAUSAL_LM"))
    for name in full:
        model.get_submodule(name).requires_grad_(True)
    return model


def untie(model) -> None:
    """Give the LM head a copy of the embeddings if the two share one matrix, so that one can be trained alone."""
    head, embeddings = model.get_output_embeddings(), model.get_input_embeddings()
    if head.weight is not embeddings.weight:
        return
    head.weight = nn.Parameter(embeddings.weight.detach().clone())
    for one in (model, getattr(model, "lm", model)):  # a pause model and the language model in it
        one.config.get_text_config().tie_word_embeddings = False
        one.all_tied_weights_keys = {}


def lora_targets(model, asked: tuple[str, ...]) -> list[str]:
    """Return the names of the layers that get an adapter: those `asked` for, or with `auto` the query's and value's.

    Raises InputError where the model has none of such a name, with the names that it has.
    """
    heads = {model.get_output_embeddings(), getattr(model, "pause_head", None)}
    matrices = [name for name, one in model.named_modules() if isinstance(one, MATRICES) and one not in heads]
    layers = {name.rsplit(".", 1)[-1] for name in matrices}
    if tuple(asked) == ("auto",):
        fitting = [names.split() for names in QUERY_AND_VALUE if layers.issuperset(names.split())]
        if fitting:
            return fitting[0]
    elif layers.issuperset(asked):
        return list(asked)
    raise InputError(
        f"lora_target_modules is {list(asked)}, but the layers of the model are {sorted(layers)}: choose from these."
    )


def trained_in_full(model, variant: Variant) -> list[str]:
    """Return the names of the modules that `variant` trains beside LoRA, whatever the backbone calls them."""
    names = {module: name for name, module in model.named_modules()}
    trained = [PARTS[part]["modules"] for part in PARTS if getattr(variant, part)]
    return [names[module] for modules in trained if modules is not None for module in modules(model)]


def trainable(model) -> pd.DataFrame:
    """Return what is trained: `part`, `tensors`, `parameters`, one row a module; all adapters are one row."""
    trained = {name: parameter.numel() for name, parameter in model.named_parameters() if parameter.requires_grad}
    rows = [{"part": part_of(name), "tensors": 1, "parameters": size} for name, size in trained.items()]
    return pd.DataFrame(rows).groupby("part", sort=False).sum().reset_index()


def part_of(parameter: str) -> str:
    """Return the group of a parameter, by its name: its module as the model without adapters calls it, or LoRA."""
    if "lora_" in parameter:
        return "LoRA"
    module = parameter.removeprefix("base_model.model.").replace(".modules_to_save.default", "")
    return module.removesuffix(".weight").removesuffix(".bias")
