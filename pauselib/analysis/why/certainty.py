"""How pauses follow from the LM's certainty and from the pause head, position by position.

Greedy decoding pauses exactly where p_best < p(pause) / p(no pause), with p_best the probability of the LM's best word:
the odds of the pause head are a threshold for the LM's certainty. That pauses follow this rule is no finding. What is
one is how much of it is the LM's share and how much the head's: a head with constant odds would mark the LM's
uncertainty and nothing else, an LM that is always as sure would leave all to the head.

The functions take the table of `positions`, one line a token.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pauselib.analysis.tables.loading import Asked, joined, training_record
from pauselib.analysis.why.positions import lower_edge, token_table
from pauselib.variants import parse

LM, HEAD, BOTH = "the LM", "the head", "both"
"""By what a pause is predicted: the LM's certainty alone, the head's odds alone, and the rule that has both."""

PREDICTION = ["variant", "by", "auc", "low", "high", "n", "pauses"]


def positions(replies: pd.DataFrame) -> pd.DataFrame:
    """The tokens of replies, one line each: `token_table` with the `variant` and the `problem_id` of the reply,
    `p_best`, `p_pause` and the `odds` of a pause, p_pause / (1 − p_pause).
    """
    of_reply = replies[["variant", "problem_id"]].reset_index(drop=True)
    table = token_table(replies, "p_best", "p_pause").join(of_reply, on="reply")
    return table.assign(odds=table["p_pause"] / (1 - table["p_pause"]))


def pauses_by_certainty(table: pd.DataFrame, bins: int = 20) -> pd.DataFrame:
    """How often there is a pause by the probability of the LM's best word, one line a variant and bin of p_best.

    A bin `low` to `high` has `n` tokens and the `share` of them that are pauses.
    """
    by_bin = table.assign(low=lower_edge(table["p_best"], bins)).groupby(["variant", "low"])["pause"]
    found = by_bin.agg(n="size", share="mean").reset_index()
    return found.assign(high=found["low"] + 1 / bins)


def pause_prediction(table: pd.DataFrame) -> pd.DataFrame:
    """How well the LM's certainty, the head's odds, and both tell a pause from a word, as an AUC.

    One line a variant with a trained pause head, and predictor `by`: the `auc` is how often a position with a pause has
    the lower p_best (the LM), the higher odds (the head), or the lower p_best / odds (both: the greedy rule itself, so
    1 but for ties) than one with a word, ties half. Its 95 % interval `low` to `high` is `clustered_auc`'s, over `n`
    positions of which `pauses` are pauses.
    """
    scores = {LM: -table["p_best"], HEAD: table["odds"], BOTH: table["odds"] / table["p_best"]}
    rows = []
    for variant in (name for name in table["variant"].unique() if parse(name).pause_head):
        mine = table[table["variant"] == variant]
        for by, score in scores.items():
            auc = clustered_auc(score[mine.index], mine["pause"], mine["problem_id"])
            rows.append([variant, by, *auc, len(mine), int(mine["pause"].sum())])
    return pd.DataFrame(rows, columns=PREDICTION)


def clustered_auc(score, is_pause, clusters) -> tuple[float, float, float]:
    """How often a pause has a higher score than a word, ties half, with its 95 % interval: three numbers.

    The area is the U of Mann and Whitney as a share of all pairs. Its variance is that of the sums of its structural
    components by cluster (Obuchowski 1997, doi:10.2307/2533958), since positions of one problem are alike. The interval
    is the t interval of the area's log odds, so that it stays within 0 and 1. All are nan where there are only pauses
    or none, and the interval where there is one cluster or the area is 0 or 1.
    """
    from scipy.special import expit, logit
    from scipy.stats import rankdata, t

    score, is_pause = np.asarray(score, float), np.asarray(is_pause, bool)
    n_pauses, n_words = int(is_pause.sum()), int((~is_pause).sum())
    if not n_pauses or not n_words:
        return np.nan, np.nan, np.nan
    # how many of the other kind are below each position: its rank among all, less that among its own kind
    below = rankdata(score)
    for kind in (is_pause, ~is_pause):
        below[kind] -= rankdata(score[kind])
    # the share of the other kind that each position is on the right side of
    share = np.where(is_pause, below / n_words, 1 - below / n_pauses)
    auc = float(share[is_pause].mean())
    parts = (share - auc) / np.where(is_pause, n_pauses, n_words)
    sums = np.bincount(pd.factorize(np.asarray(clusters), sort=True)[0], parts)
    if len(sums) < 2 or not 0 < auc < 1:
        return auc, np.nan, np.nan
    se = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())
    half = t.ppf(0.975, len(sums) - 1) * se / (auc * (1 - auc))  # the derivative of the log odds
    return auc, float(expit(logit(auc) - half)), float(expit(logit(auc) + half))


def calibration(rows: Iterable[Asked]) -> pd.DataFrame:
    """How well the pause heads of finished rows know their validation answers, by bins of their probability.

    A line has the `variant`, the `seed`, and what `training.calibration` gives: the `low` edge of the bin, the number
    `n` of tokens in it, the mean probability `predicted` and the share `observed`. Beside these stand the head's mean
    cross-entropy there, `head_loss` in nats a token, and the one of the best `constant` rate. Models that were trained
    before this was noted have no line.
    """
    from scipy.stats import entropy

    frames = []
    for one in rows:
        record = training_record(one.row.variant_folder())
        bins = pd.DataFrame(record.get("calibration") or [])
        if len(bins):
            rate = np.average(bins["observed"], weights=bins["n"])
            losses = {"head_loss": record.get("pause_loss"), "constant": entropy([rate, 1 - rate])}
            frames.append(bins.assign(variant=one.variant, seed=one.seed, **losses))
    return joined(frames, ["variant", "seed", "low", "n", "predicted", "observed", "head_loss", "constant"])
