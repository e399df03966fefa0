"""What may be changed in decoding: how often the pause head gets its way, and pauses it never asked for. The words stay
greedy. An intervention is one class, whose fields are settings; their defaults change nothing.

>>> intervention_name(active_interventions({"forced_pauses": 4, "forced_at": "number"}))
'forced_pauses-4_forced_at-number'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import create_model, model_validator

from pauselib.declared import MANY, Declared, number_of, setting, shown
from pauselib.errors import InputError
from pauselib.injection.strategies import find_strategies
from pauselib.variants import parse

if TYPE_CHECKING:
    import torch


@dataclass
class ReplySoFar:
    """What matters of one reply while it is decoded."""

    rng: np.random.Generator  # the reply's own
    own_pauses: int = 0  # asked for by the head, in all
    in_a_row: int = 0  # since the last word
    due: int = 0  # forced pauses still to come
    served: bool = False  # whether the forced pauses of the coming word have been put in
    answered: bool = False  # whether the mark of the final answer has come
    tail: str = ""  # the text of the last words


class Intervention(Declared):
    """One way to change decoding. A method that a class leaves as it is changes nothing."""

    always_named: ClassVar[tuple[str, ...]] = ()  # fields that a name says even where they have their default

    @property
    def changes(self) -> dict:
        """The fields that differ from plain greedy decoding, with those that are always named if there is any."""
        changed = {
            name for name, declared in type(self).model_fields.items() if getattr(self, name) != declared.default
        }
        named = changed.union(self.always_named) if changed else changed
        return {name: getattr(self, name) for name in type(self).model_fields if name in named}

    def in_words(self) -> list[str]:
        """Return what is changed in words, a phrase a change: the settings, unless a class says it better."""
        named = {name.replace("_", " "): value for name, value in self.changes.items()}
        return [name if value is True else f"{name} {value}" for name, value in named.items()]

    def log_odds(self, odds: torch.Tensor) -> torch.Tensor:
        """Return the head's log odds of a pause, changed; (rows)."""
        return odds

    def wants_pause(self, reply: ReplySoFar, greedy: bool, probability: float) -> bool:
        """Return whether the head asks for a pause, given what greedy decoding says and the pause's probability."""
        return greedy

    def allows_pause(self, reply: ReplySoFar) -> bool:
        """Return whether the head may have one more pause."""
        return True

    def pauses_before(self, reply: ReplySoFar, word: str, answer_mark: str) -> int:
        """Return how many pauses are forced before the coming word, whose text this is; asked until not 0."""
        return 0


class Cap(Intervention):
    """The head's own pauses are limited, in all or in a row."""

    max_pauses: int = setting(
        -1, "the head's own pauses in a reply, at most; 0: forbidden; -1: no limit", "intervene", ge=-1
    )
    max_pauses_in_a_row: int = setting(
        -1, "the head's own pauses in a row, at most; 0: forbidden; -1: no limit", "intervene", ge=-1
    )

    def allows_pause(self, reply: ReplySoFar) -> bool:
        """Return whether both limits leave room."""
        in_all = self.max_pauses == -1 or reply.own_pauses < self.max_pauses
        in_a_row = self.max_pauses_in_a_row == -1 or reply.in_a_row < self.max_pauses_in_a_row
        return in_all and in_a_row

    def in_words(self):
        """Return the limits in words."""
        if 0 in (self.max_pauses, self.max_pauses_in_a_row):
            return ["no pauses of its own"]
        limits = {f"at most {number_of(self.max_pauses, 'pause')}": self.max_pauses}
        limits[f"at most {self.max_pauses_in_a_row} in a row"] = self.max_pauses_in_a_row
        return [words for words, limit in limits.items() if limit != -1]


class Force(Intervention):
    """Pauses are put in whatever the head says: before the reply, before every number, or before the final answer."""

    always_named: ClassVar[tuple[str, ...]] = ("forced_at",)
    forced_pauses: int = setting(
        0, "this many pauses are put in at forced_at, whatever the head says", "intervene", ge=0, le=MANY
    )
    forced_at: Literal["start", "number", "answer"] = setting(
        "answer",
        "where forced pauses go: to the start of the reply, before every number, or before the ####",
        "intervene",
    )

    @model_validator(mode="after")
    def _place_has_pauses(self):
        if self.forced_at != "answer" and not self.forced_pauses:
            raise InputError(
                f"forced_pauses is 0 and forced_at '{self.forced_at}': say how many pauses, 1 or more, go there."
            )
        return self

    def pauses_before(self, reply: ReplySoFar, word: str, answer_mark: str) -> int:
        """Return the pauses where the coming word is the first token of the place."""
        if self.forced_at == "start":
            here = not reply.tail
        elif self.forced_at == "answer":
            here = answer_mark[0] in word and not reply.answered
        else:
            goes_on = word[:1].isdigit() and re.search(r"\d[.,]?$", reply.tail)
            here = re.match(r"\s*\d", word) and not goes_on
        return self.forced_pauses if here else 0

    def in_words(self):
        """Return how many pauses go where."""
        place = {"start": "at the start", "number": "before each number", "answer": "before the final answer"}
        return [f"{number_of(self.forced_pauses, 'pause')} put in {place[self.forced_at]}"]


