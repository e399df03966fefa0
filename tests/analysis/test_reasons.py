"""Why models pause: effects planted in made-up replies."""

import numpy as np
import pandas as pd
import pytest
from made_up import P, reply

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.why import reasons
from pauselib.analysis.why.reasons import REGRESSION, reply_features, site_probabilities


def pause_regression(replies):
    return reasons.pause_regression(replies, plan(1))


def counted(counts: list[int], correct: list[bool], **fields) -> pd.DataFrame:
    """Replies that pause in so many places, each to a problem of its own."""
    rows = [
        reply([P, "x"] * n + ["x"], problem_id=str(i), correct=bool(c), **fields)
        for i, (n, c) in enumerate(zip(counts, correct))
    ]
    return pd.DataFrame(rows, columns=list(reply([])))


def said(bits: np.ndarray, sites: np.ndarray, **fields) -> dict:
    """A reply of a word a gap, two pauses before it where `sites` says so; the LM is sure of what comes behind them."""
    tokens, p_best = [], []
    for before, pauses in zip(bits, sites):
        tokens += [P, P, "x"] if pauses else ["x"]
        p_best += [2**-before, 0.97, 0.97] if pauses else [2**-before]
    return reply(tokens, p_best=p_best, **fields)


def drawn(rng, n=300, uncertain=0.0, direct=0.0, confounded=0.5, variants=("sft", "sft_peft")) -> pd.DataFrame:
    """Replies to `n` problems by each variant.

    Before each word of an incorrect one the LM is `confounded` bits less sure. Each bit multiplies the chance of a
    pause there by e^`uncertain`, being incorrect does so by e^`direct`, and each problem has a lasting factor.
    """
    rows, hard, factor = [], rng.random(n), rng.normal(0, 0.5, n)
    for variant in variants:
        for i in range(n):
            incorrect, words = bool(hard[i] + 0.2 * rng.random() > 0.6), int(rng.integers(15, 25))
            bits = rng.uniform(0.1, 1.1, words) + confounded * incorrect
            chance = np.exp(-3.2 + uncertain * bits + direct * incorrect + factor[i])
            fields = {"variant": variant, "problem_id": str(i), "correct": not incorrect}
            rows.append(said(bits, rng.random(words) < chance, difficulty=int(rng.integers(2, 6)), **fields))
    return pd.DataFrame(rows)


def incorrect(table: pd.DataFrame) -> list[pd.Series]:
    """The rows of `incorrect`, from the simplest to the fullest model."""
    return [row for _, row in table[table["term"] == "incorrect"].iterrows()]


def test_the_curve_of_pauses_over_bits_goes_through_the_shares_of_two_levels():
    bits, is_site = np.array([0.0] * 4 + [2.0] * 4), np.array([True] + [False] * 3 + [True] * 3 + [False])
    assert site_probabilities(bits, is_site) == pytest.approx([0.25] * 4 + [0.75] * 4)
    assert site_probabilities(bits, np.full(8, True)) == pytest.approx([1] * 8)
    assert site_probabilities(np.ones(4), is_site[:4]) == pytest.approx([0.25] * 4)
    assert site_probabilities(bits, bits > 1) == pytest.approx([0] * 4 + [1] * 4, abs=1e-3)


def test_uncertainty_is_the_number_of_sites_that_the_lm_alone_would_give_before_the_pauses():
    # behind the start, three of the four gaps of 2 bits have pauses, and one of the four of 0 bits; at the start none
    # has. What the LM gave within a run does not count.
    replies = pd.DataFrame(
        [
            reply(["a", P, "b", "c", "d", "e"], p_best=[0.25, 1.0, 0.01, 1.0, 1.0, 1.0]),
            reply(["a", P, P, "b", P, "c", P, "d", "e"], p_best=[0.25, 0.25, 0.9, 0.9, 0.25, 0.9, 0.25, 0.9, 0.25]),
            reply([P]),
            reply([]),
        ],
        index=[7, 3, 3, 3],
    )
    result = reply_features(replies)
    assert result["n_spoken"].to_list() == [5, 5, 0, 0]
    assert result["n_sites"].to_list() == [1, 3, 1, 0]
    assert np.exp(result["log_expected"].iloc[:2]).tolist() == pytest.approx([4 * 0.25, 4 * 0.75])
    assert result["log_expected"].iloc[2:].isna().all()
    assert result.index.to_list() == [7, 3, 3, 3]


