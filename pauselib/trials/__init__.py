"""The conditions of an insertion trial, which asks how likely the digits of each result of a gold answer are, given the
gold text before them and something more. A site says where that goes, a content what it is, a dose how long it is.
"""

import itertools
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from pauselib.declared import MANY, MOST, Declared, Names, many, setting
from pauselib.errors import InputError, one_of
from pauselib.trials.contents import CONTENTS, Content, GivenResult
from pauselib.trials.sites import SITES, Site
from pauselib.variants import FIRST_STEP, matched_baseline, parse

REGISTERED_SITE, REGISTERED_DOSE = "step", 4
"""Where, and how many pauses there are, in the contrasts that decide by version 1 of the plan."""


class TrialSettings(Declared):
    """The settings of insertion trials."""

    trials: Names = setting(
        ("sft_peft",), "the rows with an insertion trial; those that aren't made are left out", notebooks=("analyze",)
    )
    n_trial: int = setting(0, "this many test problems in a trial; 0: all", "trial", ge=0, le=MOST)
    trial_sites: Names = setting(
        ("prompt", "start", "step", "result", "random", "injected", "chosen", "drawn"),
        "where it is put in",
        "trial",
        min_length=1,
    )
    trial_contents: Names = setting(
        ("pauses", "masked", "unmoved", "question", "untrained", "newline", "dots"),
        "what is put in",
        "trial",
        min_length=1,
    )
    trial_doses: many(Annotated[int, Field(ge=1, le=MANY)]) = setting(
        (1, 4, 10), "how many positions are put in", "trial", min_length=1
    )
    trial_checkpoints: many(Annotated[int, Field(ge=1, le=MOST)]) = setting(
        (),
        "steps of the second step's training whose weights are kept, with a trial of each",
        notebooks=("warmup", "trial", "analyze"),
    )

    @model_validator(mode="after")
    def _conditions_are_known(self):
        for name in self.trial_sites:
            one_of("trial_sites", name, SITES)
        for name in self.trial_contents:
            one_of("trial_contents", name, CONTENTS)
        return self

    @field_validator("trials")
    @classmethod
    def _variants_pause(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not parse(name).pauses:
                raise InputError(f"The trial of {name} compares nothing: give a variant that pauses.")
        return tuple(parse(name).name for name in names)


def conditions(
    sites: Iterable[str], contents: Iterable[str], doses: Iterable[int], pauses: bool, repeated_after: str
) -> list[tuple[Site, Content, int]]:
    """Return the conditions of a model's trial beside nothing: site, content and dose; the positive control comes last.

    What needs pause parts is left out unless the model has `pauses`, and so is a single masked pause right before a
    result, which is the pause itself. `repeated_after` is what a task says between a result and its repetition. Raises
    InputError where a model with pauses is asked nothing.
    """
    found = []
    for name, content in itertools.product(sites, [CONTENTS[name] for name in contents]):
        site = SITES[name]
        goes_there = content.name in (site.only or [content.name])
        has_parts = pauses or not (site.needs_head or content.needs_embedding)
        for dose in getattr(site, "own_doses", doses) if goes_there and has_parts else ():
            registered = not site.one_dose or dose == REGISTERED_DOSE
            if registered and not (content.masked and site.predicts and dose == 1):
                found.append((site, content, dose))
    if pauses and not found:
        raise InputError("None of trial_contents goes to trial_sites with trial_doses: see pauselib/trials/sites.py.")
    return [*found, (SITES["result"], GivenResult(repeated_after), 0)]


def models_of_trial(variant: str) -> tuple[str, ...]:
    """Return whose trials answer for a variant: its own, that of its start and that of its matched baseline."""
    return tuple(dict.fromkeys([variant, FIRST_STEP, matched_baseline(variant)]))
