"""Choosing the next tokens of replies under interventions."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch.nn.functional import logsigmoid

from pauselib.decoding.interventions import Intervention, ReplySoFar, Room


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
