"""Why a model pauses: what correctness adds to the LM's own uncertainty, and to what the problem is about.

A model that is less sure when it is wrong pauses in more places when it is wrong, without the pause being about
wrongness. And a model may pause more at some scenes than at others. Both are held equal here. The uncertainty is
measured where the choice between a pause and a word was made: before the run of pauses. Pauses change what the LM is
sure of, so how sure it is behind them is an effect of the pauses and not a cause. Holding such a thing equal can make
an effect where there is none (Rosenbaum 1984, doi:10.2307/2981697).
"""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from pauselib.analysis.claims.pause_sites import clustered_poisson, comparable, term_ratios
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import judge
from pauselib.analysis.statistics.intervals import RANDOM_SEED, RESAMPLES
from pauselib.analysis.why.places import gap_table
from pauselib.analysis.why.positions import token_table
from pauselib.variants import parse

COVARIATES = {"uncertainty": "log_expected", "length": "n_spoken", "difficulty": "difficulty"}
"""The covariates of the regression in the order they enter, and their columns."""

NO_RATIO = 1e6  # a ratio above this, or below its inverse, is none: it would grow without end if the fit went on

REGRESSION = ["model", "term", "rate_ratio", "low", "high", "p", "explained", "explained_low", "explained_high"]
REGRESSION += ["verdict", "n", "problems", "cut"]


class Fit(NamedTuple):
    """A regression: its `terms` with the columns ratio, low, high and p; the `log_ratio` of `incorrect`; and what each
    problem contributes to it, the `influence` (problems), which sums up to 0: a sample that has a problem twice has a
    log ratio that is larger by this problem's influence, but for terms of higher order.
    """

    terms: pd.DataFrame
    log_ratio: float
    influence: np.ndarray


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
    margin; that of a covariate is per standard deviation over all replies used. `explained` is the share of the effect
    of being incorrect (of its logarithm) that the terms so far take away, see `explained_share`. These are `n` replies
    to `problems` problems; `cut` others were left out since they were cut off, which caps pauses and length alike.

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
    doubt = "few problems" if problems < plan().guard("least_problems") else ""
    fits = nested_fits(used) if n > used.groupby(["variant", "seed"]).ngroups + 1 + len(COVARIATES) else {}
    for model, fit in fits.items():
        first = fits["incorrect alone"]
        explained = explained_share(first, fit) if fit is not first else [np.nan] * 3
        for term, ratio in fit.terms.iterrows():
            verdict = judge(ratio["low"], ratio["high"], plan().margin("incorrect"), null=1.0, doubt=doubt).verdict
            of_incorrect = [*explained, verdict] if term == "incorrect" else [*[np.nan] * 3, ""]
            rows.append([model, term, *ratio, *of_incorrect, n, problems, int(is_cut.sum())])
    return pd.DataFrame(rows, columns=REGRESSION)


def nested_fits(used: pd.DataFrame) -> dict[str, Fit]:
    """The regressions of comparable replies with their features, by name: each has one addition more than the last."""
    terms = pd.DataFrame({"incorrect": 1.0 - used["correct"].astype(float)})
    beside = pd.get_dummies(used.groupby(["variant", "seed"]).ngroup(), prefix="model", dtype=float)
    first = poisson_fit(used, terms, beside)
    if first is None:
        return {}
    found = {"incorrect alone": first}
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


def poisson_fit(replies: pd.DataFrame, terms: pd.DataFrame, beside: pd.DataFrame) -> Fit | None:
    """The Poisson regression of the sites on `terms` (replies, terms), with other columns `beside` them.

    None where a term has no finite ratio: then every pause is on one side of it, and its ratio grows without end.
    """
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings(action="ignore", category=PerfectSeparationWarning):  # that term has no finite ratio
        fit = clustered_poisson(replies["n_sites"], terms, beside, replies["problem_id"])
    found = term_ratios(fit, terms.columns)
    if not np.isfinite(found).all(axis=None) or (fit.params[terms.columns].abs() > np.log(NO_RATIO)).any():
        return None
    moves = fit.model.score_obs(fit.params) @ fit.normalized_cov_params.loc["incorrect"]  # (replies)
    influence = np.bincount(pd.factorize(replies["problem_id"])[0], moves)  # (problems)
    return Fit(found, float(np.log(found.loc["incorrect", "ratio"])), influence)


def explained_share(first: Fit, last: Fit) -> list[float]:
    """The share of the log ratio of `incorrect` in `first` that is gone in `last`, with its 95 % interval.

    All three are nan where the interval of the ratio in `first` covers 1, since there is nothing to explain then. The
    percentile bootstrap draws problems and moves each estimate by their influence instead of fitting it again (Kline &
    Santos 2012, doi:10.1515/2156-6674.1006).
    """
    from scipy.stats import bootstrap

    if first.terms.loc["incorrect", "low"] <= 1 <= first.terms.loc["incorrect", "high"]:
        return [np.nan] * 3

    def share(of_first: np.ndarray, of_last: np.ndarray, axis: int = -1) -> np.ndarray:
        return 1 - (last.log_ratio + of_last.sum(axis)) / (first.log_ratio + of_first.sum(axis))

    options = {"n_resamples": RESAMPLES, "batch": 100, "method": "percentile", "rng": RANDOM_SEED}
    drawn = bootstrap((first.influence, last.influence), share, paired=True, vectorized=True, **options)
    return [1 - last.log_ratio / first.log_ratio, *drawn.confidence_interval]
