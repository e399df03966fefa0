"""Rows to train on: tokenized, injected, split and cut, on answers short enough to count by hand."""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from answers import GSM8K, OF_STRATEGIES, PROBLEMS, P, gaps_of, injected, without_pauses
from conftest import labelled
from tokenizers import processors

from pauselib.errors import InputError
from pauselib.injection.rows import (
    build_clean,
    build_injected,
    draw_gaps,
    draw_validation,
    fit,
    problem_number,
    read_rows,
    tokenize,
)
from pauselib.injection.strategies import Answer, Strategy
from pauselib.tokens import PAUSE_TEXT


def test_taking_the_pauses_out_gives_the_original_ids_back(tokenizer):
    originals = tokenize(PROBLEMS, tokenizer, GSM8K)["input_ids"]
    rows = injected(PROBLEMS, tokenizer, n_copies=20)
    assert sum(row["n_pauses"] for row in rows) > 0
    for i, row in enumerate(rows):
        assert without_pauses(row["input_ids"]).tolist() == originals[i // 20].tolist()
        assert row["n_pauses"] == (row["input_ids"] == P).sum()


def test_the_completion_is_the_answer_with_its_pauses_and_the_end_token_last(tokenizer):
    rows = injected(PROBLEMS, tokenizer, n_copies=1, variable_number_of_pauses=False)
    for problem, row in zip(PROBLEMS, rows):
        prompt, completion = (row["input_ids"][row["completion_mask"] == part] for part in (0, 1))
        assert row["completion_mask"].tolist() == [0] * len(prompt) + [1] * len(completion)
        assert row["prompt_length"] == len(prompt)
        assert tokenizer.decode(prompt) == "<s>" + GSM8K.prompt(problem["question"])
        assert tokenizer.decode(without_pauses(completion)) == problem["answer"] + "</s>"
        assert completion[-1] == tokenizer.eos_token_id


@pytest.mark.parametrize("label_pauses", [True, False])
def test_a_gap_is_before_the_token_of_its_number_and_its_label_is_the_pause_s(label_pauses, tokenizer, monkeypatch):
    monkeypatch.setattr("pauselib.injection.rows.find_strategies", lambda _: [Strategy(lambda *_: [2])])
    (row,) = injected(PROBLEMS[:1], tokenizer, label_pauses=label_pauses)
    ids, start = tokenize(PROBLEMS[:1], tokenizer, GSM8K)["input_ids"][0].tolist(), row["prompt_length"]
    assert row["input_ids"].tolist() == [*ids[: start + 2], P, *ids[start + 2 :]]
    assert row["completion_mask"].tolist() == [0] * start + [1, 1, int(label_pauses)] + [1] * len(ids[start + 2 :])


def test_a_row_depends_on_seed_place_and_copy_alone(tokenizer):
    def draw(problems=PROBLEMS, **settings):
        return [gaps_of(row) for row in injected(problems, tokenizer, **settings)]

    five = draw(n_copies=5)
    assert draw(n_copies=5) == five
    assert draw(n_copies=2) == [five[5 * i + copy] for i in range(3) for copy in range(2)]
    assert draw(PROBLEMS[:2], n_copies=5) == five[:10]
    assert draw(PROBLEMS[::-1], n_copies=5) == five[10:] + five[5:10] + five[:5]
    assert draw(n_copies=5, data_seed=43) != five


@pytest.mark.parametrize("gaps", [[-1], [99]])
def test_a_strategy_that_names_a_gap_that_is_not_there_is_refused(gaps, tokenizer):
    rng, settings = np.random.default_rng(0), SimpleNamespace()
    answer = Answer("It is 5.", 3)

    def mine(answer, settings, rng):
        return gaps

    with pytest.raises(InputError, match=f"mine gives the gaps .{gaps[0]}. of an answer whose gaps are 0 to 3"):
        draw_gaps([Strategy(mine)], answer, settings, True, rng)
    mine_of_none = draw_gaps([Strategy(lambda *_: [])], answer, settings, True, rng)
    assert [len(part) for part in mine_of_none] == [0, 0]


def test_text_that_holds_the_pause_already_is_refused(tokenizer):
    problems = [*PROBLEMS[:2], {**PROBLEMS[2], "answer": f"{PAUSE_TEXT}#### 4"}]
    with pytest.raises(ValueError, match=r"Problem train-2 already contains <\|pause\|>"):
        tokenize(problems, tokenizer, GSM8K)


QUESTIONS = [{"problem_id": f"train-{i}", "question": f"Why {i}?", "answer": f"So {i}.\n#### {i}"} for i in range(20)]

TEST = [{**QUESTIONS[i], "problem_id": f"test-{i}", "question": f"Test question {i}?"} for i in range(2)]
OF_ROWS = {"data_seed": 42, "validation_share": 0.1, "max_length": 600, "too_long": "refuse"}


@pytest.fixture
def build(tmp_path, tokenizer):
    """build(problems, **settings): the rows of `train` and `validation` as they are written, clean and injected."""

    def build(problems=QUESTIONS, **changes) -> tuple[dict, dict]:
        of_rows = {name: changes.pop(name, value) for name, value in OF_ROWS.items()}
        how = {**OF_STRATEGIES, "validation_split": "problem", **of_rows, **changes}
        clean, with_pauses = tmp_path / "clean", tmp_path / "injected"
        for folder in (clean, with_pauses):
            folder.mkdir(exist_ok=True)
        build_clean(clean, {"train": problems, "test": TEST}, tokenizer, GSM8K, **of_rows)
        rows = {split: read_rows(clean, split) for split in ("train", "validation")}
        build_injected(with_pauses, rows, tokenizer, P, **how)
        return rows, {split: read_rows(with_pauses, split) for split in ("train", "validation")}

    return build


def test_a_split_by_problem_has_no_problem_on_both_sides_and_the_folders_count_their_rows(build, tmp_path):
    clean, rows = build(n_copies=5)
    assert (len(clean["train"]), len(clean["validation"])) == (18, 2)
    assert (len(rows["train"]), len(rows["validation"])) == (90, 10)
    for part in (clean, rows):
        train, validation = (set(part[split]["problem_id"]) for split in ("train", "validation"))
        assert len(train) == 18
        assert not train & validation
    counts = {name: json.loads((tmp_path / name / "counts.json").read_text()) for name in ("clean", "injected")}
    assert counts == {
        "clean": {"train": 18, "validation": 2, "test": 2, "too_long": 0},
        "injected": {"train": 90, "validation": 10, "too_long": 0},
    }


def test_a_question_that_comes_twice_is_on_one_side_alone(build):
    twice = [{**row, "problem_id": f"train-{i}"} for i, row in enumerate([*QUESTIONS, *QUESTIONS])]
    clean, _ = build(twice)
    assert (len(clean["train"]), len(clean["validation"])) == (36, 4)
    assert not set(clean["train"]["question"]) & set(clean["validation"]["question"])


@pytest.mark.parametrize("by", ["problem", "row"])
def test_a_split_loses_no_row_keeps_their_order_and_follows_its_seed(by, build):
    def drawn(seed: int) -> dict[str, list]:
        _, rows = build(n_copies=5, validation_split=by, data_seed=seed)
        return {split: list(zip(part["problem_id"].map(problem_number), part["copy"])) for split, part in rows.items()}

    rows = drawn(1)
    assert sorted(rows["train"] + rows["validation"]) == [(i, copy) for i in range(20) for copy in range(5)]
    assert all(part == sorted(part) for part in rows.values())
    assert drawn(1) == rows != drawn(2)
    on_both_sides = {number for number, _ in rows["validation"]} & {number for number, _ in rows["train"]}
    assert bool(on_both_sides) == (by == "row")  # it leaks, as published


def test_which_rows_are_held_out_by_hand():
    keys = pd.Series(["a", "b", "a", "c", "d"])
    for seed in range(5):
        first, second = np.random.default_rng([seed, 1]).permutation(4)[:2]  # half of the four different keys
        assert draw_validation(keys, 0.5, seed).tolist() == [key in ("abcd"[first], "abcd"[second]) for key in keys]
    assert keys[draw_validation(keys, 0.01, 42)].nunique() == 1  # at least one key


def test_test_questions_that_are_trained_on_are_counted(build, tmp_path):
    build([*QUESTIONS, {**TEST[0], "problem_id": "train-20"}])
    assert json.loads((tmp_path / "clean" / "counts.json").read_text())["test_in_train"] == 1


def test_a_pattern_that_is_in_no_answer_is_refused_and_one_that_is_in_some_is_not(build):
    build(strategy="pattern", n_pauses_per_patterns={r"\n": 1, "#### 7": 1})
    with pytest.raises(ValueError, match=r"'####\$' is in none of the 20 answers, so it would put no pause anywhere"):
        build(strategy="pattern", n_pauses_per_patterns={r"\n": 1, "####$": 2})


def test_an_end_token_that_a_tokenizer_adds_to_a_prompt_is_left_out(tokenizer):
    adds_end = copy.deepcopy(tokenizer)
    adds_end.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    assert adds_end("How many?")["input_ids"][-1] == 1
    with_end, without = (tokenize(PROBLEMS, one, GSM8K)["input_ids"].map(list) for one in (adds_end, tokenizer))
    assert with_end.equals(without)


@pytest.mark.parametrize("column", ["question", "answer"])
def test_text_with_a_token_that_the_model_has_no_embedding_of_is_refused(column, tokenizer):
    larger = copy.deepcopy(tokenizer)
    larger.add_tokens(["<|think|>"], special_tokens=True)
    larger.n_rows = P
    tokenize(PROBLEMS, larger, GSM8K)
    odd = {**PROBLEMS[0], column: f"<|think|>{PROBLEMS[0][column]}"}
    with pytest.raises(ValueError, match=rf"^In problem train-0 is '<\|think\|>', token {P} of the tokenizer, but the"):
        tokenize([odd, *PROBLEMS[1:]], larger, GSM8K)


def test_a_split_without_a_row_is_refused(build, tokenizer):
    longest = max(len(ids) for ids in tokenize(QUESTIONS, tokenizer, GSM8K)["input_ids"])
    many = {"max_length": longest, "n_random_pauses": 100, "variable_number_of_pauses": False}
    for problems, how in ((QUESTIONS[:1], {}), (QUESTIONS, {"max_length": 3}), (QUESTIONS, many)):
        with pytest.raises(ValueError, match=r"No row is left for train: give more problems \(n_train\)"):
            build(problems, too_long="drop", **how)


def test_long_rows_are_refused_dropped_or_cut_and_one_without_a_completion_is_dropped():
    """Three rows of 4, 6 and 8 tokens: a prompt of 1, 2 and 7 tokens, and pauses among the rest."""
    ids = [[5, P, 6, 1], [5, 5, P, 6, P, 1], [5, 5, 5, 5, 5, 5, 5, 1]]
    rows = labelled(*zip(ids, (1, 2, 7)))
    rows = rows.assign(problem_id=[f"train-{i}" for i in range(3)], n_pauses=[row.count(P) for row in ids])
    assert fit(rows, 8)[0] is rows
    with pytest.raises(ValueError, match=r"2 of 3 rows are longer than max_length 4 \(problem train-1 has 6 tokens"):
        fit(rows, 4, "refuse", P)
    dropped, n = fit(rows, 4, "drop", P)
    assert ([ids.tolist() for ids in dropped["input_ids"]], n) == ([[5, P, 6, 1]], 2)
    cut, n = fit(rows, 4, "cut", P)
    assert ([ids.tolist() for ids in cut["input_ids"]], n) == ([[5, P, 6, 1], [5, 5, P, 6]], 2)
    assert [mask.tolist() for mask in cut["completion_mask"]] == [[0, 1, 1, 1], [0, 0, 1, 1]]
    assert cut["n_pauses"].tolist() == [1, 1]


def test_a_row_that_is_too_long_is_kept_whole_among_the_clean_rows_and_cut_where_it_is_trained_on(build, tokenizer):
    """Pauses may go to the end of an answer, which comes after the cut."""
    (length,) = {len(ids) for ids in tokenize(QUESTIONS[:10], tokenizer, GSM8K)["input_ids"]}
    clean, rows = build(QUESTIONS[:10], max_length=length - 1, too_long="cut", n_random_pauses=0)
    assert {len(ids) for ids in clean["train"]["input_ids"]} == {length}
    assert {len(ids) for ids in rows["train"]["input_ids"]} == {length - 1}
