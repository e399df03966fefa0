"""How pauses follow from the LM's certainty and from the pause head, position by position.

Greedy decoding pauses exactly where p_best < p(pause) / p(no pause), with p_best the probability of the LM's best word:
the odds of the pause head are a threshold for the LM's certainty. That pauses follow this rule is a check of the code
and no finding. What is one is how much of it is the LM's share and how much the head's: a head with constant odds would
mark the LM's uncertainty and nothing else, an LM that is always as sure would leave all to the head.

The functions take the table of `positions`, one line a token.
"""

import numpy as np
import pandas as pd

from pauselib.analysis.why.positions import Gaps, lower_edge, token_values, with_part
from pauselib.variants import parse

LM, HEAD, BOTH = "the LM", "the head", "both"
"""By what a pause is predicted: the LM's certainty alone, the head's odds alone, and the rule that has both."""

PREDICTION = ["variant", "by", "auc", "low", "high", "n", "pauses"]
PREDICTION += ["opening_auc", "opening_low", "opening_high", "openings", "sites"]


def positions(replies: pd.DataFrame) -> pd.DataFrame:
    """The tokens of the variants with a pause token, one line each.

    `variant`, `problem_id`, `p_best`, `p_pause`, the `odds` of a pause (p_pause / (1 − p_pause)), whether it is a
    `pause`, and whether it is the first of its gap (`opens`): there the model chose between a pause and a word with no
    pause just before. `replies` is a table as `loading.with_tokens` gives it, see the module `positions`.
    """
    chosen = with_part(replies, "pauses", ["tokens", "p_pause", "p_best"])
    gaps, p_pause = Gaps(chosen), token_values(chosen, "p_pause")
    with np.errstate(divide="ignore"):
        odds = p_pause / (1 - p_pause)
    columns = {name: pd.Categorical(chosen[name].to_numpy()[gaps.reply_of_token]) for name in ("variant", "problem_id")}
    columns |= {"p_best": token_values(chosen, "p_best"), "p_pause": p_pause, "odds": odds}
    return pd.DataFrame({**columns, "pause": gaps.is_pause, "opens": gaps.opens})


def greedy_agreement(table: pd.DataFrame, tie: float = 1e-3) -> pd.DataFrame:
    """A check of the code: are the pauses where the greedy rule puts them? One line a variant.

    There are `n` tokens, `pauses`, `ties`, and `agree`, the share of tokens, ties aside, where p_best < odds says
    whether it is a pause. A tie is a token where the two differ by the share `tie` at most: numbers that are rounded,
    or computed in another batch, can't decide it.
    """
    word, pause = table["p_best"] * (1 - table["p_pause"]), table["p_pause"]
    is_tie = (word - pause).abs() <= tie * pause
    agree = ((word < pause) == table["pause"]).where(~is_tie).astype(float)
    by_variant = table.assign(ties=is_tie, agree=agree).groupby("variant", observed=True, sort=False)
    found = by_variant.agg(n=("pause", "size"), pauses=("pause", "sum"), ties=("ties", "sum"), agree=("agree", "mean"))
    return found.reset_index().astype({"variant": "str"})


def code_check(agreement: pd.DataFrame) -> str:
    """The check of `greedy_agreement` in one line."""
    if agreement.empty:
        return "Code check: no replies of a variant that pauses are finished, so the greedy rule is not checked."
    n, ties = int(agreement["n"].sum()), int(agreement["ties"].sum())
    decided = agreement["n"] - agreement["ties"]
    broken = round(float(((1 - agreement["agree"]) * decided).sum()))
    verdict = "passed" if broken == 0 else f"FAILED at {broken:,} positions"
    return f"Code check: the greedy rule, at {n:,} positions ({ties:,} ties aside): {verdict}."


def pauses_by_certainty(table: pd.DataFrame, bins: int = 20) -> pd.DataFrame:
    """How often there is a pause by the probability of the LM's best word, one line a variant and bin of p_best.

    A bin is from `low` to `high` and has `n` tokens, the `share` of them that are pauses, and the median `odds` of a
    pause.
    """
    by_bin = table.assign(low=lower_edge(table["p_best"], bins)).groupby(["variant", "low"], observed=True)
    found = by_bin.agg(n=("pause", "size"), share=("pause", "mean"), odds=("odds", "median")).reset_index()
    found = found.assign(high=found["low"] + 1 / bins).astype({"variant": "str"})
    return found[["variant", "low", "high", "n", "share", "odds"]]


def pause_prediction(table: pd.DataFrame) -> pd.DataFrame:
    """How well a pause is told from a word by the LM's certainty, by the head's odds, and by both, as an AUC.

    One line a variant with a trained pause head, and predictor `by`: the `auc` is how often a position with a pause has
    the lower p_best (the LM), the higher odds (the head), or the lower p_best / odds (both: the greedy rule itself, so
    1 but for ties) than one with a word, ties half. Its 95 % interval `low` to `high` is `clustered_auc`'s, over `n`
    positions of which `pauses` are pauses. The same again as `opening_auc`, `opening_low` and `opening_high`, where the
    model chose with no pause just before: at `openings` positions, of which `sites` opened a run of pauses. What comes
    later in a run was chosen after the run had changed what the LM is sure of.
    """
    rows = []
    for variant, mine in table.groupby("variant", observed=True, sort=False):
        if not parse(variant).pause_head:
            continue
        scores = pd.DataFrame({LM: -mine["p_best"], HEAD: mine["odds"], BOTH: mine["odds"] / mine["p_best"]})
        for by in scores:
            row = [variant, by]
            for is_counted in (np.full(len(mine), True), mine["opens"].to_numpy()):
                counted, score = mine[is_counted], scores.loc[is_counted, by]
                row += clustered_auc(score, counted["pause"], counted["problem_id"].cat.codes)
                row += [len(counted), int(counted["pause"].sum())]
            rows.append(row)
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
    area = float(share[is_pause].mean())
    parts = (share - area) / np.where(is_pause, n_pauses, n_words)
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], parts)
    if len(sums) < 2 or not 0 < area < 1:
        return area, np.nan, np.nan
    se = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())
    half = t.ppf(0.975, len(sums) - 1) * se / (area * (1 - area))  # the derivative of the log odds
    return area, float(expit(logit(area) - half)), float(expit(logit(area) + half))


def prediction_reading(table: pd.DataFrame) -> str:
    """What `pause_prediction` says, in words: the shares of the LM and of the head, with the range of the variants."""
    known = table.dropna(subset=["auc", "opening_auc"])
    if known.empty:
        return "What a pause can be told by is not known: no trained pause head has both pauses and words."
    places = {"auc": "at all positions", "opening_auc": "where no pause stands just before"}
    parts = [f"{where} by {LM} {_range(known, LM, column)} and by {HEAD} {_range(known, HEAD, column)}"
             for column, where in places.items()]  # fmt: skip
    return (
        f"How well a pause is told from a word (AUC: 0.5 is chance, 1 is without error; median and range of "
        f"{known['variant'].nunique()} variants): {'; '.join(parts)}. Both together are the greedy rule."
    )


def _range(table: pd.DataFrame, by: str, column: str) -> str:
    """The median and the range of an AUC over the variants, in words."""
    areas = table.loc[table["by"] == by, column]
    return f"{areas.median():.2f} ({areas.min():.2f} to {areas.max():.2f})"
