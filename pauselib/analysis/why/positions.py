"""The tokens of replies as flat arrays: what each reply says, where it pauses, and what the model gave there.

`replies` is here, and in `reasons`, `certainty` and `places`, a table as `loading.with_tokens` gives it, one line a
reply: `seed`, `variant`, `problem_id`, `correct`, `n_pauses`, `truncated`, the `difficulty` and the `scene` of the
problem, and for every token of the reply, without the end token, three lists: `tokens` (its text with its spaces;
PAUSE_TEXT for a pause), `p_pause` (the pause head's probability of a pause there) and `p_best` (the probability of the
LM's best word, renormalised without the pause). At a pause these two are the numbers by which it was chosen.

A reply of n spoken tokens has n + 1 gaps, one before each of them and one at its end. The pauses of a gap are a run;
a gap that has any is a *site*.
"""

from itertools import chain

import numpy as np
import pandas as pd

from pauselib.errors import InputError
from pauselib.tokens import PAUSE_TEXT
from pauselib.variants import parse


def with_part(replies: pd.DataFrame, part: str, columns: list[str]) -> pd.DataFrame:
    """The replies of the variants that have `part` (a field or property of Variant), which need these columns.

    Raises ValueError where a column is missing for some of them.
    """
    chosen = replies[replies["variant"].map(lambda name: getattr(parse(name), part)).astype(bool)]
    if chosen.empty:
        return chosen.reindex(columns=[*chosen.columns.union(columns, sort=False)])
    absent = [name for name in columns if name not in chosen or chosen[name].isna().any()]
    if absent:
        raise InputError(f"The replies have no {', '.join(absent)} (some or all of them): evaluate the variants again.")
    return chosen


def token_values(replies: pd.DataFrame, column: str, dtype: type = float) -> np.ndarray:
    """A column of lists as one array, one reply after the other: (tokens of all replies).

    Raises ValueError where a list is not as long as the reply's `tokens`.
    """
    if (replies[column].map(len) != replies["tokens"].map(len)).any():
        raise InputError(f"Some replies have not as many values in {column} as tokens.")
    return np.array(list(chain.from_iterable(replies[column])), dtype=dtype)


class Gaps:
    """Which gap every token of some replies belongs to; arrays over all tokens, replies or gaps, in their order.

    >>> gaps = Gaps(pd.DataFrame({"tokens": [["a", PAUSE_TEXT, PAUSE_TEXT, "b"]]}))
    >>> gaps.of_token.tolist(), gaps.n_pauses.tolist()
    ([0, 1, 1, 1], [0, 2, 0])
    """

    def __init__(self, replies: pd.DataFrame):
        n = len(replies)
        n_tokens = replies["tokens"].map(len).to_numpy(int)
        self.tokens = token_values(replies, "tokens", object)
        self.is_pause = self.tokens == PAUSE_TEXT
        self.reply_of_token = np.repeat(np.arange(n), n_tokens)
        spoken_before = np.cumsum(~self.is_pause) - ~self.is_pause  # of all replies
        self.of_token = spoken_before + self.reply_of_token  # each reply before has one gap more than spoken tokens
        self.n_spoken = np.bincount(self.reply_of_token[~self.is_pause], minlength=n)  # (replies)
        self.of_reply = self.n_spoken + 1  # (replies): how many gaps
        self.n = int(self.of_reply.sum())
        self.n_pauses = np.bincount(self.of_token[self.is_pause], minlength=self.n)  # (gaps)
        self.reply = np.repeat(np.arange(n), self.of_reply)  # (gaps): the number of its reply
        self.ends = np.cumsum(self.of_reply) - 1  # (replies): the last gap, behind the last spoken token

    @property
    def opens(self) -> np.ndarray:
        """Whether a token is the first of its gap (tokens): no pause stood before it in the gap when it was chosen."""
        before = np.concatenate([[-1], self.of_token[:-1]])
        return self.of_token != before

    def sum_over_replies(self, values: np.ndarray) -> np.ndarray:
        """The sum over each reply's gaps of values (gaps): (replies)."""
        return np.bincount(self.reply, values, minlength=len(self.of_reply))


def lower_edge(values: pd.Series, bins: int) -> pd.Series:
    """The lower edge of each value's bin, of `bins` equal ones from 0 to 1; 1 is in the last."""
    return (values * bins + 1e-9).astype(int).clip(upper=bins - 1) / bins  # 0.29 · 100 is 28.999999999999996
