"""All settings of an experiment, in one flat list: parameters cells, `papermill -p` and files in `configs/` name them.

A setting is one field below: its type, default, meaning, limits, and the steps whose results depend on it. From that
follow the manifests, the notebooks' parameters cells (`python -m pauselib.settings.notebook_cells` writes them), and
what the Snakefile passes to each step.

In a notebook, `pauselib.settings.read(globals())` collects what its parameters cell and papermill set.
In Python, `Settings(variant="sft_peft", seed=43)` is the same. An unknown name is refused with the nearest one.
"""

import ast
from types import ModuleType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pauselib import tasks
from pauselib.conditions import TrialSettings
from pauselib.declared import EVERY_NOTEBOOK, MANY, MOST, NAME, NOTEBOOK_OF, PATH, STEPS, Use, as_list, setting, unknown
from pauselib.errors import InputError
from pauselib.interventions import INTERVENTION_SETTINGS, InterventionSettings
from pauselib.settings.contradictions import check_contradictions
from pauselib.settings.other_row import OTHER_ROW, OtherRow
from pauselib.settings.places import ROOT as ROOT
from pauselib.settings.places import Places
from pauselib.strategies import STRATEGIES, check_patterns
from pauselib.variants import VARIANTS, parse

TRAINED, TESTED = ("first_step", "second_step"), ("evaluate", "trial")
OF_ROW = ("warmup", "evaluate", "trial", "explore", "compare")
MAKING = ("inject", "warmup", "evaluate", "trial", "analyze")
BY_STEP = ("learning_rate", "eval_steps", "max_steps")  # of the second step; the first step's have base_ before them


