"""Whether pauses buy computation: the rule by hand, and how often it is wrong."""

import numpy as np
import pytest

from pauselib.analysis.benefit import BENEFIT, MARGIN, NO_BENEFIT, UNDECIDED, Benefit, Estimate, estimated


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.5, 0.1, 1, 100)


SHOWN = estimate(0.5, 0.7)


@pytest.mark.parametrize(
    ("computation", "above_nothing", "control", "verdict"),
    [
        ((0.01, 0.3), (0.02, 0.2), (0.5, 0.7), BENEFIT),
        ((0.01, 0.3), (0.02, 0.2), (-0.1, 0.7), UNDECIDED),  # the measure shows nothing
        ((0.01, 0.3), (-0.4, -0.2), (0.5, 0.7), NO_BENEFIT),  # more than masked pauses, less than nothing
        ((-0.3, 0.05), (0.1, 0.9), (0.5, 0.7), NO_BENEFIT),  # positions alone
        ((-0.3, 0.2), (-0.2, 0.3), (0.5, 0.7), UNDECIDED),
        ((0.01, 0.04), (-0.01, 0.2), (0.5, 0.7), NO_BENEFIT),  # too small to count, whatever the other is
    ],
)
def test_a_benefit_needs_both_contrasts_and_a_control_that_shows(computation, above_nothing, control, verdict):
    found = Benefit(estimate(*computation), estimate(*above_nothing), estimate(*control), 0.1)
    assert found.verdict == verdict


def test_the_benefit_is_the_smaller_of_the_two():
    found = Benefit(estimate(0.0, 0.4), estimate(0.1, 0.2), SHOWN, 0.1)
    assert found.interval == pytest.approx((0.15, 0.0, 0.2))


def test_where_a_trial_is_missing_nothing_is_decided_and_it_says_so():
    missing = estimated(np.empty((0, 0)))
    found = Benefit(missing, missing, missing, 0.1)
    assert found.verdict == UNDECIDED
    assert found.reading == "Not decided: the trials that this needs are not there."


def test_the_smallest_detectable_difference_is_found_in_four_of_five_experiments():
    rng, n, spread = np.random.default_rng(0), 60, 0.5
    planned = estimated(rng.normal(0, spread, (1, 20_000)))
    detectable = planned.detectable * np.sqrt(20_000 / n)  # what so many more problems would make it
    found = [estimated(rng.normal(detectable, spread, (1, n))).low > 0 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def verdicts(computation: float, above_nothing: float, seeds: int, draws: int = 1500) -> np.ndarray:
    """The verdicts of many experiments on 80 problems, whose differences are skewed as those of log likelihoods are:
    most are near 0, some are large.
    """
    rng, shape = np.random.default_rng(seeds), (seeds, 80)

    def drawn(mean: float) -> Estimate:
        of_problem = rng.exponential(1.0, (1, 80)) * rng.choice([-1, 1], (1, 80))
        return estimated(mean + 0.3 * of_problem + 0.1 * rng.normal(size=shape))

    found = [Benefit(drawn(computation), drawn(above_nothing), SHOWN, MARGIN).verdict for _ in range(draws)]
    return np.array(found)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(("computation", "above_nothing"), [(0, 0), (0, 2), (2, 0), (2, -1)])
def test_a_benefit_that_is_not_there_is_found_in_at_most_one_of_forty_experiments(computation, above_nothing, seeds):
    share = np.mean(verdicts(computation, above_nothing, seeds) == BENEFIT)
    assert share <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 1500)


@pytest.mark.parametrize(("computation", "above_nothing"), [(MARGIN, 2), (MARGIN, MARGIN)])
def test_a_benefit_as_large_as_the_margin_is_called_none_in_at_most_one_of_twenty(computation, above_nothing):
    share = np.mean(verdicts(computation, above_nothing, seeds=1) == NO_BENEFIT)
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)
