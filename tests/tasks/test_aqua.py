"""AQuA: five options, a rationale, a letter; what is read from its columns and what is refused."""

import json

import pytest

from pauselib import tasks
from pauselib.sources.problems import load_problems

AQUA = tasks.find("aqua")
TRIP = {
    "question": "How many hours does a trip of 120 km take at 40 km an hour?",
    "options": ["A)2", "B)3", "C)4", "D)5", "E)6"],
    "rationale": "120 / 40 = 3\nAnswer B",
    "correct": "B",
}


def test_a_problem_is_the_question_with_its_options_and_the_rationale_with_its_letter():
    assert AQUA.problem(TRIP) == {
        "question": "How many hours does a trip of 120 km take at 40 km an hour?\nOptions: A)2 B)3 C)4 D)5 E)6",
        "answer": "120 / 40 = 3\nAnswer B\n#### B",
    }


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("120 / 40 = 3\n#### B", "B"),
        ("#### B)3", "B"),
        ("#### A\n#### C", "A"),  # the first match
        ("#### BE", None),
        ("#### F", None),
        ("#### 3", None),
        ("The answer is B.", None),
        ("", None),
    ],
)
def test_the_answer_is_the_first_letter_behind_four_hashes(reply, letter):
    assert AQUA.extract(reply) == letter
    assert AQUA.is_correct(reply, "120 / 40 = 3\n#### B") == (letter == "B")


@pytest.mark.parametrize(
    ("rationale", "results"),
    [
        ("120 / 40 = 3", ["3"]),
        ("x = -2.5, so 2x = -5.", ["-2.5", "-5"]),
        ("1,000 * 2 =2,000.", ["2,000"]),
        ("a = b and there is nothing to count", []),
    ],
)
def test_difficulty_is_the_number_of_equations_and_the_results_are_behind_their_equals_signs(rationale, results):
    answer = f"{rationale}\n#### A"
    assert AQUA.difficulty(answer) == len(results)
    assert [answer[start:end] for start, end in AQUA.results(answer)] == results


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"question": None}, "there is no text in the column 'question'"),
        ({"options": ["A)2", 3]}, "there is no list of texts in the column 'options'"),
        ({"correct": "\x1b[2J"}, r"the correct option '\x1b[2J' is none of A, B, C, D, E"),
        ({"options": ["1)2", "2)3"]}, "the option '1)2' has no letter from A to E before it, as in 'A)21'"),
        (
            {"options": ["A)\ud83d", "B)3"]},
            r"the text in the column 'options' has half a character, '\ud83d': take it out",
        ),
        (
            {"rationale": "#### A\nNo."},
            "the answer has '#### LETTER' 2 times, of which the first would count: leave the final one alone",
        ),
    ],
)
def test_a_malformed_row_is_refused_naming_file_and_line(tmp_path, changes, complaint):
    lines = [TRIP, {**TRIP, **changes}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError) as error:
        load_problems(str(tmp_path), "train", task="aqua")
    assert str(error.value) == f"{tmp_path / 'train.jsonl'}, line 2: {complaint} (the task is 'aqua')."
