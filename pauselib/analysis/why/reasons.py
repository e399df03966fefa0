"""Why a model pauses: what correctness adds to the LM's own uncertainty, and to what the problem is about.

A model that is less sure when it is wrong pauses in more places when it is wrong, without the pause being about
wrongness. And a model may pause more at some scenes than at others. Both are held equal here. The uncertainty is
measured where the choice between a pause and a word was made: before the run of pauses. Pauses change what the LM is
sure of, so how sure it is behind them is an effect of the pauses and not a cause. Holding such a thing equal can make
an effect where there is none (Rosenbaum 1984, doi:10.2307/2981697).
"""

import warnings

import numpy as np
import pandas as pd

from pauselib.analysis.claims.pause_sites import comparable, poisson_ratios
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, Estimate, judge
from pauselib.analysis.why.places import gap_table
from pauselib.analysis.why.positions import token_table
from pauselib.variants import parse

COVARIATES = {"uncertainty": "log_expected", "length": "n_spoken", "difficulty": "difficulty"}
"""The covariates of the regression in the order they enter, and their columns."""

NO_RATIO = 1e6  # a ratio above this, or below its inverse, is none: it would grow without end if the fit went on

REGRESSION = ["model", "term", "rate_ratio", "low", "high", "p", "verdict", "n", "problems", "cut"]


def reply_features(replies: pd.DataFrame) -> pd.DataFrame:
    """`replies` with `n_spoken` (tokens that are no pause), `n_sites` (gaps with pauses), and their uncertainty.

    The uncertainty is `log_expected`, the logarithm of the number of sites that a reply would have by the LM's
    certainty alone: the sum, over its gaps before spoken tokens, of the probability of a pause at the gap's first
    position, which is before its pauses. That probability is a curve over −log2 p_best there (`site_probabilities`), of
    the replies of the same model and for the same kind of gap (`places.gap_table`): a model may be unsure of a number
    and never pause there. It is missing where a reply says nothing.
    """
    tokens, gaps = token_table(replies, "p_best"), gap_table(replies)
    opening = tokens[tokens["opens"] & (tokens["gap"] < tokens["length"])].assign(probability=0.0)
    opening = opening.merge(gaps[["reply", "gap", "kind"]], on=["reply", "gap"])
    models = replies.groupby(["variant", "seed"]).ngroup().to_numpy()
    for _, alike in opening.groupby([models[opening["reply"]], "kind"]):
        bits, is_site = -np.log2(alike["p_best"].to_numpy()), alike["pause"].to_numpy()
        opening.loc[alike.index, "probability"] = site_probabilities(bits, is_site)
    expected = np.bincount(opening["reply"], opening["probability"], minlength=len(replies))  # (replies)
    least = expected[expected > 0].min(initial=1.0)  # stands for 0, which has no logarithm: such a reply has no sites
    n_spoken = gaps.groupby("reply")["gap"].max().to_numpy()
    n_sites = (gaps["pauses"] > 0).groupby(gaps["reply"]).sum().to_numpy()
    log_expected = np.where(n_spoken > 0, np.log(np.maximum(expected, least)), np.nan)
    return replies.assign(n_spoken=n_spoken, n_sites=n_sites, log_expected=log_expected)