@pytest.mark.parametrize(
    ("planted", "alone", "held_equal"),
    [({"confounded": 0.7}, 0.7, 0.0), ({"confounded": 0.3, "direct": 0.4}, 0.7, 0.4)],
    ids=["only uncertainty goes away", "a direct effect stays"],
)
def test_a_planted_effect_is_found(planted, alone, held_equal):
    """In the geometric mean of ten draws, with errors near 3 %."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(10):
        first, *_, last = incorrect(pause_regression(drawn(rng, uncertain=1, **planted)))
        assert last["model"] == "+ difficulty"
        ratios.append([first["rate_ratio"], last["rate_ratio"]])
    assert np.log(ratios).mean(axis=0) == pytest.approx([alone, held_equal], abs=0.1)


def test_the_models_are_nested_and_a_covariate_counts_by_its_standard_deviation():
    replies = drawn(np.random.default_rng(2), n=1000, uncertain=1, confounded=0.3, direct=0.4, variants=["sft"])
    table = pause_regression(replies).set_index(["model", "term"])
    terms = ["uncertainty", "length", "difficulty"]
    nested = [(f"+ {name}", term) for i, name in enumerate(terms) for term in ("incorrect", *terms[: i + 1])]
    assert table.index.tolist() == [("incorrect alone", "incorrect"), *nested]
    twice_the_sites = np.exp(reply_features(replies)["log_expected"].std())  # where twice as many are expected
    assert table.loc[("+ uncertainty", "uncertainty"), "rate_ratio"] == pytest.approx(twice_the_sites, rel=0.1)
    assert table.loc[("+ difficulty", "incorrect"), "p"] < 1e-3 < 0.05 < table.loc[("+ difficulty", "difficulty"), "p"]


@pytest.mark.parametrize(("unknown", "model"), [([], "+ scene"), (["scene"], "+ problem")])
def test_what_is_paused_at_and_got_wrong_more_often_is_no_effect_of_being_wrong(unknown, model):
    """Of three scenes the last has more pauses and more errors. Where scenes are not known, replies to the same problem
    are compared.
    """
    rng, rows = np.random.default_rng(0), []
    for i in range(900):
        problem, scene = i % 300, i % 3
        wrong, chance = rng.random() < (0.2, 0.2, 0.8)[scene], (0.05, 0.05, 0.2)[scene]
        fields = {"correct": not wrong, "scene": "abc"[scene], "problem_id": str(problem), "seed": i // 300}
        rows.append(said(np.full(20, 0.5), rng.random(20) < chance, **fields))
    first, *_, last = incorrect(pause_regression(pd.DataFrame(rows).drop(columns=unknown)))
    assert first["low"] > 1.3
    assert (last["model"], last["low"] < 1 < last["high"]) == (model, True)
    assert (first["verdict"], last["verdict"]) == ("larger than the margin", "undecided")


@pytest.mark.parametrize(
    "replies",
    [
        counted([], []),
        counted([1, 2, 3, 4, 5, 6, 7, 8], [True] * 8),
        counted([0] * 8, [True, False] * 4),
        counted([0, 1] * 4, [True, False] * 4),
        counted([1, 2, 3], [True, False, True]),
        counted([1, 2] * 4, [True, False] * 4).assign(problem_id="the only one"),
    ],
)
def test_where_nothing_can_be_compared_the_table_is_empty(replies):
    table = pause_regression(replies)
    assert table.empty
    assert table.columns.to_list() == REGRESSION


def test_only_variants_that_can_be_compared_count_and_cut_replies_are_left_out():
    usable, correct = drawn(np.random.default_rng(4), n=60), [True, False] * 4
    others = [
        counted([0] * 8, correct, variant="sft_unfr_lm_head"),
        counted([500] * 8, [False] * 8, seed=2),
        counted([900] * 8, correct, variant="sft_fr_phead"),
        counted([700] * 8, [False] * 8, truncated=True),
        pd.DataFrame([reply([P] * 600, problem_id="0")]),
    ]
    table, alone = pause_regression(pd.concat([usable, *others])), pause_regression(usable)
    assert (table["n"] == 120).all()
    assert (table["cut"] == 8).all()
    pd.testing.assert_frame_equal(table.drop(columns="cut"), alone.drop(columns="cut"))


def test_a_covariate_that_is_constant_unknown_or_follows_from_others_is_left_out():
    replies = drawn(np.random.default_rng(5), n=60)
    length = replies["tokens"].map(len) - replies["n_pauses"]
    same_within_a_variant = 3 * length + 1000 * (replies["variant"] == "sft")
    for difficulty in (same_within_a_variant, None, 3, replies["correct"].astype(int)):
        table = pause_regression(replies.assign(difficulty=difficulty))
        assert table["model"].unique().tolist() == ["incorrect alone", "+ uncertainty", "+ length"]
        assert np.isfinite(table[["rate_ratio", "low", "high", "p"]].astype(float)).all(axis=None)


def test_a_covariate_without_a_finite_ratio_is_left_out():
    """Only replies to problems of difficulty 5 pause."""
    replies = drawn(np.random.default_rng(1), n=50)
    said_alone = replies["tokens"].map(lambda tokens: [token for token in tokens if token != P])
    tokens = replies["tokens"].where(replies["difficulty"] == 5, said_alone)
    p_best = [[(0.5, 0.6)[i % 2]] * len(one) for i, one in enumerate(tokens)]
    table = pause_regression(replies.assign(tokens=tokens, p_best=p_best))
    assert table["model"].unique().tolist() == ["incorrect alone", "+ uncertainty", "+ length"]
    assert np.isfinite(table[["rate_ratio", "low", "high", "p"]]).all(axis=None)
