"""Two models that answered the same problems, right or wrong: how much more often one of them is right.

Every array of answers is (seeds, problems), 1 where a reply is correct.

>>> compare([[1, 1, 1, 1, 0, 0]], [[0, 0, 0, 1, 0, 0]]).difference
0.5
"""

import math
from dataclasses import dataclass

import numpy as np

from pauselib.analysis.statistics.intervals import NAN, POWER, crossed, smallest_difference


@dataclass(frozen=True)
class Comparison:
    """The share correct of one variant minus that of another, its interval, and the `p` of no difference."""

    difference: float
    low: float
    high: float
    p: float
    test: str


NO_COMPARISON = Comparison(NAN, NAN, NAN, NAN, "")
"""The comparison of two variants that have nothing in common."""


def score_interval(only_first: float, only_second: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a difference of two shares of the same `n` problems: its low and its high end.

    `only_first` problems are right in the first alone, `only_second` in the second alone; the difference is that of
    these, divided by `n`. The interval is that of Tango (1998, Statistics in Medicine 17, 891–908): all differences
    that his score test does not refuse. It keeps its level where hardly any problem or none tells the two apart, and
    never has a width of 0: with none it is ± z² / (n + z²). Nan where n is 0.
    """
    from scipy.stats import norm

    if not n:
        return NAN, NAN
    z = float(norm.ppf((1 + level) / 2))
    return _low_end(only_first, only_second, n, z), -_low_end(only_second, only_first, n, z)


def _low_end(only_first: float, only_second: float, n: float, z: float) -> float:
    """The difference below the estimated one at which Tango's score is `z`."""
    from scipy.optimize import brentq

    estimate = (only_first - only_second) / n
    if estimate <= -1:
        return -1.0
    # just below the estimate the score is near 0, near −1 it is far above z
    return float(brentq(lambda difference: _score(difference, only_first, only_second, n) - z, -1 + 1e-12, estimate))


def _score(difference: float, only_first: float, only_second: float, n: float) -> float:
    """Tango's score: the estimated difference less a given one, in standard errors by the likeliest shares for it."""
    a, b = 2 * n, -only_first - only_second + (2 * n - only_first + only_second) * difference
    c = -only_second * difference * (1 - difference)
    share = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)  # of the problems right in the second alone
    variance = n * (2 * share + difference * (1 - difference))
    return (only_first - only_second - n * difference) / math.sqrt(variance) if variance > 0 else 0.0


def compare(a, b, level: float = 0.95) -> Comparison:
    """How much more often `a` is correct than `b`, with an interval of a level.

    Both are (seeds, problems) arrays of 0 and 1 for the same seeds and problems. With one seed, `p` is that of the
    exact test of McNemar (1947, doi:10.1007/BF02295996) and the interval is the score interval of Tango. With several
    seeds, both are those of `crossed`. All is nan where there is nothing to compare. Raises ValueError for arrays of
    different shapes.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        raise ValueError(f"Two models are compared on the same seeds and problems, not {a.shape} and {b.shape}.")
    if a.size == 0:
        return NO_COMPARISON
    if len(a) > 1:
        return compare_means(a - b, level)
    from statsmodels.stats.contingency_tables import mcnemar

    n, only_a, only_b = a.size, float(np.sum(a > b)), float(np.sum(a < b))
    low, high = score_interval(only_a, only_b, n, level)
    p = min(float(mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue), 1.0)
    return Comparison((only_a - only_b) / n, low, high, p, "exact McNemar")


def compare_means(differences: np.ndarray, level: float = 0.95) -> Comparison:
    """The mean of a (seeds, problems) array of differences in correctness, with the interval and p of `crossed`.

    Where all differences are alike the score interval of as many problems stands in: more seeds are no more problems.
    """
    found = crossed(differences, level)
    if not found.se <= 1e-12:  # 0 but for rounding
        return Comparison(found.mean, found.low, found.high, found.p, "crossed t")
    n = differences.shape[1]
    low, high = score_interval(n * max(found.mean, 0.0), n * max(-found.mean, 0.0), n, level)
    return Comparison(found.mean, low, high, found.p, "score")


def detectable(differences: np.ndarray, level: float = 0.95) -> float:
    """The smallest true mean of a (seeds, problems) array of differences that would be found with probability 80 %.

    With one seed and one pair it is `smallest_difference`, with more that of `crossed`. Nan where nothing varies.
    """
    if len(differences) == 1 and np.isin(differences, (-1, 0, 1)).all():
        return smallest_difference(differences.size, float(np.abs(differences).mean()), 1 - level, POWER)
    return crossed(differences, level).detectable(level)
