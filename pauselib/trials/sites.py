"""Where something is put into a gold text: a site is one class. Far before a result, which costs many tokens, go only
pauses, and fillers where others have tried them, before the last line of a prompt.
"""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Result:
    """A number that a gold answer calculates, from the token `step` on; its digits are those from `start` to `end`."""

    index: int  # of the problem's results
    step: int
    start: int
    end: int


@dataclass(frozen=True)
class GoldText:
    """A prompt, whose last line begins at the token `heading`, and its gold answer, which begins at `start`."""

    problem_id: str
    ids: list[int]
    heading: int
    start: int
    results: list[Result]
    p_pause: np.ndarray | None = None  # the pause head's probability of a pause before each token

    def places(self, result: Result) -> range:
        """The tokens of the answer before which something may stand that comes before a result."""
        return range(self.start, max(result.start, self.start + 1))

    def draw(self, result: Result, seed: int) -> np.random.Generator:
        """Return the random numbers of one result, the same for every model and condition."""
        return np.random.default_rng([seed, int(self.problem_id.rpartition("-")[2]), result.index])


class Site:
    """A place, or several, where something is put in."""

    name: ClassVar[str]
    meaning: ClassVar[str]
    of_problem: ClassVar[bool] = False  # whether it is the same place for all results of a problem
    predicts: ClassVar[bool] = False  # whether the first digit is predicted at the last of what is put in
    needs_head: ClassVar[bool] = False  # whether it says something of models with a pause head only
    only: ClassVar[tuple[str, ...]] = ()  # the contents that go there; none named: all
    one_dose: ClassVar[bool] = False  # whether only the registered dose goes there

    def place(self, text: GoldText, result: Result, seed: int) -> int:
        """Return the token before which all of it goes."""
        raise NotImplementedError

    def gaps(self, text: GoldText, result: Result, n: int, seed: int = 0) -> list[int]:
        """Return, for each of `n` tokens that are put in, the gold token before which it goes; ascending."""
        return [self.place(text, result, seed)] * n


class BeforeHeading(Site):
    """Before the last line of the prompt, `### Answer:`, where Jang et al. (2025, arXiv 2509.24884) gain most."""

    name, meaning, of_problem = "prompt", "before the prompt's last line", True
    only = ("pauses", "masked", "newline", "dots")

    def place(self, text, result, seed):
        """Return the first token of the line."""
        return text.heading


class BeforeAnswer(Site):
    """Between prompt and answer, as in Goyal et al. (2024)."""

    name, meaning, of_problem = "start", "at the start of the answer", True
    only = ("pauses", "masked")

    def place(self, text, result, seed):
        """Return the first token of the answer."""
        return text.start


class BeforeStep(Site):
    """Before the calculation, in GSM8K before its `<<`, where the sentence has said what is calculated."""

    name, meaning = "step", "before the calculation"

    def place(self, text, result, seed):
        """Return the first token of the calculation."""
        return result.step


class BeforeResult(Site):
    """Right before the result. The first digit is predicted at the last token that is put in."""

    name, meaning, predicts = "result", "right before the result", True

    def place(self, text, result, seed):
        """Return the first digit."""
        return result.start


class RandomPlace(Site):
    """At one place of the answer before the result, all of them equally likely."""

    name, meaning, only = "random", "at a random place before the result", ("pauses", "masked")

    def place(self, text, result, seed):
        """Return a token of the answer that stands before the result."""
        return int(text.draw(result, seed).choice(text.places(result)))


class Scattered(Site):
    """At as many places of the answer before the result as there are tokens; where these are too few, some have two."""

    needs_head, only, one_dose = True, ("pauses",), True

    def ranked(self, text: GoldText, result: Result, seed: int) -> np.ndarray:
        """Return the places before the result in the order in which they are taken."""
        raise NotImplementedError

    def gaps(self, text, result, n, seed=0):
        """Return the first `n` places, ascending."""
        return sorted(itertools.islice(itertools.cycle(self.ranked(text, result, seed).tolist()), n))


class ChosenPlaces(Scattered):
    """Where the pause head finds a pause most likely on the gold text."""

    name, meaning = "chosen", "where the pause head wants them most"

    def ranked(self, text, result, seed):
        """Return the places before the result, that with the likeliest pause first."""
        places = np.array(text.places(result))
        return places[np.argsort(-text.p_pause[places], kind="stable")]


class DrawnPlaces(Scattered):
    """At places drawn at random, as many as the pause head has chosen ones."""

    name, meaning = "drawn", "at as many random places"

    def ranked(self, text, result, seed):
        """Return the places before the result in a random order."""
        return text.draw(result, seed).permutation(text.places(result))


class InjectedPlaces(Site):
    """Where the published injector would put pauses into the answer: their number is drawn uniformly from 0 to the
    dose, and so is the gap of each. It is the dose and the places of training; the draw is the same for every model.
    One place behind the end token is drawn too, and left away, so there are a hundredth fewer than in training.
    """

    name, meaning, of_problem = "injected", "the injector's own draw", True
    only, own_doses = ("pauses",), (10,)

    def gaps(self, text, result, n, seed=0):
        """Return the places before the end of the last result."""
        rng = text.draw(text.results[0], 0)
        places = sorted(rng.integers(text.start, len(text.ids) + 1, rng.integers(n + 1)).tolist())
        return [place for place in places if place < text.results[-1].end]


KINDS = (
    BeforeHeading, BeforeAnswer, BeforeStep, BeforeResult, RandomPlace, InjectedPlaces, ChosenPlaces, DrawnPlaces
)  # fmt: skip
SITES = {kind.name: kind() for kind in KINDS}
"""All sites by name."""
