"""One interval, one margin, four verdicts: by hand."""

import math

import numpy as np
import pytest

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    AT_THE_END,
    EQUIVALENT,
    LARGER,
    OPPOSITE,
    SMALLER,
    TOO_ALIKE,
    UNDECIDED,
    Estimate,
    doubts_of_answers,
    judge,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("null", "margin", "low", "high", "verdict", "beyond_below", "equivalent_above"),
    [
        (0, 1, 1.1, 2.0, LARGER, 1.1, 2.0),
        (0, 1, -2.0, -1.1, OPPOSITE, 1.1, 2.0),
        (0, 1, -0.9, 0.8, EQUIVALENT, 0, 0.9),
        (0, 1, 0.1, 0.9, EQUIVALENT, 0.1, 0.9),  # clear of 0, and smaller than what would count
        (0, 1, 0.4, 2.1, UNDECIDED, 0.4, 2.1),
        (0, 1, -2.0, 3.0, UNDECIDED, 0, 3.0),
        (0, 1, 1.0, 2.0, UNDECIDED, 1.0, 2.0),  # an end on the margin is not beyond it
        (0, 1, NAN, NAN, UNDECIDED, NAN, NAN),
        (1, 0.1, 0.91, 1.09, EQUIVALENT, 0, 0.09),  # a ratio
        (1, 0.1, 0.89, 1.05, UNDECIDED, 0, 0.11),
        (1, 0.1, 1.11, 1.3, LARGER, 0.11, 0.3),
        (1, 0.1, 0.7, 0.89, OPPOSITE, 0.11, 0.3),
        (1, 0.1, 1.2, 7.3, LARGER, 0.2, NAN),  # bounds that reach below 0 are none
    ],
)
def test_every_interval_has_one_verdict_and_says_at_which_margins_another(
    null, margin, low, high, verdict, beyond_below, equivalent_above
):
    found = judge(Estimate(low=low, high=high, null=null), margin)
    assert found.verdict == verdict
    assert found[1:3] == pytest.approx((beyond_below, equivalent_above), nan_ok=True)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.1, 2.0, LARGER), (-3.0, -2.0, SMALLER), (-3.0, 0.9, SMALLER), (0.2, 1.2, UNDECIDED), (-9.0, 9.0, UNDECIDED)],
)
def test_a_minimum_of_two_gains_has_one_side(low, high, verdict):
    assert judge(Estimate(low=low, high=high, one_sided=True), 1).verdict == verdict


def test_what_is_doubted_is_undecided_and_says_why():
    doubted = judge(Estimate(low=2, high=3, doubt=TOO_ALIKE), 1)
    assert (doubted.verdict, doubted.doubt, np.isnan(doubted[1:3]).all()) == (UNDECIDED, TOO_ALIKE, True)
    floor = judge(Estimate(low=-0.1, high=0.1, doubt_of_none=AT_THE_END), 1)
    assert (floor.verdict, floor.doubt) == (UNDECIDED, AT_THE_END)
    above = judge(Estimate(low=2, high=3, doubt_of_none=AT_THE_END), 1)  # they hardly could differ, and do
    assert (above.verdict, above.doubt, above.beyond_below) == (LARGER, "", 2)


def test_models_that_are_too_alike_or_too_near_the_end_are_doubted():
    right = np.ones((2, 50))
    three = np.array([[0] * 3 + [1] * 47] * 2)  # the same three problems with both seeds: six answers
    assert doubts_of_answers(right, three, plan(1))["doubt"] == ""
    for others in (np.array([[0] * 5 + [1] * 45, [1] * 50]), three):
        assert doubts_of_answers(right, others, plan(2))["doubt"] == TOO_ALIKE
    six = np.array([[0] * 3 + [1] * 47, [1] * 47 + [0] * 3])
    assert doubts_of_answers(right, six, plan(2))["doubt"] == ""
    assert doubts_of_answers(right[None], six[None], plan(2))["doubt"] == ""  # of several models
    for value in (0, 1):
        assert doubts_of_answers(value * right, value * right, plan(2))["doubt_of_none"] == AT_THE_END
    assert doubts_of_answers(right, 1 - right, plan(2)) == {"doubt": "", "doubt_of_none": ""}
