"""Branches of a text of ten tokens, written out by hand: 100 is a pause."""

from pauselib.trials.scorer import Branch, branch, packed
from pauselib.trials.sites import GoldText, Result

TEXT = GoldText("test-0", [10, 11, 12, 13, 14, 15, 16, 17, 18, 19], heading=1, start=2, results=[])
FIRST, SECOND = Result(0, step=3, start=5, end=7), Result(1, step=7, start=8, end=9)


def test_pauses_shift_what_follows_and_masked_ones_take_up_positions_alone():
    at_step = branch(TEXT, [FIRST], [3, 3], [100, 100])
    assert at_step == Branch(3, [100, 100, 13, 14, 15], [3, 4, 5, 6, 7], [(3, 15, 0), (4, 16, 0)])
    masked = branch(TEXT, [FIRST], [3, 3], [100, 100], masked=True)
    assert masked == Branch(3, [13, 14, 15], [5, 6, 7], [(1, 15, 0), (2, 16, 0)])
    scattered = branch(TEXT, [FIRST, SECOND], [4, 6], [100, 100])
    labels = [(1, 15, 0), (3, 16, 0), (5, 18, 1)]
    assert scattered == Branch(4, [100, 14, 15, 100, 16, 17], [4, 5, 6, 7, 8, 9], labels)


def test_right_before_a_result_the_last_masked_pause_predicts_the_first_digit():
    masked = branch(TEXT, [FIRST], [5, 5, 5], [100, 100, 100], masked=True, keep_last=True)
    assert masked == Branch(5, [100, 15], [7, 8], [(0, 15, 0), (1, 16, 0)])


def test_branches_are_packed_in_their_order_by_their_tokens():
    a, b, c = (Branch(0, list(range(n)), list(range(n)), []) for n in (3, 2, 7))
    assert list(packed([a, b, c], 5)) == [[a, b], [c]]
    assert list(packed([c, a], 5)) == [[c], [a]]
    assert list(packed([], 5)) == []
