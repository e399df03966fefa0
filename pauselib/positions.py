"""How far a model reads: one that has learned a vector for each position, such as GPT-2, knows none past the last."""

from collections.abc import Callable

import pandas as pd

from pauselib.errors import InputError


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
