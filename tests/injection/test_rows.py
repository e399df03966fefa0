"""Rows to train on: tokenized, injected, split and cut, on answers short enough to count by hand."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from answers import GSM8K, PROBLEMS, P, answer_of, gaps_of, injected, without_pauses
from tokenizers import processors

from pauselib.injection import rows as rows_module
from pauselib.injection.rows import (
    PER_TOKEN,
    build_clean,
    build_injected,
    draw_validation,
    fit,
    insert,
    problem_number,
    prompt_ids,
    prompt_lengths,
    read_rows,
    tokenize,
    write_parquet,
)
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT


@pytest.mark.parametrize(
    ("gaps", "result"),
    [([], [7, 8]), ([0], [99, 7, 8]), ([2], [7, 8, 99]), ([1, 1], [7, 99, 99, 8]), ([2, 0, 2], [99, 7, 8, 99, 99])],
)
def test_insert_puts_a_pause_before_the_token_of_each_gap(gaps, result):
    (row,) = insert([np.array([7, 8])], [np.array(gaps, dtype=int)], 99)
    assert row.tolist() == result


def test_insert_keeps_rows_apart_and_values_of_one_gap_in_their_order():
    rows, gaps = (
        [np.array([7, 8]), np.array([5]), np.array([6])],
        [np.array([2, 0, 2]), np.array([], int), np.array([0])],
    )
    assert [row.tolist() for row in insert(rows, gaps, np.array([1, 2, 3, 4]))] == [[2, 7, 8, 1, 3], [5], [4, 6]]


def test_taking_the_pauses_out_gives_the_original_ids_back(tokenizer):
    originals = tokenize(PROBLEMS, tokenizer, GSM8K)["input_ids"]
    rows = injected(PROBLEMS, tokenizer, n_copies=20)
    assert sum(row["n_pauses"] for row in rows) > 0
    for i, row in enumerate(rows):
        assert without_pauses(row["input_ids"]).tolist() == originals[i // 20].tolist()
        assert row["n_pauses"] == (row["input_ids"] == P).sum()


def test_rows_come_in_the_order_of_problems_and_copies_and_keep_the_text(tokenizer):
    rows = injected(PROBLEMS, tokenizer, n_copies=2)
    assert [(row["problem_id"], row["copy"]) for row in rows] == [
        (f"train-{i}", copy) for i in range(3) for copy in range(2)
    ]
    assert all(
        row["answer"] == PROBLEMS[i // 2]["answer"] and row["question"] == PROBLEMS[i // 2]["question"]
        for i, row in enumerate(rows)
    )


def test_the_completion_is_the_answer_with_its_pauses_and_the_end_token_last(tokenizer):
    rows = injected(PROBLEMS, tokenizer, n_copies=1, variable_number_of_pauses=False)
    for problem, row in zip(PROBLEMS, rows):
        prompt, completion = (row["input_ids"][row["completion_mask"] == part] for part in (0, 1))
        assert row["completion_mask"].tolist() == [0] * len(prompt) + [1] * len(completion)
        assert row["prompt_length"] == len(prompt)
        assert tokenizer.decode(prompt) == "<s>" + GSM8K.prompt(problem["question"])
        assert tokenizer.decode(without_pauses(completion)) == problem["answer"] + "</s>"
        assert completion[-1] == tokenizer.eos_token_id


def test_a_row_depends_on_seed_place_and_copy_alone(tokenizer):
    def draw(problems=PROBLEMS, **settings):
        return [gaps_of(row) for row in injected(problems, tokenizer, **settings)]

    five = draw(n_copies=5)
    assert draw(n_copies=5) == five
    assert draw(n_copies=2) == [five[5 * i + copy] for i in range(3) for copy in range(2)]
    assert draw(PROBLEMS[:2], n_copies=5) == five[:10]
    assert draw(PROBLEMS[::-1], n_copies=5) == five[10:] + five[5:10] + five[:5]
    assert draw(n_copies=5, data_seed=43) != five
    assert draw(n_copies=5, seed=43) == five  # the seed of training is another one


def test_two_equal_problems_get_pauses_of_their_own(tokenizer):
    rows = injected([PROBLEMS[0], {**PROBLEMS[0], "problem_id": "train-9"}], tokenizer, n_copies=5)
    assert [gaps_of(row) for row in rows[:5]] != [gaps_of(row) for row in rows[5:]]


def test_text_that_holds_the_pause_already_is_refused(tokenizer):
    problems = [*PROBLEMS[:2], {**PROBLEMS[2], "answer": f"{PAUSE_TEXT}#### 4"}]
    with pytest.raises(ValueError, match=r"Problem train-2 already contains <\|pause\|>"):
        tokenize(problems, tokenizer, GSM8K)


def test_the_clean_rows_are_the_problems_without_a_pause(tokenizer):
    clean = tokenize(PROBLEMS, tokenizer, GSM8K).to_dict("records")
    for row, same in zip(clean, injected(PROBLEMS, tokenizer, n_copies=1, n_random_pauses=0)):
        assert {**row, **{name: row[name].tolist() for name in PER_TOKEN}} == {
            **{name: same[name] for name in ("problem_id", "question", "answer")},
            **{name: same[name].tolist() for name in PER_TOKEN},
        }
        assert (same["copy"], same["n_pauses"]) == (0, 0)


def test_the_prompts_of_clean_rows_are_what_comes_before_the_answers(tokenizer):
    clean = tokenize(PROBLEMS, tokenizer, GSM8K)
    assert [len(prompt) for prompt in prompt_ids(clean)] == prompt_lengths(clean)
    rows = injected(PROBLEMS, tokenizer)
    assert [[*prompt, *answer_of(row)] for prompt, row in zip(prompt_ids(clean), rows)] == [
        row["input_ids"].tolist() for row in rows
    ]


def test_the_number_of_a_problem_is_its_place_in_the_source():
    assert (problem_number("train-17"), problem_number("test-0")) == (17, 0)


QUESTIONS = [
    {"problem_id": f"train-{i}", "question": f"Question {i}?", "answer": f"So {i}.\n#### {i}"} for i in range(20)
]

TEST = [{**QUESTIONS[i], "problem_id": f"test-{i}", "question": f"Test question {i}?"} for i in range(2)]


@pytest.fixture
def build(tmp_path, tokenizer):
    """build(problems, **settings): the rows of `train` and `validation` as they are written, clean and injected."""

    def build(problems=QUESTIONS, **settings) -> tuple[dict, dict]:
        settings = Settings(validation_share=0.1, **settings)
        clean, with_pauses = tmp_path / "clean", tmp_path / "injected"
        for folder in (clean, with_pauses):
            folder.mkdir(exist_ok=True)
        build_clean(clean, {"train": problems, "test": TEST}, tokenizer, GSM8K, settings)
        rows = {split: read_rows(clean, split) for split in ("train", "validation")}
        build_injected(with_pauses, rows, tokenizer, P, settings)
        return rows, {split: read_rows(with_pauses, split) for split in ("train", "validation")}

    return build


def test_a_split_by_problem_has_no_problem_on_both_sides(build):
    clean, rows = build(n_copies=5)
    assert (len(clean["train"]), len(clean["validation"])) == (18, 2)
    assert (len(rows["train"]), len(rows["validation"])) == (90, 10)
    for part in (clean, rows):
        train, validation = (set(part[split]["problem_id"]) for split in ("train", "validation"))
        assert len(train) == 18
        assert not train & validation


def test_a_question_that_comes_twice_is_on_one_side_alone(build):
    twice = [{**row, "problem_id": f"train-{i}"} for i, row in enumerate([*QUESTIONS, *QUESTIONS])]
    clean, _ = build(twice)
    assert (len(clean["train"]), len(clean["validation"])) == (36, 4)
    assert not set(clean["train"]["question"]) & set(clean["validation"]["question"])


def test_a_split_by_row_leaks_as_published(build):
    _, rows = build(n_copies=5, validation_split="row")
    assert (len(rows["train"]), len(rows["validation"])) == (90, 10)
    assert set(rows["validation"]["problem_id"]) <= set(rows["train"]["problem_id"])


@pytest.mark.parametrize("by", ["problem", "row"])
def test_a_split_loses_no_row_keeps_their_order_and_follows_its_seed(by, build):
    def drawn(seed: int) -> dict[str, list]:
        _, rows = build(n_copies=5, validation_split=by, data_seed=seed)
        return {split: list(zip(part["problem_id"].map(problem_number), part["copy"])) for split, part in rows.items()}

    rows = drawn(1)
    assert sorted(rows["train"] + rows["validation"]) == [(i, copy) for i in range(20) for copy in range(5)]
    assert all(part == sorted(part) for part in rows.values())
    assert drawn(1) == rows != drawn(2)


def test_which_rows_are_held_out_by_hand():
    keys = pd.Series(["a", "b", "a", "c", "d"])
    for seed in range(5):
        settings = Settings(data_seed=seed, validation_share=0.5)
        first, second = np.random.default_rng([seed, 1]).permutation(4)[:2]  # half of the four different keys
        assert draw_validation(keys, settings).tolist() == [key in ("abcd"[first], "abcd"[second]) for key in keys]
    assert keys[draw_validation(keys, Settings(validation_share=0.01))].nunique() == 1  # at least one key


def test_the_folders_count_their_rows(build, tmp_path):
    build(n_copies=5)
    counts = {name: json.loads((tmp_path / name / "counts.json").read_text()) for name in ("clean", "injected")}
    assert counts == {
        "clean": {"train": 18, "validation": 2, "test": 2, "too_long": 0},
        "injected": {"train": 90, "validation": 10, "too_long": 0},
    }


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


def test_a_split_without_a_row_is_refused(build):
    with pytest.raises(ValueError, match=r"No row is left for train: give more problems \(n_train\)"):
        build(QUESTIONS[:1])  # the one is held out


def test_rows_that_are_all_too_long_are_refused_with_and_without_their_pauses(build, tokenizer):
    with pytest.raises(ValueError, match="All 20 rows are longer than max_length 3: raise it"):
        build(max_length=3, too_long="drop")
    longest = max(len(ids) for ids in tokenize(QUESTIONS, tokenizer, GSM8K)["input_ids"])
    with pytest.raises(ValueError, match="No row is left for train"):
        build(max_length=longest, too_long="drop", n_random_pauses=100, variable_number_of_pauses=False)


def long_and_short() -> pd.DataFrame:
    """Three rows of 4, 6 and 8 tokens: a prompt of 1, 2 and 7 tokens, and pauses among the rest."""
    ids = [[5, P, 6, 1], [5, 5, P, 6, P, 1], [5, 5, 5, 5, 5, 5, 5, 1]]
    rows = [
        {"problem_id": f"train-{i}", "input_ids": np.array(row), "n_pauses": row.count(P)} for i, row in enumerate(ids)
    ]
    return pd.DataFrame(
        {**row, "completion_mask": (np.arange(len(row["input_ids"])) >= start).astype(np.int8)}
        for row, start in zip(rows, (1, 2, 7))
    )


def test_rows_that_fit_stay_as_they_are():
    rows = long_and_short()
    kept, n = fit(rows, Settings(max_length=8), P)
    assert kept.to_dict("records") == rows.to_dict("records")
    assert n == 0


def test_long_rows_are_refused_naming_the_first():
    with pytest.raises(
        ValueError, match=r"2 of 3 rows are longer than max_length 4 \(problem train-1 has 6 tokens, 2 of them pauses\)"
    ):
        fit(long_and_short(), Settings(max_length=4, too_long="refuse"), P)


def test_long_rows_are_dropped():
    rows, n = fit(long_and_short(), Settings(max_length=4, too_long="drop"), P)
    assert n == 2
    assert [ids.tolist() for ids in rows["input_ids"]] == [[5, P, 6, 1]]


def test_long_rows_are_cut_and_one_without_a_completion_is_dropped():
    rows, n = fit(long_and_short(), Settings(max_length=4, too_long="cut"), P)
    assert n == 2
    assert [ids.tolist() for ids in rows["input_ids"]] == [[5, P, 6, 1], [5, 5, P, 6]]
    assert [(row.completion_mask.tolist(), row.n_pauses) for row in rows.itertuples()] == [
        ([0, 1, 1, 1], 1),
        ([0, 0, 1, 1], 1),
    ]


def test_a_row_that_is_too_long_is_kept_whole_among_the_clean_rows_and_cut_where_it_is_trained_on(build, tokenizer):
    """Pauses may go to the end of an answer, which comes after the cut."""
    (length,) = {len(ids) for ids in tokenize(QUESTIONS[:10], tokenizer, GSM8K)["input_ids"]}
    clean, rows = build(QUESTIONS[:10], max_length=length - 1, too_long="cut", n_random_pauses=0)
    assert {len(ids) for ids in clean["train"]["input_ids"]} == {length}
    assert {len(ids) for ids in rows["train"]["input_ids"]} == {length - 1}


def test_a_file_that_is_written_in_parts_holds_the_same_rows(tokenizer, tmp_path, monkeypatch):
    rows = tokenize(PROBLEMS, tokenizer, GSM8K)
    write_parquet(tmp_path / "train.parquet", rows)
    rows.to_parquet(tmp_path / "plain.parquet", index=False)
    assert (tmp_path / "train.parquet").read_bytes() == (tmp_path / "plain.parquet").read_bytes()
    monkeypatch.setattr(rows_module, "ROWS_OF_A_PART", 2)
    write_parquet(tmp_path / "train.parquet", rows)
    assert read_rows(tmp_path, "train").map(list).equals(pd.read_parquet(tmp_path / "plain.parquet").map(list))


def test_texts_that_are_tokenized_in_parts_have_the_same_ids(tokenizer, monkeypatch):
    together, drawn = tokenize(PROBLEMS, tokenizer, GSM8K), injected(PROBLEMS, tokenizer, strategy="word")
    monkeypatch.setattr(rows_module, "TEXTS_AT_A_TIME", 2)
    apart, drawn_apart = tokenize(PROBLEMS, tokenizer, GSM8K), injected(PROBLEMS, tokenizer, strategy="word")
    assert apart["input_ids"].map(list).equals(together["input_ids"].map(list))
    assert [row["input_ids"].tolist() for row in drawn_apart] == [row["input_ids"].tolist() for row in drawn]
