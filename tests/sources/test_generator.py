"""The generated problems: their arithmetic is right and no question is in two splits."""

import re

import pytest

from pauselib.sources import generator as toy
from pauselib.sources.problems import load_problems

STEP = re.compile(r"<<(\d+)([-+*/])(\d+)=(\d+)>>(\d+) ")
EXACT = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}


@pytest.fixture(scope="module")
def rows():
    return [row for split in ("train", "test", "pretrain") for row in toy.make(split, 300, seed=0)]


def test_every_calculation_is_right_and_said_again_behind_it(rows):
    for row in rows:
        for a, op, b, result, said in STEP.findall(row["answer"]):
            assert EXACT[op](int(a), int(b)) == int(result) == int(said), row["answer"]


def test_every_line_is_a_step_and_the_last_is_the_answer(rows):
    for row in rows:
        *lines, last = row["answer"].split("\n")
        assert all(len(STEP.findall(line)) == 1 for line in lines)
        assert last == f"#### {STEP.search(lines[-1])[4]}"


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


def test_the_numbers_of_a_step_are_told_in_the_question(rows):
    for row in rows:
        known = {int(n) for n in re.findall(r"\d+", row["question"])}
        for a, _, b, result, _ in STEP.findall(row["answer"]):
            assert {int(a), int(b)} <= known, row
            known.add(int(result))


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


def test_where_the_same_questions_are_drawn_over_and_over_each_comes_once_and_in_one_split(monkeypatch):
    monkeypatch.setattr(toy, "problem", lambda rng, largest, steady: {"question": f"What is {rng.randrange(100)}?"})
    asked = [
        row["question"]
        for split, n in (("train", 10), ("test", 15), ("pretrain", 50))
        for row in toy.make(split, n, seed=0)
    ]
    assert len(set(asked)) == len(asked)


def test_the_same_seed_gives_the_same_problems_and_another_seed_others():
    assert toy.make("train", 20, seed=1) == toy.make("train", 20, seed=1)
    assert not {r["question"] for r in toy.make("train", 20, seed=1)} & {
        r["question"] for r in toy.make("train", 20, seed=2)
    }


def test_more_problems_begin_with_the_same_ones():
    assert toy.make("test", 30, seed=3)[:10] == toy.make("test", 10, seed=3)


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="no split 'validation': choose one of train, test, pretrain"):
        toy.make("validation", 1, seed=0)


def test_the_workbook_sees_them_without_the_pretraining_split():
    assert load_problems("toy", "train", 5, seed=9) == [
        {"problem_id": f"train-{i}", "question": row["question"], "answer": row["answer"]}
        for i, row in enumerate(toy.make("train", 5, seed=9))
    ]
