"""Greedy decoding of many prompts: sorted by length, left-padded, and a reply that has ended leaves the batch.

The replies of a batch are very unequal (some never stop pausing), so what counts is that the short ones don't wait for the long ones.
"""

from dataclasses import dataclass

import torch

from pauselib.progress import Progress


@dataclass(frozen=True)
class Reply:
    """What a model said: its token ids without the end token, and whether it was cut off before it ended."""

    ids: list[int]
    truncated: bool


@torch.inference_mode()
def generate(
    model, prompts: list[list[int]], end_id: int, max_new_tokens: int, max_total_tokens: int = 0, batch_size: int = 256, show: bool = True
) -> list[Reply]:
    """Greedy replies to `prompts` (lists of ids), in their order.

    A reply has at most `max_new_tokens` tokens (the end token counted); with `max_total_tokens` (the published limit, 1024), prompt and
    reply together have at most that many, each prompt by its own length, so that a reply never depends on the batch it was in.
    """
    budgets = [min(max_new_tokens, max_total_tokens - len(p)) if max_total_tokens else max_new_tokens for p in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    replies: dict[int, Reply] = {i: Reply([], True) for i in order if budgets[i] < 1}
    order = [i for i in order if budgets[i] >= 1]
    progress = Progress("reply", len(prompts))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        for row, reply in decode(model, {i: prompts[i] for i in rows}, end_id, {i: budgets[i] for i in rows}):
            replies[row] = reply
            if show:
                progress.update(len(replies))
    return [replies[i] for i in range(len(prompts))]


def decode(model, prompts: dict[int, list[int]], end_id: int, budgets: dict[int, int]):
    """Decode one batch, by row number; yield (row, reply) as each ends."""
    rows, width = list(prompts), max(map(len, prompts.values()))
    ids = torch.tensor([[end_id] * (width - len(p)) + p for p in prompts.values()], device=model.device)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts.values()], device=model.device)
    said: dict[int, list[int]] = {row: [] for row in rows}
    positions, cache = (mask.cumsum(1) - 1).clamp(min=0), None
    while rows:
        out = model(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache, chosen = out.past_key_values, out.logits[:, -1].argmax(-1)
        stays = []
        for i, (row, token) in enumerate(zip(rows, chosen.tolist())):
            ended = token == end_id
            said[row] += [] if ended else [token]
            if ended or len(said[row]) >= budgets[row]:
                yield row, Reply(said[row], truncated=not ended)
            else:
                stays.append(i)
        positions, ids = positions[:, -1:] + 1, chosen.unsqueeze(1)
        if len(stays) < len(rows):
            rows, kept = [rows[i] for i in stays], torch.tensor(stays, device=ids.device, dtype=torch.long)
            cache.batch_select_indices(kept)
            ids, mask, positions = ids[kept], mask[kept], positions[kept]
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
