"""Strategies: where pauses go in an answer. A strategy is one function and its entry in the table, made by `@strategy`.

An answer of n tokens has n + 1 gaps: before every token, and before the end token that follows them. A strategy returns
the gap of every pause, in any order, several in one gap where they repeat. Strategies joined by `+` add up:
`random+pattern`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from pauselib.declared import shown
from pauselib.errors import InputError, one_of


@dataclass(frozen=True)
class Answer:
    """What a strategy may know of an answer of n tokens."""

    text: str
    n_tokens: int
    offsets: np.ndarray | None = None  # (n, 2) the characters that each token stands for, from start to end
    log_likelihoods: np.ndarray | None = None  # (n + 1) of each token and the end token, by the first step's model

    @property
    def n_gaps(self) -> int:
        """The number of gaps."""
        return self.n_tokens + 1


@dataclass(frozen=True)
class Strategy:
    """A strategy's function, and what follows from it.

    `gaps(answer, settings, rng)` returns an integer array. `needs_offsets` and `needs_model` say which fields of
    `Answer` it reads. The pauses of a strategy `in_prompt` are never labelled, and stand there at test time too.
    """

    gaps: Callable
    needs_offsets: bool = False
    needs_model: bool = False
    in_prompt: bool = False


LINE_BREAKS = ("\n", r"\n")  # the patterns that count at the start of an answer too
STRATEGIES: dict[str, Strategy] = {}
"""All strategies by name."""


def strategy(**properties: bool) -> Callable:
    """Enter a function into `STRATEGIES` under its own name; `properties` are those of `Strategy`."""

    def enter(gaps: Callable) -> Callable:
        STRATEGIES[gaps.__name__] = Strategy(gaps, **properties)
        return gaps

    return enter


def find_strategies(names: str) -> list[Strategy]:
    """Return the strategies of a setting such as `random` or `random+pattern`.

    Raises InputError for an unknown one, and for one that is named twice: it would put in too many pauses.
    """
    each = names.split("+")
    for name in each:
        one_of("strategy", name, STRATEGIES)
        if each.count(name) > 1:
            raise InputError(f"strategy '{names}' names {name} {each.count(name)} times: name each strategy once.")
    return [STRATEGIES[name] for name in each]


def how_many(settings, rng: np.random.Generator) -> int:
    """Return the number of pauses of one copy: `n_random_pauses`, or uniform over 0 to that many."""
    most = settings.n_random_pauses
    return int(rng.integers(most + 1)) if settings.variable_number_of_pauses else most


@strategy()
def random(answer: Answer, settings, rng: np.random.Generator) -> np.ndarray:
    """Random gaps between tokens: each pause is an independent uniform draw from all gaps, so runs of pauses occur.

    This is the published injection, whose number of pauses is uniform over 0 to `n_random_pauses` = 10.
    """
    k = how_many(settings, rng)
    return rng.integers(answer.n_gaps, size=k)


@strategy(needs_offsets=True)
def word(answer: Answer, settings, rng: np.random.Generator) -> np.ndarray:
    """Random gaps between words: as `random`, but only before a token that starts a word, and at the end.

    The published injector does this where it is given no tokenizer. No word is ever parted by a pause.
    """
    k = how_many(settings, rng)
    allowed = word_gaps(answer.text, answer.offsets)
    return allowed[rng.integers(len(allowed), size=k)]


@strategy(needs_offsets=True)
def pattern(answer: Answer, settings, rng: np.random.Generator) -> np.ndarray:
    """After every match of a regular expression, as many pauses as `n_pauses_per_patterns` says for it.

    They go into the first gap past the match's end. A pattern that is a line break also counts once at the very start,
    as in the published injector.
    """
    starts, gaps = answer.offsets[:, 0], []
    for expression, n in settings.n_pauses_per_patterns.items():
        found = [int(np.searchsorted(starts, match.end())) for match in re.finditer(expression, answer.text)]
        at_start = [0] if expression in LINE_BREAKS else []
        gaps += n * (found + at_start)
    return np.array(gaps, dtype=int)


@strategy(in_prompt=True)
def prefix(answer: Answer, settings, rng: np.random.Generator) -> np.ndarray:
    """Between prompt and answer, always `n_prefix_pauses` of them, in training and at test time.

    They are context for the model, never a target: no loss is taken on them and their own outputs are ignored (Goyal et
    al. 2024, 'Think before you speak: training language models with pause tokens', arXiv 2310.02226, with ten pauses).
    """
    return np.zeros(settings.n_prefix_pauses, dtype=int)


@strategy(needs_model=True)
def surprise(answer: Answer, settings, rng: np.random.Generator) -> np.ndarray:
    """One pause before each of the k tokens that the first step's model finds least likely.

    Kim et al. 2025 ('Learning to insert [PAUSE] tokens for better reasoning', Findings of ACL, 23760–23777) put pauses
    where the log likelihood is lowest. k is that of `random`, so that the two differ in the places alone.
    """
    k = min(how_many(settings, rng), answer.n_gaps)
    return np.argsort(answer.log_likelihoods, kind="stable")[:k]


def word_gaps(text: str, offsets: np.ndarray) -> np.ndarray:
    """Return the gaps that part words: before a token that starts a word, and the last one.

    `offsets` (n, 2) are the tokens' characters. Tokens that are bytes of one character share its offsets: only the
    first of them can start a word.
    """
    starts = np.array([match.start() for match in re.finditer(r"\S+", text)])
    before = np.searchsorted(starts, offsets)  # (n, 2): how many words start before each bound of a token
    starts_word = before[:, 0] < before[:, 1]
    starts_word[1:] &= (offsets[1:] != offsets[:-1]).any(axis=1)
    starts_word[:1] = True
    return np.append(np.flatnonzero(starts_word), len(offsets))


def prompt_pauses(strategy: str, **of_strategies) -> int:
    """Return how many pauses a strategy, with the settings that strategies read, puts between prompt and answer."""
    in_prompt = [one for one in find_strategies(strategy) if one.in_prompt]
    settings, rng = SimpleNamespace(**of_strategies), np.random.default_rng(0)
    return sum(len(one.gaps(Answer("", 0), settings, rng)) for one in in_prompt)


def check_patterns_match(n_pauses_per_patterns: dict[str, int], answers: list[str]) -> None:
    """Raise InputError for a pattern of the strategy `pattern` that none of the answers has."""
    for expression in n_pauses_per_patterns:
        if expression not in LINE_BREAKS and not any(re.search(expression, text) for text in answers):
            raise InputError(
                f"n_pauses_per_patterns: {shown(expression)} is in none of the {len(answers)} answers, so it would put "
                f"no pause anywhere: change it (an answer is {shown(answers[0])})."
            )


def check_patterns(settings) -> None:
    """Raise InputError unless strategy `pattern` and `n_pauses_per_patterns` come together and can be used."""
    if "pattern" in settings.strategy.split("+") and not settings.n_pauses_per_patterns:
        raise InputError("strategy 'pattern' has no pattern: give n_pauses_per_patterns, for example {'\\n': 2}.")
    if settings.n_pauses_per_patterns and "pattern" not in "+".join(settings.joined_strategies).split("+"):
        raise InputError(
            f"n_pauses_per_patterns is given but strategy is '{settings.strategy}': say strategy 'pattern' or "
            "'random+pattern'."
        )
    for expression in settings.n_pauses_per_patterns:
        try:
            re.compile(expression)
        except (re.error, OverflowError, RecursionError) as error:
            raise InputError(f"n_pauses_per_patterns: {expression!r} is no regular expression ({error}).") from None
