"""Greedy decoding of many prompts at once, for any causal language model of transformers, also under interventions.

The replies of a batch are very unequal (some never stop pausing), so one that has ended leaves the batch at once.
Prompts are read a few at a time, those of similar length together, so that little of what is read is padding.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import logsigmoid
from transformers import Cache

from pauselib.decoding.batch_cache import batch_cache
from pauselib.decoding.interventions import Intervention, ReplySoFar, Room
from pauselib.model.pause_model import token_logits
from pauselib.positions import check_positions, last_position
from pauselib.progress import Progress

READ_TOGETHER = 32  # prompts


@dataclass
class Reply:
    """What a model said: its token ids without the end token, and whether it was cut off before it ended.

    Beside each id stand the pause head's probability of a pause there (0 for a model without pauses) and the LM's of
    its best word, before any intervention: at a pause what the LM would have said in its place.
    """

    ids: list[int] = field(default_factory=list)
    truncated: bool = True
    p_pause: list[float] = field(default_factory=list, compare=False)
    p_best: list[float] = field(default_factory=list, compare=False)


class Chooser:
    """Chooses the next tokens of several replies under interventions; a reply never depends on the others."""

    def __init__(
        self, interventions: Iterable[Intervention], pause_id: int, text_of: Callable, seed=0, answer_mark="####"
    ):
        """`text_of` gives a token's text with its leading space; `seed` and a reply's number seed its draws."""
        self.interventions, self.pause_id, self.text_of = tuple(interventions), pause_id, text_of
        self.seed, self.answer_mark = seed, answer_mark
        self.pause_room = next((one for one in self.interventions if isinstance(one, Room)), Room()).pause_room
        self.replies: dict[int, ReplySoFar] = {}

    def choose(
        self, rows: list[int], pause: torch.Tensor, speak: torch.Tensor, best: torch.Tensor, words: torch.Tensor
    ) -> list[int]:
        """Return the next token of each of the rows: `pause` is log p(pause), `speak` log p(no pause), `best` the LM's
        best log probability and `words` the word that has it; each (rows).
        """
        plain = odds = pause - speak
        for one in self.interventions:
            odds = one.log_odds(odds)
        if odds is not plain:
            pause, speak = logsigmoid(odds), logsigmoid(-odds)
        greedy, probability = (pause > speak + best).tolist(), pause.exp().tolist()
        return list(map(self.next_token, rows, words.tolist(), greedy, probability))

    def next_token(self, row: int, word: int, greedy: bool, probability: float) -> int:
        """Return the next token of one reply: a forced pause, one of the head's own, or the word."""
        if row not in self.replies:
            self.replies[row] = ReplySoFar(np.random.default_rng([self.seed, row]))
        reply, text = self.replies[row], self.text_of(word)
        if not reply.served:
            reply.due = sum(one.pauses_before(reply, text, self.answer_mark) for one in self.interventions)
            reply.served = reply.due > 0
        wants = greedy
        for one in self.interventions:
            wants = one.wants_pause(reply, wants, probability)
        if reply.due:
            reply.due -= 1
            return self.pause_id
        if wants and all(one.allows_pause(reply) for one in self.interventions):
            reply.own_pauses += 1
            reply.in_a_row += 1
            return self.pause_id
        reply.in_a_row, reply.served, reply.tail = 0, False, (reply.tail + text)[-8:]
        reply.answered = reply.answered or self.answer_mark[0] in text
        return word


def limits(prompt: int, max_new_tokens: int, max_total_tokens: int, room: int, most: int) -> tuple[int, int]:
    """Return how many tokens the reply to a prompt of so many may have, see `generate`: without its pauses, and in all,
    `room` times as many where prompt and reply fit the `most` positions of the model (0: unknown).
    """
    spoken = min(max_new_tokens, max_total_tokens - prompt) if max_total_tokens else max_new_tokens
    in_all = min(room * spoken, most - prompt) if most else room * spoken
    return spoken, max(spoken, in_all)


@torch.inference_mode()
def generate(
    model,
    prompts: list[list[int]],
    end_ids: int | Collection[int],
    max_new_tokens: int,
    max_total_tokens: int = 0,
    batch_size: int = 256,
    show: bool = True,
    chooser: Chooser | None = None,
    each: Callable[[dict[int, Reply]], None] | None = None,
) -> list[Reply]:
    """Return the greedy replies to prompts (lists of ids), in their order. Each of `end_ids` ends a reply.

    A reply has at most `max_new_tokens` tokens (the end token counted); with `max_total_tokens` (published: 1024),
    prompt and reply together have at most that many. A `chooser` changes what the pause head may do, but not how much a
    reply may say: these limits count spoken tokens then, and there may be `chooser.pause_room` times as many in all.

    No reply depends on its batch (but for the rounding of bfloat16, where two words are about as likely). `each` is
    called after every token of a batch with its replies so far, by their place in `prompts`; what it raises ends the
    decoding.
    """
    ends = frozenset([end_ids] if isinstance(end_ids, int) else end_ids)
    room, most = (chooser.pause_room, last_position(model.config, rotary_too=True)) if chooser else (1, 0)
    budgets = [limits(len(prompt), max_new_tokens, max_total_tokens, room, most) for prompt in prompts]
    replies = {row: Reply() for row, (spoken, _) in enumerate(budgets) if spoken < 1}
    longest = {f"Prompt {row} with its reply": len(prompts[row]) + spoken for row, (spoken, _) in enumerate(budgets)}
    check_positions(model.config, lambda: pd.Series(longest), "lower max_new_tokens")
    order = sorted((row for row in range(len(prompts)) if row not in replies), key=lambda row: len(prompts[row]))
    progress = Progress("reply", len(prompts))
    for first in range(0, len(order), batch_size):
        batch = {row: prompts[row] for row in order[first : first + batch_size]}
        for row, reply in decode(model, batch, ends, budgets, chooser, each):
            replies[row] = reply
            if show:
                progress.update(len(replies))
    return [replies[row] for row in range(len(prompts))]


