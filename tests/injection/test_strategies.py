"""Where pauses go, on answers short enough to count gaps by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from answers import GSM8K, PROBLEMS, P, answer_length, gaps_of, injected
from scipy.stats import chisquare

from pauselib.injection import strategies
from pauselib.injection.rows import tokenize
from pauselib.injection.strategies import Answer, find_strategies, prompt_pauses, word_gaps

UNLIKELY = 1e-4  # a right draw fails such a test once in 10,000 seeds; these seeds are fixed


def test_the_number_of_pauses_is_uniform_from_none_to_n(tokenizer):
    rows = injected(PROBLEMS, tokenizer, n_copies=1000, n_random_pauses=10)
    counts = np.bincount([row["n_pauses"] for row in rows], minlength=11)
    assert len(counts) == 11
    assert chisquare(counts).pvalue > UNLIKELY


def test_the_gaps_are_uniform_with_both_ends(tokenizer):
    rows = injected(PROBLEMS[:1], tokenizer, n_copies=1000, n_random_pauses=3, variable_number_of_pauses=False)
    n = answer_length(rows[0])
    # gap 0 is before the first token, gap n after the last but before the end token
    counts = np.bincount([gap for row in rows for gap in gaps_of(row)], minlength=n + 1)
    assert len(counts) == n + 1
    assert counts.min() > 0
    assert chisquare(counts).pvalue > UNLIKELY


@pytest.mark.parametrize(
    ("settings", "gaps"),
    [
        (
            {},
            [[9, 12], [6, 7, 9, 10, 11, 12, 15, 17, 22], [15, 16, 17, 18, 22, 26, 28, 30], [3, 7, 17, 29]]
            + [[0, 0, 1, 1, 3, 3], [2, 4]],
        ),
        (
            {"strategy": "word"},
            [[7, 15], [6, 6, 7, 7, 15, 15, 18, 21, 22], [14, 14, 14, 14, 27, 32, 32, 32], [4, 8, 14, 32]]
            + [[0, 0, 0, 0, 4, 4], [3, 4]],
        ),
        (
            {"variable_number_of_pauses": False, "n_random_pauses": 3},
            [[5, 9, 12], [12, 17, 19], [17, 27, 28], [7, 13, 17], [0, 1, 2], [1, 2, 4]],
        ),
    ],
    ids=["random", "word", "fixed"],
)
def test_the_draws_are_those_of_all_runs_so_far(settings, gaps, tokenizer):
    assert [gaps_of(row) for row in injected(PROBLEMS, tokenizer, n_copies=2, **settings)] == gaps


def pattern_gaps(text: str, tokens: list[tuple[int, int]], patterns: dict[str, int]) -> np.ndarray:
    settings = SimpleNamespace(n_pauses_per_patterns=patterns)
    return strategies.pattern(Answer(text, len(tokens), np.array(tokens)), settings, np.random.default_rng(0))


def test_a_pattern_puts_its_pauses_behind_every_match():
    text, tokens = "a b=b\nc", [(0, 1), (1, 3), (3, 5), (5, 6), (6, 7)]  # a, " b", "=b", line break, c
    assert pattern_gaps(text, tokens, {"a": 1}).tolist() == [1]
    assert pattern_gaps(text, tokens, {"b": 2}).tolist() == [2, 3, 2, 3]
    assert pattern_gaps(text, tokens, {"=": 1}).tolist() == [3]  # the match ends inside a token: the gap after it
    assert pattern_gaps(text, tokens, {"c$": 1, "^": 1, "x": 5}).tolist() == [5, 0]
    bytes_of_euro = [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)]
    assert pattern_gaps("a€b", bytes_of_euro, {"€": 1}).tolist() == [4]  # never between the bytes of one character


@pytest.mark.parametrize("line_break", ["\n", r"\n"])
def test_a_line_break_as_pattern_counts_at_the_very_start_too(line_break):
    assert sorted(pattern_gaps("a\nb", [(0, 1), (1, 2), (2, 3)], {line_break: 2})) == [0, 0, 2, 2]


@pytest.mark.parametrize(("drawn", "order"), [("random", "{}+pattern"), ("word", "pattern+{}")])
def test_drawn_pauses_and_those_of_a_pattern_add_up(drawn, order, tokenizer):
    some = {"n_copies": 3, "n_random_pauses": 4}
    pattern = {"n_pauses_per_patterns": {r"\n": 2}}
    asked = ({"strategy": drawn}, {"strategy": "pattern", **pattern}, {"strategy": order.format(drawn), **pattern})
    alone, fixed, both = (
        [sorted(gaps_of(row)) for row in injected(PROBLEMS, tokenizer, **some, **more)] for more in asked
    )
    assert both == [sorted(a + b) for a, b in zip(alone, fixed)]


def test_word_gaps_are_before_tokens_that_start_a_word_and_at_the_end():
    offsets = np.array([(0, 1), (1, 2), (2, 4), (4, 6), (6, 7), (7, 8)])
    assert word_gaps("ab cde\nf", offsets).tolist() == [0, 2, 5, 6]
    offsets = np.array([(0, 1), (0, 1), (1, 2), (2, 3), (2, 3), (2, 3)])  # two bytes of é, three of €
    assert word_gaps("é €", offsets).tolist() == [0, 3, 6]


def test_a_prefix_is_the_same_pauses_between_every_prompt_and_its_answer_and_none_is_labelled(tokenizer):
    clean = tokenize(PROBLEMS, tokenizer, GSM8K).to_dict("records")
    rows = injected(PROBLEMS, tokenizer, strategy="prefix", n_prefix_pauses=3, n_copies=2)
    for i, row in enumerate(rows):
        ids, start = clean[i // 2]["input_ids"].tolist(), row["prompt_length"]
        assert row["input_ids"].tolist() == [*ids[:start], P, P, P, *ids[start:]]
        assert row["completion_mask"].tolist() == [0] * (start + 3) + [1] * (len(ids) - start)
        assert row["n_pauses"] == 3


@pytest.mark.parametrize(
    ("name", "n"),
    [("prefix", 3), ("prefix+random", 3), ("random+prefix+surprise", 3), ("random", 0), ("word", 0), ("surprise", 0)],
)
def test_only_a_prefix_puts_pauses_behind_the_prompt_at_test_time(name, n):
    assert prompt_pauses(name, n_prefix_pauses=3) == n


LIKELIHOODS = [-1.0, -5.0, -2.0, -5.0, -3.0]  # of four tokens and the end token


@pytest.mark.parametrize(
    ("k", "gaps"), [(0, []), (1, [1]), (2, [1, 3]), (3, [1, 3, 4]), (4, [1, 3, 4, 2]), (9, [1, 3, 4, 2, 0])]
)
def test_surprise_is_before_the_least_likely_tokens_the_first_of_equals_first(k, gaps):
    settings = SimpleNamespace(n_random_pauses=k, variable_number_of_pauses=False)
    answer = Answer("", 4, log_likelihoods=np.array(LIKELIHOODS))
    assert strategies.surprise(answer, settings, np.random.default_rng(0)).tolist() == gaps


def test_surprise_has_as_many_pauses_as_random_would_have_in_the_same_copy(tokenizer):
    likelihoods = [-1.0 * np.arange(row.sum()) for row in tokenize(PROBLEMS, tokenizer, GSM8K)["completion_mask"]]
    drawn = injected(PROBLEMS[:2], tokenizer, n_copies=5)
    surprising = injected(PROBLEMS[:2], tokenizer, likelihoods[:2], n_copies=5, strategy="surprise")
    assert [row["n_pauses"] for row in surprising] == [row["n_pauses"] for row in drawn]
    ends = [list(range(answer_length(row) + 1)) for row in surprising]  # here a later token is always less likely
    assert [gaps_of(row) for row in surprising] == [end[len(end) - row["n_pauses"] :] for end, row in zip(ends, drawn)]


@pytest.mark.parametrize("name", ["pattern+prefix", "prefix+pattern"])
def test_a_labelled_pause_at_the_start_of_an_answer_is_behind_the_prefix(name, tokenizer):
    (row,) = injected(PROBLEMS[2:], tokenizer, strategy=name, n_prefix_pauses=3, n_pauses_per_patterns={"\n": 2})
    start = row["prompt_length"]
    assert row["input_ids"][start : start + 5].tolist() == [P] * 5
    assert row["completion_mask"][start : start + 6].tolist() == [0, 0, 0, 1, 1, 1]
    assert row["n_pauses"] == 5


def test_pauses_that_are_not_labelled_are_the_only_tokens_of_an_answer_that_are_not(tokenizer):
    labelled, unlabelled = (
        injected(PROBLEMS, tokenizer, n_copies=5, label_pauses=label_pauses) for label_pauses in (True, False)
    )
    for one, other in zip(labelled, unlabelled):
        assert one["input_ids"].tolist() == other["input_ids"].tolist()
        in_answer = np.arange(len(one["input_ids"])) >= one["prompt_length"]
        assert one["completion_mask"].tolist() == in_answer.astype(int).tolist()
        assert other["completion_mask"].tolist() == (in_answer & (other["input_ids"] != P)).astype(int).tolist()


def test_a_strategy_that_is_named_twice_is_refused_since_it_would_draw_twice():
    with pytest.raises(ValueError, match=r"names random 2 times: name each strategy once\."):
        find_strategies("random+word+random")
    with pytest.raises(ValueError, match="names prefix 2 times"):
        prompt_pauses("prefix+prefix", n_prefix_pauses=3)
