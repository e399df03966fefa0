"""Greedy decoding of many prompts: sorted by length, left-padded, and a reply that has ended leaves the batch.

The replies of a batch are very unequal (some never stop chooser), so what counts is that the short ones don't wait for the long ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from transformers.cache_utils import Cache, DynamicLayer

from pauselib.interventions import Chooser
from pauselib.progress import Progress

SHRINK = 0.8  # ended rows are taken out when this share or less goes on: each time copies the whole cache
ROOM = 64  # positions that the cache has in reserve


class RoomyLayer(DynamicLayer):
    """A layer's cache that grows by `ROOM` positions at a time: DynamicLayer copies all of it at every token."""

    room = None  # (keys, values) with unused positions at the end; `keys` and `values` are the used part of them

    def update(self, key_states, value_states, *args, **kwargs):
        before, n = self.get_seq_length(), key_states.shape[-2]
        if self.room is None or before + n > self.room[0].shape[-2] or len(self.room[0]) != len(key_states):
            self.room = tuple(
                new.new_empty(*new.shape[:-2], before + n + ROOM, new.shape[-1]) for new in (key_states, value_states)
            )
            if before:
                self.room[0][..., :before, :], self.room[1][..., :before, :] = self.keys, self.values
            self.is_initialized, self.dtype, self.device = True, key_states.dtype, key_states.device
        self.room[0][..., before : before + n, :], self.room[1][..., before : before + n, :] = key_states, value_states
        self.keys, self.values = (whole[..., : before + n, :] for whole in self.room)
        return self.keys, self.values


@dataclass(frozen=True)
class Reply:
    """What a model said: its token ids without the end token, and whether it was cut off before it ended.

    Beside each id, what the model gave at its place, before any intervention: the pause head's probability of a pause (0 where the model
    has no pause token), and the LM's of its best word.
    """

    ids: list[int]
    truncated: bool
    p_pause: list[float] = field(default_factory=list, compare=False)
    p_best: list[float] = field(default_factory=list, compare=False)


@torch.inference_mode()
def generate(
    model,
    prompts: list[list[int]],
    end_id: int,
    max_new_tokens: int,
    max_total_tokens: int = 0,
    batch_size: int = 256,
    show: bool = True,
    chooser: Chooser | None = None,
    each: Callable[[dict[int, Reply]], None] | None = None,
) -> list[Reply]:
    """Greedy replies to `prompts` (lists of ids), in their order; `chooser` changes what the pause head may do.

    A reply has at most `max_new_tokens` tokens (the end token counted); with `max_total_tokens` (the published limit, 1024), prompt and
    reply together have at most that many, each prompt by its own length, so that a reply never depends on the batch it was in.

    `each` is called after every token of a batch with its replies so far, by their place in `prompts`; what it raises ends the decoding.
    """
    budgets = [min(max_new_tokens, max_total_tokens - len(p)) if max_total_tokens else max_new_tokens for p in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    replies: dict[int, Reply] = {i: Reply([], True) for i in order if budgets[i] < 1}
    order = [i for i in order if budgets[i] >= 1]
    progress = Progress("reply", len(prompts))
    for i in order if chooser else ():
        chooser.start(i)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        for row, reply in decode(
            model, {i: prompts[i] for i in rows}, end_id, {i: budgets[i] for i in rows}, chooser, each
        ):
            replies[row] = reply
            if show:
                progress.update(len(replies))
    return [replies[i] for i in range(len(prompts))]


def next_tokens(
    model, logits: torch.Tensor, rows: list[int], chooser: Chooser | None
) -> tuple[torch.Tensor, list[float], list[float]]:
    """From (rows, V or V + 1) logits at the last position: the chosen tokens, the probabilities of a pause and of the LM's best word."""
    pause_id = getattr(model.config, "pause_token_id", logits.shape[-1])
    words = logits[:, :pause_id]
    total, (best, word) = words.logsumexp(-1), words.max(-1)
    best = best - total
    pause = logits[:, pause_id] if pause_id < logits.shape[-1] else torch.full_like(best, -torch.inf)
    chosen = (
        torch.tensor(chooser.choose(rows, pause, total, best, word), device=logits.device)
        if chooser
        else logits.argmax(-1)
    )
    return chosen, pause.exp().tolist(), best.exp().tolist()


def decode(
    model,
    prompts: dict[int, list[int]],
    end_id: int,
    budgets: dict[int, int],
    chooser: Chooser | None,
    each: Callable | None = None,
):
    """Decode one batch, by row number; yield (row, reply) as each ends."""
    rows, width = list(prompts), max(map(len, prompts.values()))
    ids = torch.tensor([[end_id] * (width - len(p)) + p for p in prompts.values()], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts.values()], device=model.device)
    positions, cache = (mask.cumsum(1) - 1).clamp(min=0), Cache(layer_class_to_replicate=RoomyLayer)
    said = {row: Reply([], True) for row in rows}
    active = set(rows)
    while active:
        out = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        chosen, p_pause, p_best = next_tokens(model, out.logits[:, -1].float(), rows, chooser)
        for row, token, *given in zip(rows, chosen.tolist(), p_pause, p_best):
            if row not in active:
                continue
            reply = said[row]
            if token == end_id:
                reply = replace(reply, truncated=False)
            else:
                for values, value in zip((reply.ids, reply.p_pause, reply.p_best), (token, *given)):
                    values.append(value)
            if token == end_id or len(reply.ids) >= budgets[row]:
                active.remove(row)
                yield row, reply
        if each:
            each(said)
        positions, ids = positions[:, -1:] + 1, chosen.unsqueeze(1)
        if len(active) <= SHRINK * len(rows):
            kept = torch.tensor([i for i, row in enumerate(rows) if row in active], device=ids.device, dtype=torch.long)
            rows = [row for row in rows if row in active]
            cache.batch_select_indices(kept)
            ids, mask, positions = ids[kept], mask[kept], positions[kept]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
