"""The plan of an experiment: a line for every variant that says what it will take, and the sum of all."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

import pandas as pd
from torch._subclasses.fake_tensor import DataDependentOutputException, DynamicOutputShapeException
from transformers import AutoConfig

from pauselib.errors import InputError
from pauselib.planning import gpus, memory
from pauselib.planning.work import Replies, Work, replies, rows_to_train, work
from pauselib.progress import Progress
from pauselib.settings import Settings
from pauselib.sources.models import from_pretrained
from pauselib.training.warmup import quiet
from pauselib.variants import Variant, parse

GB = 1e9
KEPT = 3  # checkpoints at once, while the last is written


@dataclass(frozen=True)
class Plan:
    """What an experiment will take on a GPU."""

    table: pd.DataFrame  # a line a variant
    gpu: gpus.Gpu
    hours: float
    disk: float  # GB, all seeds

    def text(self) -> str:
        """Return the plan for a reader."""
        most, room = self.table[["GPU GB, training", "GPU GB, decoding"]].to_numpy().max(), self.gpu.memory / GB
        fits = "which fits" if most <= room else "which does NOT fit"
        sums = f"about {self.hours:.1f} hours, {self.disk:.1f} GB of models"
        lines = (
            self.table.to_string(index=False),
            "",
            f"All seeds and interventions on one {self.gpu.name}, without trials: {sums}.",
            f"The most memory is {most:.1f} GB of {room:.0f} GB, {fits}: with the longest rows and replies.",
            "The hours follow from data sheets and usual shares of them: see pauselib/planning/gpus.py.",
        )
        return "\n".join(lines)


def plan(settings: Settings, gpu: str) -> Plan:
    """Return the plan of an experiment on a named GPU. `settings` say where the tokenized rows are written.

    Raises InputError for an unknown GPU, and for a model of which nothing can be said without its tokens.
    """
    chosen = gpus.find(gpu)
    with quiet():
        try:
            return planned(settings, chosen, from_pretrained(AutoConfig, settings.source))
        except (DataDependentOutputException, DynamicOutputShapeException) as error:
            raise InputError(
                f"The memory of {settings.model} can't be foretold, since what it computes depends on the tokens (as "
                f"in a mixture of experts): {error}."
            ) from error


def planned(settings: Settings, chosen: gpus.Gpu, config) -> Plan:
    """Return the plan of an experiment with a model of a configuration."""
    n_changed = Counter(parse(dict(one)["variant"]).name for one in settings.interventions)

    @cache
    def decoded(variant: Variant, shape: Replies) -> int:
        return memory.decoding(config, variant, settings, (shape.rows, shape.longest), shape.n_new)

    lines, hours, disk = [], 0.0, 0.0
    progress = Progress("planned", len(settings.variants))
    for name in settings.variants:
        row = settings.but(variant=name, seed=settings.seeds[0])
        variant = parse(name)
        to_do, shape = work(variant, row, rows_to_train(row)), replies(row)
        takes = memory.training(config, variant, row, to_do.batch, to_do.validation)
        held = decoded(Variant(pause_head=variant.pauses, lm_head=variant.lm_head), shape)
        trained = gpus.training_hours(chosen, operations(takes, to_do), settings.dtype != "float32")
        layers = config.get_text_config().num_hidden_layers
        said = gpus.decoding_hours(chosen, shape.batches * shape.n_new, held, layers)
        spent = trained + said * (1 + n_changed[name]) + (2 + n_changed[name]) * gpus.SECONDS_OF_STEP / 3600
        hours, disk = hours + spent * len(settings.seeds), disk + takes.folder * len(settings.seeds)
        lines.append(line(name, takes, to_do, held) | {"hours": f"{spent:.2f}"})
        progress.update(len(lines), name)
    return Plan(pd.DataFrame(lines), chosen, hours, disk / GB)


def operations(takes: memory.Training, to_do: Work) -> float:
    """Return the operations of all steps and evaluations of a training, as those of the largest batches by token."""
    a_token, an_eval_token = takes.flops / to_do.batch.tokens, takes.eval_flops / to_do.validation.tokens
    return a_token * to_do.tokens + an_eval_token * to_do.eval_tokens


def line(name: str, takes: memory.Training, to_do: Work, held: int) -> dict:
    """Return a line of the table."""
    return {
        "variant": name,
        "trained": f"{takes.trained:,}",
        "GPU GB, training": round((takes.peak + gpus.BEYOND_TENSORS) / GB, 1),
        "GPU GB, decoding": round((held + gpus.BEYOND_TENSORS) / GB, 1),
        "disk GB": f"{takes.folder / GB:.2f}",
        "checkpoints GB": f"{KEPT * takes.checkpoint / GB:.2f}",
        "steps": to_do.steps,
        "tokens": f"{to_do.tokens:,}",
    }
