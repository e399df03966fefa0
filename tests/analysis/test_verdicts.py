"""One interval, one margin, four verdicts: by hand."""

import math

import numpy as np
import pytest

from pauselib.analysis.claims.verdicts import (
    AT_THE_END,
    EQUIVALENT,
    LARGER,
    OPPOSITE,
    TOO_ALIKE,
    UNDECIDED,
    doubts_of_answers,
    judge,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.1, 2.0, LARGER),
        (-2.0, -1.1, OPPOSITE),
        (-0.9, 0.9, EQUIVALENT),
        (0.1, 0.9, EQUIVALENT),  # clear of 0, and smaller than what would count
        (0.4, 2.1, UNDECIDED),
        (-2.0, 2.0, UNDECIDED),
        (1.0, 2.0, UNDECIDED),  # an end on the margin is not beyond it
        (NAN, NAN, UNDECIDED),
    ],
)
def test_every_interval_has_one_verdict(low, high, verdict):
    assert judge(low, high, margin=1).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict", "beyond_below", "equivalent_above"),
    [
        (0.91, 1.09, EQUIVALENT, 0, 0.09),
        (0.89, 1.05, UNDECIDED, 0, 0.11),
        (1.11, 1.3, LARGER, 0.11, 0.3),
        (0.7, 0.89, OPPOSITE, 0.11, 0.3),
        (1.2, 7.3, LARGER, 0.2, NAN),  # bounds that reach below 0 are none
    ],
)
def test_a_ratio_is_judged_between_its_bounds(low, high, verdict, beyond_below, equivalent_above):
    found = judge(low, high, 0.1, null=1)
    assert found.verdict == verdict
    assert found[1:3] == pytest.approx((beyond_below, equivalent_above), nan_ok=True)


@pytest.mark.parametrize(("low", "high"), [(0.4, 2.1), (-2.1, -0.4), (-0.3, 0.2), (-1, 3)])
def test_the_verdict_is_another_one_at_the_margins_that_are_given(low, high):
    _, beyond, within, _ = judge(low, high, 1)
    for margin in (beyond - 0.01, (beyond + within) / 2, within + 0.01):
        if margin > 0:
            side = LARGER if low > 0 else OPPOSITE
            expected = side if margin < beyond else EQUIVALENT if margin > within else UNDECIDED
            assert judge(low, high, margin).verdict == expected


def test_what_is_doubted_is_undecided_and_says_why():
    doubted = judge(2, 3, 1, doubt=TOO_ALIKE)
    assert (doubted.verdict, doubted.doubt, np.isnan(doubted[1:3]).all()) == (UNDECIDED, TOO_ALIKE, True)
    floor = judge(-0.1, 0.1, 1, doubt_of_none=AT_THE_END)
    assert (floor.verdict, floor.doubt) == (UNDECIDED, AT_THE_END)
    above = judge(2, 3, 1, doubt_of_none=AT_THE_END)  # they hardly could differ, and do
    assert (above.verdict, above.doubt, above.beyond_below) == (LARGER, "", 2)
    for margin in (0, -1, NAN):
        with pytest.raises(ValueError, match="above 0"):
            judge(0, 1, margin)


def test_models_that_are_too_alike_or_too_near_the_end_are_doubted():
    right = np.ones((2, 50))
    five_wrong = right.copy()
    five_wrong[0, :5] = 0
    assert doubts_of_answers(right, five_wrong, 6, 0.05) == {"doubt": TOO_ALIKE, "doubt_of_none": ""}  # 95 of 100
    assert doubts_of_answers(right, five_wrong, 5, 0.05)["doubt"] == ""
    for value in (0, 1):
        assert doubts_of_answers(value * right, value * right, 6, 0.05)["doubt_of_none"] == AT_THE_END
    assert doubts_of_answers(right, 1 - right, 6, 0.05) == {"doubt": "", "doubt_of_none": ""}
