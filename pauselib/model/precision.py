"""In which precision a model is trained: the heads and what is trained in float32, the layers' products as asked.

bfloat16 keeps 8 of float32's 24 bits. That is enough for a product of a layer, but too little for a weight that moves a
little at every step (most such steps would round to none), and for logits, whose softmax decides.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.functional import cross_entropy, linear

LOGITS_AT_ONCE = 2**26  # a quarter of a gigabyte; the loss of more positions is computed in parts


def logits_of(head: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """Return the logits (..., V) of a head at `hidden` (..., width): in float32, whatever the precision around it."""
    with torch.autocast(hidden.device.type, enabled=False):
        if head.weight.dtype == torch.float32:
            return head(hidden.float())
        bias = getattr(head, "bias", None)
        return linear(hidden.float(), head.weight.float(), None if bias is None else bias.float())


def token_logits(model: nn.Module, keep: int = 0, **inputs) -> torch.Tensor:
    """Return the logits (batch, length or the last `keep`, V or V + 1) of a language model, with a pause or without.

    They are in float32, as `logits_of` has them: a language model's own forward pass rounds them to its weights'.
    """
    if hasattr(model, "pause_head"):
        return model(**inputs, logits_to_keep=keep).logits
    hidden = model.base_model(**inputs).last_hidden_state
    return logits_of(model.get_output_embeddings(), hidden[:, -keep:])


def summed_loss(head: nn.Module, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy of `targets` (m) under a head's logits at `hidden` (m, width)."""
    size = max(1, LOGITS_AT_ONCE // head.weight.shape[0])
    parts = zip(hidden.split(size), targets.split(size))
    losses = [cross_entropy(logits_of(head, at), to, reduction="sum") for at, to in parts]
    return torch.stack(losses).sum()


def labelled_positions(hidden: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the hidden states (m, width) that predict a labelled token, and those tokens (m).

    `hidden` is (batch, length, width), `labels` (batch, length) with -100 where there is none.
    """
    labelled = labels[:, 1:] != -100
    return hidden[:, :-1][labelled], labels[:, 1:][labelled]


def train_in_float32(model: nn.Module) -> None:
    """Make float32 of all that is trained in a model."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def train_in_bfloat16(model: nn.Module) -> None:
    """Make bfloat16 of all that is trained in a model but its adapters, which peft has in float32: as published.

    A weight from 1/64 on never moves by steps of 5e-5 then, which are less than half the distance to its neighbours.
    """
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and "lora_" not in name:
            parameter.data = parameter.data.bfloat16()


def as_loaded_in(dtype: str, model: nn.Module) -> None:
    """Make of a model's weights what loading the model in `dtype` makes of them."""
    kept = getattr(model, "_keep_in_fp32_modules_strict", None) or ()
    for name, parameter in model.named_parameters():
        if not set(kept).intersection(name.split(".")):
            parameter.data = parameter.data.to(getattr(torch, dtype))


@contextmanager
def frozen_matrices_in_bfloat16(model: nn.Module) -> Iterator[None]:
    """Hold the frozen matrices of a model's layers, not those of its heads, in bfloat16; afterwards they are as before.

    Autocast would make the same of each of them at every step.
    """
    heads = {model.get_output_embeddings(), getattr(model, "pause_head", None)}
    layers = [module for module in model.modules() if isinstance(module, nn.Linear) and module not in heads]
    held = {module: module.weight.data for module in layers if not module.weight.requires_grad}
    for module, weight in held.items():
        module.weight.data = weight.bfloat16()
    try:
        yield
    finally:
        for module, weight in held.items():
            module.weight.data = weight