def site_probabilities(bits: np.ndarray, is_site: np.ndarray) -> np.ndarray:
    """The probability of a pause at each of some positions (n) by the LM's uncertainty there, in bits (n).

    It is fitted to whether each `is_site` by a logistic regression: the curve that follows from the greedy rule if the
    head's log odds vary by a logistic distribution that does not depend on the LM. Where all are alike it is a share.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    share = is_site.mean()
    if share in (0, 1) or np.ptp(bits) <= 1e-9 * bits.max():
        return np.full(len(bits), share)
    design = np.column_stack([np.ones(len(bits)), bits])
    with warnings.catch_warnings(action="ignore", category=PerfectSeparationWarning):  # the curve is a step then
        return sm.GLM(is_site.astype(float), design, family=sm.families.Binomial()).fit().fittedvalues


def pause_regression(replies: pd.DataFrame) -> pd.DataFrame:
    """In how many times as many places incorrect replies pause as correct ones, alone and with covariates held equal.

    The covariates enter one after the other, so there is one line a `model` and `term`: the `rate_ratio`, its 95 %
    interval `low` to `high`, and `p`. The ratio of `incorrect` is incorrect : correct, with its `verdict` by the plan's
    margin; that of a covariate is per standard deviation over all replies used. These are `n` replies to `problems`
    problems; `cut` others were left out since they were cut off, which caps pauses and length alike.

    This is a Poisson regression of the number of sites with a constant for each variant and seed, over the trained
    pause heads that have pauses and both kinds of replies. The covariance is clustered by problem (t with problems −
    1), so the counts need not vary as a Poisson's. Rate ratios, unlike odds ratios, do not move when a covariate is
    added that is unrelated to correctness (collapsibility: Greenland, Robins & Pearl 1999, doi:10.1214/ss/1009211805).
    A term that is constant, follows from the terms before it or has no finite ratio is left out. The table is empty
    where nothing can be compared.
    """
    heads = replies[replies["variant"].map(lambda name: parse(name).pause_head).astype(bool)]
    is_cut = heads["truncated"].astype(bool)
    used = comparable(reply_features(heads[~is_cut]).dropna(subset="log_expected")).reset_index(drop=True)
    n, problems, rows = len(used), used["problem_id"].nunique(), []
    doubt = FEW_PROBLEMS if problems < plan().guard("least_problems") else ""
    for model, terms in nested_fits(used).items():
        for term, ratio in terms.iterrows():
            found = Estimate(low=ratio["low"], high=ratio["high"], null=1.0, doubt=doubt)
            verdict = judge(found, plan().margin("incorrect")).verdict if term == "incorrect" else ""
            rows.append([model, term, *ratio, verdict, n, problems, int(is_cut.sum())])
    return pd.DataFrame(rows, columns=REGRESSION)


def nested_fits(used: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The regressions of comparable replies with their features, by name: each has one addition more than the last.

    A regression has one line a term, as `poisson_fit` gives them. There is none of too few replies for all covariates.
    """
    if len(used) <= used.groupby(["variant", "seed"]).ngroups + 1 + len(COVARIATES):
        return {}
    terms = pd.DataFrame({"incorrect": 1.0 - used["correct"].astype(float)})
    beside = pd.get_dummies(used.groupby(["variant", "seed"]).ngroup(), prefix="model", dtype=float)
    found = {"incorrect alone": poisson_fit(used, terms, beside)}
    if found["incorrect alone"] is None:
        return {}
    for name in (*COVARIATES, "scene" if "scene" in used and used["scene"].notna().any() else "problem"):
        added = added_columns(name, used, terms)
        is_term = name in COVARIATES
        more = terms.join(added) if is_term else terms
        others = beside if is_term else beside.join(added)
        fit = None if added.empty or not is_full_rank(more.join(others)) else poisson_fit(used, more, others)
        if fit is not None:
            terms, beside = more, others
            found[f"+ {name}"] = fit
    return found


def added_columns(name: str, used: pd.DataFrame, terms: pd.DataFrame) -> pd.DataFrame:
    """The columns (replies, columns) that are added to a regression with `terms`; none where there is nothing to add.

    A covariate is one column, in standard deviations. After these comes a constant for every `scene`. Where the scenes
    are not known, there comes an effect of every `problem` instead: with the means of all terms over the replies to a
    problem beside them, the ratio of `incorrect` is that among replies to the same problem (Mundlak 1978,
    doi:10.2307/1913646). It takes as many problems with both kinds of replies as the plan asks for at the least.
    """
    if name in COVARIATES:
        values = used[COVARIATES[name]].astype(float)
        varies = values.notna().all() and values.std() > 1e-9 * values.abs().max()
        return ((values - values.mean()) / values.std()).to_frame(name) if varies else pd.DataFrame()
    if name == "scene":
        return pd.get_dummies(used["scene"], prefix=name, drop_first=True, dtype=float)
    of_both_kinds = used.groupby("problem_id")["correct"].nunique() == 2
    if of_both_kinds.sum() < plan().guard("least_problems"):
        return pd.DataFrame()
    means = terms.groupby(used["problem_id"]).transform("mean")
    varies = (terms - means).abs().max() > 1e-9  # what is the same in all replies to a problem is its own mean
    return means.loc[:, varies].add_prefix("mean ")


def is_full_rank(design: pd.DataFrame) -> bool:
    """Whether no column of a design (n, columns) follows from the others, and there are more lines than columns."""
    n, columns = design.shape
    scale = np.linalg.norm(design, axis=0)
    return n > columns and bool((scale > 0).all()) and np.linalg.matrix_rank(design / scale, rtol=1e-8) == columns


def poisson_fit(replies: pd.DataFrame, terms: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame | None:
    """The `poisson_ratios` of the sites by `terms` (replies, terms), with other columns `beside` them.

    None where a term has no finite ratio: then every pause is on one side of it, and its ratio grows without end.
    """
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings(action="ignore", category=PerfectSeparationWarning):  # that term has no finite ratio
        found = poisson_ratios(replies["n_sites"], terms, beside, replies["problem_id"])
    is_finite = np.isfinite(found).all(axis=None) and found["ratio"].between(1 / NO_RATIO, NO_RATIO).all()
    return found if is_finite else None