class Settings(InterventionSettings, TrialSettings, OtherRow, Places):
    """The settings of an experiment. Raises InputError, in one sentence, for what can't be meant."""

    # the experiment
    experiment: str = setting("tiny", "the folder under runs_dir", notebooks=EVERY_NOTEBOOK, pattern=NAME)
    variant: str = setting(
        "sft_peft", "what is unfrozen: a published name, see pauselib.variants", *TRAINED, *TESTED, notebooks=OF_ROW
    )
    model: str = setting(
        "tiny", "where to start: tiny (embedded), smollm2, a hub id or a folder", "data", notebooks=MAKING, min_length=1
    )
    dataset: str = setting(
        "toy", "toy (generated), a hub id, or a folder with {train,test}.jsonl", "data", notebooks=MAKING, min_length=1
    )
    model_revision: str = setting("", "of a hub model: branch, tag or commit; empty: main", "data", notebooks=MAKING)
    dataset_revision: str = setting("", "the same of a dataset on the hub", "data", notebooks=MAKING)
    task: str = setting(
        "gsm8k", f"what is asked and what counts as right: {' or '.join(tasks.NAMES)}", "data", notebooks=MAKING
    )
    seed: int = setting(
        42,
        "of training: weights, order of rows, dropout; another one than 42 draws training problems and pauses, too",
        *TRAINED,
        *TESTED,
        notebooks=("inject", *OF_ROW),
        ge=0,
        lt=2**32,
    )
    runs_dir: str = setting(
        "runs",
        "where everything is written; a relative path starts at the project's root",
        notebooks=EVERY_NOTEBOOK,
        pattern=PATH,
    )
    overwrite: bool = setting(
        False,
        "make again what was made from other settings; otherwise that is refused",
        notebooks=("inject", "warmup", "evaluate", "trial"),
    )
    # the clean rows
    dataset_config: str = setting("main", "the hub dataset's configuration", "data")
    n_train: int = setting(0, "this many training problems; 0: all there are (toy: 2000)", "data", ge=0, le=MOST)
    n_test: int = setting(0, "this many test problems; 0: all there are (toy: 500)", "data", ge=0, le=MOST)
    skip_test: int = setting(0, "leave out so many test problems before them", "data", ge=0, le=MOST)
    data_seed: int = setting(
        42, "of the problems, the validation split and the injected positions", "data", "inject", ge=0, lt=2**32
    )
    validation_share: float = setting(0.05, "of the problems (or rows)", "data", "inject", gt=0, lt=1)
    max_length: int = setting(600, "tokens of prompt and answer with its pauses", "data", "inject", ge=1)
    too_long: Literal["refuse", "drop", "cut"] = setting(
        "refuse", "rows above max_length: refuse, drop, or cut", "data", "inject"
    )
    # the injected rows
    strategy: str = setting("random", f"{', '.join(STRATEGIES)}; joined by + they add up", "inject")
    n_random_pauses: int = setting(10, "pauses in a copy, at most (random, word, surprise)", "inject", ge=0, le=MANY)
    variable_number_of_pauses: bool = setting(
        True, "draw the number uniformly from 0 to n_random_pauses; otherwise always that many", "inject"
    )
    n_pauses_per_patterns: dict[str, Annotated[int, Field(ge=0, le=MANY)]] = setting(
        {}, "strategy pattern: {regular expression: pauses after every match}", "inject"
    )
    n_prefix_pauses: int = setting(10, "strategy prefix: pauses between prompt and answer", "inject", ge=1, le=MANY)
    label_pauses: bool = setting(
        True, "whether pauses are learned; otherwise they are only in context (those of prefix always are)", "inject"
    )
    n_copies: int = setting(1, "injected copies of every problem (published: 5)", "inject", ge=1, le=MANY)
    validation_split: Literal["problem", "row"] = setting(
        "problem", "problem: no question is in both; row: drawn after copying, as published (a leak)", "inject"
    )
    # the training
    learning_rate: float = setting(1e-3, "of the second step", "second_step", gt=0)
    base_learning_rate: float = setting(
        6e-3, "of the first step and the baselines, on clean answers", "first_step", gt=0
    )
    batch_size: int = setting(8, "rows in a step of the optimizer", *TRAINED, ge=1)
    group_by_length: bool = setting(
        True, "rows of similar length in a batch: less padding, another order than published", *TRAINED
    )
    gradient_accumulation_steps: int = setting(1, "parts a batch is computed in, to save memory", *TRAINED, ge=1)
    validation_batch_size: int = setting(64, "validation rows whose loss is computed together", *TRAINED, ge=1)
    eval_steps: int = setting(80, "an evaluation and a checkpoint every so many steps", "second_step", ge=1)
    base_eval_steps: int = setting(119, "the same in the first step and the baselines", "first_step", ge=1)
    max_steps: int = setting(
        160, "of the second step: stop after so many, before the epoch ends; -1: a full epoch", "second_step", ge=-1
    )
    base_max_steps: int = setting(-1, "the same in the first step and the baselines", "first_step", ge=-1)
    lora_r: int = setting(16, "rank of the adapters", *TRAINED, ge=1)
    lora_alpha: int = setting(32, "their scale is lora_alpha / lora_r", *TRAINED, ge=1)
    lora_dropout: float = setting(0.05, "in the adapters", *TRAINED, ge=0, lt=1)
    lora_target_modules: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_list)] = setting(
        ("auto",), "the layers that get one; auto: the attention's query and value", *TRAINED, min_length=1
    )
    dtype: Literal["float32", "mixed", "bfloat16", "pure_bfloat16"] = setting(
        "float32",
        "float32, mixed (bfloat16 products), bfloat16 (trains in float32), or pure_bfloat16 (as published)",
        *TRAINED,
        *TESTED,
    )
    attn_implementation: Literal["auto", "eager", "sdpa"] = setting(
        "auto",
        "eager, sdpa or auto; not flash attention, which can't read a trial's masks",
        *TRAINED,
        *TESTED,
    )
    gradient_checkpointing: bool = setting(False, "recompute activations to save memory", *TRAINED)
    report_to: Literal["none", "tensorboard", "wandb", "trackio"] = setting(
        "none", "tensorboard, wandb, trackio: also log there (install that package)", notebooks=("warmup",)
    )
    # the replies
    max_new_tokens: int = setting(160, "a longer reply is cut and flagged", "evaluate", ge=1)
    max_total_tokens: int = setting(
        0, "the published limit instead: prompt and reply, without padding (1024); 0: off", "evaluate", ge=0
    )
    eval_batch_size: int = setting(256, "replies at once; bfloat16 ones depend on it", notebooks=("evaluate",), ge=1)
    # the graph (Snakemake) and the table
    variants: Annotated[tuple[str, ...], BeforeValidator(as_list)] = setting(
        "all",
        "the rows to make; sft_peft@word is one with an injection strategy of its own",
        notebooks=("analyze",),
        min_length=1,
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], BeforeValidator(as_list)] = setting(
        (42,), "the training seeds of every row", notebooks=("analyze",), min_length=1
    )
    interventions: tuple[dict, ...] = setting(
        (),
        "each a variant with settings of evaluate's interventions; those of rows not made are left out",
        notebooks=("analyze",),
    )

    @model_validator(mode="before")
    @classmethod
    def _names_as_published(cls, given: dict) -> dict:
        """Write out `variants: all`, and names with `.yaml`; no list of interventions is an empty one."""
        given = {name: value for name, value in given.items() if not (name == "interventions" and value is None)}
        if isinstance(given.get("variant"), str):
            given["variant"] = parse(given["variant"]).name
        rows = as_list(given.get("variants", "all"))
        if isinstance(rows, list | tuple) and all(isinstance(name, str) for name in rows):
            names = [one for name in rows for one in (VARIANTS if name == "all" else (parse(name).name,))]
            given["variants"] = tuple(names)
        return given

    @model_validator(mode="after")
    def _settings_fit_each_other(self):
        check_contradictions(self)
        return self

    @property
    def strategies_used(self) -> tuple[str, ...]:
        """The injection strategies of the experiment and of its rows, those joined by `+` apart."""
        of_rows = [parse(name).strategy for name in (self.variant, *self.variants)]
        joined = "+".join([self.strategy, *filter(None, of_rows)])
        return tuple(dict.fromkeys(joined.split("+")))

    @property
    def row_strategy(self) -> str:
        """The injection strategy of the variant, where it has one of its own, or that of the experiment."""
        return parse(self.variant).strategy or self.strategy

    @property
    def source(self) -> str:
        """Where the model comes from: its name, with the revision behind an @."""
        return f"{self.model}@{self.model_revision}" if self.model_revision else self.model

    @property
    def problems(self) -> str:
        """Where the problems come from: the dataset's name, with the revision behind an @."""
        return f"{self.dataset}@{self.dataset_revision}" if self.dataset_revision else self.dataset

    def of_row(self) -> "Settings":
        """Return the settings as the variant's row takes them, with the injection strategy of its own."""
        return self.injected_by(self.row_strategy)

    def injected_by(self, strategy: str) -> "Settings":
        """Return the settings of a row with an injection strategy: patterns only where it takes them."""
        patterns = self.n_pauses_per_patterns if "pattern" in strategy.split("+") else {}
        return self.but(strategy=strategy, n_pauses_per_patterns=patterns)

    def of(self, *names: str) -> dict:
        """Return some settings by name, as they go into a manifest."""
        return {name: getattr(self, name) for name in names}

    def of_notebook(self, notebook: str) -> dict:
        """Return the settings that stand in a notebook's parameters cell."""
        return self.of(*settings_of_notebook(notebook))

    def but(self, **changes) -> "Settings":
        """Return the settings with some of them changed."""
        return Settings(**{**dict(self), **changes})


