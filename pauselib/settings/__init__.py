"""All settings of an experiment, in one flat list: parameters cells, `papermill -p` and files in `configs/` name them.

A setting is one field, most of them in `fields.py`. From it follow the manifests, the notebooks' parameters cells
(`python -m pauselib.settings.notebook_cells` writes them), and what the Snakefile passes to each step.

In a notebook, `pauselib.settings.read(globals())` collects what its parameters cell and papermill set; in Python,
`Settings(variant="sft_peft", seed=43)` is the same.
"""

import re
from pathlib import Path
from types import ModuleType

from pydantic import model_validator

from pauselib import tasks
from pauselib.declared import NOTEBOOK_OF, STEPS, shown
from pauselib.decoding.interventions import (
    INTERVENTION_SETTINGS,
    InterventionSettings,
    active_interventions,
    check_intervention,
    intervention_name,
)
from pauselib.errors import InputError, one_of
from pauselib.injection.strategies import check_patterns, find_strategies
from pauselib.located import ROOT
from pauselib.settings.fields import Fields
from pauselib.trials import TrialSettings
from pauselib.variants import parse

BY_STEP = ("learning_rate", "eval_steps", "max_steps")  # of the second step; the first step's have base_ before them


class Settings(InterventionSettings, Fields, TrialSettings):
    """The settings of an experiment. Raises InputError, in one sentence, for what can't be meant."""

    @model_validator(mode="after")
    def _names_are_known_and_fit_each_other(self):
        one_of("task", self.task, tasks.NAMES)
        for names in self.joined_strategies:
            find_strategies(names)
        check_patterns(self)
        active_interventions(self.of(*INTERVENTION_SETTINGS))
        named = {name: value for name, value in self if isinstance(value, tuple)}
        named["interventions"] = [check_intervention(row) for row in self.interventions]
        for name, values in named.items():
            if len(set(values)) < len(values):
                raise InputError(f"{name} is {shown(list(getattr(self, name)))}: name each of them once.")
        return self

    @model_validator(mode="after")
    def _the_training_can_be_done(self):
        if self.batch_size % self.gradient_accumulation_steps:
            raise InputError(f"batch_size {self.batch_size} is not a multiple of gradient_accumulation_steps.")
        for name, value in self.of("max_steps", "base_max_steps").items():
            if value == 0:
                raise InputError(f"{name} is 0: give a number of at least 1, or -1 for a full epoch.")
        last = max(self.trial_checkpoints, default=0)
        if 0 < self.max_steps < last:
            raise InputError(f"trial_checkpoints has step {last}, but max_steps is {self.max_steps}: raise that.")
        return self

    @property
    def joined_strategies(self) -> list[str]:
        """The injection strategy of the experiment, and those that names of rows give."""
        of_rows = [parse(name).strategy for name in (self.variant, *self.variants)]
        return [self.strategy, *filter(None, of_rows)]

    @property
    def row_strategy(self) -> str:
        """The injection strategy that the variant's name gives, or else that of the experiment."""
        return parse(self.variant).strategy or self.strategy

    @property
    def source(self) -> str:
        """Where the model comes from: its name, with the revision behind an @."""
        return f"{self.model}@{self.model_revision}" if self.model_revision else self.model

    @property
    def problems(self) -> str:
        """Where the problems come from: the dataset's name, with the revision behind an @."""
        return f"{self.dataset}@{self.dataset_revision}" if self.dataset_revision else self.dataset

    def folder(self) -> Path:
        """Return runs/<experiment>. Other people's scripts trust in the names of this folder and those below it."""
        return (ROOT if (ROOT / "notebooks").is_dir() else Path.cwd()) / self.runs_dir / self.experiment

    def injected_folder(self) -> Path:
        """Return runs/<experiment>/seed-<n>/injected/<strategy>."""
        return self.folder() / f"seed-{self.seed}" / "injected" / self.row_strategy

    def variant_folder(self) -> Path:
        """Return runs/<experiment>/seed-<n>/<variant>."""
        return self.folder() / f"seed-{self.seed}" / self.variant

    def replies_folder(self) -> Path:
        """Return the variant's folder; for an intervention its own one below `interventions/`."""
        name = intervention_name(active_interventions(self.of(*INTERVENTION_SETTINGS)))
        return self.variant_folder() / "interventions" / name if name else self.variant_folder()

    def of_row(self) -> "Settings":
        """Return the settings as the variant's row takes them: injected by the row's strategy."""
        return self.injected_by(self.row_strategy)

    def injected_by(self, strategy: str) -> "Settings":
        """Return the settings of a row with an injection strategy: patterns only where it takes them."""
        patterns = self.n_pauses_per_patterns if "pattern" in strategy.split("+") else {}
        return self.but(strategy=strategy, n_pauses_per_patterns=patterns)

    def of(self, *names: str) -> dict:
        """Return some settings by name, as they go into a manifest."""
        return {name: getattr(self, name) for name in names}

    @property
    def changed(self) -> str:
        """The settings that differ from their defaults, a line each, for people."""
        pairs = zip(self, Settings())
        lines = [f"{name} = {shown(value)}" for (name, value), (_, default) in pairs if value != default]
        return "\n".join(lines) or "Every setting has its default."

    def but(self, **changes) -> "Settings":
        """Return the settings with some of them changed."""
        return Settings(**{**dict(self), **changes})


