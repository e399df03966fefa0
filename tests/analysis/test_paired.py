"""Two models on the same problems: published examples, hand-made answers, and simulations whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from pauselib.analysis.statistics.intervals import crossed, smallest_difference
from pauselib.analysis.statistics.paired import NO_COMPARISON, compare, compare_means, detectable, score_interval


def answers(rng, seeds=3, problems=200, seed_effect=0.05):
    """Two variants' right and wrong answers; the first is right 5 points more often.

    Problems differ in difficulty, each variant in which of them it finds hard, and its seeds in skill.
    """
    difficulty = rng.uniform(0.25, 0.75, problems)
    spread = [rng.uniform(-0.1, 0.1, problems) + rng.uniform(-1, 1, (seeds, 1)) * seed_effect for _ in range(2)]
    chances = difficulty + np.array(spread) + np.array([0.05, 0])[:, None, None]
    return (rng.random(chances.shape) < chances).astype(float)


@pytest.mark.parametrize(
    ("only_first", "only_second", "n", "interval"),
    [
        (1, 7, 21, (-0.517, -0.026)),  # Fagerland, Lydersen & Laake, airway hyper-responsiveness
        (6, 16, 161, (-0.1240, -0.0054)),  # the same authors, complete response
        (12, 2, 50, (0.0611, 0.3447)),  # Newcombe's example, with the shares of 0.24 and 0.04
        (0, 0, 500, (-0.00762, 0.00762)),  # by hand: 3.8415 / (500 + 3.8415)
        (0, 2, 500, (-0.0145, 0.0037)),  # hardly anything differs, and the interval is not [-1, 0] points
    ],
)
def test_the_score_interval_is_the_published_one(only_first, only_second, n, interval):
    assert score_interval(only_first, only_second, n) == pytest.approx(interval, abs=5e-4 if n < 50 else 1e-4)
    low, high = score_interval(only_second, only_first, n)
    assert (-high, -low) == pytest.approx(score_interval(only_first, only_second, n))


def test_both_ends_of_the_score_interval_have_that_score_by_hand():
    """With 2 and 0 of 10 and a difference d the likeliest share of the others is 0, so the variance is d (1 − d)."""
    low, high = score_interval(2, 0, 10)
    assert (2 - 10 * high) / (10 * high * (1 - high)) ** 0.5 == pytest.approx(-1.95996, abs=1e-4)
    assert low < 0.2 < high < 1
    assert (score_interval(10, 0, 10)[1], score_interval(0, 10, 10)[0]) == (1, -1)
    assert np.isnan(score_interval(0, 0, 0)).all()
    assert score_interval(2, 0, 10, 0.99)[1] > high


def test_eight_against_one_discordant_answers_have_p_20_of_512():
    a = np.array([[1] * 8 + [0] + [1] * 51])
    b = np.array([[0] * 8 + [1] + [1] * 51])
    found = compare(a, b)
    assert (found.p, found.test) == (pytest.approx(20 / 512), "exact McNemar")  # 2 · P(0 or 1 of 9 heads)
    assert found.difference == pytest.approx(7 / 60)
    assert (found.low, found.high) == score_interval(8, 1, 60)
    assert detectable(a - b) == pytest.approx(smallest_difference(60, 9 / 60))


def test_equal_answers_do_not_differ_and_are_no_proof_of_it():
    for seeds in (1, 3):
        same = compare(np.ones((seeds, 20)), np.ones((seeds, 20)))
        assert (same.difference, same.p) == (0, 1)
        assert (same.low, same.high) == pytest.approx((-0.161, 0.161), abs=1e-3)  # 3.8415 / 23.8415
        opposite = compare(np.ones((seeds, 20)), np.zeros((seeds, 20)))
        assert opposite.low < 0.9 < opposite.high == 1
    assert compare(np.empty((0, 0)), np.empty((0, 0))) is NO_COMPARISON
    with pytest.raises(ValueError, match=r"\(1, 20\) and \(1, 19\)"):
        compare(np.ones((1, 20)), np.ones((1, 19)))


def test_several_seeds_are_crossed_with_the_problems():
    a, b = answers(np.random.default_rng(11))
    found, known = compare(a, b, 0.9), crossed(a - b, 0.9)
    assert (found.low, found.high, found.p, found.test) == (known.low, known.high, known.p, "crossed t")
    quantiles = stats.t.ppf(0.95, known.df) + stats.t.ppf(0.8, known.df)
    assert detectable(a - b, 0.9) == pytest.approx(quantiles * known.se)
    assert np.isnan(detectable(np.zeros((3, 9))))
    assert compare_means((a - b) / 2, 0.9).difference == pytest.approx(found.difference / 2)
    assert compare_means(np.full((3, 7), 1 / 3)).test == "score"


@pytest.mark.parametrize(
    ("seeds", "seed_effect", "at_least", "at_most"),
    [(1, 0.0, 0.93, 0.99), (3, 0.0, 0.93, 0.995), (3, 0.05, 0.92, 0.98)],
)
def test_the_interval_holds_the_truth_in_about_95_of_100_cases(seeds, seed_effect, at_least, at_most):
    rng = np.random.default_rng(0)
    drawn = [compare(*answers(rng, seeds, seed_effect=seed_effect)) for _ in range(500)]
    assert at_least <= np.mean([found.low <= 0.05 <= found.high for found in drawn]) <= at_most
