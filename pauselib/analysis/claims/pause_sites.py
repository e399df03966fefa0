"""Do incorrect replies pause more than correct ones? By version 1 of the plan in more places, where a run of pauses is
one place; by version 2 by the expected number of pauses.

Greedy decoding shows a pause only where the pause head's probability exceeds that of the LM's best word, so it hides
most of what the head expects. The sum of the head's probabilities over a reply has all of it.
"""

import math

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED, SAME_COUNTS, Estimate
from pauselib.analysis.statistics.intervals import POWER
from pauselib.analysis.tables.comparisons import published_heads

MODEL = ["variant", "seed"]


def incorrect_pause_more(replies: pd.DataFrame, plan: Preregistration) -> Estimate:
    """In how many times as many places do incorrect replies pause, within the variants whose pause head was trained?

    A frozen pause head pauses up to the limit, so its counts would measure the limit, and so do those of replies that
    were cut, which are left out. Only the problems count as a sample: several seeds are no more than several models.
    """
    used = comparable(replies[~replies["truncated"].astype(bool)])
    if used.empty:
        return Estimate(doubt=NOT_FINISHED)
    ratio = incorrect_ratio(used, "n_sites", plan.level)
    usual = used.groupby(MODEL)["n_sites"].transform(lambda sites: sites.mode().iloc[0])
    alike = (used["n_sites"] != usual).sum() < plan.guard("least_discordant")
    few = used["problem_id"].nunique() < plan.guard("least_problems")
    doubt = FEW_PROBLEMS if few else SAME_COUNTS if alike else ""
    return Estimate(*ratio, detectable_ratio(ratio, plan), null=1.0, doubt=doubt)


def incorrect_expect_more(replies: pd.DataFrame, plan: Preregistration, per_word: bool = False) -> Estimate:
    """How many times as many pauses are expected in an incorrect reply as in a correct one, within a model whose pause
    head was trained; with `per_word` for each spoken token.

    Replies that were cut are left out, since the limit caps what they pause. This is a quasi-Poisson regression with a
    constant for every variant and seed, clustered by problem. It is undecided where too few problems have a correct
    reply that pauses, or an incorrect one: then the few that do decide, and their interval is too narrow.
    """
    whole = replies[replies["variant"].isin(published_heads(replies)) & ~replies["truncated"].astype(bool)]
    whole = whole[whole["expected_pauses"].notna()].assign(correct=whole["correct"].astype(bool))
    used = whole[whole.groupby(MODEL)["correct"].transform("nunique") == 2]
    if used.empty or not used["expected_pauses"].sum():
        return Estimate(doubt=NOT_FINISHED)
    pausing = used[used["n_pauses"] > 0].groupby("correct")["problem_id"].nunique().reindex([True, False], fill_value=0)
    if pausing.min() < plan.guard("least_pausing"):
        return Estimate(doubt=FEW_PROBLEMS)
    words = (used["n_tokens"] - used["n_pauses"] + 1).astype(float) if per_word else None  # its end token is one too
    ratio = incorrect_ratio(used, "expected_pauses", plan.level, words)
    return Estimate(*ratio, detectable_ratio(ratio, plan), null=1.0)


def comparable(replies: pd.DataFrame) -> pd.DataFrame:
    """The replies of those published models (variant and seed) with a trained head that pause and have both kinds.

    None where just correct or just incorrect replies pause, where all of a model pause in as many places, or where
    there is one problem: these have no ratio, or no interval of one.
    """
    mine = replies[replies["variant"].isin(published_heads(replies))].astype({"correct": bool})
    by_model = mine.groupby(MODEL)
    used = mine[(by_model["correct"].transform("nunique") == 2) & (by_model["n_sites"].transform("sum") > 0)]
    kinds_that_pause = int((used.groupby("correct")["n_sites"].sum() > 0).sum())
    varies = (used.groupby(MODEL)["n_sites"].nunique() > 1).any()
    return used if kinds_that_pause == 2 and varies and used["problem_id"].nunique() > 1 else used[:0]


def incorrect_ratio(used: pd.DataFrame, counts: str, level: float, exposure=None) -> tuple[float, float, float]:
    """How many times as large a column of counts is in an incorrect reply as in a correct one within a model, and the
    ends of its interval.

    This is a Poisson regression with a constant for each model. The covariance is clustered by problem, so the counts
    need not vary as a Poisson's; the interval is of t with problems − 1. With an `exposure` (n) the ratio is of counts
    for each unit of it.
    """
    import statsmodels.api as sm

    design = pd.get_dummies(used.groupby(MODEL).ngroup(), dtype=float)
    design.insert(0, "incorrect", 1.0 - used["correct"].astype(float))
    model = sm.GLM(used[counts].to_numpy(float), design, family=sm.families.Poisson(), exposure=exposure)
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(used["problem_id"])[0]}, use_t=True)
    low, high = fit.conf_int(1 - level).loc["incorrect"]
    return tuple(map(float, np.exp([fit.params["incorrect"], low, high])))


def detectable_ratio(ratio: tuple[float, float, float], plan: Preregistration) -> float:
    """How far above 1 a ratio has to be to be found with probability 80 %, given an interval of the plan's level."""
    from scipy.stats import norm

    _, low, high = ratio
    z = norm.ppf((1 + plan.level) / 2)
    return math.exp((1 + norm.ppf(POWER) / z) * math.log(high / low) / 2) - 1
