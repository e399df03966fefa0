"""GSM8K: what counts as a correct reply, how hard a problem is, where its results stand."""

import pytest

from pauselib import tasks

GSM8K = tasks.find("gsm8k")


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
    assert GSM8K.extract(reply) == answer


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
    assert GSM8K.is_correct(reply, gold) is correct


def test_the_prompt_is_the_published_one():
    assert GSM8K.prompt("How many?") == "### INPUT: How many?\n\n ### Answer:"


@pytest.mark.parametrize(
    ("answer", "difficulty", "results"),
    [
        ("There are <<17+9=26>>26 shells.\n#### 26", 1, ["26"]),
        ("She pays <<2*5=10>>10, so <<10/4=2.5>>2.5 each.\n#### 2.5", 2, ["10", "2.5"]),
        ("<<-3+1=-2>>-2\n<<1,000*2=2,000>>2,000\n#### 2,000", 2, ["-2", "2,000"]),
        ("He has <<48/2=24=24>>24.\n#### 24", 1, ["24"]),  # the last right-hand side
        ("It is 4.\n#### 4", 0, []),
        ("", 0, []),
    ],
)
def test_how_hard_a_problem_is_and_where_its_results_stand(answer, difficulty, results):
    assert GSM8K.difficulty(answer) == difficulty
    assert [answer[start:end] for start, end in GSM8K.results(answer)] == results


def test_a_result_is_the_one_inside_the_annotation():
    assert GSM8K.results("There are <<17+9=26>>26 shells.") == [(17, 19)]


def test_the_steps_of_the_generated_problems_are_counted():
    from pauselib.sources import generator

    assert all(GSM8K.difficulty(row["answer"]) == row["n_steps"] for row in generator.make("test", 50, seed=0))
