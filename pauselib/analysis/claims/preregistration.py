"""The registered plan of the analysis: claims, margins and their reasons, guards, exclusions. It is `prereg.yaml`.

>>> plan().margins["accuracy"].value
0.01
"""

import functools
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field

from pauselib.settings import ROOT

FILE = ROOT / "prereg.yaml"


class Entry(BaseModel):
    """A part of the plan; it has what is declared here and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limit(Entry):
    """A margin, the smallest effect that would count, in its unit; or a guard, below which data have no verdict."""

    value: float = Field(gt=0)
    unit: str = ""
    reason: str


class Claim(Entry):
    """A claim, what exactly is estimated for it and how, the name of its margin, and the verdict that it says."""

    claim: str
    estimand: str
    method: str
    margin: str
    says: Literal["larger than the margin", "equivalent"] = "larger than the margin"


class Preregistration(Entry):
    """The plan as a whole: see the comments in prereg.yaml."""

    experiment: str
    model: str
    dataset: str
    n_train: int = Field(gt=0)
    seeds: tuple[int, ...] = Field(min_length=1)
    test_problems: tuple[int, int]
    known_before: str
    level: float = Field(gt=0.5, lt=1)
    margins: dict[str, Limit]
    guards: dict[str, Limit]
    primary: str
    claims: dict[str, Claim]
    exclusions: tuple[str, ...]

    def margin(self, claim: str) -> float:
        """The margin by which a claim is judged."""
        return self.margins[self.claims[claim].margin].value

    def guard(self, name: str) -> float:
        """The value of a guard."""
        return self.guards[name].value

    def registered_part(self, table: pd.DataFrame, experiment: str) -> pd.DataFrame:
        """The lines of a table with a `problem_id` that count in an experiment's outcomes.

        In the registered experiment they are those of the registered test problems, in any other one all of them.
        """
        if experiment != self.experiment:
            return table
        first, last = self.test_problems
        numbers = table["problem_id"].map(lambda name: int(name.rpartition("-")[2])).astype(int)
        return table[numbers.between(first, last)]

    def status(self, experiment: str, seeds: Collection[int]) -> str:
        """Whether an experiment of which some `seeds` are finished is registered.

        It is `not registered`, and so exploratory; `registered, unfinished` while one of the registered seeds is
        missing, so that no verdict is the registered one; or `registered`. What the plan does not name is exploratory.
        """
        if experiment != self.experiment:
            return "not registered"
        return "registered" if set(self.seeds) <= set(seeds) else "registered, unfinished"


@functools.cache
def plan(path: Path = FILE) -> Preregistration:
    """The plan of this project, read once. Raises ValueError where the file has another entry than those above."""
    return Preregistration(**yaml.safe_load(path.read_text(encoding="utf-8")))
