"""The tokens of replies as flat arrays, on three replies counted by hand."""

import pandas as pd
import pytest
from token_replies import P, reply

from pauselib.analysis.why.positions import Gaps, token_values


@pytest.fixture
def gaps() -> Gaps:
    """The gaps of `‖‖ a b ‖`, of nothing, and of `‖ c`."""
    return Gaps(pd.DataFrame([reply([P, P, "a", "b", P]), reply([]), reply([P, "c"])]))


def test_every_spoken_token_ends_a_gap_and_every_reply_has_one_more(gaps):
    assert gaps.of_token.tolist() == [0, 0, 0, 1, 2, 4, 4]
    assert gaps.n_spoken.tolist() == [2, 0, 1]
    assert gaps.of_reply.tolist() == [3, 1, 2]
    assert gaps.ends.tolist() == [2, 3, 5]
    assert gaps.reply.tolist() == [0, 0, 0, 1, 2, 2]


def test_the_pauses_of_a_gap_are_counted_and_summed_over_replies(gaps):
    assert gaps.n_pauses.tolist() == [2, 0, 1, 0, 1, 0]
    assert gaps.sum_over_replies(gaps.n_pauses).tolist() == [3, 0, 1]
    assert gaps.sum_over_replies(gaps.n_pauses > 0).tolist() == [2, 0, 1]


def test_a_token_opens_its_gap_where_no_pause_stands_before_it(gaps):
    assert gaps.opens.tolist() == [True, False, False, True, True, True, False]


def test_lists_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="not as many values in p_best as tokens"):
        token_values(pd.DataFrame([reply(["a", P], p_best=[0.5])]), "p_best")
