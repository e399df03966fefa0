"""Replies with their tokens by hand, for the tests of why and where models pause."""

import numpy as np
import pandas as pd

from pauselib.tokens import PAUSE_TEXT as P


def reply(tokens: list[str], p_best=0.5, p_pause=0.1, **fields) -> dict:
    """A correct reply of `sft` to a problem of difficulty 2; one probability stands for every token's."""
    n = len(tokens)
    lists = {name: [p] * n if np.isscalar(p) else p for name, p in (("p_best", p_best), ("p_pause", p_pause))}
    usual = {"seed": 1, "variant": "sft", "problem_id": "a", "correct": True, "truncated": False, "difficulty": 2}
    return {**usual, "n_pauses": tokens.count(P), "n_tokens": n, "tokens": tokens, **lists, **fields}


def rows(table: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(table[list(columns)].itertuples(index=False, name=None))