def settings_of_step(step: str) -> tuple[str, ...]:
    """Return the names of the settings on which a step's results depend directly; its inputs depend on others."""
    return tuple(name for name, one in Settings.model_fields.items() if step in one.json_schema_extra["steps"])


def settings_of_notebook(notebook: str) -> tuple[str, ...]:
    """Return the names of the settings that a notebook's parameters cell has."""
    return tuple(name for name, one in Settings.model_fields.items() if notebook in one.json_schema_extra["notebooks"])


def settings_up_to(step: str) -> tuple[str, ...]:
    """Return the names of all settings that a step and those before it take, but variant, seed and interventions."""
    reached = STEPS[: STEPS.index(step) + 1]
    taken = {name for one in reached for name in settings_of_step(one)}
    later = {name for one in STEPS for name in settings_of_step(one)} - taken
    stand = {name for one in reached for name in settings_of_notebook(NOTEBOOK_OF[one])}
    left_out = {"variant", "seed", *INTERVENTION_SETTINGS, *later}
    return tuple(name for name in Settings.model_fields if name in taken | stand and name not in left_out)


TEXTS = [name for name, field in Settings.model_fields.items() if field.annotation is str]
"""The settings that are a text, such as a name or a path."""


def of_experiment(config: dict) -> Settings:
    """Return the settings of an experiment's file.

    Raises InputError as `Settings` does, for an intervention outside the list of them, and where a row can't be made.
    """
    for name in INTERVENTION_SETTINGS:
        if name in config:
            raise InputError(f"{name} would change every row: put it into the list `interventions`, with its variant.")
    for name in {"seed", "variant"}.intersection(config):
        raise InputError(f"{name} is of one row: give the list `{name}s`, such as {name}s=[{config[name]}].")
    settings = Settings(**config)
    for name in settings.variants:
        settings.but(variant=name).of_row()  # raises where it can't be made
    return settings


def injected_names(variables: dict) -> list[str]:
    """Return the names that the cell which papermill puts behind the parameters sets, of a notebook's `globals()`."""
    cells = [cell for cell in variables.get("In", []) if cell.startswith("# Parameters\n")]
    return re.findall(r"^(\w+) = ", "\n".join(cells), re.MULTILINE)


def values_in(variables: dict) -> dict:
    """Return the values of settings in a notebook's `globals()`, but modules, and of all names that papermill set."""
    names = [*Settings.model_fields, *injected_names(variables)]
    given = {name: variables[name] for name in names if name in variables}
    return {name: value for name, value in given.items() if not isinstance(value, ModuleType)}


def read(variables: dict) -> Settings:
    """Return the settings that a notebook's `globals()` hold, after its parameters cell and papermill's."""
    return Settings(**values_in(variables))
