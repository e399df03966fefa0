"""The generated problems: their arithmetic is right and no question is in two splits."""

import hashlib
import json
import re

import pytest

from pauselib.sources import generator as toy
from pauselib.sources.problems import load_problems

STEP = re.compile(r"<<(\d+)([-+*/])(\d+)=(\d+)>>(\d+) ")
EXACT = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}


@pytest.fixture(scope="module")
def rows():
    return [row for split in ("train", "test", "pretrain") for row in toy.make(split, 300, seed=0)]


def test_every_step_goes_on_from_the_last_total_or_counts_the_packs_that_the_next_one_adds(rows):
    for row in rows:
        total = re.search(r"\d+", row["question"])[0]
        steps = [step[:4] for step in STEP.findall(row["answer"])]
        for (a, op, _, result), following in zip(steps, [*steps[1:], None], strict=True):
            if op == "*" and following and following[:3] == (total, "+", result):
                continue  # 2*3=6 shells in packs, and then total+6
            assert a == total, row["answer"]
            total = result
        assert row["answer"].endswith(f"#### {total}")


def test_a_problem_has_two_to_five_steps_and_all_four_operations_occur(rows):
    assert {row["n_steps"] for row in rows} == {2, 3, 4, 5}
    assert all(len(STEP.findall(row["answer"])) == row["n_steps"] for row in rows)
    assert {step[1] for row in rows for step in STEP.findall(row["answer"])} == set("+-*/")


def test_no_question_is_in_two_splits_whatever_the_seeds():
    questions = {
        split: {row["question"] for seed in range(5) for row in toy.make(split, 400, seed)} for split in toy.SPLITS
    }
    assert all(len(some) > 1900 for some in questions.values())
    assert not questions["test"] & (questions["train"] | questions["pretrain"])
    assert not questions["train"] & questions["pretrain"]


def test_every_calculation_is_right_and_of_numbers_that_are_known_by_then(rows):
    for row in rows:
        known = {int(n) for n in re.findall(r"\d+", row["question"])}
        for a, op, b, result, said in STEP.findall(row["answer"]):
            assert EXACT[op](int(a), int(b)) == int(result) == int(said), row["answer"]
            assert {int(a), int(b)} <= known, row
            known.add(int(result))


def test_a_seed_gives_the_same_problems_whatever_their_number_and_another_seed_others():
    ten = toy.make("train", 10, seed=1)
    assert toy.make("train", 20, seed=1)[:10] == ten
    assert not {row["question"] for row in ten} & {row["question"] for row in toy.make("train", 20, seed=2)}
    found = load_problems("toy", "train", 10, seed=1)
    assert found == [
        {"problem_id": f"train-{i}", "question": row["question"], "answer": row["answer"]} for i, row in enumerate(ten)
    ]


def test_the_problems_are_those_of_the_published_runs():
    """Another digest would make everything stale, and the embedded model another one."""
    made = json.dumps([toy.make(split, 800, seed=42) for split in toy.SPLITS])
    assert hashlib.sha1(made.encode()).hexdigest() == "046cb3ac0571efeefeb3d4cc291e70c2f833c656"
