"""Whether pauses buy computation: the rule by hand, and how often it is wrong."""

import numpy as np
import pytest

from pauselib.analysis.computation import Benefit, Estimate, benefit, estimated
from pauselib.analysis.plan import plan
from pauselib.analysis.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED, judge

MARGIN = plan().margin("computation")


def estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.5, 0.1, 1, 100)


def verdict_of(found: Benefit, margin: float = MARGIN) -> str:
    return judge(*found.interval[1:], margin, doubt=found.doubt).verdict


@pytest.mark.parametrize(
    ("computation", "above_nothing", "control", "verdict"),
    [
        ((0.11, 0.3), (0.12, 0.2), (0.5, 0.7), LARGER),
        ((0.11, 0.3), (0.12, 0.2), (-0.1, 0.7), UNDECIDED),  # the measure shows nothing
        ((0.11, 0.3), (-0.4, -0.2), (0.5, 0.7), OPPOSITE),  # more than masked pauses, less than nothing
        ((-0.05, 0.05), (0.1, 0.9), (0.5, 0.7), EQUIVALENT),  # positions alone
        ((-0.3, 0.2), (-0.2, 0.3), (0.5, 0.7), UNDECIDED),
        ((0.01, 0.04), (-0.01, 0.2), (0.5, 0.7), EQUIVALENT),  # too small to count, whatever the other is
    ],
)
def test_a_benefit_needs_both_contrasts_and_a_control_that_shows(computation, above_nothing, control, verdict):
    found = Benefit(estimate(*computation), estimate(*above_nothing), estimate(*control), 0.0)
    found = found._replace(high=min(found.computation.high, found.above_nothing.high))
    assert verdict_of(found, margin=0.1) == verdict


def test_the_benefit_is_the_smaller_of_the_two_and_its_high_end_is_corrected_for_there_being_two():
    values = np.array([[0.0, 1.0, 2.0, 3.0]])
    found = benefit(values, values + 1, values + 2)
    assert found.interval[:2] == (found.computation.estimate, found.computation.low)
    assert found.interval[2] == estimated(values, 0.975).high > found.computation.high


def test_where_a_trial_is_missing_nothing_is_decided():
    missing = np.empty((0, 0))
    assert benefit(missing, missing, missing).is_missing


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

    def drawn(mean: float) -> np.ndarray:
        of_problem = rng.exponential(1.0, (1, 80)) * rng.choice([-1, 1], (1, 80))
        return mean + 0.3 * of_problem + 0.1 * rng.normal(size=shape)

    control = np.tile([0.5, 0.7], (seeds, 40))
    found = [verdict_of(benefit(drawn(computation), drawn(above_nothing), control)) for _ in range(draws)]
    return np.array(found)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(("computation", "above_nothing"), [(MARGIN, MARGIN), (MARGIN, 2), (2, MARGIN), (2, -1)])
def test_a_benefit_within_the_margin_is_called_larger_in_at_most_one_of_forty_experiments(
    computation, above_nothing, seeds
):
    share = np.mean(verdicts(computation, above_nothing, seeds) == LARGER)
    assert share <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 1500)


@pytest.mark.parametrize(("computation", "above_nothing"), [(MARGIN, 2), (MARGIN, MARGIN)])
def test_a_benefit_as_large_as_the_margin_is_called_equivalent_in_at_most_one_of_forty(computation, above_nothing):
    share = np.mean(verdicts(computation, above_nothing, seeds=1) == EQUIVALENT)
    assert share <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 1500)
