"""GSM8K: what counts as a correct reply, how hard a problem is, where its results stand."""

import pytest

from pauselib import tasks

GSM8K = tasks.find("gsm8k")


def test_the_tasks_are_the_files_of_the_folder_and_have_their_names():
    assert tasks.NAMES == ("gsm8k",)
    assert tuple(tasks.find(name).name for name in tasks.NAMES) == tasks.NAMES


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("2+3 = <<2+3=5>>5 pens.\n#### 5", "5"),
        ("#### 1,234,567", "1234567"),
        ("#### 5.", "5."),  # as published: digits, commas and dots, compared as a string
        ("#### 7 pens", "7"),
        ("#### 7\n#### 8", "7"),  # the first match
        ("#### none\n#### 8", "8"),
        ("####9", None),
        ("#### $9", None),
        ("The answer is 9.", None),
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


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("#### 18 dollars", "18"),
        ("#### 12 €", "12"),
        ("#### 1,234,567.5", "1234567.5"),
        ("#### .5\n", ".5"),
        ("#### Step 1\nIt is 7.\n#### 7", "7"),  # a heading that is no final answer of any reply either
    ],
)
def test_a_gold_answer_is_a_number_with_at_most_a_unit(answer, gold):
    assert GSM8K.extract(GSM8K.problem({"question": "How many?", "answer": answer})["answer"]) == gold


HALF_READ = (
    "3/4|2 1/2|2 ½|10:30|1 234|1\xa0234|1e3|5k|5-7|7 or 8|7 or eight|7, 8|1,5|12,34|1,2345|0,234|1.234,50|18.|,|.|...|"
    "3 million|7 and a half|1/3 of 12 = 4|7\nNo, 8."
)


@pytest.mark.parametrize("final", HALF_READ.split("|"))
def test_a_gold_answer_that_would_be_half_read_is_refused(final):
    with pytest.raises(ValueError, match=r"^the final answer .* would be read as .*: end the answer in '#### NUMBER'"):
        GSM8K.problem({"question": "How many?", "answer": f"It is so.\n#### {final}"})


def test_a_gold_answer_with_two_final_answers_is_refused_since_the_first_would_count():
    with pytest.raises(ValueError, match="has '#### NUMBER' 2 times, of which the first would count"):
        GSM8K.problem({"question": "How many?", "answer": "#### 1. Add the pens\nThat makes 56.\n#### 56"})


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


def test_a_calculation_begins_with_its_line_where_a_task_does_not_know_better():
    answer = "The speed is 40.\nSo it takes 120 / 40 = 3 hours."
    assert tasks.Task.step_start(GSM8K, answer, answer.index("3 hours")) == answer.index("So")


def test_the_prompt_is_the_published_one():
    assert GSM8K.prompt("How many?") == "### INPUT: How many?\n\n ### Answer:"
