"""Whether pauses buy computation: the rule by hand, and how often it is wrong."""

import numpy as np
import pytest

from pauselib.analysis.claims.computation import LIKELIHOOD, STEP, Computation, Estimate, computed, estimated
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED

MARGIN = plan().margin("computation")
SHOWN = (10, 14)


def estimate(low: float, high: float, problems: int = 100) -> Estimate:
    """An estimate whose interval is said in margins."""
    return Estimate(MARGIN * (low + high) / 2, MARGIN * low, MARGIN * high, 0.5, 0.1, 1, problems)


def benefit(beyond_masked, above_nothing, control=SHOWN, problems: int = 100) -> Computation:
    given = beyond_masked, above_nothing, control, beyond_masked, (0, 0)
    found = [estimate(*one, problems) for one in given]
    return Computation(LIKELIHOOD, *found, min(found[0].high, found[1].high))


@pytest.mark.parametrize(
    ("beyond_masked", "above_nothing", "control", "verdict"),
    [
        ((1.1, 6), (1.2, 4), SHOWN, LARGER),
        ((1.1, 6), (0.2, 4), SHOWN, UNDECIDED),
        ((1.1, 6), (1.2, 4), (-2, 14), UNDECIDED),  # the measure shows nothing
        ((1.1, 6), (-8, -4), SHOWN, OPPOSITE),  # more than masked pauses, less than nothing
        ((-0.9, 0.5), (2, 18), SHOWN, EQUIVALENT),  # positions alone
        ((-6, 4), (-4, 6), SHOWN, UNDECIDED),
        ((0.2, 0.8), (-0.2, 4), SHOWN, EQUIVALENT),  # too small to count, whatever the other is
    ],
)
def test_a_benefit_needs_both_contrasts_and_a_control_that_shows(beyond_masked, above_nothing, control, verdict):
    assert benefit(beyond_masked, above_nothing, control).judged(plan()).verdict == verdict


@pytest.mark.parametrize(
    ("beyond_masked", "above_nothing", "answer"),
    [
        ((1.1, 6), (1.2, 4), "shown"),
        ((1.1, 6), (-0.5, 0.5), "excluded"),
        ((1.1, 6), (-8, -0.5), "excluded"),  # whether it costs as much as the margin is open
        ((1.1, 6), (-8, -4), "excluded; they cost more than that"),
        ((1.1, 6), (-8, 1.5), "undecided"),
    ],
)
def test_that_pauses_buy_the_margin_is_shown_or_excluded_by_the_interval(beyond_masked, above_nothing, answer):
    assert benefit(beyond_masked, above_nothing).answer(plan()) == answer
    assert benefit(beyond_masked, above_nothing, problems=39).answer(plan()) == "undecided"


def test_few_problems_decide_nothing():
    found = benefit((1.1, 6), (1.2, 4), problems=39)
    assert found.doubt(plan()) == "there are 39 problems with hard results"
    assert found.judged(plan()).verdict == UNDECIDED


def test_the_benefit_is_the_smaller_of_the_two():
    assert benefit((0, 4), (1, 2)).interval == pytest.approx((1.5 * MARGIN, 0, 2 * MARGIN))


def test_the_line_of_the_takeaways_says_the_three_contrasts_and_the_verdict():
    line = benefit((-0.9, 0.5), (2, 18)).line(plan(), "sft_peft")
    assert (line["verdict"], line["low"], line["margin"]) == (EQUIVALENT, pytest.approx(-0.9 * MARGIN), MARGIN)
    start = "4 pauses before the calculation of a hard result change the log likelihood of its digits by -0.010 nats"
    assert line["reading"].startswith(start)
    assert "With a margin of 0.05 nats this is equivalent" in line["reading"]
    assert benefit((-0.9, 0.5), (2, 18))._replace(outcome=STEP).reading.count("points") == 6
    assert "The benefit is the smaller of the two: -0.010 nats (-0.045 to +0.025, the high end" in line["reading"]


def test_where_a_trial_is_missing_nothing_is_decided_and_it_says_so():
    found = computed(LIKELIHOOD, [np.empty((0, 0))] * 5)
    assert found.reading == "Not decided: the trials that this needs are not there."
    line = found.line(plan(), "sft_peft")
    assert (line["verdict"], line["reading"]) == (UNDECIDED, found.reading)


def test_the_smallest_detectable_difference_is_found_in_four_of_five_experiments():
    rng, n, spread = np.random.default_rng(0), 60, 0.5
    planned = estimated(rng.normal(0, spread, (1, 20_000)))
    detectable = planned.detectable * np.sqrt(20_000 / n)  # what so many more problems would make it
    found = [estimated(rng.normal(detectable, spread, (1, n))).low > 0 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)


def intervals(beyond_masked: float, above_nothing: float, seeds: int, draws: int = 1500) -> np.ndarray:
    """The low and the high ends of the benefit in many experiments on 80 problems, (draws, 2).

    The differences are skewed as those of log likelihoods are: most are near 0, some are large.
    """
    rng, shape = np.random.default_rng(seeds), (seeds, 80)

    def drawn(mean: float) -> np.ndarray:
        of_problem = rng.exponential(1.0, (1, 80)) * rng.choice([-1, 1], (1, 80))
        return mean + 0.3 * of_problem + 0.1 * rng.normal(size=shape)

    control = np.ones(shape)
    found = [computed(LIKELIHOOD, [drawn(beyond_masked), drawn(above_nothing), *[control] * 3]) for _ in range(draws)]
    return np.array([one.interval[1:] for one in found])


def at_most(share: float, draws: int = 1500) -> float:
    """What a share that is no larger hardly ever exceeds in so many draws."""
    return share + 3 * np.sqrt(share * (1 - share) / draws)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(("beyond_masked", "above_nothing"), [(0, 0), (0, 2), (2, 0), (2, -1)])
def test_a_benefit_that_is_not_there_is_found_in_at_most_one_of_forty_experiments(beyond_masked, above_nothing, seeds):
    low = intervals(beyond_masked, above_nothing, seeds)[:, 0]
    assert np.mean(low > 0) <= at_most(0.025)


@pytest.mark.parametrize("above_nothing", [0.1, 2])
def test_a_benefit_is_called_too_small_in_at_most_one_of_forty_experiments(above_nothing):
    high = intervals(0.1, above_nothing, seeds=1)[:, 1]
    assert np.mean(high < 0.1) <= at_most(0.025)
