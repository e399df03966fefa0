"""The registered plan of the analysis: claims, margins and their reasons, guards, exclusions. It is `prereg.yaml`.

>>> plan().margins["accuracy"].value
0.01
"""

import functools
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pauselib.errors import InputError
from pauselib.settings import ROOT

FILE = ROOT / "prereg.yaml"


class Entry(BaseModel):
    """A part of the plan; it has what is declared here and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Margin(Entry):
    """The smallest effect that would count, in its unit, and the reason why it is that."""

    value: float = Field(gt=0)
    unit: str
    reason: str


class Guard(Entry):
    """A limit below which data have no verdict, and the reason."""

    value: float = Field(gt=0)
    reason: str


class Claim(Entry):
    """A claim, what exactly is estimated for it and how, the name of its margin, and the verdict that it says."""

    claim: str
    estimand: str
    method: str
    margin: str
    says: Literal["larger than the margin", "equivalent"] = "larger than the margin"


class Plan(Entry):
    """The plan as a whole: see the comments in prereg.yaml."""

    experiment: str
    model: str
    dataset: str
    n_train: int = Field(gt=0)
    seeds: tuple[int, ...] = Field(min_length=1)
    test_problems: tuple[int, int]
    known_before: str
    level: float = Field(gt=0.5, lt=1)
    margins: dict[str, Margin]
    guards: dict[str, Guard]
    primary: str
    claims: dict[str, Claim]
    exclusions: tuple[str, ...]

    @model_validator(mode="after")
    def _names_are_declared(self):
        """Refuse a claim whose margin is not declared, and a primary outcome that is no claim."""
        for name, claim in self.claims.items():
            if claim.margin not in self.margins:
                raise ValueError(f"the claim '{name}' has the margin '{claim.margin}', which is not one of the margins")
        if self.primary not in self.claims:
            raise ValueError(f"the primary outcome '{self.primary}' is not one of the claims")
        return self

    def margin(self, claim: str) -> float:
        """The margin by which a claim is judged."""
        return self.margins[self.claims[claim].margin].value

    def guard(self, name: str) -> float:
        """The value of a guard."""
        return self.guards[name].value

    def is_registered(self, experiment: str) -> bool:
        """Whether the plan came before the results of an experiment."""
        return experiment == self.experiment

    def registered_part(self, table: pd.DataFrame, experiment: str) -> pd.DataFrame:
        """The lines of a table with a `problem_id` that count in an experiment's outcomes.

        In the registered experiment they are those of the registered test problems, in any other one all of them.
        """
        if not self.is_registered(experiment):
            return table
        first, last = self.test_problems
        numbers = table["problem_id"].map(lambda name: int(name.rpartition("-")[2])).astype(int)
        return table[numbers.between(first, last)]

    def status(self, experiment: str, seeds: Collection[int]) -> str:
        """Whether an experiment is registered, in which file, and whether all its registered seeds are finished: those
        in `seeds` are; in words.
        """
        if not self.is_registered(experiment):
            return "not registered"
        return "registered" if set(self.seeds) <= set(seeds) else "registered, unfinished"


def read(path: Path) -> Plan:
    """Read a plan. Raises InputError where the file is missing or is no plan."""
    if not path.exists():
        raise InputError(
            f"The plan of the analysis is not at {path}: it comes with the project, so check it out again."
        )
    try:
        return Plan(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        errors = error.errors() if isinstance(error, ValidationError) else [{"loc": (), "msg": str(error)}]
        place = ".".join(map(str, errors[0]["loc"])) or "the file"
        raise InputError(f"{path.name} is no plan: {place}: {errors[0]['msg']}.") from None


@functools.cache
def plan() -> Plan:
    """The plan of this project, read once."""
    return read(FILE)


def commit_in_words(path: Path) -> str:
    """The commit in which a file last changed, in words; that it is in none where git does not know it as it is."""
    try:
        command = ["git", "log", "-1", "--format=%h of %cs", "--", path.name]
        found = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True).stdout.strip()
        changed = ["git", "status", "--porcelain", "--", path.name]
        now = subprocess.run(changed, cwd=path.parent, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "its commit unknown"
    return f"commit {found}" if found and not now else "not yet committed as it is"
