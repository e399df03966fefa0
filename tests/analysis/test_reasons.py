"""Why models pause: effects planted in made-up replies, and the greedy rule checked token by token."""

import numpy as np
import pandas as pd
import pytest
from token_replies import P, reply, rows

from pauselib.analysis.places import pause_places
from pauselib.analysis.reasons import (
    greedy_agreement,
    pause_regression,
    pauses_by_certainty,
    positions,
    regression_reading,
    reply_features,
)


def counted(counts: list[int], correct: list[bool], **fields) -> pd.DataFrame:
    """Replies with so many pauses before one word, each to a problem of its own."""
    rows = [
        reply([P] * n + ["x"], problem_id=str(i), correct=bool(c), **fields)
        for i, (n, c) in enumerate(zip(counts, correct))
    ]
    return pd.DataFrame(rows, columns=list(reply([])))


def drawn(
    rng,
    n: int = 300,
    uncertain: float = 0.0,
    direct: float = 0.0,
    confounded: float = 0.5,
    variants=("sft", "sft_peft"),
) -> pd.DataFrame:
    """Replies to `n` problems by each variant.

    An incorrect one is `confounded` bits less sure. Each bit multiplies its pauses by e^`uncertain`, being incorrect
    does so by e^`direct`, and each problem has a lasting factor of its own.
    """
    rows, hard, factor = [], rng.random(n), rng.normal(0, 0.5, n)
    for variant in variants:
        for i in range(n):
            incorrect, words = hard[i] + 0.2 * rng.random() > 0.6, int(rng.integers(5, 15))
            bits = rng.uniform(0.1, 1.1) + confounded * incorrect
            pauses = rng.poisson(np.exp(0.5 + uncertain * bits + direct * incorrect + factor[i]))
            fields = {
                "variant": variant,
                "problem_id": str(i),
                "correct": not incorrect,
                "difficulty": int(rng.integers(2, 6)),
            }
            rows.append(reply([P] * pauses + ["x"] * words, p_best=2**-bits, **fields))
    return pd.DataFrame(rows)


def incorrect(table: pd.DataFrame) -> list[pd.Series]:
    """The rows of `incorrect`, from the simplest to the fullest model."""
    return [row for _, row in table[table["term"] == "incorrect"].iterrows()]


def test_uncertainty_is_the_mean_bits_of_the_spoken_tokens():
    replies = pd.DataFrame(
        [reply(["a", P, "b", P], p_best=[0.5, 0.01, 0.125, 0.01]), reply([P]), reply([])], index=[7, 3, 3]
    )
    result = reply_features(replies)
    assert result["n_spoken"].to_list() == [2, 0, 0]
    assert result["uncertainty"].iloc[0] == pytest.approx(2)  # (1 + 3) / 2
    assert result["uncertainty"].iloc[1:].isna().all()
    assert result.index.to_list() == [7, 3, 3]


@pytest.mark.parametrize("other", [{"variant": "sft_fr_pembed"}, {"seed": 2}])
def test_the_ratio_of_incorrect_alone_is_that_of_the_means_within_variant_and_seed(other):
    few, many = (
        counted([2, 1, 2, 6], [True, False, False, False]),
        counted([10, 20, 30, 30], [True, True, True, False], **other),
    )
    first = incorrect(pause_regression(pd.concat([few, many])))[0]  # means 2 and 3, 20 and 30
    assert (first["model"], first["n"], first["problems"]) == ("incorrect alone", 8, 4)
    assert first["rate_ratio"] == pytest.approx(1.5)
    assert first["low"] < 1.5 < first["high"]


def test_more_replies_to_the_same_problems_are_no_more_evidence():
    once = drawn(np.random.default_rng(6), variants=["sft"])
    first, thrice = (
        incorrect(pause_regression(replies))[-1]
        for replies in (once, pd.concat([once.assign(seed=seed) for seed in (1, 2, 3)]))
    )
    assert (thrice["n"], thrice["problems"]) == (900, 300)
    assert thrice[["rate_ratio", "low", "high"]].to_list() == pytest.approx(
        first[["rate_ratio", "low", "high"]].to_list(), rel=0.01
    )


