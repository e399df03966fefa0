"""What the injector implies: how likely a pause is for who knows how it drew them.

The strategy `random` draws the number K of pauses of an answer with n tokens uniformly from 0 to 10 (or it is always
10), and for each of them one of the n + 1 gaps. A pause head that has learned just that, and nothing of the text, knows
the gap i, how many pauses stand in the gaps before it and in it, and about n. With a pauses before the gap and r in it,

    p(pause) = Σ_K w(K) P(B > r) / Σ_K w(K) P(B ≥ r),  B ~ Binomial(K − a, 1 / (n + 1 − i)),

where w(K) = p(K) Binomial(a; K, i / (n + 1)) weighs how well K fits the pauses so far. So the rate falls with the
length of the answer, and rises with the pauses so far: for many gaps and no limit on K it is (a + 1) / i. No text says
more, since what is drawn does not depend on it.
"""

import numpy as np
import pandas as pd

from pauselib.analysis.why.positions import token_table


def implied_rate(gap, before, in_gap, length, prior: np.ndarray) -> np.ndarray:
    """The probability of a pause by the formula above, for each place of four arrays of one shape; 0 where there are
    more pauses so far than the injector draws.
    """
    from scipy.stats import binom

    gap, before, in_gap, length = (np.asarray(values) for values in np.broadcast_arrays(gap, before, in_gap, length))
    here, share_before = 1 / (length + 1 - gap), gap / (length + 1)
    more, as_many = np.zeros(gap.shape), np.zeros(gap.shape)
    for number, probability in enumerate(prior):
        if probability:
            left = np.maximum(number - before, 0)
            weight = probability * binom.pmf(before, number, share_before)
            more += weight * binom.sf(in_gap, left, here)
            as_many += weight * binom.sf(in_gap - 1, left, here)
    return np.divide(more, as_many, out=np.zeros(gap.shape), where=as_many > 0)


def implied_at(tokens: pd.DataFrame, prior: np.ndarray) -> np.ndarray:
    """The implied probability of a pause at each line of a table of tokens (`positions.token_table`)."""
    return implied_rate(tokens["gap"], tokens["before"], tokens["in_gap"], tokens["length"], prior)


def rates(replies: pd.DataFrame, prior: np.ndarray) -> pd.DataFrame:
    """The tokens of some replies that were not cut, as in `positions.token_table`, with `p_best`, the `head`'s
    probability of a pause and the `implied` one.
    """
    whole = replies[~replies["truncated"].astype(bool)]
    table = token_table(whole, "p_best", "p_pause").rename(columns={"p_pause": "head"})
    return table.assign(implied=implied_at(table, prior))


def rates_by(table: pd.DataFrame, column: str, edges: list[int]) -> pd.DataFrame:
    """The mean probability of a pause by bins of a column of `rates`: from each of the `edges` to before the next one.

    A line has `bins_of` (the column), the bin's `low` edge and the mean of the column in it, `value`, the number of
    tokens `n`, and the mean probability by the `head` and as `implied`. Empty bins are left out.
    """
    bins = pd.cut(table[column], [*edges, np.inf], right=False, labels=edges)
    by_bin = table.assign(low=bins, value=table[column]).groupby("low", observed=True)
    means = by_bin.agg(n=("head", "size"), value=("value", "mean"), head=("head", "mean"), implied=("implied", "mean"))
    found = means.reset_index().astype({"low": int}).assign(bins_of=column)
    return found[["bins_of", "low", "value", "n", "head", "implied"]]
