"""In which precision a model is trained: what is trained and every softmax in float32, the layers' products as asked.

bfloat16 keeps 8 of float32's 24 bits. That is enough for a product of a layer, but too little for a weight that moves a
little at every step (most such steps would round to none), and for logits that decide what is said.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


def set_trained_precision(model: nn.Module, dtype: str) -> None:
    """Make float32 of all that is trained in a model; with the setting `pure_bfloat16`, as published, bfloat16 of all
    but the adapters, which peft has in float32: a weight from 1/64 on never moves by steps of 5e-5 then, which are less
    than half the distance to its neighbours.
    """
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            as_published = dtype == "pure_bfloat16" and "lora_" not in name
            parameter.data = parameter.data.to(torch.bfloat16 if as_published else torch.float32)


def as_loaded_in(dtype: str, model: nn.Module) -> None:
    """Make of a model's weights what loading the model in `dtype` makes of them."""
    kept = getattr(model, "_keep_in_fp32_modules_strict", None) or ()
    for name, parameter in model.named_parameters():
        if not set(kept).intersection(name.split(".")):
            parameter.data = parameter.data.to(getattr(torch, dtype))


@contextmanager
def gold_read_in(dtype: str, model: nn.Module) -> Iterator[None]:
    """Inside, where `dtype` is `mixed`, layers compute in bfloat16, heads in float32; after it the model is frozen."""
    if dtype == "mixed":
        model.requires_grad_(False)
        with torch.autocast(model.device.type, torch.bfloat16), frozen_matrices_in_bfloat16(model, heads=False):
            yield
    else:
        yield


@contextmanager
def frozen_matrices_in_bfloat16(model: nn.Module, heads: bool = True) -> Iterator[None]:
    """Hold the frozen matrices of a model's layers in bfloat16, with `heads` that of its LM head too where it is
    rounded anyway; afterwards they are as before. Autocast would make the same of each of them at every step.
    """
    from pauselib.model.pause_model import rounds_head  # which is imported while this file is

    head, exact = model.get_output_embeddings(), {getattr(model, "pause_head", None)}
    with torch.autocast(head.weight.device.type, torch.bfloat16):
        if not (heads and rounds_head(head)) or head.weight is model.get_input_embeddings().weight:
            exact.add(head)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in exact]
    held = {module: module.weight.data for module in layers if not module.weight.requires_grad}
    for module, weight in held.items():
        module.weight.data = weight.bfloat16()
    try:
        yield
    finally:
        for module, weight in held.items():
            module.weight.data = weight
