"""Where pauses go, on answers short enough to count gaps by hand."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from pauselib.rows import (
    PAUSE_TEXT,
    PROMPT,
    fit,
    inject,
    insert,
    pattern_gaps,
    plain_rows,
    split,
    tokenize,
    word_gaps,
)
from pauselib.settings import Settings

PROBLEMS = [
    {
        "problem_id": "train-0",
        "question": "Ada has 2 pens and buys 3. How many?",
        "answer": "So 2+3 = <<2+3=5>>5 pens.\n#### 5",
    },
    {
        "problem_id": "train-1",
        "question": "Éva pays €5, twice. How much?",
        "answer": "Éva pays 2*5 =\n€<<2*5=10>>10 in all.\n#### 10",
    },
    {"problem_id": "train-2", "question": "Ben has 4 coins. How many?", "answer": "#### 4"},
]
P = 400  # the pause: one past the tokenizer's vocabulary
UNLIKELY = 1e-4  # a right draw fails such a test once in 10,000 seeds; these seeds are fixed


def without_pauses(ids: np.ndarray, pause_id: int) -> np.ndarray:
    return ids[ids != pause_id]


def gaps_of(row: dict) -> list[int]:
    """The gap of every pause of a row: how many tokens of the answer are before it."""
    answer = row["input_ids"][row["completion_mask"] == 1]
    return np.cumsum(answer != P)[answer == P].tolist()


def answer_length(row: dict) -> int:
    """Tokens of the answer, without pauses and end token."""
    return len(without_pauses(row["input_ids"][row["completion_mask"] == 1], P)) - 1


@pytest.mark.parametrize(
    ("gaps", "result"),
    [([], [7, 8]), ([0], [99, 7, 8]), ([2], [7, 8, 99]), ([1, 1], [7, 99, 99, 8]), ([2, 0, 2], [99, 7, 8, 99, 99])],
)
def test_insert_puts_a_pause_before_the_token_of_each_gap(gaps, result):
    assert insert(np.array([7, 8]), np.array(gaps, dtype=int), 99).tolist() == result


def test_taking_the_pauses_out_gives_the_original_ids_back(tokenizer):
    originals = tokenize(PROBLEMS, tokenizer)[0]
    rows = inject(PROBLEMS, tokenizer, P, Settings(n_copies=20))
    assert sum(row["n_pauses"] for row in rows) > 0
    for i, row in enumerate(rows):
        assert without_pauses(row["input_ids"], P).tolist() == originals[i // 20].tolist()
        assert row["n_pauses"] == (row["input_ids"] == P).sum()


def test_rows_come_in_the_order_of_problems_and_copies_and_keep_the_text(tokenizer):
    rows = inject(PROBLEMS, tokenizer, P, Settings(n_copies=2))
    assert [(row["problem_id"], row["copy"]) for row in rows] == [
        (f"train-{i}", copy) for i in range(3) for copy in range(2)
    ]
    assert all(
        row["answer"] == PROBLEMS[i // 2]["answer"] and row["question"] == PROBLEMS[i // 2]["question"]
        for i, row in enumerate(rows)
    )


def test_the_completion_is_the_answer_with_its_pauses_and_the_end_token_last(tokenizer):
    for problem, row in zip(
        PROBLEMS, inject(PROBLEMS, tokenizer, P, Settings(n_copies=1, variable_number_of_pauses=False))
    ):
        prompt, completion = (row["input_ids"][row["completion_mask"] == part] for part in (0, 1))
        assert row["completion_mask"].tolist() == [0] * len(prompt) + [1] * len(completion)
        assert tokenizer.decode(prompt) == "<s>" + PROMPT.format(question=problem["question"])
        assert tokenizer.decode(without_pauses(completion, P)) == problem["answer"] + "</s>"
        assert completion[-1] == tokenizer.eos_token_id


def test_the_number_of_pauses_is_uniform_from_none_to_n(tokenizer):
    rows = inject(PROBLEMS, tokenizer, P, Settings(n_copies=1000, n_random_pauses=10))
    counts = np.bincount([row["n_pauses"] for row in rows], minlength=11)
    assert len(counts) == 11
    assert chisquare(counts).pvalue > UNLIKELY


@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_fixed_number_of_pauses_is_always_that_many(tokenizer, n):
    rows = inject(PROBLEMS, tokenizer, P, Settings(n_copies=20, n_random_pauses=n, variable_number_of_pauses=False))
    assert {row["n_pauses"] for row in rows} == {n}


def test_the_gaps_are_uniform_with_both_ends(tokenizer):
    rows = inject(
        PROBLEMS[:1], tokenizer, P, Settings(n_copies=1000, n_random_pauses=3, variable_number_of_pauses=False)
    )
    n = answer_length(rows[0])
    # gap 0 is before the first token, gap n after the last but before the end token
    counts = np.bincount([gap for row in rows for gap in gaps_of(row)], minlength=n + 1)
    assert len(counts) == n + 1
    assert counts.min() > 0
    assert chisquare(counts).pvalue > UNLIKELY


def test_the_pauses_of_a_copy_are_independent_so_two_share_a_gap_once_in_as_many_as_there_are(tokenizer):
    rows = inject(
        PROBLEMS[2:], tokenizer, P, Settings(n_copies=2000, n_random_pauses=2, variable_number_of_pauses=False)
    )
    shared = sum(len(set(gaps_of(row))) == 1 for row in rows)
    assert binomtest(shared, 2000, 1 / (answer_length(rows[0]) + 1)).pvalue > UNLIKELY


def test_a_row_depends_on_seed_place_and_copy_alone(tokenizer):
    def draw(problems=PROBLEMS, **settings):
        return [gaps_of(row) for row in inject(problems, tokenizer, P, Settings(**settings))]

    five = draw(n_copies=5)
    assert draw(n_copies=5) == five
    assert draw(n_copies=2) == [five[5 * i + copy] for i in range(3) for copy in range(2)]
    assert draw(PROBLEMS[:2], n_copies=5) == five[:10]
    assert draw(n_copies=5, data_seed=43) != five
    assert draw(n_copies=5, seed=43) == five  # the seed of training is another one


def test_two_equal_problems_get_pauses_of_their_own(tokenizer):
    rows = inject([PROBLEMS[0]] * 2, tokenizer, P, Settings(n_copies=5))
    assert [gaps_of(row) for row in rows[:5]] != [gaps_of(row) for row in rows[5:]]


def test_a_pattern_puts_its_pauses_behind_every_match():
    text, tokens = "a b=b\nc", [(0, 1), (1, 3), (3, 5), (5, 6), (6, 7)]  # a, " b", "=b", line break, c
    assert pattern_gaps(text, tokens, {"a": 1}).tolist() == [1]
    assert pattern_gaps(text, tokens, {"b": 2}).tolist() == [2, 3, 2, 3]
    assert pattern_gaps(text, tokens, {"=": 1}).tolist() == [3]  # the match ends inside a token: the gap after it
    assert pattern_gaps(text, tokens, {"c$": 1, "^": 1, "x": 5}).tolist() == [5, 0]


@pytest.mark.parametrize("line_break", ["\n", r"\n"])
def test_a_line_break_as_pattern_counts_at_the_very_start_too(line_break):
    assert sorted(pattern_gaps("a\nb", [(0, 1), (1, 2), (2, 3)], {line_break: 2})) == [0, 0, 2, 2]


def parts_at_pauses(row: dict, tokenizer) -> list[str]:
    """The text of an answer, parted where its pauses are."""
    answer, gaps = without_pauses(row["input_ids"][row["completion_mask"] == 1], P)[:-1], gaps_of(row)
    return [tokenizer.decode(answer[a:b]) for a, b in pairwise([0, *sorted(gaps), len(answer)])]


def test_the_pattern_strategy_alone_is_the_same_in_every_copy(tokenizer):
    rows = inject(PROBLEMS, tokenizer, P, Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2}, n_copies=2))
    first, second, third = (
        ["", "", "So 2+3 = <<2+3=5>>5 pens.\n", "", "#### 5"],
        ["", "", "Éva pays 2*5 =\n", "", "€<<2*5=10>>10 in all.\n", "", "#### 10"],
        ["", "", "#### 4"],
    )
    assert [parts_at_pauses(row, tokenizer) for row in rows] == [first, first, second, second, third, third]


def test_random_and_pattern_pauses_add_up(tokenizer):
    some = {"n_copies": 3, "n_random_pauses": 4}
    pattern = {"n_pauses_per_patterns": {r"\n": 2}}
    drawn, fixed, both = (
        [sorted(gaps_of(row)) for row in inject(PROBLEMS, tokenizer, P, Settings(**some, **more))]
        for more in ({}, {"strategy": "pattern", **pattern}, {"strategy": "random+pattern", **pattern})
    )
    assert both == [sorted(a + b) for a, b in zip(drawn, fixed)]


def test_word_gaps_are_before_tokens_that_start_a_word_and_at_the_end():
    assert word_gaps("ab cde\nf", [(0, 1), (1, 2), (2, 4), (4, 6), (6, 7), (7, 8)]).tolist() == [0, 2, 5, 6]


def test_word_gaps_never_part_the_bytes_of_one_character():
    assert word_gaps("é €", [(0, 1), (0, 1), (1, 2), (2, 3), (2, 3), (2, 3)]).tolist() == [0, 3, 6]


def test_pattern_gaps_never_part_the_bytes_of_one_character():
    assert pattern_gaps("a€b", [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)], {"€": 1}).tolist() == [4]


def test_pauses_between_words_leave_every_word_whole(tokenizer):
    rows = inject(PROBLEMS, tokenizer, P, Settings(unit="word", n_copies=100))
    for row in rows:
        words = [word for part in parts_at_pauses(row, tokenizer) for word in part.split()]
        assert words == row["answer"].split()
    assert {gap for row in rows[200:] for gap in gaps_of(row)} == {
        0,
        answer_length(rows[200]) - 1,
        answer_length(rows[200]),
    }  # '####' is one word, '4' another


def test_text_that_holds_the_pause_already_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"Problem train-2 already contains <\|pause\|>"):
        inject([*PROBLEMS[:2], {**PROBLEMS[2], "answer": f"{PAUSE_TEXT}#### 4"}], tokenizer, P, Settings())


def test_the_plain_rows_are_the_problems_without_a_pause(tokenizer):
    plain, injected = (
        plain_rows(PROBLEMS, tokenizer),
        inject(PROBLEMS, tokenizer, P, Settings(n_copies=1, n_random_pauses=0)),
    )
    assert [
        {**row, "input_ids": row["input_ids"].tolist(), "completion_mask": row["completion_mask"].tolist()}
        for row in plain
    ] == [
        {**row, "input_ids": row["input_ids"].tolist(), "completion_mask": row["completion_mask"].tolist()}
        for row in injected
    ]


def copies(n_problems: int = 20, n: int = 5) -> list[dict]:
    return [
        {"problem_id": f"train-{i}", "question": f"Question {i}?", "copy": copy}
        for i in range(n_problems)
        for copy in range(n)
    ]


def problem_ids(rows: list[dict]) -> set[str]:
    return {row["problem_id"] for row in rows}


def test_a_split_by_problem_has_no_problem_on_both_sides():
    train, validation = split(copies(), "problem", 0.1, seed=42)
    assert (len(train), len(validation)) == (90, 10)
    assert len(problem_ids(train)) == 18
    assert not problem_ids(train) & problem_ids(validation)


def test_a_split_by_row_leaks_as_published():
    train, validation = split(copies(), "row", 0.1, seed=42)
    assert (len(train), len(validation)) == (90, 10)
    assert problem_ids(validation) <= problem_ids(train)


@pytest.mark.parametrize("by", ["problem", "row"])
def test_a_split_loses_no_row_keeps_their_order_and_follows_its_seed(by):
    rows = copies()
    train, validation = split(rows, by, 0.1, seed=1)
    assert sorted(train + validation, key=rows.index) == rows
    assert train == [row for row in rows if row in train]
    assert split(rows, by, 0.1, seed=1) == (train, validation) != split(rows, by, 0.1, seed=2)


def long_and_short() -> list[dict]:
    """Three rows of 4, 6 and 8 tokens: a prompt of 1, 2 and 7 tokens, and pauses among the rest."""
    ids = [[5, P, 6, 1], [5, 5, P, 6, P, 1], [5, 5, 5, 5, 5, 5, 5, 1]]
    rows = [
        {"problem_id": f"train-{i}", "input_ids": np.array(row), "n_pauses": row.count(P)} for i, row in enumerate(ids)
    ]
    return [
        {**row, "completion_mask": (np.arange(len(row["input_ids"])) >= start).astype(np.int8)}
        for row, start in zip(rows, (1, 2, 7))
    ]


def test_rows_that_fit_stay_as_they_are():
    rows = long_and_short()
    assert fit(rows, 8, "refuse", P) == (rows, 0)


def test_long_rows_are_refused_naming_the_first():
    with pytest.raises(
        ValueError, match=r"2 of 3 rows are longer than max_length 4 \(problem train-1 has 6 tokens, 2 of them pauses\)"
    ):
        fit(long_and_short(), 4, "refuse", P)


def test_long_rows_are_dropped():
    rows, n = fit(long_and_short(), 4, "drop", P)
    assert n == 2
    assert [row["input_ids"].tolist() for row in rows] == [[5, P, 6, 1]]


def test_long_rows_are_cut_and_one_without_a_completion_is_dropped():
    rows, n = fit(long_and_short(), 4, "cut", P)
    assert n == 2
    assert [row["input_ids"].tolist() for row in rows] == [[5, P, 6, 1], [5, 5, P, 6]]
    assert [(row["completion_mask"].tolist(), row["n_pauses"]) for row in rows] == [
        ([0, 1, 1, 1], 1),
        ([0, 0, 1, 1], 1),
    ]
