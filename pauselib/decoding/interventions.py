"""What may be changed in decoding: how often the pause head gets its way, and pauses it never asked for. The words stay greedy.

Intervention(max_pauses=0).name                                  # 'max_pauses-0': pauses are forbidden
Intervention(forced_pauses=4, forced_at="number").name           # 'forced_pauses-4_forced_at-number'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from pauselib.errors import InputError, one_of

if TYPE_CHECKING:
    import torch

PLACES = ("start", "number", "answer")


@dataclass(frozen=True)
class Intervention:
    """One way to decode; the defaults are plain greedy decoding. The same names are settings, described in pauselib.settings.

    Raises ValueError where a value says nothing: a negative number of forced pauses, a place without any, a temperature of 0 or less.
    """

    max_pauses: int = -1
    max_pauses_in_a_row: int = -1
    forced_pauses: int = 0
    forced_at: str = "answer"
    draw_pauses: bool = False
    pause_temperature: float = 1.0
    pause_bias: float = 0.0

    def __post_init__(self):
        one_of("forced_at", self.forced_at, PLACES)
        if self.forced_pauses < 0 or (self.forced_at != "answer" and not self.forced_pauses):
            raise InputError(
                f"forced_pauses is {self.forced_pauses} and forced_at '{self.forced_at}': say how many pauses, 1 or more, go there."
            )
        if self.pause_temperature <= 0:
            raise InputError(
                f"pause_temperature is {self.pause_temperature}: give a number above 0; 1 leaves the head as it is."
            )
        for name in ("max_pauses", "max_pauses_in_a_row"):
            if getattr(self, name) < -1:
                raise InputError(f"{name} is {getattr(self, name)}: give 0 or more, or -1 for no limit.")

    @property
    def name(self) -> str:
        """What differs from plain greedy decoding, as a name for a folder; empty where nothing does."""
        changed = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != f.default or (f.name == "forced_at" and self.forced_pauses)
        }
        return "_".join(name if value is True else f"{name}-{value}" for name, value in changed.items())


NAMES = tuple(f.name for f in fields(Intervention))


@dataclass
class Said:
    """What matters of one reply so far."""

    draws: np.ndarray  # uniform numbers, one a position
    n_tokens: int = 0
    own_pauses: int = 0  # asked for by the head, in all
    in_a_row: int = 0  # since the last word
    due: int = 0  # forced pauses still to come
    served: bool = False  # the forced pauses of the coming word have been put in
    answered: bool = False  # the `####` has come
    tail: str = ""  # the last words' text


class Pausing:
    """Chooses the next tokens of several replies under an intervention; a reply never depends on the others."""

    def __init__(self, intervention: Intervention, pause_id: int, text_of: Callable[[int], str], seed: int = 0):
        """`text_of` gives a token's text with its leading space; `seed` is that of the drawn pauses, a row's own draws by its number."""
        self.intervention, self.pause_id, self.text_of, self.seed = intervention, pause_id, text_of, seed
        self.said: dict[int, Said] = {}

    def start(self, row: int, budget: int) -> None:
        """Begin the reply of `row`, which may have `budget` tokens."""
        self.said[row] = Said(np.random.default_rng([self.seed, row]).random(budget))

    def choose(
        self, rows: list[int], pause: torch.Tensor, speak: torch.Tensor, best: torch.Tensor, words: torch.Tensor
    ) -> list[int]:
        """The next token of each row, from log p(pause), log p(no pause), the LM's best log probability and the word that has it, each (rows)."""
        from torch.nn.functional import logsigmoid

        how = self.intervention
        if (how.pause_temperature, how.pause_bias) != (1, 0):
            odds = (pause - speak) / how.pause_temperature + how.pause_bias
            pause, speak = logsigmoid(odds), logsigmoid(-odds)
        greedy, share = (pause > speak + best).tolist(), pause.exp().tolist()
        return [
            self.token(self.said[row], word, wins, p) for row, word, wins, p in zip(rows, words.tolist(), greedy, share)
        ]

    def token(self, said: Said, word: int, greedy: bool, share: float) -> int:
        """The next token of one reply: a forced pause, one of the head's own, or the word."""
        how, text = self.intervention, self.text_of(word)
        if how.forced_pauses and not said.served and forced_before(how.forced_at, said, text):
            said.due, said.served = how.forced_pauses, True
        wants = said.draws[said.n_tokens] < share if how.draw_pauses else greedy
        may = under(said.own_pauses, how.max_pauses) and under(said.in_a_row, how.max_pauses_in_a_row)
        said.n_tokens += 1
        if said.due:
            said.due -= 1
            return self.pause_id
        if wants and may:
            said.own_pauses, said.in_a_row = said.own_pauses + 1, said.in_a_row + 1
            return self.pause_id
        said.in_a_row, said.served, said.tail = 0, False, (said.tail + text)[-8:]
        said.answered = said.answered or "#" in text
        return word


def under(count: int, limit: int) -> bool:
    return limit < 0 or count < limit


def forced_before(place: str, said: Said, text: str) -> bool:
    """Whether the coming word is where forced pauses go: the reply's start, the first token of a number, or that of the final answer's `####`."""
    if place == "start":
        return not said.tail
    if place == "answer":
        return "#" in text and not said.answered
    return bool(re.match(r"\s*\d", text)) and not (text[0].isdigit() and re.search(r"\d[.,]?$", said.tail))
