"""What the injector implies: how likely a pause is for who knows how it drew them, and how many pauses follow.

The strategy `random` draws the number K of pauses of an answer with n tokens uniformly from 0 to 10 (or it is always
10), and for each of them one of the n + 1 gaps. A pause head that has learned just that, and nothing of the text, knows
the gap i, how many pauses stand in the gaps before it and in it, and about n. With a pauses before the gap and r in it,

    p(pause) = Σ_K w(K) P(B > r) / Σ_K w(K) P(B ≥ r),  B ~ Binomial(K − a, 1 / (n + 1 − i)),

where w(K) = p(K) Binomial(a; K, i / (n + 1)) weighs how well K fits the pauses so far. So the rate falls with the
length of the answer, and rises with the pauses so far: for many gaps and no limit on K it is (a + 1) / i. No text says
more, since what is drawn does not depend on it.

Since greedy decoding pauses where the LM's best word is less likely than the odds of a pause, such a head also implies
how many pauses a reply has: `greedy_pauses`.
"""

import numpy as np
import pandas as pd

from pauselib.analysis.why.positions import Gaps, token_values, with_part


def implied_rate(gap, before, in_gap, length, prior: np.ndarray) -> np.ndarray:
    """The probability of a pause by the formula above: one number for each place of four arrays of one shape.

    Where the pauses so far are more than the injector draws, it is 0.
    """
    from scipy.stats import binom

    gap, before, in_gap, length = (np.asarray(values) for values in np.broadcast_arrays(gap, before, in_gap, length))
    here, share_before = 1 / (length + 1 - gap), gap / (length + 1)
    more, so_many = np.zeros(gap.shape), np.zeros(gap.shape)
    for number, probability in enumerate(prior):
        if probability:
            left = np.maximum(number - before, 0)
            weight = probability * binom.pmf(before, number, share_before)
            more += weight * binom.sf(in_gap, left, here)
            so_many += weight * binom.sf(in_gap - 1, left, here)
    return np.divide(more, so_many, out=np.zeros(gap.shape), where=so_many > 0)


def history(texts: pd.DataFrame, with_end: bool = False) -> pd.DataFrame:
    """The tokens of some texts, one line each, with what a pause head may have counted when it was chosen.

    `texts` has lists of `tokens`. A line has the number of its text as `reply`, its `gap` (how many words are before
    it), the pauses `before` this gap and `in_gap`, the `length` of the text in words, whether it is a `pause`, and
    whether it `opens` its gap. `with_end`: the last word of a text is the end token, which is none of its length.
    """
    gaps = Gaps(texts)
    pauses = np.cumsum(gaps.is_pause) - gaps.is_pause  # before each token, of all texts
    opened = pauses[gaps.opens][np.cumsum(gaps.opens) - 1]  # before the gap of each token
    first = np.searchsorted(gaps.reply_of_token, np.arange(len(texts)))
    of_text = np.append(pauses, 0)[first][gaps.reply_of_token]  # before the text of each token
    starts = gaps.ends - gaps.n_spoken
    columns = {
        "reply": gaps.reply_of_token,
        "gap": gaps.of_token - starts[gaps.reply_of_token],
        "before": opened - of_text,
        "in_gap": pauses - opened,
        "length": (gaps.n_spoken - with_end)[gaps.reply_of_token],
        "pause": gaps.is_pause,
        "opens": gaps.opens,
    }
    return pd.DataFrame(columns)


def rates(replies: pd.DataFrame, prior: np.ndarray) -> pd.DataFrame:
    """The tokens of some replies that were not cut, with the head's probability of a pause and the implied one.

    `replies` is a table as `loading.with_tokens` gives it. The columns are those of `history`, `so_far` (all pauses
    before a token), `p_best`, `head` and `implied`.
    """
    whole = with_part(replies[~replies["truncated"].astype(bool)], "pauses", ["tokens", "p_pause", "p_best"])
    table = history(whole)
    implied = implied_rate(table["gap"], table["before"], table["in_gap"], table["length"], prior)
    given = {"p_best": token_values(whole, "p_best"), "head": token_values(whole, "p_pause"), "implied": implied}
    return table.assign(so_far=table["before"] + table["in_gap"], **given)


def rates_by(table: pd.DataFrame, column: str, edges: list[int]) -> pd.DataFrame:
    """The mean probability of a pause by bins of a column of `rates`: from each of the `edges` to before the next one.

    A line has `bins_of` (the column), the bin's `low` edge and the mean of the column in it, `value`, the number of
    tokens `n`, and the mean probability by the `head` and as `implied`. Empty bins are left out.
    """
    bins = np.digitize(table[column], edges) - 1
    found = table.assign(bin=bins, value=table[column])[bins >= 0].groupby("bin")
    means = found.agg(n=("head", "size"), value=("value", "mean"), head=("head", "mean"), implied=("implied", "mean"))
    low = [edges[place] for place in means.index]
    columns = ["bins_of", "low", "value", "n", "head", "implied"]
    return means.reset_index(drop=True).assign(bins_of=column, low=low)[columns]


def greedy_pauses(table: pd.DataFrame, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many pauses, and in how many places, each reply of `rates` would have by greedy decoding with the implied
    probabilities: two arrays (replies).

    The LM's best word is taken as likely as it was when the gap was opened, whatever pauses follow, and the end token
    as certain, since the likelihood of it is not stored.
    """
    opening = table[table["opens"]]
    n_replies, n_gaps = table["reply"].max() + 1, opening["gap"].max() + 1
    lengths = table.groupby("reply")["length"].first().reindex(range(n_replies), fill_value=0).to_numpy()
    p_best = np.ones((n_replies, n_gaps))
    p_best[opening["reply"], opening["gap"]] = opening["p_best"]
    said, places = np.zeros(n_replies, int), np.zeros(n_replies, int)
    for gap in range(n_gaps):
        before, going, in_gap = said.copy(), np.flatnonzero(gap <= lengths), 0
        while going.size:
            rate = implied_rate(gap, before[going], in_gap, lengths[going], prior)
            going = going[p_best[going, gap] * (1 - rate) < rate]
            said[going] += 1
            places[going] += in_gap == 0
            in_gap += 1
    return said, places
