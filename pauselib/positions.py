"""How far a model reads: one that has learned a vector for each position, such as GPT-2, knows none past the last."""

from collections.abc import Callable

import pandas as pd

from pauselib.errors import InputError
from pauselib.injection.rows import prompt_lengths
from pauselib.injection.strategies import prompt_pauses
from pauselib.settings import Settings
from pauselib.sources.models import load_config


def last_position(config) -> int:
    """Return how many positions a model knows, by its configuration; 0 for rotary ones, which have no end."""
    config = config.get_text_config()
    rotary = getattr(config, "rope_parameters", None)
    return 0 if rotary else max(0, getattr(config, "max_position_embeddings", None) or 0)


def check_positions(config, lengths: Callable[[], pd.Series], cure: str) -> None:
    """Raise InputError where one of some texts is longer than a model can read.

    `lengths()` gives their tokens by name; it is not called for a model whose positions have no end.
    """
    known = last_position(config)
    found = lengths() if known else pd.Series(0)
    if found.max() > known:
        raise InputError(
            f"{found.idxmax()} takes {found.max()} tokens, but this model knows {known} positions: {cure}, or choose "
            "another model."
        )


def lengths_of(rows: pd.DataFrame) -> pd.Series:
    """Return the tokens of rows, by their problem."""
    return rows["input_ids"].map(len).set_axis(rows["problem_id"])


def check_training_rows(settings: Settings, rows: Callable[[], dict[str, pd.DataFrame]]) -> None:
    """Raise InputError where a row to train on is longer than the model can read."""
    config = load_config(settings.source)
    check_positions(config, lambda: lengths_of(pd.concat(rows().values())), "lower max_length")


def check_replies(settings: Settings, rows: Callable[[], pd.DataFrame]) -> None:
    """Raise InputError where a test problem is longer than the model can read, with its gold answer or with the longest
    reply that it may have.
    """

    def lengths() -> pd.Series:
        problems = rows()
        gold = lengths_of(problems)
        most = pd.Series(prompt_lengths(problems), gold.index) + settings.max_new_tokens
        between = prompt_pauses(settings)
        replied = (most + between).clip(upper=settings.max_total_tokens or None)
        return replied.where(replied > gold + between, gold + between)

    check_positions(load_config(settings.source), lengths, "lower max_new_tokens, leave that problem out")


def check_trial(settings: Settings, rows: Callable[[], pd.DataFrame]) -> None:
    """Raise InputError where a gold text with what a trial puts into it is longer than the model can read."""
    more = prompt_pauses(settings) + max(settings.trial_doses)
    cure = "give smaller trial_doses, leave that problem out"
    check_positions(load_config(settings.source), lambda: lengths_of(rows()) + more, cure)
