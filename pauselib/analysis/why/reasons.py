"""Why a model pauses: what correctness adds to the LM's own uncertainty, and to what the problem is about.

A model that is less sure when it is wrong pauses in more places when it is wrong, without the pause being about
wrongness. And a model may pause more at some scenes than at others. Both are held equal here.

The uncertainty is measured where the choice between a pause and a word was made: before the run of pauses, not at the
word after it, and it counts by how much pauses depend on it there. Pauses change what the LM is sure of, so how sure it
is behind them is an effect of the pauses and not a cause. Holding such a thing equal can make an effect where there is
none (Rosenbaum 1984, doi:10.2307/2981697).

`replies` is here a table as `loading.with_tokens` gives it, see `positions`.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import judge
from pauselib.analysis.statistics.intervals import RANDOM_SEED, RESAMPLES
from pauselib.analysis.statistics.rates import clustered_poisson, term_ratios
from pauselib.analysis.why import places
from pauselib.analysis.why.positions import Gaps, token_values, with_part

COVARIATES = {"uncertainty": "log_expected", "length": "n_spoken", "difficulty": "difficulty"}
"""The covariates of the regression in the order they enter, and their columns."""

NO_RATIO = 1e6
"""A ratio above this, or below its inverse, is none: it would grow without end if the fit went on."""

SCENE, PROBLEM = "scene", "problem"
"""What has an effect of its own in the last model: each scene where the scenes are known, otherwise each problem."""

REGRESSION = ["model", "term", "rate_ratio", "low", "high", "p", "explained", "explained_low", "explained_high"]
REGRESSION += ["n", "problems", "cut"]


@dataclass(frozen=True)
class Fit:
    """A regression: the ratios of its terms, and what each problem contributes to the log ratio of `incorrect`.

    `ratios` has a line a term and the columns ratio, low, high, p. `influence` (problems) sums up to 0: a sample that
    has a problem twice has a log ratio that is larger by this problem's influence, but for terms of higher order.
    """

    ratios: pd.DataFrame
    influence: np.ndarray

    @property
    def log_ratio(self) -> float:
        """The logarithm of the ratio of `incorrect`."""
        return float(np.log(self.ratios.loc["incorrect"].iloc[0]))


def reply_features(replies: pd.DataFrame) -> pd.DataFrame:
    """`replies` with `n_spoken` (tokens that are no pause), `n_sites` (gaps with pauses), and their uncertainty.

    The uncertainty is `log_expected`, the logarithm of the number of sites that a reply would have by the LM's
    certainty alone: the sum, over its gaps before spoken tokens, of the probability of a pause at the gap's first
    position, which is before its pauses. That probability is a curve over −log2 p_best there (`site_probabilities`), of
    the replies of the same model and for the same kind of gap (`places.kinds`): a model may be unsure of a number and
    never pause there. It is missing where a reply says nothing.
    """
    gaps, n = Gaps(replies), len(replies)
    before_a_word = gaps.opens & (gaps.of_token != gaps.ends[gaps.reply_of_token])
    reply = gaps.reply_of_token[before_a_word]
    bits, is_site = -np.log2(token_values(replies, "p_best"))[before_a_word], gaps.is_pause[before_a_word]
    models, kinds = _model_numbers(replies).to_numpy()[reply], places.kinds(gaps)[gaps.of_token[before_a_word]]
    probabilities = np.zeros(len(reply))
    for model, kind in set(zip(models.tolist(), kinds.tolist())):
        mine = (models == model) & (kinds == kind)
        probabilities[mine] = site_probabilities(bits[mine], is_site[mine])
    expected = np.bincount(reply, probabilities, minlength=n)  # (replies)
    least = expected[expected > 0].min(initial=1.0)  # stands for 0, which has no logarithm: such a reply has no sites
    log_expected = np.where(gaps.n_spoken > 0, np.log(np.maximum(expected, least)), np.nan)
    n_sites = gaps.sum_over_replies(gaps.n_pauses > 0).astype(int)
    return replies.assign(n_spoken=gaps.n_spoken, n_sites=n_sites, log_expected=log_expected)


def site_probabilities(bits: np.ndarray, is_site: np.ndarray) -> np.ndarray:
    """The probability of a pause at each of some positions (n) by the LM's uncertainty there, in bits (n).

    It is fitted to whether each `is_site` by a logistic regression. This is the curve that follows from the greedy
    rule, a pause where the LM's best word is less likely than the odds of the head, if the head's log odds vary by a
    logistic distribution that does not depend on the LM. Where all are alike, or none, it is their share.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    share = is_site.mean()
    if share in (0, 1) or np.ptp(bits) <= 1e-9 * bits.max():
        return np.full(len(bits), share)
    design = np.column_stack([np.ones(len(bits)), bits])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # the curve is a step then, which is what it says
        return sm.GLM(is_site.astype(float), design, family=sm.families.Binomial()).fit().fittedvalues


def _model_numbers(replies: pd.DataFrame) -> pd.Series:
    """The number of the trained model (variant and seed) that gave each reply."""
    return replies.groupby(["variant", "seed"]).ngroup()