class Draw(Intervention):
    """Each pause is drawn instead of decided greedily."""

    draw_pauses: bool = setting(
        False, "draw each pause with the head's probability; the words stay greedy", "intervene"
    )

    def wants_pause(self, reply: ReplySoFar, greedy: bool, probability: float) -> bool:
        """Return whether this position's draw is a pause. Every position takes one draw, a forced pause too."""
        return reply.rng.random() < probability


class Shift(Intervention):
    """The head's log odds of a pause are divided by a temperature, then a bias is added."""

    pause_temperature: float = setting(1.0, "divides the head's log odds of a pause", "intervene", gt=0)
    pause_bias: float = setting(0.0, "is added to the head's log odds of a pause", "intervene")

    def log_odds(self, odds: torch.Tensor) -> torch.Tensor:
        """Return the shifted log odds."""
        return odds / self.pause_temperature + self.pause_bias


class Room(Intervention):
    """How long a reply may get with its pauses, since the limits under an intervention count spoken tokens alone."""

    pause_room: int = setting(
        4,
        "limits count spoken tokens; with pauses a reply may be so many times as long; 1: pauses count too",
        "intervene",
        ge=1,
        le=MANY,
    )


INTERVENTIONS = tuple(Intervention.__subclasses__())

InterventionSettings = create_model(
    "InterventionSettings",
    __base__=Declared,
    **{name: (f.annotation, f) for kind in INTERVENTIONS for name, f in kind.model_fields.items()},
)
"""The settings of all interventions together."""

INTERVENTION_SETTINGS = tuple(InterventionSettings.model_fields)


def active_interventions(settings: dict) -> list[Intervention]:
    """Return the interventions that some settings ask for. Raises InputError for a wrong one, or one without effect."""
    given = {kind: {name: settings[name] for name in kind.model_fields if name in settings} for kind in INTERVENTIONS}
    return [one for one in (kind(**values) for kind, values in given.items()) if one.changes]


def intervention_name(interventions: Iterable[Intervention]) -> str:
    """Return what differs from plain greedy decoding, as a name for a folder; empty where nothing does."""
    changed = {name: value for one in interventions for name, value in one.changes.items()}
    return "_".join(name if value is True else f"{name}-{value}" for name, value in changed.items())


def name_in_words(name: str) -> str:
    """Return what a name of `intervention_name` says, in words; what is no such name is returned as it is.

    >>> name_in_words("max_pauses-8_draw_pauses")
    'at most 8 pauses, draw pauses'
    """
    settings = "|".join(sorted(INTERVENTION_SETTINGS, key=len, reverse=True))
    found = re.findall(rf"(?:^|_)({settings})(?:-([^_]+))?(?=_|$)", name)
    try:
        interventions = active_interventions({setting: value or True for setting, value in found})
    except InputError:
        return name
    if intervention_name(interventions) != name:
        return name
    return ", ".join(words for one in interventions for words in one.in_words())


def check_intervention(row: dict) -> tuple[str, str]:
    """Return the names of an experiment's intervention: of its variant, and of what is changed.

    Raises InputError unless `row` is a variant that pauses, with settings of an intervention.
    """
    changes = {name: value for name, value in row.items() if name != "variant"}
    if not isinstance(row.get("variant"), str):
        raise InputError(f"The intervention {shown(row)} can't be read: its variant is missing, or no text.")
    variant, interventions = parse(row["variant"]), active_interventions(changes)
    if variant.strategy:
        find_strategies(variant.strategy)
    if not variant.pauses or not interventions:
        raise InputError(
            f"The intervention {shown(row)} changes nothing: give a variant that pauses and at least one of "
            f"{', '.join(INTERVENTION_SETTINGS)}."
        )
    return variant.name, intervention_name(interventions)
