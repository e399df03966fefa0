"""The statistics: by hand, and the same numbers from scipy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pauselib.analysis.statistics.intervals import chance_level, crossed, holm, smallest_difference, wilson


def test_the_chance_level_is_how_often_the_answer_to_one_problem_fits_another():
    assert chance_level(pd.Series(["1", "2", "1", "3"]), pd.Series(["1", None, "2", "1"])) == (2 * 2 + 1 * 1) / 16
    assert chance_level(pd.Series([], dtype=str), pd.Series([], dtype=str)) == 0


def test_differences_that_are_alike_but_for_rounding_are_nothing_to_go_by():
    found = crossed(0.1 + np.random.default_rng(0).normal(0, 3e-17, (3, 50)))
    assert math.isnan(found.low)
    assert math.isnan(found.p)


def test_the_wilson_interval_is_that_of_the_formula():
    assert wilson(0, 10) == pytest.approx((0, 3.8415 / 13.8415), abs=1e-4)  # z² / (n + z²)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert np.isnan(wilson(0, 0)).all()


def test_two_seeds_and_three_problems_by_hand():
    """The mean is 2.5, the means of the seeds are 1 and 4, those of the problems 1, 2 and 4.5.

    The mean squares are 13.5, 6.5 and, of the rest (±½ four times, ±1 twice), 3 / 2.
    """
    found = crossed([[0.0, 1.0, 2.0], [2.0, 3.0, 7.0]])
    assert (found.mean, found.se**2) == pytest.approx((2.5, (13.5 + 6.5 - 1.5) / 6))
    assert (found.se_seeds**2, found.se_problems**2) == pytest.approx((12 / 6, 6.5 / 6))
    assert found.df == pytest.approx(18.5**2 / (13.5**2 / 1 + 5**2 / 2))
    half = stats.t.ppf(0.975, found.df) * found.se
    assert (found.low, found.high) == pytest.approx((2.5 - half, 2.5 + half))
    assert found.p == pytest.approx(2 * stats.t.sf(2.5 / found.se, found.df))
    alike = crossed([[1, 0, 1, 0, 1], [1, 0, 1, 1, 0], [0, 1, 1, 0, 1]])  # all seeds have 3 of 5
    assert (alike.se_seeds, alike.se == alike.se_problems > 0) == (0, True)


def test_one_seed_is_the_t_test_and_says_nothing_about_seeds():
    values = np.random.default_rng(0).integers(-1, 2, (1, 50))
    found, known = crossed(values), stats.ttest_1samp(values[0], 0)
    assert (found.p, found.df) == pytest.approx((known.pvalue, 49))
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()))
    assert np.isnan([found.se_seeds, crossed([[1]]).se]).all()
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        crossed([0, 1, 0])


@pytest.mark.parametrize("seeds", [1, 3])
def test_values_that_are_all_alike_are_no_certainty(seeds):
    """Two problems answered alike, or 1,319 all wrong: there is no error to go by, so neither an interval nor a p."""
    nothing, everything = crossed(np.zeros((seeds, 1319))), crossed(np.ones((seeds, 2)))
    assert (nothing.mean, nothing.se, nothing.p) == (0, 0, 1)
    assert (everything.mean, everything.se) == (1, 0)
    assert np.isnan([nothing.low, nothing.high, everything.low, everything.high, everything.p]).all()


def test_holm_multiplies_by_what_is_left_and_leaves_nan():
    corrected = [0.03, 0.06, np.nan, 0.06]  # 3 · .01, 2 · .03, and no less for .04
    assert holm([0.01, 0.04, np.nan, 0.03]) == pytest.approx(corrected, nan_ok=True)
    assert holm([]).size == 0
    assert np.isnan(holm([np.nan])).all()


def test_the_smallest_difference_is_connors():
    """Connor's n = ((z₀.₉₇₅ √ψ + z₀.₈ √(ψ − δ²)) / δ)², here with ψ = 0.2 discordant of 1,319."""
    smallest = smallest_difference(1319, 0.2)
    n = ((1.95996 * 0.2**0.5 + 0.84162 * (0.2 - smallest**2) ** 0.5) / smallest) ** 2
    assert n == pytest.approx(1319, rel=1e-4)
    assert np.isnan([smallest_difference(100, 0.01), smallest_difference(100, 0)]).all()
    assert 0 < smallest_difference(100, 1) < 1
