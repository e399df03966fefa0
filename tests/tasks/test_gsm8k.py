"""What counts as a correct reply, and the measures of three replies written by hand."""

import pytest

from pauselib.tasks.gsm8k import extract_answer, is_correct, metrics


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("2+3 = <<2+3=5>>5 pens.\n#### 5", "5"),
        ("#### 1,012", "1012"),
        ("#### 1,234,567", "1234567"),
        ("#### -3", "-3"),
        ("#### 0.5", "0.5"),
        ("#### 5.", "5."),  # as published: digits, commas and dots, compared as a string
        ("#### 7 pens", "7"),
        ("#### 7\n#### 8", "7"),  # the first match
        ("#### none\n#### 8", "8"),
        ("##### 9", "9"),
        ("####9", None),
        ("#### $9", None),
        ("The answer is 9.", None),
        ("", None),
    ],
)
def test_the_answer_is_the_first_number_behind_four_hashes(reply, answer):
    assert extract_answer(reply) == answer


@pytest.mark.parametrize(
    ("reply", "gold", "correct"),
    [
        ("So 1012.\n#### 1012", "9 + 1003\n#### 1,012", True),
        ("#### 5", "#### -5", False),
        ("#### 5.0", "#### 5", False),  # strings, not numbers
        ("5", "#### 5", False),
        ("no number", "no number", False),  # two replies without an answer don't match each other
    ],
)
def test_a_reply_is_correct_when_both_numbers_are_the_same_text(reply, gold, correct):
    assert is_correct(reply, gold) is correct


def reply(correct: bool, n_pauses: int, truncated: bool = False) -> dict:
    return {"correct": correct, "n_pauses": n_pauses, "truncated": truncated}


def test_the_measures_of_three_replies():
    assert metrics([reply(True, 1), reply(True, 2), reply(False, 9, truncated=True)]) == {
        "accuracy": pytest.approx(2 / 3),
        "pauses_mean": 4,
        "pauses_mean_correct": 1.5,
        "pauses_mean_incorrect": 9,
        "truncated_rate": pytest.approx(1 / 3),
        "n": 3,
    }


def test_a_mean_over_no_replies_is_none_not_zero():
    wrong, right, none = metrics([reply(False, 0)]), metrics([reply(True, 0)]), metrics([])
    assert (wrong["accuracy"], wrong["pauses_mean_correct"], wrong["pauses_mean_incorrect"]) == (0, None, 0)
    assert (right["accuracy"], right["pauses_mean_correct"], right["pauses_mean_incorrect"]) == (1, 0, None)
    assert (none["accuracy"], none["pauses_mean"], none["truncated_rate"], none["n"]) == (None, None, None, 0)
