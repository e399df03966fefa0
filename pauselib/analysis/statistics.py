"""Intervals and tests for right-or-wrong answers of models that all answered the same problems: arrays in, numbers out.

Every array of answers is (seeds, problems), 1 where a reply is correct. One seed says something about one trained model; only
several say something about training, so with several the seeds and the problems are two crossed sources of variation.

>>> compare([[1, 1, 1, 1, 0, 0]], [[0, 0, 0, 1, 0, 0]]).difference
0.5
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np

RESAMPLES = 9_999  # of every bootstrap; always drawn from the same random seed, so that a report can be made again
RANDOM_SEED = 42
NAN = float("nan")


@dataclass(frozen=True)
class Comparison:
    """Share correct of one variant minus that of another: `difference`, its 95 % interval, the two-sided `p` of no difference."""

    difference: float
    low: float
    high: float
    p: float
    test: str


@dataclass(frozen=True)
class Crossed:
    """A mean over seeds and problems with `se`² = `se_seeds`² + `se_problems`² (nan where unknown), and the two-sided `p` of mean 0."""

    mean: float
    se: float
    se_seeds: float
    se_problems: float
    df: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Groups:
    """Mean of x minus mean of y, its 95 % interval, the two-sided `p` of a rank test, and `superiority` = P(x > y) + ½ P(x = y)."""

    difference: float
    low: float
    high: float
    p: float
    superiority: float


@dataclass(frozen=True)
class Equivalence:
    """A mean, its interval, and the `p` of the hypothesis that it is as far from 0 as the margin, or farther."""

    mean: float
    low: float
    high: float
    p: float


def wilson(correct: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a share of `correct` among `n` (Wilson 1927, doi:10.1080/01621459.1927.10502953); nan where n is 0."""
    from statsmodels.stats.proportion import proportion_confint

    if n == 0:
        return NAN, NAN
    low, high = proportion_confint(correct, n, alpha=1 - level, method="wilson")
    return float(low), float(high)


