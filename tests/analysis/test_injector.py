"""What the injector implies, by hand: one pause or none in two gaps, and against drawing many answers."""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.why.pause_origin import implied_rate, rates_by

NONE_OR_ONE = np.array([0.5, 0.5])
UP_TO_TEN = np.full(11, 1 / 11)


def test_the_rate_of_one_pause_or_none_in_two_gaps_by_hand():
    # an answer of one word: no pause 1/2, one before the word 1/4, one behind it 1/4
    assert implied_rate(0, 0, 0, 1, NONE_OR_ONE) == pytest.approx(1 / 4)
    assert implied_rate(0, 0, 1, 1, NONE_OR_ONE) == 0  # the one is there
    assert implied_rate(1, 0, 0, 1, NONE_OR_ONE) == pytest.approx((1 / 4) / (1 / 2 + 1 / 4))
    assert implied_rate(1, 1, 0, 1, NONE_OR_ONE) == 0


def test_the_rate_where_there_are_always_two_pauses_by_hand():
    always = np.array([0.0, 0.0, 1.0])
    # in the first of two gaps: none 1/4, one 1/2, both 1/4
    assert implied_rate(0, 0, 0, 1, always) == pytest.approx(3 / 4)
    assert implied_rate(0, 0, 1, 1, always) == pytest.approx((1 / 4) / (3 / 4))
    assert implied_rate(1, 1, 0, 1, always) == pytest.approx(1)  # the other one has to come
    assert implied_rate(1, 0, 1, 1, always) == pytest.approx(1)


def test_the_first_gap_of_a_long_answer_and_the_rule_for_many_gaps():
    some = 1 - np.mean([(1 - 1 / 101) ** k for k in range(11)])  # one at least of k pauses in the first of 101 gaps
    assert implied_rate(0, 0, 0, 100, UP_TO_TEN) == pytest.approx(some)
    many = np.full(2001, 1 / 2001)
    for before in (0, 3):
        assert implied_rate(2000, before, 0, 10_000, many) == pytest.approx((before + 1) / 2000, rel=0.01)
    short, long = implied_rate([10, 10], [2, 2], [0, 0], [20, 110], UP_TO_TEN)
    assert short > long > implied_rate(10, 0, 0, 110, UP_TO_TEN)  # the length counts, and the pauses so far


def test_means_by_bins_by_hand():
    table = pd.DataFrame({"so_far": [0, 0, 1, 5], "head": [0.1, 0.3, 0.5, 0.7], "implied": [0.2, 0.2, 0.0, 0.1]})
    found = rates_by(table, "so_far", [0, 1, 2, 4])
    assert found.to_numpy().tolist() == [
        ["so_far", 0, 0.0, 2, 0.2, 0.2],
        ["so_far", 1, 1.0, 1, 0.5, 0.0],
        ["so_far", 4, 5.0, 1, 0.7, 0.1],
    ]
