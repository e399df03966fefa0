"""Branches of a text of ten tokens, written out by hand: 100 is a pause."""

from pauselib.trials.scorer import Branch, branch, packed
from pauselib.trials.sites import GoldText, Result

TEXT = GoldText("test-0", [10, 11, 12, 13, 14, 15, 16, 17, 18, 19], heading=1, start=2, results=[])
FIRST, SECOND = Result(0, step=3, start=5, end=7), Result(1, step=7, start=8, end=9)


def test_pauses_before_the_calculation_shift_what_follows():
    assert branch(TEXT, [FIRST], [3, 3], [100, 100]) == Branch(
        shared=3, ids=[100, 100, 13, 14, 15], positions=[3, 4, 5, 6, 7], labels=[(3, 15, 0), (4, 16, 0)]
    )


def test_masked_pauses_take_up_positions_alone():
    assert branch(TEXT, [FIRST], [3, 3], [100, 100], masked=True) == Branch(
        shared=3, ids=[13, 14, 15], positions=[5, 6, 7], labels=[(1, 15, 0), (2, 16, 0)]
    )


def test_right_before_a_result_the_last_masked_pause_predicts_the_first_digit():
    assert branch(TEXT, [FIRST], [5, 5, 5], [100, 100, 100], masked=True, keep_last=True) == Branch(
        shared=5, ids=[100, 15], positions=[7, 8], labels=[(0, 15, 0), (1, 16, 0)]
    )


def test_pauses_at_several_places_and_several_results_in_one_branch():
    assert branch(TEXT, [FIRST, SECOND], [4, 6], [100, 100]) == Branch(
        shared=4,
        ids=[100, 14, 15, 100, 16, 17],
        positions=[4, 5, 6, 7, 8, 9],
        labels=[(1, 15, 0), (3, 16, 0), (5, 18, 1)],
    )


def test_branches_are_packed_in_their_order_by_their_tokens():
    a, b, c = (Branch(0, list(range(n)), list(range(n)), []) for n in (3, 2, 7))
    assert list(packed([a, b, c], 5)) == [[a, b], [c]]
    assert list(packed([c, a], 5)) == [[c], [a]]
    assert list(packed([], 5)) == []
