"""Whether incorrect replies pause more: by version 1 of the plan in more places, by version 2 as the head expects."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, judged_by, made_up

from pauselib.analysis.claims.pause_sites import detectable_ratio, incorrect_expect_more, incorrect_pause_more
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    EQUIVALENT,
    FEW_PROBLEMS,
    LARGER,
    NOT_FINISHED,
    OPPOSITE,
    SAME_COUNTS,
    UNDECIDED,
    judge,
)

judged = judged_by("incorrect", incorrect_pause_more)


def test_planted_places_of_incorrect_replies_are_found_at_their_size():
    rng = np.random.default_rng(7)
    row = judged(made_up(rng, problems=800, more_sites=1.4))
    assert row["verdict"] == LARGER
    assert row["low"] < 1.4 < row["high"]
    assert row["beyond_below"] == pytest.approx(row["low"] - 1)
    fewer = judged(made_up(rng, problems=800, more_sites=0.7))
    assert (fewer["verdict"], fewer["estimate"]) == (OPPOSITE, pytest.approx(0.7, abs=0.05))


def test_no_more_places_are_equivalent_with_many_problems_and_undecided_with_few():
    rng = np.random.default_rng(8)
    assert judged(made_up(rng, problems=2000))["verdict"] == EQUIVALENT
    few = judged(made_up(rng, problems=30))
    assert (few["verdict"], few["doubt"]) == (UNDECIDED, FEW_PROBLEMS)


def test_two_percent_of_replies_that_were_cut_do_not_flip_the_verdict():
    """They are incorrect, with 150 pauses each: with them the ratio is far above 1, without them it is 1."""
    rng = np.random.default_rng(9)
    replies = made_up(rng, problems=2000, names=["sft", "sft_peft"])
    cut = rng.random(len(replies)) < 0.02
    replies = replies.assign(truncated=cut, correct=replies["correct"] & ~cut, n_sites=replies["n_sites"].mask(cut, 75))
    row = judged(replies)
    assert row["verdict"] == EQUIVALENT
    assert row == judged(replies[~cut])


def test_the_ratio_is_within_a_variant_and_seed_by_hand():
    """Within `sft` incorrect replies have twice the places (4 for 2), and within `sft_peft` too (20 for 10).

    `sft_peft` is often incorrect and pauses much, so with both in one pot the ratio would be 4.
    """
    often, rarely, varies = np.arange(40) < 10, np.arange(40) >= 10, np.arange(40) % 2
    sft = {"variant": "sft", "correct": rarely, "n_sites": np.where(rarely, 2, 4) + 2 * varies - 1}
    peft = {"variant": "sft_peft", "correct": often, "n_sites": np.where(often, 10, 20) + 2 * varies - 1}
    replies = pd.concat([pd.DataFrame(sft), pd.DataFrame(peft)]).assign(seed=1, truncated=False)
    replies["problem_id"] = replies.index.map("test-{}".format)
    assert judged(replies)["estimate"] == pytest.approx(2)


def test_several_seeds_are_no_more_problems():
    once = made_up(np.random.default_rng(10), problems=60, names=HEADS[:2])
    first, thrice = judged(once), judged(pd.concat([once.assign(seed=seed) for seed in (1, 2, 3)]))
    assert [thrice[end] for end in ("low", "high")] == pytest.approx([first[end] for end in ("low", "high")], rel=0.01)


def test_replies_that_all_pause_in_as_many_places_are_undecided():
    alike = made_up(np.random.default_rng(11), problems=300, names=["sft"]).assign(n_sites=1)
    alike.loc[:4, "n_sites"] = 2
    row = judged(alike)
    assert (row["verdict"], row["doubt"], row["low"] > 0.9, row["high"] < 1.1) == (UNDECIDED, SAME_COUNTS, True, True)


def test_without_both_kinds_of_replies_there_is_no_ratio():
    rng = np.random.default_rng(13)
    frozen, silent = made_up(rng, names=["sft_fr_phead"]), made_up(rng).assign(n_sites=0)
    for replies in (made_up(rng, lambda name: 0), frozen, silent, made_up(rng).assign(n_sites=1)):
        row = judged(replies)
        assert (row["verdict"], row["doubt"], np.isnan(row["estimate"])) == (UNDECIDED, NOT_FINISHED, True)


def test_the_detectable_ratio_is_two_quantiles_away_from_1():
    """An interval from e^−0.196 to e^0.196 has a standard error of 0.1; 1.96 + 0.84 of these are 0.28."""
    found = detectable_ratio((1, np.exp(-0.196), np.exp(0.196)), plan(1))
    assert found == pytest.approx(np.exp(0.28) - 1, abs=1e-3)


MARGIN = plan(2).margin("incorrect")


def replies(rare: float, ratio: float = 1.0, longer: float = 1.0, problems=500, seeds=3, draw=0) -> pd.DataFrame:
    """Replies of one variant of which a share is correct: the pauses of a problem are Gamma distributed around 2, and
    `ratio` times as many in incorrect replies, which are `longer`.
    """
    rng = np.random.default_rng(draw)
    of_problem = rng.gamma(0.7, 2 / 0.7, (1, problems))
    correct = rng.random((seeds, problems)) < rare
    more = np.where(correct, 1.0, ratio)
    expected = of_problem * more * rng.gamma(4, 1 / 4, (seeds, problems))
    at = np.indices(correct.shape).reshape(2, -1)
    found = pd.DataFrame({"seed": 42 + at[0], "problem_id": [f"test-{i}" for i in at[1]], "variant": "sft_peft"})
    n_pauses = rng.poisson(expected)
    n_tokens = (np.where(correct, 99, 100 * longer - 1) + n_pauses).astype(int)
    columns = {"correct": correct, "expected_pauses": expected, "n_pauses": n_pauses, "n_tokens": n_tokens}
    return found.assign(truncated=False, **{name: values.ravel() for name, values in columns.items()})


def test_more_pauses_in_incorrect_replies_are_found_and_by_their_length_none_are_left():
    longer = replies(0.4, ratio=1.5, longer=1.5, problems=2000)
    found = incorrect_expect_more(longer, plan(2))
    assert judge(found, MARGIN).verdict == LARGER
    assert found.estimate == pytest.approx(1.5, rel=0.1)
    for_each_word = incorrect_expect_more(longer, plan(2), per_word=True)
    assert for_each_word.estimate == pytest.approx(1.0, rel=0.1)
    assert judge(incorrect_expect_more(replies(0.4, problems=2000), plan(2)), MARGIN).verdict == EQUIVALENT


@pytest.mark.parametrize("rare", [0.003, 0.01, 0.99, 0.4])
def test_a_world_without_effect_is_seldom_given_a_confident_verdict_at_the_floor_and_the_ceiling(rare):
    verdicts = [judge(incorrect_expect_more(replies(rare, draw=i), plan(2)), MARGIN).verdict for i in range(40)]
    assert sum(one not in (UNDECIDED, EQUIVALENT) for one in verdicts) <= 2  # 5 % of the draws


def test_with_few_problems_of_a_class_that_pause_nothing_is_decided():
    few = replies(0.4)
    few.loc[few["correct"] & (few["problem_id"] > "test-2"), "n_pauses"] = 0
    assert few[few["correct"] & (few["n_pauses"] > 0)]["problem_id"].nunique() > 40
    for table, doubt in (
        (few.assign(n_pauses=few["n_pauses"] * ~few["correct"]), FEW_PROBLEMS),
        (few.assign(correct=False), NOT_FINISHED),
        (few.assign(expected_pauses=np.nan), NOT_FINISHED),
        (few.assign(truncated=True), NOT_FINISHED),
        (few.assign(variant="sft_fr_phead"), NOT_FINISHED),
    ):
        assert incorrect_expect_more(table, plan(2)).doubt == doubt
