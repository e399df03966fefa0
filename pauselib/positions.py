"""How far a model reads: one that has learned a vector for each position, such as GPT-2, knows none past the last."""

from collections.abc import Callable

import pandas as pd

from pauselib.errors import InputError
from pauselib.injection.rows import prompt_lengths


def last_position(config, rotary_too: bool = False) -> int:
    """Return how many positions a model knows, by its configuration; 0 where it doesn't say.

    Rotary ones have no end, so they count only with `rotary_too`: then it is as far as the model was trained.
    """
    config = config.get_text_config()
    if getattr(config, "rope_parameters", None) and not rotary_too:
        return 0
    return max(0, getattr(config, "max_position_embeddings", None) or 0)


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


def reply_lengths(rows: pd.DataFrame, prompt_pauses: int, max_new_tokens: int, max_total_tokens: int = 0) -> pd.Series:
    """Return the tokens of clean rows with `prompt_pauses` in them, by their problem: with the gold answer, or with the
    longest reply that it may have, whichever is longer.
    """
    gold = lengths_of(rows) + prompt_pauses
    longest = pd.Series(prompt_lengths(rows), gold.index) + prompt_pauses + max_new_tokens
    longest = longest.clip(upper=max_total_tokens or None)
    return longest.where(longest > gold, gold)
