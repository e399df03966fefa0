"""All settings of an experiment, in one flat list. A notebook's parameters cell, `papermill -p` and a YAML file of `configs/` name them.

In a notebook, `settings = pauselib.settings.read(globals())` collects what its parameters cell and papermill set; a name that is none
of these is refused with the nearest one. In Python, `Settings(variant="sft_peft", seed=43)` is the same.
"""

import ast
import difflib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType

from pauselib.decoding.interventions import NAMES, Intervention
from pauselib.errors import InputError, one_of

STRATEGIES, UNITS, SPLITS, TOO_LONG = (
    ("random", "pattern"),
    ("token", "word"),
    ("problem", "row"),
    ("refuse", "drop", "cut"),
)
INTERVENTIONS = (
    *({"variant": "sft_peft", "max_pauses": k} for k in (0, 1, 2, 4, 8)),
    {"variant": "sft_peft", "forced_pauses": 4, "forced_at": "answer"},
    {"variant": "sft_peft", "forced_pauses": 1, "forced_at": "number"},
    {"variant": "sft_peft", "draw_pauses": True},
    {"variant": "sft_peft", "pause_bias": 1.0},
    *({"variant": "sft_fr_phead_peft", "max_pauses": k} for k in (0, 4)),
)


@dataclass(frozen=True)
class Settings:
    # the experiment
    experiment: str = "tiny"  # the folder under runs_dir
    variant: str = "sft_peft"  # what is unfrozen: a published name, see pauselib.variants
    model: str = "tiny"  # the model to start from: tiny (embedded), a hub id or a folder
    dataset: str = "toy"  # the problems: toy (generated), a hub id, or a folder with train.jsonl and test.jsonl
    seed: int = 42  # of training: initial weights, order of rows, dropout
    runs_dir: str = "runs"  # where everything is written; a relative path starts at the project's root
    # the data (inject)
    dataset_config: str = "main"  # the hub dataset's configuration
    n_train: int = 0  # this many training problems; 0: all there are (toy: 2000)
    n_test: int = 0  # this many test problems; 0: all there are (toy: 500)
    data_seed: int = 42  # of the injected positions, the validation split and the toy problems
    strategy: str = "random"  # random, pattern, or both joined: random+pattern
    n_random_pauses: int = 10  # pauses in a copy, at most
    variable_number_of_pauses: bool = (
        True  # draw the number uniformly from 0 to n_random_pauses; otherwise always n_random_pauses
    )
    n_pauses_per_patterns: dict = field(
        default_factory=dict
    )  # strategy pattern: {regular expression: pauses after every match}
    n_copies: int = 1  # injected copies of every problem (published: 5)
    unit: str = "token"  # where a random pause may go: between any two tokens, or between two words
    validation_split: str = (
        "problem"  # problem: no question is in both; row: drawn after copying, as published (a leak)
    )
    validation_share: float = 0.05  # of the problems (or rows)
    max_length: int = 600  # tokens of prompt and answer with its pauses
    too_long: str = "refuse"  # rows above max_length: refuse, drop, or cut
    # the training (warmup)
    learning_rate: float = 1e-3  # of the second step
    base_learning_rate: float = 6e-3  # of the first step and the baselines, on clean answers
    batch_size: int = 8  # rows in a step of the optimizer
    group_by_length: bool = True  # rows of similar length in a batch: less padding, another order than published
    gradient_accumulation_steps: int = 1  # parts a batch is computed in, to save memory
    eval_steps: int = 80  # an evaluation and a checkpoint every so many steps
    base_eval_steps: int = 119  # the same in the first step and the baselines
    max_steps: int = 160  # of the second step: stop after so many, before the epoch ends; -1: a full epoch
    base_max_steps: int = -1  # the same in the first step and the baselines
    lora_r: int = 16  # rank of the adapters
    lora_alpha: int = 32  # their scale is lora_alpha / lora_r
    lora_dropout: float = 0.05  # in the adapters
    lora_target_modules: tuple = ("q_proj", "v_proj")  # the layers that get one
    dtype: str = "float32"  # of weights and training: float32 or bfloat16
    gradient_checkpointing: bool = False  # recompute activations to save memory
    report_to: str = "none"  # tensorboard, wandb, trackio: also log there (install that package)
    # the replies (evaluate)
    max_new_tokens: int = 160  # a longer reply is cut and flagged
    max_total_tokens: int = 0  # the published limit instead: prompt and reply, without padding (1024); 0: off
    eval_batch_size: int = 256  # replies decoded together; does not change them
    # interventions on the pauses of the replies (evaluate)
    max_pauses: int = -1  # the head's own pauses in a reply, at most; 0: forbidden; -1: no limit
    max_pauses_in_a_row: int = -1  # the same, in a row
    forced_pauses: int = 0  # this many pauses are put in whatever the head says
    forced_at: str = "answer"  # where: at the start of the reply, before every number, before the answer's ####
    draw_pauses: bool = False  # draw each pause with the head's probability; the words stay greedy
    pause_temperature: float = 1.0  # divides the head's log odds of a pause
    pause_bias: float = 0.0  # is added to them
    # the graph (Snakemake) and the table
    variants: str | tuple = "all"  # the rows to make
    seeds: tuple = (42,)  # the training seeds of every row
    interventions: tuple = (
        INTERVENTIONS  # each a variant with settings of the interventions above; those of rows not made are left out
    )

    def __post_init__(self):
        from pauselib.variants import VARIANTS, parse

        for name in ("lora_target_modules", "seeds"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str | int) else tuple(value))
        for f in fields(self):  # YAML reads 1e-3 as text
            if isinstance(f.default, float):
                object.__setattr__(self, f.name, float(getattr(self, f.name)))
        names = (
            tuple(VARIANTS)
            if self.variants == "all"
            else (self.variants,)
            if isinstance(self.variants, str)
            else tuple(self.variants)
        )
        object.__setattr__(self, "variants", tuple(parse(name).name for name in names))
        object.__setattr__(self, "variant", parse(self.variant).name)
        object.__setattr__(self, "interventions", tuple(self.interventions))
        for row in self.interventions:
            check_intervention(row)
        Intervention(**self.of(*NAMES))
        for name in self.strategy.split("+"):
            one_of("strategy", name, STRATEGIES)
        one_of("unit", self.unit, UNITS)
        one_of("validation_split", self.validation_split, SPLITS)
        one_of("too_long", self.too_long, TOO_LONG)
        one_of("dtype", self.dtype, ("float32", "bfloat16"))
        if "pattern" in self.strategy and not self.n_pauses_per_patterns:
            raise InputError("strategy 'pattern' has no pattern: give n_pauses_per_patterns, for example {'\\n': 2}.")
        if self.n_pauses_per_patterns and "pattern" not in self.strategy:
            raise InputError(
                f"n_pauses_per_patterns is given but strategy is '{self.strategy}': say strategy 'pattern' or 'random+pattern'."
            )
        if not 0 < self.validation_share < 1:
            raise InputError(f"validation_share is {self.validation_share}: give a share between 0 and 1, such as 0.1.")
        if self.batch_size % self.gradient_accumulation_steps:
            raise InputError(
                f"batch_size {self.batch_size} is not a multiple of gradient_accumulation_steps {self.gradient_accumulation_steps}."
            )
        for name in (
            "n_copies",
            "max_length",
            "batch_size",
            "eval_steps",
            "base_eval_steps",
            "lora_r",
            "max_new_tokens",
            "eval_batch_size",
        ):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: give a number of at least 1.")
        for name in ("n_random_pauses", "n_train", "n_test", "max_total_tokens"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}: give 0 or more.")

    def folder(self) -> Path:
        """runs/<experiment>"""
        root = Path(__file__).parent.parent if (Path(__file__).parent.parent / "notebooks").is_dir() else Path.cwd()
        return root / self.runs_dir / self.experiment

    def variant_folder(self) -> Path:
        """runs/<experiment>/seed-<n>/<variant>"""
        return self.folder() / f"seed-{self.seed}" / self.variant

    @property
    def intervention(self) -> Intervention:
        """What is changed in decoding."""
        return Intervention(**self.of(*NAMES))

    def replies_folder(self) -> Path:
        """The variant's folder; for an intervention its own one below interventions/."""
        name = self.intervention.name
        return self.variant_folder() / "interventions" / name if name else self.variant_folder()

    def of(self, *names: str) -> dict:
        """Some settings by name, as they go into a manifest."""
        return {name: asdict(self)[name] for name in names}

    def but(self, **changes) -> "Settings":
        return replace(self, **changes)


