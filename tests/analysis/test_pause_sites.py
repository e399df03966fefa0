"""Whether incorrect replies pause in more places: a run of pauses is one place, and cut replies don't count."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, made_up

from pauselib.analysis.claims.judged import judged_claim
from pauselib.analysis.claims.pause_sites import detectable_ratio, incorrect_pause_more
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    EQUIVALENT,
    FEW_PROBLEMS,
    LARGER,
    NOT_FINISHED,
    OPPOSITE,
    SAME_COUNTS,
    UNDECIDED,
)

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def judged(replies: pd.DataFrame) -> dict:
    return judged_claim(plan(1), "incorrect", incorrect_pause_more(replies, plan(1)))


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
