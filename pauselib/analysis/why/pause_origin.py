"""Where do the pauses of a reply come from: from what the injector drew, and from how well the head has learned that?

The head of a row is compared with one that has learned the injector exactly.

The strategy `random` draws the number K of pauses of an answer with n tokens uniformly from 0 to 10 (or it is always
10), and for each of them one of the n + 1 gaps. Who has learned just that, and nothing of the text, knows the gap i,
how many pauses stand in the gaps before it and in it, and about n. With a pauses before the gap and r in it,

    p(pause) = Σ_K w(K) P(B > r) / Σ_K w(K) P(B ≥ r),  B ~ Binomial(K − a, 1 / (n + 1 − i)),

where w(K) = p(K) Binomial(a; K, i / (n + 1)) weighs how well K fits the pauses so far. So the rate falls with the
length of the answer, and rises with the pauses so far: for many gaps and no limit on K it is (a + 1) / i. No text says
more, since what is drawn does not depend on it.
"""

import numpy as np
import pandas as pd

from pauselib.analysis.why.positions import token_table
from pauselib.manifests import manifest
from pauselib.settings import Settings

EDGES = {
    "so_far": list(range(12)),
    "gap": [0, 1, 2, 5, 10, 20, 40, 80, 160, 320],
    "length": [0, 20, 40, 60, 80, 100, 120, 160, 240, 320],
}
"""The bins of the columns of `positions.token_table`: from each number to before the next one."""

IN_WORDS = {"so_far": "pauses so far", "gap": "words so far", "length": "words in the reply"}

RATES = ["bins_of", "low", "value", "n", "head", "implied"]


def pause_rates(settings: Settings, variant: str | None, replies: pd.DataFrame) -> pd.DataFrame:
    """The mean probability of a pause in the replies of a row over its seeds, by the head and as the injector implies
    it, by bins of each column of `EDGES` (`rates_by`).

    Replies that were cut are left out. There is no line where there is no variant, or no prior (`prior_of`).
    """
    rows = [settings.but(variant=variant, seed=seed) for seed in settings.seeds] if variant else []
    priors = [prior for prior in map(prior_of, rows) if prior is not None]
    if not priors:
        return pd.DataFrame(columns=RATES)
    whole = replies[(replies["variant"] == variant) & ~replies["truncated"].astype(bool)]
    table = token_table(whole, "p_pause")
    implied = implied_rate(table["gap"], table["before"], table["in_gap"], table["length"], priors[0])
    table = table.assign(head=table["p_pause"], implied=implied)
    return pd.concat([rates_by(table, column, edges) for column, edges in EDGES.items()], ignore_index=True)


def prior_of(row: Settings) -> np.ndarray | None:
    """How likely each number of pauses is in a row's training answers, (most + 1), by the manifest of its injected
    rows. None where these are not there, or were not drawn by the strategy `random` alone with labelled pauses.
    """
    made = manifest(row.injected_folder()) or {"settings": {"strategy": "none"}}
    drawn = dict(Settings()) | made["settings"]  # what an older manifest lacks is as it is by default
    if drawn["strategy"] != "random" or not drawn["label_pauses"]:
        return None
    most = drawn["n_random_pauses"]
    if drawn["variable_number_of_pauses"]:
        return np.full(most + 1, 1 / (most + 1))
    return np.eye(most + 1)[most]


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


def rates_by(table: pd.DataFrame, column: str, edges: list[int]) -> pd.DataFrame:
    """The mean probability of a pause by bins of a column: from each of the `edges` to before the next one.

    A line has `bins_of` (the column), the bin's `low` edge and the mean of the column in it, `value`, the number of
    tokens `n`, and the mean probability by the `head` and as `implied`. Empty bins are left out.
    """
    bins = pd.cut(table[column], [*edges, np.inf], right=False, labels=edges)
    by_bin = table.assign(low=bins, value=table[column]).groupby("low", observed=True)
    means = by_bin.agg(n=("head", "size"), value=("value", "mean"), head=("head", "mean"), implied=("implied", "mean"))
    return means.reset_index().astype({"low": int}).assign(bins_of=column)[RATES]