def check_intervention(row: dict) -> None:
    """Raise ValueError unless `row` is a variant that pauses with settings of an intervention."""
    from pauselib.variants import parse

    changes = {name: value for name, value in row.items() if name != "variant"}
    if "variant" not in row or (unknown := [name for name in changes if name not in NAMES]):
        what = f"'{unknown[0]}' is none of {', '.join(NAMES)}" if "variant" in row else "its variant is missing"
        raise InputError(f"The intervention {row} can't be read: {what}.")
    if not parse(row["variant"]).pauses or not Intervention(**changes).name:
        raise InputError(
            f"The intervention {row} changes nothing: give a variant that pauses and at least one of {', '.join(NAMES)}."
        )


def check_names(names) -> None:
    """Raise ValueError for a name that is no setting, with the nearest one."""
    known = [f.name for f in fields(Settings)]
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise InputError(
                f"There is no parameter '{name}': did you mean '{nearest}'? `papermill --help-notebook NOTEBOOK` lists them."
            )


def of_experiment(config: dict) -> Settings:
    """The settings of an experiment's file. Raises ValueError for an unknown name, and for an intervention outside the list of them."""
    check_names(config)
    if single := [name for name in NAMES if name in config]:
        raise InputError(
            f"{single[0]} would change every row of the experiment: put it into the list `interventions`, with its variant."
        )
    return Settings(**config)


def read(variables: dict) -> Settings:
    """The settings a notebook's `globals()` hold, after its parameters cell and the cell that papermill injects behind it."""
    for cell in variables.get("In", []):
        if cell.startswith("# Parameters\n"):
            check_names(
                target.id for node in ast.parse(cell).body if isinstance(node, ast.Assign) for target in node.targets
            )
    given = {f.name: variables[f.name] for f in fields(Settings) if f.name in variables}
    return Settings(
        **{name: value for name, value in given.items() if not isinstance(value, ModuleType)}
    )  # an import of the same name is no setting
