"""How much a variant's training and decoding compute, from the rows that it will be given: steps, tokens, batches."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pauselib.rows import prompt_lengths, read_rows
from pauselib.settings import Settings
from pauselib.steps import clean_rows, rows_folder, training_rows
from pauselib.strategies import find_strategies, prompt_pauses
from pauselib.variants import Variant, parse


@dataclass(frozen=True)
class Batch:
    """The shape of a batch of rows, padded to the longest: how many tokens have a label, and how many are pauses."""

    rows: int
    length: int
    labelled: int
    pauses: int

    @property
    def tokens(self) -> int:
        """The tokens with their padding."""
        return self.rows * self.length


@dataclass(frozen=True)
class Work:
    """What the training of a variant goes through; tokens are counted with their padding."""

    steps: int
    tokens: int  # of all steps
    eval_tokens: int  # of all evaluations
    batch: Batch  # the largest that is computed at once
    validation: Batch


@dataclass(frozen=True)
class Replies:
    """What an evaluation decodes at the most."""

    batches: int
    rows: int  # of the largest batch
    longest: int  # prompt, in tokens
    n_new: int  # tokens of a reply


def rows_to_train(settings: Settings) -> dict[str, pd.DataFrame]:
    """Return a variant's rows of `train` and `validation`.

    Where its injection strategy asks for a trained model, rows with random pauses stand for them: they have as many.
    """
    variant = parse(settings.variant)
    if variant.pauses and any(one.needs_model for one in find_strategies(settings.row_strategy)):
        settings = settings.but(variant=replace(variant, strategy=None).name, strategy="random")
    settings = settings.of_row()
    return training_rows(settings, rows_folder(settings))


def batches(rows: pd.DataFrame, size: int) -> list[Batch]:
    """Return the shapes of rows in batches of a size, in their order."""
    lengths, labelled = rows["input_ids"].str.len().to_numpy(), rows["completion_mask"].map(np.sum).to_numpy()
    pauses = rows["n_pauses"].to_numpy() if "n_pauses" in rows else np.zeros_like(lengths)
    parts = [slice(start, start + size) for start in range(0, len(rows), size)]
    counts = [(lengths[part], int(labelled[part].sum()), int(pauses[part].sum())) for part in parts]
    return [Batch(len(length), int(length.max()), both, min(both, paused)) for length, both, paused in counts]


def an_order(lengths: np.ndarray, settings: Settings) -> list[int]:
    """Return an order of rows in which the trainer may take them."""
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    generator = torch.Generator().manual_seed(settings.seed)
    if settings.group_by_length:
        return get_length_grouped_indices(lengths.tolist(), settings.batch_size, generator=generator)
    return torch.randperm(len(lengths), generator=generator).tolist()


def work(variant: Variant, settings: Settings, rows: dict[str, pd.DataFrame]) -> Work:
    """Return what the training of a variant on its rows goes through."""
    from pauselib.training.trainer import by_step

    train, step = rows["train"], by_step(settings, variant)
    size = settings.batch_size // settings.gradient_accumulation_steps
    lengths = train["input_ids"].str.len().to_numpy()
    longest = train.iloc[np.argsort(-lengths, kind="stable")[:size]]
    a_pass = math.ceil(len(train) / settings.batch_size)
    steps = a_pass * (variant.epochs or 1)
    steps = step["max_steps"] if 0 <= step["max_steps"] < steps else steps
    tokens = sum(batch.tokens for batch in batches(train.iloc[an_order(lengths, settings)], size))
    validation = batches(rows["validation"], settings.validation_batch_size)
    return Work(
        steps=steps,
        tokens=round(tokens * steps / a_pass),
        eval_tokens=sum(batch.tokens for batch in validation) * (steps // step["eval_steps"]),
        batch=batches(longest, size)[0],
        validation=max(validation, key=lambda batch: batch.tokens),
    )


def replies(settings: Settings) -> Replies:
    """Return what an evaluation of a variant decodes at the most: replies of which one in each batch never ends."""
    prompts = sorted(prompt_lengths(read_rows(Path(clean_rows(settings)), "test")))
    prompts = [length + prompt_pauses(settings.of_row()) for length in prompts]
    last = prompts[-(len(prompts) % settings.eval_batch_size or settings.eval_batch_size) :]
    limit = settings.max_total_tokens
    n_new = min(settings.max_new_tokens, limit - last[0]) if limit else settings.max_new_tokens
    n_batches = math.ceil(len(prompts) / settings.eval_batch_size)
    return Replies(n_batches, min(len(prompts), settings.eval_batch_size), prompts[-1], max(1, n_new))