def pause_regression(replies: pd.DataFrame, outcome: str = "n_sites") -> pd.DataFrame:
    """In how many times as many places incorrect replies pause as correct ones, alone and with covariates held equal.

    The covariates enter one after the other, so there is one line a `model` and `term`: the `rate_ratio`, its 95 %
    interval `low` to `high`, and `p`. The ratio of `incorrect` is incorrect : correct, that of a covariate is per
    standard deviation over all replies used. `explained` is the share of the effect of being incorrect (of its
    logarithm) that the terms so far take away, with the 95 % percentile interval of a bootstrap over problems; it is
    missing where the effect alone is not clear of none, since there is nothing to explain then. These are `n` replies
    to `problems` problems; `cut` others were left out since they were cut off, which caps pauses and length alike.
    `outcome` is what is counted: `n_sites`, the runs of pauses, or `n_pauses`.

    This is a Poisson regression of the number of sites with a constant for each variant and seed, over the trained
    pause heads that have pauses and both kinds of replies. The covariance is clustered by problem (t with problems −
    1), so the counts need not vary as a Poisson's. Rate ratios, unlike odds ratios, do not move when a covariate is
    added that is unrelated to correctness (collapsibility: Greenland, Robins & Pearl 1999, doi:10.1214/ss/1009211805).
    After the covariates comes a constant for every scene. Where the scenes are not known, there comes an effect of
    every problem instead: with the means of all terms over the replies to a problem beside them, the ratio of
    `incorrect` is that among replies to the same problem (Mundlak 1978, doi:10.2307/1913646). It takes as many problems
    with both kinds of replies as the plan asks for at the least.

    The bootstrap draws problems and moves each estimate by their influence instead of fitting it again (Kline & Santos
    2012, doi:10.1515/2156-6674.1006). A term that is constant, follows from the terms before it or has no finite ratio
    is left out. The table is empty where nothing can be compared.
    """
    if "difficulty" in replies and replies["difficulty"].isna().all():
        replies = replies.assign(difficulty=0.0)  # the problems are gone: a constant, so it is left out
    heads = with_part(replies, "pause_head", ["problem_id", "tokens", "p_best", "difficulty"])
    is_cut = heads["truncated"].astype(bool)
    used = _comparable(heads[~is_cut], outcome)
    if used.empty:
        return pd.DataFrame(columns=REGRESSION)
    counts = [len(used), used["problem_id"].nunique(), int(is_cut.sum())]
    rows, first = [], None
    for model, fit in _fits(used, outcome):
        first = first or fit
        explained = explained_share(first, fit) if fit is not first else [np.nan] * 3
        for term, ratio in fit.ratios.iterrows():
            rows.append([model, term, *ratio, *(explained if term == "incorrect" else [np.nan] * 3), *counts])
    return pd.DataFrame(rows, columns=REGRESSION)


