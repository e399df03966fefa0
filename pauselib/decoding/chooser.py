"""Choosing the next tokens of replies under interventions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from pauselib.decoding.interventions import Intervention, ReplySoFar, Room

if TYPE_CHECKING:
    import torch


class Chooser:
    """Chooses the next tokens of several replies under interventions; a reply never depends on the others."""

    def __init__(
        self, interventions: Iterable[Intervention], pause_id: int, text_of: Callable, seed=0, answer_mark="####"
    ):
        """`text_of` gives a token's text with its leading space; `seed` and a reply's number seed its draws."""
        self.interventions, self.pause_id, self.text_of = tuple(interventions), pause_id, text_of
        self.seed, self.answer_mark = seed, answer_mark
        self.replies: dict[int, ReplySoFar] = {}

    @property
    def pause_room(self) -> int:
        """How many times as many tokens as spoken ones a reply may have with its pauses."""
        return next((one for one in self.interventions if isinstance(one, Room)), Room()).pause_room

    def start(self, row: int) -> None:
        """Begin the reply of a row."""
        self.replies[row] = ReplySoFar(np.random.default_rng([self.seed, row]))

    def choose(
        self, rows: list[int], pause: torch.Tensor, speak: torch.Tensor, best: torch.Tensor, words: torch.Tensor
    ) -> list[int]:
        """Return the next token of each of the rows: `pause` is log p(pause), `speak` log p(no pause), `best` the LM's
        best log probability and `words` the word that has it; each (rows).
        """
        from torch.nn.functional import logsigmoid

        plain = odds = pause - speak
        for one in self.interventions:
            odds = one.log_odds(odds)
        if odds is not plain:
            pause, speak = logsigmoid(odds), logsigmoid(-odds)
        greedy, probability = (pause > speak + best).tolist(), pause.exp().tolist()
        return [
            self.next_token(self.replies[row], word, wins, p)
            for row, word, wins, p in zip(rows, words.tolist(), greedy, probability)
        ]

    def next_token(self, reply: ReplySoFar, word: int, greedy: bool, probability: float) -> int:
        """Return the next token of one reply: a forced pause, one of the head's own, or the word."""
        text = self.text_of(word)
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