def mean_ratios(seed: int, **planted) -> tuple[float, float]:
    """The ratio of `incorrect` alone and in the fullest model, geometric means of ten draws with errors near 3 %."""
    rng = np.random.default_rng(seed)
    found = [[row["rate_ratio"] for row in incorrect(pause_regression(drawn(rng, **planted)))] for _ in range(10)]
    first, *_, last = np.exp(np.log(found).mean(axis=0))
    return first, last


def test_an_effect_that_is_only_uncertainty_goes_away():
    assert mean_ratios(0, uncertain=1, confounded=0.7) == (
        pytest.approx(np.exp(0.7), rel=0.1),
        pytest.approx(1, rel=0.1),
    )


def test_a_direct_effect_stays():
    assert mean_ratios(1, uncertain=1, confounded=0.3, direct=0.4) == (
        pytest.approx(np.exp(0.7), rel=0.1),
        pytest.approx(np.exp(0.4), rel=0.1),
    )


def test_the_models_are_nested_and_a_covariate_counts_by_its_standard_deviation():
    replies = drawn(np.random.default_rng(2), n=1000, uncertain=1, confounded=0.3, direct=0.4)
    table = pause_regression(replies)
    terms = [("incorrect alone", "incorrect"), *[("+ uncertainty", t) for t in ("incorrect", "uncertainty")]]
    terms += [("+ length", t) for t in ("incorrect", "uncertainty", "length")]
    assert rows(table, "model", "term") == terms + [
        ("+ difficulty", t) for t in ("incorrect", "uncertainty", "length", "difficulty")
    ]
    fullest = table[table["model"] == "+ difficulty"].set_index("term")
    assert fullest.loc["uncertainty", "rate_ratio"] == pytest.approx(
        np.exp(reply_features(replies)["uncertainty"].std()), rel=0.05
    )
    assert fullest.loc[["length", "difficulty"], "rate_ratio"].to_list() == pytest.approx([1, 1], abs=0.06)
    assert (fullest.loc[["incorrect", "uncertainty"], "p"] < 1e-6).all()
    assert "of the effect (of its logarithm) is left, and the interval is clear of 1" in regression_reading(table)


def test_without_an_effect_the_interval_covers_1_in_95_of_100_draws():
    rng, found = np.random.default_rng(2), []
    for _ in range(150):
        first, *_, last = incorrect(pause_regression(drawn(rng, n=80, confounded=0)))
        found.append([row["low"] <= 1 <= row["high"] for row in (first, last)])
    assert (np.mean(found, axis=0) > 0.89).all()  # 0.95 less three standard errors
    assert (np.mean(found, axis=0) < 1).all()


def test_no_effect_is_said_to_be_none():
    assert "no effect to explain" in regression_reading(pause_regression(drawn(np.random.default_rng(3), confounded=0)))


def frame(first: tuple, last: tuple, problems: int = 500, cut: int = 0) -> pd.DataFrame:
    """A table of two models by the ratio of `incorrect` and its interval."""
    models = [
        ("incorrect alone", "incorrect", *first),
        ("+ uncertainty", "incorrect", *last),
        ("+ uncertainty", "uncertainty", 1.2, 1.1, 1.3),
    ]
    return pd.DataFrame(
        [[*row, 0.5, 900, problems, cut] for row in models], columns=pause_regression(counted([], [])).columns
    )


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (
            (4.0, 3.0, 5.0),
            (2.0, 1.5, 2.5),
            "held equal it is 2.00 times (95 % interval 1.50 to 2.50): 50% of the effect",
        ),  # log 2 is half of log 4
        ((4.0, 3.0, 5.0), (2.0, 0.9, 4.1), "is left, and the interval covers 1"),
        ((4.0, 3.0, 5.0), (0.9, 0.7, 1.1), "nothing of the effect is left"),
        ((4.0, 3.0, 5.0), (0.5, 0.4, 0.6), "the effect is reversed"),
        ((2.0, 1.5, 2.5), (2.5, 2.0, 3.0), "none of the effect is explained, and the interval is clear of 1"),
        ((0.5, 0.4, 0.6), (0.5, 0.4, 0.6), "none of the effect is explained"),
        ((1.1, 0.9, 1.3), (1.0, 0.8, 1.2), "no effect to explain, before or now"),
        ((1.1, 0.9, 1.3), (0.8, 0.7, 0.9), "no effect before, one now"),
    ],
)
def test_the_reading_of_each_outcome(first, last, says):
    assert says in regression_reading(frame(first, last))


