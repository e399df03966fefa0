"""The settings, one field each, by the step that takes them; those of interventions and trials stand with these.

The fields of a step, in this order, are what its manifest names; its notebook's parameters cell has them and the first
ones. Each meaning can be read alone.
"""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pauselib.declared import EVERY_NOTEBOOK, MANY, MOST, NAME, PATH, Declared, Names, many, setting
from pauselib.decoding.interventions import InterventionSettings
from pauselib.variants import VARIANTS, parse


def published(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the published names of variants, with all that there are in place of `all`."""
    return tuple(one for name in names for one in (VARIANTS if name == "all" else [parse(name).name]))


def typed(intervention: dict) -> dict:
    """Return an intervention whose settings have their types. Raises InputError for what is none."""
    changes = {name: value for name, value in intervention.items() if name != "variant"}
    return intervention | InterventionSettings(**changes).model_dump(include=set(changes))


Place = Annotated[str, Field(pattern=PATH), AfterValidator(os.path.expanduser)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
AnyNumber = Annotated[int, Field(ge=0, le=MOST)]
Number = Annotated[int, Field(ge=1, le=MOST)]
Cap = Annotated[int, Field(ge=-1, le=MOST)]
AnyFew = Annotated[int, Field(ge=0, le=MANY)]
Few = Annotated[int, Field(ge=1, le=MANY)]
Change = Annotated[dict[str, object], AfterValidator(typed)]

TRAINED = ("first_step", "second_step")
COMPUTED = (*TRAINED, "evaluate", "trial")
OF_ROW = ("warmup", "evaluate", "trial", "explore", "compare")
MAKING = ("inject", "warmup", "evaluate", "trial", "analyze")
TABLE = ("analyze",)
OTHER = {"notebooks": ("compare",)}


class Fields(Declared):
    """The settings of an experiment, of its steps in their order, and of its table."""

    # every step: the experiment, the row, and where everything comes from
    experiment: str = setting(
        "tiny", "the folder under runs_dir of its results", notebooks=EVERY_NOTEBOOK, pattern=NAME
    )
    variant: Annotated[str, AfterValidator(lambda name: parse(name).name)] = setting(
        "sft_peft", "what is unfrozen: a published name, see pauselib/variants.py", *COMPUTED, notebooks=OF_ROW
    )
    model: Place = setting("tiny", "model: tiny, smollm2, qwen2.5-coder-0.5b, hub id, folder", "data", notebooks=MAKING)
    dataset: Place = setting(
        "toy", "problems: toy (generated), a hub id, or a folder with {train,test}.jsonl", "data", notebooks=MAKING
    )
    model_revision: str = setting("", "branch, tag or commit of a model on the hub", "data", notebooks=MAKING)
    dataset_revision: str = setting("", "branch, tag or commit of a dataset on the hub", "data", notebooks=MAKING)
    task: str = setting("gsm8k", "how answers are scored: a file of pauselib/tasks", "data", notebooks=MAKING)
    seed: Seed = setting(
        42, "seed of training; another than 42 draws other data too", *COMPUTED, notebooks=("inject", *OF_ROW)
    )
    runs_dir: Place = setting(
        "runs", "folder of all experiments; a relative path starts at the project", notebooks=EVERY_NOTEBOOK
    )
    overwrite: bool = setting(False, "make again what was made from other settings", notebooks=MAKING[:-1])

    # inject: the clean rows
    dataset_config: str = setting("main", "configuration of a dataset on the hub", "data")
    n_train: AnyNumber = setting(0, "number of training problems; 0: all there are (toy: 2000)", "data")
    n_test: AnyNumber = setting(0, "number of test problems; 0: all there are (toy: 500)", "data")
    skip_test: AnyNumber = setting(0, "number of test problems left out at the start of the test split", "data")
    data_seed: Seed = setting(42, "seed of generated problems, validation split and pauses", "data", "inject")
    validation_share: float = setting(0.05, "share of the problems kept for validation", "data", "inject", gt=0, lt=1)
    max_length: Number = setting(600, "cap on the tokens of a training row, with its pauses", "data", "inject")
    too_long: Literal["refuse", "drop", "cut"] = setting(
        "refuse", "rows above max_length: refuse, drop or cut", "data", "inject"
    )

    # inject: the pauses
    strategy: str = setting(
        "random", "where pauses go: a function of pauselib/injection/strategies.py; joined by + they add up", "inject"
    )
    n_random_pauses: AnyFew = setting(10, "cap on the pauses in a copy, for strategies that draw a number", "inject")
    variable_number_of_pauses: bool = setting(
        True, "draw the number of pauses from 0 to n_random_pauses; False: always that many", "inject"
    )
    n_pauses_per_patterns: dict[str, AnyFew] = setting(
        {}, "strategy pattern: {regular expression: pauses after every match}", "inject"
    )
    n_prefix_pauses: Few = setting(10, "strategy prefix: pauses between prompt and answer", "inject")
    label_pauses: bool = setting(
        True, "pauses are learned; otherwise context only (as those of prefix always)", "inject"
    )
    n_copies: Few = setting(1, "injected copies of every problem (published: 5)", "inject")
    validation_split: Literal["problem", "row"] = setting(
        "problem", "problem: no question on both sides; row: drawn after copying, as published (a leak)", "inject"
    )

    # warmup
    learning_rate: float = setting(1e-3, "learning rate of the second step", "second_step", gt=0)
    base_learning_rate: float = setting(6e-3, "learning rate: first step, baseline_1/2_epoch", "first_step", gt=0)
    batch_size: Number = setting(8, "rows in a step of the optimizer", *TRAINED)
    group_by_length: bool | Literal["shuffled"] = setting(
        True, "similar lengths share a batch: True (longest first), shuffled, or False (published)", *TRAINED
    )
    gradient_accumulation_steps: Number = setting(1, "parts a batch is computed in, to save memory", *TRAINED)
    validation_batch_size: Number = setting(64, "validation rows whose loss is computed together", *TRAINED)
    eval_steps: Number = setting(80, "second step: optimizer steps from checkpoint to checkpoint", "second_step")
    base_eval_steps: Number = setting(119, "first step, baseline_1/2_epoch: steps between checkpoints", "first_step")
    max_steps: Cap = setting(160, "second step: cap on its optimizer steps; -1: a full epoch", "second_step")
    start_from: Annotated[str, AfterValidator(os.path.expanduser)] = setting(
        "", "first step: the folder of a finished one that is taken in place of training; empty: none", "first_step"
    )
    base_max_steps: Cap = setting(-1, "first step, baseline_1/2_epoch: cap on steps; -1: a full epoch", "first_step")
    lora_r: Few = setting(16, "rank of the LoRA adapters", *TRAINED)
    lora_alpha: Number = setting(32, "the scale of the LoRA adapters is lora_alpha / lora_r", *TRAINED)
    lora_dropout: float = setting(0.05, "dropout in the LoRA adapters", *TRAINED, ge=0, lt=1)
    lora_target_modules: Names = setting(
        ("auto",), "layers that get a LoRA adapter; auto: the attention's query and value", *TRAINED, min_length=1
    )
    dtype: Literal["float32", "mixed", "bfloat16", "pure_bfloat16"] = setting(
        "float32", "float32, mixed, bfloat16 (trained in float32) or pure_bfloat16 (as published)", *COMPUTED
    )
    attn_implementation: Literal["auto", "eager", "sdpa"] = setting(
        "auto", "attention: eager, sdpa or auto; flash attention can't read a trial's masks", *COMPUTED
    )
    gold_dtype: Literal["float32", "mixed"] = setting(
        "float32",
        "precision in which gold answers are read: float32, or mixed, layers in bfloat16",
        "evaluate",
        "trial",
    )
    gradient_checkpointing: bool = setting(False, "recompute activations to save memory in training", *TRAINED)
    report_to: Literal["none", "tensorboard", "wandb", "trackio"] = setting(
        "none", "tensorboard, wandb, trackio: also log there (install that package)", notebooks=("warmup",)
    )

    # evaluate
    max_new_tokens: Number = setting(160, "cap on the tokens of a reply; a longer one is cut and flagged", "evaluate")
    max_total_tokens: AnyNumber = setting(0, "cap on prompt and reply (published: 1024); 0: max_new_tokens", "evaluate")
    eval_batch_size: Number = setting(256, "replies decoded at once; may change bfloat16 ones", notebooks=("evaluate",))

    # analyze, and the graph of all steps
    variants: Annotated[Names, AfterValidator(published)] = setting(
        "all", "rows of the table, see pauselib/variants.py", notebooks=TABLE, min_length=1, validate_default=True
    )
    seeds: many(Seed) = setting((42,), "training seeds of every row", notebooks=TABLE, min_length=1)
    interventions: Annotated[tuple[Change, ...], BeforeValidator(lambda rows: rows or ())] = setting(
        (), "list of a variant with settings of evaluate's interventions; rows not made are left out", notebooks=TABLE
    )

    plan: Annotated[int, Field(ge=1, le=2)] = setting(
        2, "the plan whose rule and margins judge: 2, or 1 for the SmolLM2 experiment", notebooks=("trial", *TABLE)
    )

    # compare
    other_experiment: str = setting("", "experiment of the other row; empty: the same", **OTHER, pattern=f"^$|{NAME}")
    other_variant: str = setting("", "variant of the other row; empty: the same, or the matched baseline", **OTHER)
    other_seed: int = setting(-1, "seed of the other row; -1: the same", **OTHER, ge=-1, lt=2**32)
