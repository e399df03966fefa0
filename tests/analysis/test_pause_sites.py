"""Whether incorrect replies pause in more places: a run of pauses is one place, and cut replies don't count."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, made_up

from pauselib.analysis.claims.pause_sites import compared, counted, detectable_ratio, incorrect_pause_more
from pauselib.analysis.claims.plan import plan

pytestmark = pytest.mark.filterwarnings("error")


def test_planted_places_of_incorrect_replies_are_found_at_their_size():
    rng = np.random.default_rng(7)
    row = incorrect_pause_more(made_up(rng, problems=800, more_sites=1.4), plan())
    assert row["verdict"] == "larger than the margin"
    assert row["low"] < 1.4 < row["high"]
    assert row["beyond_below"] == pytest.approx(row["low"] - 1)
    assert "in the 12 variants it is 1." in row["reading"]
    fewer = incorrect_pause_more(made_up(rng, problems=800, more_sites=0.7), plan())
    assert (fewer["verdict"], fewer["estimate"]) == ("opposite", pytest.approx(0.7, abs=0.05))


def test_no_more_places_are_equivalent_with_many_problems_and_undecided_with_few():
    rng = np.random.default_rng(8)
    assert incorrect_pause_more(made_up(rng, problems=2000), plan())["verdict"] == "equivalent"
    few = incorrect_pause_more(made_up(rng, problems=30), plan())
    assert few["verdict"] == "undecided"
    assert "these are replies to 30 problems, fewer than 40" in few["reading"]


def test_two_percent_of_replies_that_were_cut_do_not_flip_the_verdict():
    """They are incorrect, with 150 pauses each: with them the ratio is far above 1, without them it is 1."""
    rng = np.random.default_rng(9)
    replies = made_up(rng, problems=2000, names=["sft", "sft_peft"])
    cut = rng.random(len(replies)) < 0.02
    told = replies.assign(truncated=cut, correct=replies["correct"] & ~cut, n_sites=replies["n_sites"].mask(cut, 75))
    row = incorrect_pause_more(told, plan())
    assert row["verdict"] == "equivalent"
    assert row == {**incorrect_pause_more(told[~cut], plan()), "reading": row["reading"]}
    assert f"{cut.sum()} replies that were cut are left out; with them it is 1.9" in row["reading"]


def test_the_ratio_is_within_a_variant_and_seed_by_hand():
    """Within `sft` incorrect replies have twice the places (4 for 2), and within `sft_peft` too (20 for 10).

    `sft_peft` is often incorrect and pauses much, so with both in one pot the ratio would be 4.
    """
    often, rarely, varies = np.arange(40) < 10, np.arange(40) >= 10, np.arange(40) % 2
    sft = {"variant": "sft", "correct": rarely, "n_sites": np.where(rarely, 2, 4) + 2 * varies - 1}
    peft = {"variant": "sft_peft", "correct": often, "n_sites": np.where(often, 10, 20) + 2 * varies - 1}
    replies = pd.concat([pd.DataFrame(sft), pd.DataFrame(peft)]).assign(seed=1, truncated=False)
    replies["problem_id"] = replies.index.map("test-{}".format)
    row = incorrect_pause_more(replies, plan())
    assert row["estimate"] == pytest.approx(2)
    pot = replies.groupby("correct")["n_sites"].mean()
    assert pot[False] / pot[True] == 4


@pytest.mark.parametrize("seeds", [1, 3])
def test_places_that_are_the_problems_own_are_not_taken_for_incorrectness(seeds):
    rng = np.random.default_rng(10)
    found = [incorrect_pause_more(made_up(rng, problems=60, seeds=seeds, names=HEADS[:2]), plan()) for _ in range(80)]
    assert np.mean([row["low"] > 1 for row in found]) <= 0.08  # 2.5 % expected
    assert np.mean([not row["low"] <= 1 <= row["high"] for row in found]) <= 0.13


def test_the_places_that_the_ratio_rests_on_are_counted_and_few_are_pointed_out():
    correct, sites = [True, True, False, False, False], [1, 0, 2, 2, 1]
    replies = pd.DataFrame({"variant": "sft", "seed": 1, "correct": correct, "n_sites": sites, "truncated": False})
    replies["problem_id"] = ["a", "b", "c", "c", "d"]
    said = counted(compared(replies), plan())
    assert said.startswith(
        "Places with pauses: 1 in 2 correct replies (on 1 problems) and 5 in 3 incorrect replies (on 2 problems). On "
        "fewer than 40 problems the interval is only rough"
    )
    many = pd.concat([replies.assign(problem_id=[f"{i}-{j}" for j in range(5)]) for i in range(40)])
    assert counted(compared(many), plan()).endswith("(on 120 problems).")


def test_a_variant_whose_correct_replies_never_pause_has_no_largest_ratio():
    replies = made_up(np.random.default_rng(14), problems=100, names=["sft", "sft_peft"])
    never = (replies["variant"] == "sft") & replies["correct"]
    row = incorrect_pause_more(replies.assign(n_sites=replies["n_sites"].mask(never, 0)), plan())
    assert " to ∞. Places with pauses: " in row["reading"]


def test_replies_that_all_pause_in_as_many_places_are_undecided():
    replies = made_up(np.random.default_rng(11), problems=300, names=["sft"])
    alike = replies.assign(n_sites=1)
    alike.loc[:4, "n_sites"] = 2
    row = incorrect_pause_more(alike, plan())
    assert (row["verdict"], row["low"] > 0.9, row["high"] < 1.1) == ("undecided", True, True)
    assert "only 5 replies pause in another number of places than the others, fewer than 6" in row["reading"]


def test_frozen_heads_and_rows_with_a_strategy_do_not_count():
    rng = np.random.default_rng(12)
    replies = made_up(rng, problems=100, names=["sft", "sft_fr_phead"])
    other = made_up(rng, problems=100, more_sites=5, names=["sft_fr_phead", "sft_peft@word"])
    expected = incorrect_pause_more(replies, plan())
    mixed = pd.concat([replies[replies["variant"] == "sft"], other])
    assert incorrect_pause_more(mixed, plan()) == expected


def test_without_both_kinds_of_replies_there_is_no_ratio():
    rng = np.random.default_rng(13)
    assert "has correct and incorrect replies" in incorrect_pause_more(made_up(rng, lambda name: 0), plan())["reading"]
    frozen = incorrect_pause_more(made_up(rng, names=["sft_fr_phead"]), plan())
    assert frozen["reading"].endswith("is finished.")
    silent = made_up(rng).assign(n_sites=0)
    assert np.isnan(incorrect_pause_more(silent, plan())["estimate"])
    one_each = incorrect_pause_more(made_up(rng).assign(n_sites=1), plan())
    assert (one_each["verdict"], np.isnan(one_each["low"])) == ("undecided", True)


def test_the_detectable_ratio_is_two_quantiles_away_from_1():
    """An interval from e^−0.196 to e^0.196 has a standard error of 0.1; 1.96 + 0.84 of these are 0.28."""
    found = detectable_ratio((1, np.exp(-0.196), np.exp(0.196)), plan())
    assert found == pytest.approx(np.exp(0.28) - 1, abs=1e-3)