def pairs(a, b) -> tuple[np.ndarray, np.ndarray]:
    """Both as (seeds, problems) arrays of numbers. Raises ValueError where they differ in shape or are not two-dimensional."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(
            f"Two variants are compared as (seeds, problems) arrays of one shape, not {a.shape} and {b.shape}."
        )
    return a, b


def compare(a, b) -> Comparison:
    """How much more often `a` is correct than `b`; both (seeds, problems) arrays of 0 and 1 for the same seeds and problems.

    One seed: the exact test of McNemar (1947, doi:10.1007/BF02295996) and the percentile interval of a bootstrap over the problems.
    Several: `crossed`. All nan where there is nothing to compare. Raises ValueError for arrays of different shapes.
    """
    a, b = pairs(a, b)
    if a.size == 0:
        return Comparison(NAN, NAN, NAN, NAN, "")
    if len(a) > 1:
        found = crossed(a - b)
        return Comparison(found.mean, found.low, found.high, found.p, "crossed t")
    from scipy.stats import bootstrap
    from statsmodels.stats.contingency_tables import mcnemar

    p = mcnemar([[0, np.sum(a > b)], [np.sum(a < b), 0]], exact=True).pvalue
    values, low, high = (a - b)[0], NAN, NAN
    if len(values) > 1:
        low, high = bootstrap(
            (values,), np.mean, n_resamples=RESAMPLES, batch=100, method="percentile", rng=RANDOM_SEED
        ).confidence_interval
    return Comparison(float(values.mean()), float(low), float(high), float(min(p, 1)), "exact McNemar")


def mean_squares(values: np.ndarray) -> tuple[float, float, float]:
    """The mean squares of seeds, problems and rest in a (seeds, problems) array: two-way analysis of variance, one value a cell."""
    seeds, problems = values.shape
    by_seed, by_problem, mean = values.mean(axis=1, keepdims=True), values.mean(axis=0, keepdims=True), values.mean()
    rest = ((values - by_seed - by_problem + mean) ** 2).sum() / ((seeds - 1) * (problems - 1))
    return float(problems * by_seed.var(ddof=1)), float(seeds * by_problem.var(ddof=1)), float(rest)


def crossed(values, level: float = 0.95) -> Crossed:
    """The mean of a (seeds, problems) array of S × P numbers, where both the seeds and the problems are samples of more.

    The moment estimator of two crossed random effects: S·P·Var(mean) = R + (MS_seeds − R)₊ + (MS_problems − R)₊, R the mean square of
    the rest. `se_problems` is what is left with these very seeds, `se_seeds` what other seeds add. The t interval has the degrees
    of freedom of Satterthwaite (1946, doi:10.2307/3002019) as Hillis (2007, doi:10.1002/sim.2532) uses them for readers × cases,
    with his S − 1 for the seeds, and P − 1 for the problems: (S·P·Var)² / (MS_seeds²/(S − 1) + (MS_problems − R)₊²/(P − 1)), at most P − 1.

    It is the two-way clustered variance of Cameron, Gelbach & Miller (2011, doi:10.1198/jbes.2010.07136) without its bias for few
    clusters. In simulations of 3 seeds it finds a difference where there is none in 2 to 7 % of the cases, a bootstrap of
    both levels (Owen 2007, doi:10.1214/07-AOAS122) in up to 20 %, so that is not used. Two seeds that differ much: in up to 10 %.
    One seed: that of the problems, `se_seeds` nan. One problem or none: all but the mean nan. Values all alike: se 0.
    Raises ValueError for an array that is not two-dimensional.
    """
    from scipy.stats import t

    values = pairs(values, values)[0]
    seeds, problems = values.shape
    if seeds < 1 or problems < 2:
        return Crossed(float(values.mean()) if values.size else NAN, *[NAN] * 7)
    if seeds == 1:
        of_seeds, of_problems, df = NAN, float(values.var(ddof=1)), problems - 1.0
        total = of_problems
    else:
        square_seeds, square_problems, rest = mean_squares(values)
        of_seeds, of_problems = max(square_seeds - rest, 0), max(square_problems, rest)
        total = of_seeds + of_problems
        spread = square_seeds**2 / (seeds - 1) + (of_problems - rest) ** 2 / (problems - 1)
        df = min(total**2 / spread, problems - 1.0) if spread else problems - 1.0
    mean, se = float(values.mean()), math.sqrt(total / values.size)
    half = float(t.ppf((1 + level) / 2, df)) * se
    p = 2 * float(t.sf(abs(mean) / se, df)) if se else float(mean == 0)
    return Crossed(
        mean,
        se,
        math.sqrt(of_seeds / values.size),
        math.sqrt(of_problems / values.size),
        float(df),
        mean - half,
        mean + half,
        p,
    )


def equivalence(values, margin: float, level: float = 0.95) -> Equivalence:
    """Whether the mean of a (seeds, problems) array is nearer to 0 than `margin`, by two one-sided t tests (Schuirmann 1987, doi:10.1007/BF01068419).

    `p` is the larger of the two, `low` to `high` the interval of level 1 − 2·(1 − `level`), 90 % by default: it lies within
    ±`margin` exactly where p < 1 − `level`. Nan for fewer than two problems. Raises ValueError for a margin that is not above 0.
    """
    from scipy.stats import t

    if margin <= 0:
        raise ValueError(f"The margin of an equivalence test is above 0, not {margin}.")
    found = crossed(values, level=2 * level - 1)
    nearer = margin - abs(found.mean)  # the margin on the mean's own side has the larger p
    p = float(t.sf(nearer / found.se, found.df)) if found.se else float(nearer <= 0)
    return Equivalence(found.mean, found.low, found.high, p)


def holm(p_values) -> np.ndarray:
    """The p values corrected for how many they are (Holm 1979, Scandinavian Journal of Statistics 6, 65–70); nan stays and is not counted."""
    from statsmodels.stats.multitest import multipletests

    corrected = np.array(p_values, float)
    known = ~np.isnan(corrected)
    if known.any():
        corrected[known] = multipletests(corrected[known], method="holm")[1]
    return corrected


def compare_groups(x, y, clusters=None) -> Groups:
    """How much larger the numbers `x` are than the numbers `y`, two unpaired groups; all nan where one has fewer than two.

    The interval is the percentile interval of a bootstrap over both groups together, `p` that of the test of Mann and Whitney.
    `clusters`, the labels of x and those of y, says which numbers belong together: then the bootstrap draws clusters, and `p` is of
    the difference in mean rank, its variance clustered (a t test on ranks: Conover & Iman 1981, doi:10.1080/00031305.1981.10479327).
    """
    from scipy.stats import DegenerateDataWarning, bootstrap, mannwhitneyu, rankdata

    x, y = np.asarray(x, float), np.asarray(y, float)
    if min(len(x), len(y)) < 2:
        return Groups(NAN, NAN, NAN, NAN, NAN)
    both, is_x = np.concatenate([x, y]), np.repeat([1.0, 0.0], [len(x), len(y)])
    labels = (
        np.arange(len(both))
        if clusters is None
        else np.unique(np.concatenate([np.asarray(part) for part in clusters]), return_inverse=True)[1]
    )
    sums = [
        np.bincount(labels, weights) for weights in (both * is_x, is_x, both * (1 - is_x), 1 - is_x)
    ]  # one number a cluster

    def difference(sum_x, n_x, sum_y, n_y, axis=-1):
        with np.errstate(invalid="ignore"):  # a draw that leaves a group empty has no difference, and is left out below
            return sum_x.sum(axis) / n_x.sum(axis) - sum_y.sum(axis) / n_y.sum(axis)

    low = high = NAN
    if len(sums[0]) > 1:
        options = {
            "n_resamples": RESAMPLES,
            "batch": 100,
            "method": "percentile",
            "paired": True,
            "vectorized": True,
            "rng": RANDOM_SEED,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DegenerateDataWarning)
            low, high = np.nanquantile(bootstrap(sums, difference, **options).bootstrap_distribution, [0.025, 0.975])
    superiority = (rankdata(both)[: len(x)].mean() - (len(x) + 1) / 2) / len(
        y
    )  # the U of Mann and Whitney as a share of all pairs
    if np.ptp(both) == 0:
        p = 1.0
    elif clusters is None:
        p = mannwhitneyu(x, y).pvalue
    else:
        p = clustered_slope(rankdata(both), is_x[:, None], labels)[3]
    return Groups(float(x.mean() - y.mean()), float(low), float(high), float(p), float(superiority))


def clustered_slope(y, columns, clusters) -> tuple[float, float, float, float]:
    """The least-squares coefficient of the first of the (n, k) `columns` beside a constant: it, its 95 % interval, its two-sided p.

    The variance is clustered by the labels `clusters`, with a t distribution of as many degrees of freedom as clusters less one.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools import add_constant

    groups = np.unique(clusters, return_inverse=True)[1]
    if groups.max() == 0:
        return NAN, NAN, NAN, NAN
    fit = OLS(np.asarray(y, float), add_constant(np.asarray(columns, float))).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    return float(fit.params[1]), *map(float, fit.conf_int()[1]), float(fit.pvalues[1])


def smallest_difference(n: int, discordant: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true difference in the share correct that a two-sided paired test on `n` problems finds with that `power`.

    `discordant` is the share of problems that just one of the two gets right (Connor 1987, doi:10.2307/2531961). An exact test
    needs a little more. Nan where even the largest possible difference, all discordant problems to one side, is found less often.
    """
    from scipy.optimize import brentq
    from statsmodels.stats.power import normal_power_het

    def excess(difference: float) -> float:
        spread = {"std_null": math.sqrt(discordant), "std_alternative": math.sqrt(discordant - difference**2)}
        return float(normal_power_het(difference, n, alpha, **spread)) - power

    largest = discordant * (1 - 1e-9)  # at a share of 1 the last bit would leave nothing to spread
    return float(brentq(excess, 0, largest)) if discordant > 0 and n > 0 and excess(largest) > 0 else NAN