def decode(
    model,
    prompts: dict[int, list[int]],
    end_ids: Collection[int],
    budgets: list[tuple[int, int]],
    chooser: Chooser | None,
    each: Callable[[dict[int, Reply]], None] | None,
) -> Iterator[tuple[int, Reply]]:
    """Decode one batch, a dict of prompts by row number with the shortest first; yield row and reply as each ends."""
    rows, replies = list(prompts), {row: Reply() for row in prompts}
    lengths = torch.tensor([len(prompt) for prompt in prompts.values()], device=model.device)
    cache = batch_cache(len(rows), int(lengths.max()))
    logits = prefill(model, list(prompts.values()), cache)
    pause_id, n_pauses = getattr(model.config, "pause_token_id", -1), dict.fromkeys(prompts, 0)
    for n_said in itertools.count(1):
        chosen, p_pauses, p_bests = next_tokens(model, logits, rows, chooser)
        ended = []
        for place, (row, token, p_pause, p_best) in enumerate(zip(rows, chosen.tolist(), p_pauses, p_bests)):
            reply, (spoken, in_all) = replies[row], budgets[row]
            if token in end_ids:
                reply.truncated = False
            else:
                reply.ids.append(token)
                reply.p_pause.append(p_pause)
                reply.p_best.append(p_best)
            n_pauses[row] += token == pause_id
            if not reply.truncated or n_said == in_all or n_said - n_pauses[row] == spoken:
                ended.append(place)
                yield row, reply
        if each:
            each(replies)
        if len(ended) == len(rows):
            return
        if ended:
            kept = fill_gaps(len(rows), ended)
            rows, chosen, lengths = [rows[place] for place in kept], chosen[kept], lengths[kept]
            for layer in cache.layers:
                layer.keep(kept)
        logits = last_logits(model, chosen[:, None], lengths + n_said, cache)


def fill_gaps(n: int, ended: list[int]) -> list[int]:
    """Return the places 0 to n - 1 without the ended ones, each gap filled by one of the last places.

    >>> fill_gaps(6, [1, 4])
    [0, 5, 2, 3]
    """
    n_kept = n - len(ended)
    last = (place for place in range(n_kept, n) if place not in ended)
    return [next(last) if place in ended else place for place in range(n_kept)]


def prefill(model, prompts: list[list[int]], cache: Cache) -> torch.Tensor:
    """Put the prompts into the cache; return the logits after each, (rows, V or V + 1)."""
    logits = []
    for first in range(0, len(prompts), READ_TOGETHER):
        part = prompts[first : first + READ_TOGETHER]
        width = max(map(len, part))
        ids = [[0] * (width - len(prompt)) + prompt for prompt in part]
        ids, lengths = (torch.tensor(values, device=model.device) for values in (ids, [len(prompt) for prompt in part]))
        logits.append(last_logits(model, ids, lengths, cache))
    return torch.cat(logits)


def last_logits(model, ids: torch.Tensor, lengths: torch.Tensor, cache: Cache) -> torch.Tensor:
    """Return the logits after `ids` (rows, new positions), (rows, V or V + 1).

    A row has its last `lengths` (rows) positions, the new ones among them; what is before them is padding.
    """
    n_new = ids.shape[1]
    n_before = cache.get_seq_length()
    places = torch.arange(n_before + n_new, device=ids.device) - (n_before + n_new - lengths)[:, None]
    logits = token_logits(
        model,
        keep=1,
        input_ids=ids,
        attention_mask=(places >= 0).long(),
        position_ids=places[:, n_before:].clamp(min=0),
        past_key_values=cache,
        use_cache=True,
    )
    return logits[:, -1]


def next_tokens(
    model, logits: torch.Tensor, rows: list[int], chooser: Chooser | None
) -> tuple[torch.Tensor, list[float], list[float]]:
    """Return the chosen tokens, the probabilities of a pause, and those of the LM's best word.

    `logits` (rows, V or V + 1) are those at the last position.
    """
    pause_id = getattr(model.config, "pause_token_id", logits.shape[-1])
    words = logits[:, :pause_id]
    best, word = words.max(-1)
    total = (words - best[:, None]).exp_().sum(-1).log_() + best  # logsumexp, which would look for the best once more
    pause = logits[:, pause_id] if pause_id < logits.shape[-1] else torch.full_like(best, -torch.inf)
    if chooser:
        chosen = torch.tensor(chooser.choose(rows, pause, total, best - total, word), device=logits.device)
    else:
        chosen = torch.where(pause > best, pause_id, word)
    return chosen, pause.exp().tolist(), (best - total).exp().tolist()
