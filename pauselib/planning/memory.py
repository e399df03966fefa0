"""The memory of training and decoding: both are gone through on tensors that have shapes but no content.

The model, the loss, the optimizer and the cache are those of the real thing, so every tensor that would be made is
made, and those that are there at once are added up. It takes seconds, and no memory, for a model of any size.
"""

import weakref
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import cross_entropy, pad
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode

from pauselib.decoding.batch_cache import ROOM, BatchCache
from pauselib.decoding.greedy import last_logits, read
from pauselib.model.pause_model import PauseConfig, PauseForCausalLM
from pauselib.model.precision import (
    frozen_matrices_in_bfloat16,
    logits_of,
    summed_loss,
    train_in_bfloat16,
    train_in_float32,
)
from pauselib.model.unfreezing import trainable, unfreeze, untie
from pauselib.planning.work import Batch
from pauselib.settings import Settings
from pauselib.variants import Variant


@dataclass(frozen=True)
class Training:
    """What the training of a variant takes."""

    trained: int  # parameters
    peak: int  # bytes
    checkpoint: int  # bytes on disk
    folder: int  # bytes on disk of the trained model, whose folder holds what was trained
    flops: float  # of a step with the batch that was gone through, forward and backward
    eval_flops: float  # the same of an evaluation's batch


class HeldBytes(TorchDispatchMode):
    """Adds up the bytes of all tensors that are made while it is entered, as long as they are there: `now`, and
    `most` at once.
    """

    def __init__(self):
        super().__init__()
        self.now = self.most = 0
        self.seen = weakref.WeakSet()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Call a function of torch and count the memory of what it returns."""
        made = function(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, lambda tensor: self.hold(tensor.untyped_storage()), made)
        return made

    def hold(self, storage: torch.UntypedStorage) -> None:
        """Count a storage, once, until it is freed."""
        if storage in self.seen:
            return
        self.seen.add(storage)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self.free, storage.nbytes())

    def free(self, size: int) -> None:
        """Note that a storage of a size is gone."""
        self.now -= size


def empty_model(config, variant: Variant, settings: Settings):
    """Return the model of a variant, a pause model where it pauses, around the language model of a configuration: on
    the meta device, where tensors have no content.
    """
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if "bfloat16" in settings.dtype else torch.float32
    with torch.device("meta"):
        lm = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
        model = PauseForCausalLM(PauseConfig(text_config=lm.config.to_dict()), lm) if variant.pauses else lm
        if variant.pauses:
            model.pause_embedding.to(dtype)
    return model


def as_on_a_device(model) -> None:
    """Let a model's tensors, still without content, be on a device, where all that is computed behaves as it does with
    content; to be called under FakeTensorMode.
    """
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    model.to_empty(device="cpu")
    if tied:
        model.get_output_embeddings().weight = model.get_input_embeddings().weight


def loss_of(model, variant: Variant, batch: Batch, in_bfloat16: bool) -> torch.Tensor:
    """Return the loss of a batch as the trainer computes it.

    Which positions have a label is content, which these tensors don't have: the first ones stand for them.
    """
    ids = torch.zeros(batch.rows, batch.length, dtype=torch.long)
    mask = torch.ones_like(ids)
    lm = model.get_base_model() if hasattr(model, "get_base_model") else model
    with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
        if not variant.pauses and not in_bfloat16:
            return lm(input_ids=ids, attention_mask=mask, labels=ids, use_cache=False).loss
        inputs = {"inputs_embeds": lm.embed(ids)} if variant.pauses else {"input_ids": ids}
        backbone = lm.lm.base_model if variant.pauses else lm.base_model
        hidden = backbone(attention_mask=mask, use_cache=False, **inputs).last_hidden_state
        at, n_words = hidden.flatten(0, 1)[: batch.labelled].clone(), batch.labelled - batch.pauses
        loss = summed_loss(lm.get_output_embeddings(), at[:n_words].clone(), ids.new_zeros(n_words))
        if variant.pauses:
            decided = logits_of(lm.pause_head, at.detach())
            loss = loss + cross_entropy(decided, ids.new_zeros(batch.labelled), reduction="sum")
    return loss / batch.labelled


def training(config, variant: Variant, settings: Settings, batch: Batch, validation: Batch) -> Training:
    """Return what the training of a variant takes.

    `batch` is the largest one that a step computes at once, `validation` the largest of an evaluation.
    """
    in_bfloat16 = settings.dtype != "float32"
    with torch.device("meta"):
        model = unfreeze(empty_model(config, variant, settings), variant, settings)
        train_in_bfloat16(model) if settings.dtype == "pure_bfloat16" else train_in_float32(model)
    n_trained = int(trainable(model)["parameters"].sum())
    with FakeTensorMode(allow_non_fake_inputs=True), HeldBytes() as held:
        as_on_a_device(model)
        if settings.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(trained, foreach=False)
        held.most = held.now
        with frozen_matrices_in_bfloat16(model) if in_bfloat16 else nullcontext():
            for _ in range(2):  # the optimizer has its moments from the second step on
                with FlopCounterMode(display=False) as counter:
                    loss_of(model.train(), variant, batch, in_bfloat16).backward()
                optimizer.step()
                optimizer.zero_grad()
            with torch.no_grad(), FlopCounterMode(display=False) as eval_counter:
                loss_of(model.eval(), variant, validation, in_bfloat16)
        saved = sum(bytes_of(one) for one in (trained if variant.lora else model.parameters()))
        moments = 2 * sum(bytes_of(parameter) for parameter in trained)
        kept = sum(bytes_when_saved(name, one, settings) for name, one in model.named_parameters() if one.requires_grad)
    flops = counter.get_total_flops(), eval_counter.get_total_flops()
    return Training(n_trained, held.most, saved + moments, kept, *flops)


def bytes_when_saved(name: str, parameter: torch.Tensor, settings: Settings) -> int:
    """Return what a trained parameter takes in the folder of its model: LoRA's factors stay as they are trained, the
    rest is as the model is loaded.
    """
    in_bfloat16 = "bfloat16" in settings.dtype and "lora_" not in name
    return parameter.numel() * (2 if in_bfloat16 else parameter.element_size())


def bytes_of(tensor: torch.Tensor) -> int:
    """Return how much memory the content of a tensor would take."""
    return tensor.numel() * tensor.element_size()


def decoding(config, variant: Variant, settings: Settings, prompts: tuple[int, int], n_new: int) -> int:
    """Return the bytes that decoding holds at the most.

    `prompts` are how many there are and the length of the longest. The most is where every reply has `n_new` tokens.
    """
    rows, longest = prompts
    model = empty_model(config, variant, settings)
    if variant.lm_head:
        untie(model)
    with FakeTensorMode(allow_non_fake_inputs=True), HeldBytes() as held, torch.no_grad():
        as_on_a_device(model)
        held.most = held.now
        cache = BatchCache(rows, longest)
        logits = read(model, [[0] * longest] * rows, cache)
        grown = (max(n_new - 2, 0) // ROOM) * ROOM  # beyond the room that the cache began with, before it grows last
        for layer in cache.layers if grown else ():
            layer.room = [pad(room, (0, 0, 0, grown - ROOM)) for room in layer.room]
            layer.length = layer.room[0].shape[2]
        n_said = cache.layers[0].length - longest + 1
        last_logits(model, logits.argmax(-1)[:, None], torch.full((rows,), longest + n_said), cache)
    return held.most
