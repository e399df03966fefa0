"""The settings, one field each; those of interventions, trials and the other row of a comparison stand with these."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from pauselib.declared import EVERY_NOTEBOOK, MANY, MOST, NAME, PATH, Declared, Names, Text, as_text, many, setting
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, InterventionSettings

TRAINED = ("first_step", "second_step")
COMPUTED = (*TRAINED, "evaluate", "trial")
OF_ROW = ("warmup", "evaluate", "trial", "explore", "compare")
MAKING = ("inject", "warmup", "evaluate", "trial", "analyze")


class Fields(Declared):
    """The settings of an experiment, of its steps in their order, and of its table."""

    # the experiment
    experiment: Text = setting(
        "tiny", "the folder under runs_dir that holds all of the experiment", notebooks=EVERY_NOTEBOOK, pattern=NAME
    )
    variant: Text = setting(
        "sft_peft", "what is unfrozen: a published name, see pauselib/variants.py", *COMPUTED, notebooks=OF_ROW
    )
    model: Text = setting(
        "tiny", "where to start: tiny (embedded), smollm2, a hub id or a folder", "data", notebooks=MAKING, min_length=1
    )
    dataset: Text = setting(
        "toy", "toy (generated), a hub id, or a folder with {train,test}.jsonl", "data", notebooks=MAKING, min_length=1
    )
    model_revision: Text = setting(
        "", "revision of a model on the hub: branch, tag or commit; empty: main", "data", notebooks=MAKING
    )
    dataset_revision: Text = setting(
        "", "revision of a dataset on the hub: branch, tag or commit; empty: main", "data", notebooks=MAKING
    )
    task: Text = setting(
        "gsm8k", "what is asked and what counts as right: a file of pauselib/tasks", "data", notebooks=MAKING
    )
    seed: int = setting(
        42,
        "seed of training (weights, order, dropout); another than 42 draws other training problems and pauses",
        *COMPUTED,
        notebooks=("inject", *OF_ROW),
        ge=0,
        lt=2**32,
    )
    runs_dir: Text = setting(
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
    dataset_config: Text = setting("main", "the configuration of a dataset on the hub", "data")
    n_train: int = setting(0, "this many training problems; 0: all there are (toy: 2000)", "data", ge=0, le=MOST)
    n_test: int = setting(0, "this many test problems; 0: all there are (toy: 500)", "data", ge=0, le=MOST)
    skip_test: int = setting(0, "this many test problems are left out at the beginning", "data", ge=0, le=MOST)
    data_seed: int = setting(
        42, "seed of generated problems, the validation split and injected positions", "data", "inject", ge=0, lt=2**32
    )
    validation_share: float = setting(
        0.05, "share of the problems (or rows) that is kept for validation", "data", "inject", gt=0, lt=1
    )
    max_length: int = setting(
        600, "most tokens of a training row: prompt and answer with its pauses", "data", "inject", ge=1, le=MOST
    )
    too_long: Literal["refuse", "drop", "cut"] = setting(
        "refuse", "rows above max_length: refuse, drop, or cut", "data", "inject"
    )
    # the injected rows
    strategy: Text = setting(
        "random", "where pauses go: a function of pauselib/injection/strategies.py; joined by + they add up", "inject"
    )
    n_random_pauses: int = setting(
        10, "pauses in a copy, at most (strategies random, word, surprise)", "inject", ge=0, le=MANY
    )
    variable_number_of_pauses: bool = setting(
        True, "draw the number evenly from 0 to n_random_pauses; otherwise always that many", "inject"
    )
    n_pauses_per_patterns: dict[Text, Annotated[int, Field(ge=0, le=MANY)]] = setting(
        {}, "strategy pattern: {regular expression: pauses after every match}", "inject"
    )
    n_prefix_pauses: int = setting(10, "strategy prefix: pauses between prompt and answer", "inject", ge=1, le=MANY)
    label_pauses: bool = setting(
        True, "whether pauses are learned; otherwise they are only in context (those of prefix always are)", "inject"
    )
    n_copies: int = setting(1, "injected copies of every problem (published: 5)", "inject", ge=1, le=MANY)
    validation_split: Literal["problem", "row"] = setting(
        "problem",
        "problem: no question on both sides; row: drawn after copying, as published (a leak)",
        "inject",
    )
    # the training
    learning_rate: float = setting(1e-3, "learning rate of the second step", "second_step", gt=0)
    base_learning_rate: float = setting(
        6e-3, "learning rate of the first step and the baselines, on clean answers", "first_step", gt=0
    )
    batch_size: int = setting(8, "rows in a step of the optimizer", *TRAINED, ge=1, le=MOST)
    group_by_length: bool = setting(
        True, "rows of similar length in a batch: less padding, another order than published", *TRAINED
    )
    gradient_accumulation_steps: int = setting(
        1, "parts a batch is computed in, to save memory", *TRAINED, ge=1, le=MOST
    )
    validation_batch_size: int = setting(64, "validation rows whose loss is computed together", *TRAINED, ge=1, le=MOST)
    eval_steps: int = setting(
        80, "steps between evaluations, each with a checkpoint, in the second step", "second_step", ge=1
    )
    base_eval_steps: int = setting(
        119,
        "steps between evaluations, each with a checkpoint, in the first step and the baselines",
        "first_step",
        ge=1,
    )
    max_steps: int = setting(
        160, "the second step stops after this many, before the epoch ends; -1: a full epoch", "second_step", ge=-1
    )
    base_max_steps: int = setting(
        -1,
        "the first step and the baselines stop after this many steps; -1: a full epoch",
        "first_step",
        ge=-1,
    )
    lora_r: int = setting(16, "rank of the LoRA adapters", *TRAINED, ge=1, le=MANY)
    lora_alpha: int = setting(32, "the scale of the LoRA adapters is lora_alpha / lora_r", *TRAINED, ge=1, le=MOST)
    lora_dropout: float = setting(0.05, "dropout in the LoRA adapters", *TRAINED, ge=0, lt=1)
    lora_target_modules: many(Annotated[str, Field(min_length=1), BeforeValidator(as_text)]) = setting(
        ("auto",), "layers that get a LoRA adapter; auto: the attention's query and value", *TRAINED, min_length=1
    )
    dtype: Literal["float32", "mixed", "bfloat16", "pure_bfloat16"] = setting(
        "float32",
        "float32, mixed (bfloat16 products), bfloat16 (trains in float32), pure_bfloat16 (as published)",
        *COMPUTED,
    )
    attn_implementation: Literal["auto", "eager", "sdpa"] = setting(
        "auto", "attention: eager, sdpa or auto; flash attention can't read a trial's masks", *COMPUTED
    )
    gradient_checkpointing: bool = setting(False, "recompute activations to save memory in training", *TRAINED)
    report_to: Literal["none", "tensorboard", "wandb", "trackio"] = setting(
        "none", "tensorboard, wandb, trackio: also log there (install that package)", notebooks=("warmup",)
    )
    # the replies
    max_new_tokens: int = setting(160, "tokens of a reply; a longer one is cut and flagged", "evaluate", ge=1, le=MOST)
    max_total_tokens: int = setting(
        0, "limit on prompt and reply, instead of max_new_tokens (published: 1024); 0: off", "evaluate", ge=0, le=MOST
    )
    eval_batch_size: int = setting(
        256, "replies decoded at once; bfloat16 ones depend on it", notebooks=("evaluate",), ge=1, le=MOST
    )
    # the graph (Snakemake) and the table
    variants: Names = setting(
        "all",
        "the rows to make; sft_peft@word is one with an injection strategy of its own",
        notebooks=("analyze",),
        min_length=1,
    )
    seeds: many(Annotated[int, Field(ge=0, lt=2**32)]) = setting(
        (42,), "the training seeds of every row", notebooks=("analyze",), min_length=1
    )
    interventions: tuple[dict, ...] = setting(
        (),
        "each a variant with settings of evaluate's interventions; rows not made are left out",
        notebooks=("analyze",),
    )

    @field_validator("interventions")
    @classmethod
    def _values_have_their_types(cls, rows: tuple[dict, ...]) -> tuple[dict, ...]:
        given = [{name: row[name] for name in row if name in INTERVENTION_SETTINGS} for row in rows]
        typed = [InterventionSettings(**changes) for changes in given]
        return tuple({**row, **one.model_dump(include=set(changes))} for row, changes, one in zip(rows, given, typed))
