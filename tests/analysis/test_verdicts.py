"""One interval, one margin, four verdicts: by hand, and how often each is wrong."""

import math

import numpy as np
import pytest
from scipy import stats

from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED, judge, one_sided

NAN = math.nan


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.1, 2.0, LARGER),
        (-2.0, -1.1, OPPOSITE),
        (-0.9, 0.9, EQUIVALENT),
        (0.1, 0.9, EQUIVALENT),  # clear of 0, and smaller than what would count
        (0.4, 2.1, UNDECIDED),
        (-1.2, 0.4, UNDECIDED),
        (-2.0, 2.0, UNDECIDED),
        (1.0, 2.0, UNDECIDED),  # an end on the margin is not beyond it
        (NAN, NAN, UNDECIDED),
    ],
)
def test_every_interval_has_one_verdict(low, high, verdict):
    assert judge(low, high, margin=1).verdict == verdict


def test_a_ratio_is_judged_between_its_bounds():
    assert judge(0.91, 1.09, 0.1, null=1).verdict == EQUIVALENT
    assert judge(0.89, 1.05, 0.1, null=1).verdict == UNDECIDED
    assert judge(1.11, 1.3, 0.1, null=1).verdict == LARGER
    assert judge(0.7, 0.89, 0.1, null=1).verdict == OPPOSITE


def test_no_margin_makes_a_ratio_equivalent_whose_bounds_would_reach_below_0():
    assert judge(1.2, 7.3, 0.1, null=1).flips() == "larger than the margin for every margin below 0.2"
    assert judge(0.2, 7.3, 0.1, null=1).flips() == "undecided by every margin"
    assert judge(0.1, 1.5, 0.1, null=1).flips() == "equivalent for every margin above 0.9"


def test_the_margins_at_which_the_verdict_flips_are_told():
    found = judge(0.4, 2.1, margin=1)
    assert (found.beyond, found.within) == (0.4, 2.1)
    assert found.flips() == "larger than the margin for every margin below 0.4, equivalent for every margin above 2.1"
    assert judge(-2.1, -0.4, 1).flips() == "opposite for every margin below 0.4, equivalent for every margin above 2.1"
    assert judge(-0.4, 2.1, 1).flips(lambda m: f"{m} points") == "equivalent for every margin above 2.1 points"
    assert judge(NAN, NAN, 1).flips() == "undecided by every margin"


@pytest.mark.parametrize(("low", "high"), [(0.4, 2.1), (-2.1, -0.4), (-0.3, 0.2), (-1, 3)])
def test_each_verdict_is_that_of_the_margins_told(low, high):
    found = judge(low, high, 1)
    for margin in (found.beyond - 0.01, (found.beyond + found.within) / 2, found.within + 0.01):
        if margin > 0:
            expected = found.side if margin < found.beyond else EQUIVALENT if margin > found.within else UNDECIDED
            assert judge(low, high, margin).verdict == expected


def test_what_is_doubted_is_undecided_and_says_why():
    found = judge(2, 3, 1, doubt="too few answers")
    assert (found.verdict, found.doubt, found.flips()) == (UNDECIDED, "too few answers", "undecided by every margin")
    floor = judge(-0.1, 0.1, 1, doubt_of_none="both at the floor")
    assert (floor.verdict, floor.doubt) == (UNDECIDED, "both at the floor")
    above = judge(2, 3, 1, doubt_of_none="both at the floor")  # they hardly could differ, and do
    assert (above.verdict, above.doubt) == (LARGER, "")
    assert above.flips() == "larger than the margin for every margin below 2"


def test_a_margin_is_above_0():
    for margin in (0, -1, NAN):
        with pytest.raises(ValueError, match="above 0"):
            judge(0, 1, margin)


def test_an_effect_as_large_as_the_margin_is_called_smaller_or_larger_in_one_of_forty_cases():
    rng = np.random.default_rng(0)
    half = stats.norm.ppf(0.975) / 5
    estimates = rng.normal(1, 1 / 5, 4000)  # five standard errors from 0, so that both ends matter
    verdicts = [judge(x - half, x + half, 1).verdict for x in estimates]
    for verdict in (LARGER, EQUIVALENT):
        assert 0.018 <= np.mean([one == verdict for one in verdicts]) <= 0.032


def test_a_benefit_is_superior_not_inferior_and_equivalent_each_for_itself():
    def shown(low, high):
        answers = one_sided(low, high, 1).split(", ")
        return [answer.endswith(": shown") for answer in answers]

    assert shown(0.2, 0.8) == [True, True, True]
    assert shown(0.2, 1.8) == [True, True, False]
    assert shown(-0.2, 1.8) == [False, True, False]
    assert shown(-1.2, 0.8) == [False, False, False]