def uses() -> dict[str, Use]:
    """Return where each setting is used, by name; the interventions' and those of another row come last."""
    last = (*INTERVENTION_SETTINGS, *OTHER_ROW)
    names = [name for name in Settings.model_fields if name not in last]
    return {name: Settings.model_fields[name].json_schema_extra["use"] for name in (*names, *last)}


USES = uses()


def settings_of_step(step: str) -> tuple[str, ...]:
    """Return the names of the settings on which a step's results depend directly; its inputs depend on others."""
    return tuple(name for name, use in USES.items() if step in use.steps)


def settings_of_notebook(notebook: str) -> tuple[str, ...]:
    """Return the names of the settings that a notebook's parameters cell has."""
    return tuple(name for name, use in USES.items() if notebook in use.notebooks)


def settings_up_to(step: str) -> tuple[str, ...]:
    """Return the names of all settings that a step and those before it take, but variant, seed and interventions."""
    reached = set(STEPS[: STEPS.index(step) + 1])
    notebooks = {NOTEBOOK_OF[one] for one in reached}

    def is_taken(use: Use) -> bool:
        return bool(reached.intersection(use.steps) if use.steps else notebooks.intersection(use.notebooks))

    left_out = ("variant", "seed", *INTERVENTION_SETTINGS)
    return tuple(name for name, use in USES.items() if name not in left_out and is_taken(use))


def check_names(names) -> None:
    """Raise InputError for a name that is no setting, with the nearest one."""
    for name in names:
        if name not in Settings.model_fields:
            raise InputError(unknown(name, Settings))


def of_experiment(config: dict) -> Settings:
    """Return the settings of an experiment's file.

    Raises InputError for an unknown name, for an intervention outside the list of them, and where a row can't be made.
    """
    check_names(config)
    for name in INTERVENTION_SETTINGS:
        if name in config:
            raise InputError(
                f"{name} would change every row of the experiment: put it into the list `interventions`, with its "
                "variant."
            )
    settings = Settings(**config)
    for name in settings.variants:
        check_patterns(settings.but(variant=name).of_row())
    return settings


def injected_names(variables: dict) -> list[str]:
    """Return the names that the cell which papermill puts behind the parameters sets, of a notebook's `globals()`."""
    cells = [cell for cell in variables.get("In", []) if cell.startswith("# Parameters\n")]
    assigned = [node for node in ast.parse("\n".join(cells)).body if isinstance(node, ast.Assign)]
    return [target.id for node in assigned for target in node.targets]


def found(variables: dict) -> dict:
    """Return the values of settings in a notebook's `globals()`. Raises InputError for an unknown name."""
    check_names(injected_names(variables))
    given = {name: variables[name] for name in Settings.model_fields if name in variables}
    return {name: value for name, value in given.items() if not isinstance(value, ModuleType)}


def read(variables: dict) -> Settings:
    """Return the settings that a notebook's `globals()` hold."""
    return Settings(**found(variables))