def _comparable(replies: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The replies, with `reply_features`, whose pauses can be compared by correctness; none where they are too few.

    They are those of the models (variant and seed) that have pauses and both correct and incorrect replies. They are
    too few where only one kind has pauses, where there is one problem, or where there are no more replies than numbers
    to estimate.
    """
    known = reply_features(replies).dropna(subset="log_expected")
    by_model = known.groupby(["variant", "seed"])
    has_both_kinds = by_model["correct"].transform("nunique") == 2
    has_pauses = by_model[outcome].transform("sum") > 0
    used = known[has_both_kinds & has_pauses].reset_index(drop=True)
    both_kinds_pause = (used.groupby("correct")[outcome].sum() > 0).sum() == 2
    n_constants = used.groupby(["variant", "seed"]).ngroups
    enough = used["problem_id"].nunique() > 1 and len(used) > n_constants + 1 + len(COVARIATES)
    return used if both_kinds_pause and enough else used[:0]


def _fits(used: pd.DataFrame, outcome: str) -> Iterator[tuple[str, Fit]]:
    """The regressions one after the other, each with its name and one term more than the last one."""
    terms = pd.DataFrame({"incorrect": 1.0 - used["correct"].astype(float)})
    beside = pd.get_dummies(_model_numbers(used), prefix="model", dtype=float)
    fit = _regress(used, outcome, terms, beside)
    if fit is None:
        return
    yield "incorrect alone", fit
    knows_scenes = "scene" in used and used["scene"].notna().any()
    for name in (*COVARIATES, SCENE if knows_scenes else PROBLEM):
        more, others = terms, beside
        if name in COVARIATES:
            values = used[COVARIATES[name]].astype(float)
            if values.std() <= 1e-9 * values.abs().max():
                continue
            more = terms.assign(**{name: (values - values.mean()) / values.std()})
        elif name == SCENE:
            others = beside.join(pd.get_dummies(used["scene"], prefix=name, drop_first=True, dtype=float))
        elif _problems_with_both_kinds(used) >= plan().guard("least_problems"):
            means = terms.groupby(used["problem_id"]).transform("mean")
            varies = (terms - means).abs().max() > 1e-9  # what is the same in all replies to a problem is its own mean
            others = beside.join(means.loc[:, varies].add_prefix("mean "))
        added = pd.concat([more, others], axis=1)
        is_new = added.shape[1] > terms.shape[1] + beside.shape[1]
        if not is_new or not _is_full_rank(added):
            continue
        fit = _regress(used, outcome, more, others)
        if fit is None:
            continue
        terms, beside = more, others
        yield f"+ {name}", fit


def _is_full_rank(design: pd.DataFrame) -> bool:
    """Whether no column of a design (n, columns) follows from the others, and there are more lines than columns."""
    n, columns = design.shape
    scale = np.linalg.norm(design, axis=0)
    return n > columns and bool((scale > 0).all()) and np.linalg.matrix_rank(design / scale, rtol=1e-8) == columns


def _problems_with_both_kinds(replies: pd.DataFrame) -> int:
    """How many problems have correct and incorrect replies."""
    return int((replies.groupby("problem_id")["correct"].nunique() == 2).sum())


def _regress(replies: pd.DataFrame, outcome: str, terms: pd.DataFrame, beside: pd.DataFrame) -> Fit | None:
    """The Poisson regression of the pauses on `terms` (replies, terms), with other columns `beside` them.

    None where a term has no finite ratio: then every pause is on one side of it, and its ratio grows without end.
    """
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # such a term has no finite ratio
        fit = clustered_poisson(replies[outcome], terms, beside, replies["problem_id"])
    found = term_ratios(fit, terms.columns)
    if not np.isfinite(found).all(axis=None) or (fit.params[terms.columns].abs() > np.log(NO_RATIO)).any():
        return None
    moves = fit.model.score_obs(fit.params) @ fit.normalized_cov_params.loc["incorrect"]  # (replies)
    return Fit(found, np.bincount(pd.factorize(replies["problem_id"])[0], moves))


def explained_share(first: Fit, last: Fit) -> list[float]:
    """The share of the log ratio of `incorrect` in `first` that is gone in `last`, with its 95 % interval.

    All three are nan where the interval of the ratio in `first` covers 1.
    """
    from scipy.stats import bootstrap

    _, low, high, _ = first.ratios.loc["incorrect"]
    if low <= 1 <= high:
        return [np.nan] * 3

    def share(of_first: np.ndarray, of_last: np.ndarray, axis: int = -1) -> np.ndarray:
        return 1 - (last.log_ratio + of_last.sum(axis)) / (first.log_ratio + of_first.sum(axis))

    options = {"n_resamples": RESAMPLES, "batch": 100, "method": "percentile", "rng": RANDOM_SEED}
    drawn = bootstrap((first.influence, last.influence), share, paired=True, vectorized=True, **options)
    return [1 - last.log_ratio / first.log_ratio, *drawn.confidence_interval]


def regression_reading(table: pd.DataFrame) -> str:
    """What a table of `pause_regression` says about the claim that incorrect replies pause in more places, in words."""
    if table.empty:
        needed = "a trained pause head whose replies, those cut off aside, are both correct and incorrect"
        return f"Nothing to compare: it takes {needed}, with pauses in both."
    incorrect = table[table["term"] == "incorrect"]
    first, last = incorrect.iloc[0], incorrect.iloc[-1]
    held = [model.removeprefix("+ ") for model in incorrect["model"].iloc[1:]]
    not_held = [name for name in COVARIATES if name not in held]
    not_held += [] if SCENE in held or PROBLEM in held else ["what the problem is about"]
    sentences = [
        f"In {first['n']} replies to {first['problems']} problems, incorrect ones pause in {_times(first)} as many "
        f"places as correct ones: {_verdict(first)}."
    ]
    if held:
        sentences.append(f"With {', '.join(held)} held equal it is {_times(last)}: {_verdict(last)}.")
        sentences.append(_explained(last))
    if not_held:
        sentences.append(f"Not held equal here: {', '.join(not_held)}.")
    if first["cut"]:
        sentences.append(f"{first['cut']} replies that were cut off are left out.")
    few = plan().guard("least_problems")
    if first["problems"] < few:
        sentences.append(f"With fewer than {few:.0f} problems the intervals are too narrow.")
    return " ".join(sentences)


def _times(row: pd.Series) -> str:
    """A rate ratio with its interval, in words."""
    return f"{row['rate_ratio']:.2f} times (95 % interval {row['low']:.2f} to {row['high']:.2f})"


def _verdict(row: pd.Series) -> str:
    """What the interval of a ratio says by the margin of the plan, in words."""
    margin = plan().margin("incorrect")
    return f"{judge(row['low'], row['high'], margin, null=1.0).verdict} ({1 - margin:g} to {1 + margin:g})"


def _explained(row: pd.Series) -> str:
    """The share of the effect that is explained, in words."""
    if np.isnan(row["explained"]):
        return "What they explain can't be said, since without them the interval covers 1."
    share, low, high = (f"{100 * row[name]:.0f}" for name in ("explained", "explained_low", "explained_high"))
    return f"They explain {share} % of the effect (of its logarithm; 95 % interval {low} to {high} %)."