def test_the_reading_says_what_is_missing():
    told = regression_reading(frame((1, 0.9, 1.1), (1, 0.9, 1.1), problems=12, cut=34))
    assert "Not told apart here: length, difficulty." in told
    assert "34 replies that were cut off are left out." in told
    assert "too narrow" in told
    assert "too narrow" not in regression_reading(frame((1, 0.9, 1.1), (1, 0.9, 1.1)))


@pytest.mark.parametrize(
    "replies",
    [
        counted([], []),
        pd.DataFrame(columns=["seed", "variant", "correct", "n_pauses", "truncated"]),
        counted([1, 2, 3, 4, 5, 6, 7, 8], [True] * 8),
        counted([1, 2, 3, 4, 5, 6, 7, 8], [False] * 8),
        counted([0] * 8, [True, False] * 4),
        counted([0, 1] * 4, [True, False] * 4),
        counted([1, 2, 3], [True, False, True]),
        counted([1, 2] * 4, [True, False] * 4).assign(problem_id="the only one"),
        counted([1, 2] * 4, [True, False] * 4, variant="sft_fr_phead"),
        counted([0, 0] * 4, [True, False] * 4, variant="baseline_1_epoch"),
        counted([1, 2] * 4, [True, False] * 4, truncated=True),
    ],
    ids=[
        "none",
        "nothing finished",
        "all correct",
        "all incorrect",
        "no pauses",
        "pauses in one kind",
        "three",
        "one problem",
        "frozen head",
        "baseline",
        "cut",
    ],
)
def test_where_nothing_can_be_compared_the_table_is_empty(replies):
    table = pause_regression(replies)
    assert table.empty
    assert table.columns.to_list() == ["model", "term", "rate_ratio", "low", "high", "p", "n", "problems", "cut"]
    assert regression_reading(table).startswith("Nothing to compare: ")


def test_only_variants_that_can_be_compared_count_and_cut_replies_are_left_out():
    usable, correct = drawn(np.random.default_rng(4), n=60), [True, False] * 4
    others = [
        counted([0] * 8, correct, variant="sft_unfr_lm_head"),
        counted([500] * 8, [False] * 8, variant="sft_fr_pembed"),
        counted([500] * 8, [False] * 8, variant="sft", seed=2),
        counted([900] * 8, correct, variant="sft_fr_phead"),
        counted([700] * 8, [False] * 8, truncated=True),
        pd.DataFrame([reply([P] * 600, problem_id="0")]),
    ]
    table, alone = pause_regression(pd.concat([usable, *others])), pause_regression(usable)
    assert (table["n"] == 120).all()
    assert (table["cut"] == 8).all()
    pd.testing.assert_frame_equal(table.drop(columns="cut"), alone.drop(columns="cut"))


