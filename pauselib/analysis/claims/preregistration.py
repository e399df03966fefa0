"""The plan of the analysis: claims, margins and their reasons, guards, exclusions. Version 1 is `prereg.yaml`, version
2 `prereg-2.yaml`; the setting `plan` says by which of them an experiment is judged.

>>> plan(1).margins["accuracy"].value
0.01
"""

import functools
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field

from pauselib.decoding.interventions import INTERVENTION_SETTINGS
from pauselib.files import as_json, digest_of_bytes
from pauselib.located import ROOT
from pauselib.settings import Settings, of_experiment
from pauselib.settings.yaml_text import read_config

FILES = {1: ROOT / "prereg.yaml", 2: ROOT / "prereg-2.yaml"}


class Entry(BaseModel):
    """A part of the plan; it has what is declared here and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limit(Entry):
    """A margin, the smallest effect that would count, in its unit; or a guard, below which data have no verdict."""

    value: float = Field(gt=0)
    unit: str = ""
    reason: str


class Claim(Entry):
    """A claim, what exactly is estimated for it and how, the name of its margin, the standard deviations of its effect
    between seeds, between problems and of the rest (`spread`), and the verdict that it says.
    """

    claim: str
    estimand: str
    method: str
    margin: str
    spread: tuple[float, float, float] | None = None
    says: Literal["larger than the margin", "equivalent"] = "larger than the margin"


class Preregistration(Entry):
    """The plan as a whole: see the comments in the files. The `experiment` is the registered one, if any is; of version
    2 it also has the `digest` of its settings (`settings_digest`), the `commit` of the code, and digests of `inputs`.
    """

    version: int = 1
    experiment: str = ""
    digest: str = ""
    commit: str = ""
    model: str = ""
    dataset: str = ""
    n_train: int = 0
    seeds: tuple[int, ...] = ()
    test_problems: tuple[int, int] = (0, 0)
    inputs: dict[str, str] = Field(default_factory=dict)
    known_before: str = ""
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

    def registered_part(self, table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        """The lines of a table with a `problem_id` that count in an experiment's outcomes.

        In the registered experiment they are those of the registered test problems, in any other one all of them.
        """
        if self.status(settings.experiment, (), settings_digest(settings)) == "not registered":
            return table
        first, last = self.test_problems
        numbers = table["problem_id"].map(lambda name: int(name.rpartition("-")[2])).astype(int)
        return table[numbers.between(first, last)]

    def status(
        self, experiment: str, seeds: Collection[int], digest: str = "", inputs: Collection[tuple[str, str]] = ()
    ) -> str:
        """Whether an experiment of which some `seeds` are finished, with the `settings_digest`, is registered.

        It is `not registered`, and so exploratory; `registered, unfinished` while one of the registered seeds is
        missing, so that no verdict is the registered one; or `registered`. What the plan does not name is exploratory.
        With settings that have another digest than the plan's, or with one of the plan's `inputs` of another digest, an
        experiment isn't the registered one.
        """
        if not experiment or experiment != self.experiment or (self.version > 1 and digest != self.digest):
            return "not registered"
        if any(found != self.inputs.get(name, found) for name, found in inputs):
            return "not registered"
        return "registered" if set(self.seeds) <= set(seeds) else "registered, unfinished"


def settings_digest(settings: Settings) -> str:
    """The digest of the values of an experiment's settings, but of where things are on this machine and of a row's own
    (`variant`, `seed`, and an intervention's), as 16 hexadecimal digits.
    """
    own = {"variant", "seed", "runs_dir", "overwrite", "report_to", *INTERVENTION_SETTINGS}
    values = {name: value for name, value in json.loads(settings.model_dump_json()).items() if name not in own}
    places = {name: Path(values[name]).name for name in ("model", "dataset", "start_from")}
    return digest_of_bytes(as_json(values | places).encode())


@functools.cache
def plan(version: int = 2) -> Preregistration:
    """A version of the plan, read once. Raises ValueError where its file has another entry than those above."""
    return Preregistration(**yaml.safe_load(FILES[version].read_text(encoding="utf-8")))


if __name__ == "__main__":  # the digest of an experiment's file, for the plan
    print(settings_digest(of_experiment(read_config(sys.argv[1]))))