def test_a_covariate_that_cannot_be_told_apart_is_left_out():
    replies = drawn(np.random.default_rng(5), n=60)
    steps = replies["tokens"].map(len) - replies["n_pauses"]
    same = pause_regression(
        replies.assign(difficulty=3 * steps + 1000 * (replies["variant"] == "sft"))
    )  # within a variant it is the length
    assert same["model"].unique().tolist() == ["incorrect alone", "+ uncertainty", "+ length"]
    flat = pause_regression(replies.assign(difficulty=3, p_best=[[0.7] * len(tokens) for tokens in replies["tokens"]]))
    assert flat["model"].unique().tolist() == ["incorrect alone", "+ length"]
    twin = pause_regression(replies.assign(difficulty=replies["correct"].astype(int)))
    assert "difficulty" not in set(twin["term"])
    assert np.isfinite(pd.concat([same, flat, twin])[["rate_ratio", "low", "high", "p"]]).all(axis=None)


@pytest.mark.filterwarnings("ignore:Perfect separation")
def test_a_covariate_without_a_finite_ratio_is_left_out():
    replies = drawn(np.random.default_rng(1), n=50)
    only_hard = [
        tokens if steps == 5 else [t for t in tokens if t != P]
        for tokens, steps in zip(replies["tokens"], replies["difficulty"])
    ]
    lists = {
        "tokens": only_hard,
        "p_best": [[0.5, 0.6][i % 2 : i % 2 + 1] * len(tokens) for i, tokens in enumerate(only_hard)],
    }
    table = pause_regression(replies.assign(**lists, n_pauses=[tokens.count(P) for tokens in only_hard]))
    assert table["model"].unique().tolist() == ["incorrect alone", "+ uncertainty", "+ length"]
    assert np.isfinite(table[["rate_ratio", "low", "high", "p"]]).all(axis=None)


def test_the_rule_is_checked_token_by_token():
    # a pause of probability 0.2 has the odds 0.25, so it wins against 0.24 and not against 0.26
    # the third token breaks the rule, the fourth is a tie
    replies = pd.DataFrame(
        [reply([P, "a", P, "b"], p_pause=0.2, p_best=[0.24, 0.26, 0.3, 0.2500001]), reply([P], p_pause=1.0)]
    )
    baseline = pd.DataFrame([reply(["d"], variant="baseline_1_epoch", p_pause=None)])
    (found,) = greedy_agreement(pd.concat([replies, baseline])).to_dict("records")
    assert found == {"variant": "sft", "n": 5, "pauses": 3, "ties": 1, "agree": pytest.approx(3 / 4)}
    assert positions(replies)["odds"].tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25, np.inf])


def test_pauses_by_the_certainty_of_the_best_word():
    replies = pd.DataFrame(
        [reply([P, P, "a", "b", "c"], p_best=[0.3, 0.4, 0.45, 0.5, 1.0], p_pause=[0.5, 0.6, 0.2, 0.2, 0.5])]
    )
    assert rows(pauses_by_certainty(replies, bins=2), "variant", "low", "high", "n", "share") == [
        ("sft", 0, 0.5, 3, pytest.approx(2 / 3)),
        ("sft", 0.5, 1, 2, 0),
    ]
    assert pauses_by_certainty(replies, bins=2)["odds"].tolist() == pytest.approx(
        [1, 0.625]
    )  # the middle of 1, 1.5, 0.25; between 0.25 and 1
    assert pauses_by_certainty(pd.DataFrame([reply(["a"], p_best=0.29)]), bins=100)["low"].tolist() == [
        0.29
    ]  # 0.29 · 100 is 28.999999999999996


@pytest.mark.parametrize("measure", [pause_regression, greedy_agreement, pauses_by_certainty, pause_places])
def test_replies_without_their_tokens_are_refused_in_a_sentence(measure):
    replies = pd.DataFrame([reply(["a", P])])
    with pytest.raises(ValueError, match=r"have no tokens.*: evaluate the variants again"):
        measure(replies.drop(columns="tokens"))
    with pytest.raises(ValueError, match="have no tokens"):
        measure(pd.concat([replies, replies.assign(tokens=None)]))


def test_lists_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="not as many values in p_best as tokens"):
        greedy_agreement(pd.DataFrame([reply(["a", P], p_best=[0.5])]))
