"""Whether pauses help, as accuracy shows it, on made-up replies whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import NONE, answers_of, forbidden, made_up

from pauselib.analysis.claims.benefit import pauses_help
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.statistics.paired import score_interval

pytestmark = pytest.mark.filterwarnings("error")


def worth(by: float, rng, problems: int = 500, seeds: int = 1, noise: float = 0.05) -> dict:
    """The verdict on two models that are right on 0.6 of the problems with their pauses, and on `by` less without."""
    plain = made_up(rng, problems=problems, seeds=seeds, names=["sft", "sft_peft", "baseline_1_epoch"])
    heads = plain[plain["variant"] != "baseline_1_epoch"]
    lost = rng.random(len(heads)) < by / 0.6
    changed = rng.random(len(heads)) < noise
    without = np.where(changed, rng.random(len(heads)) < 0.6, heads["correct"] & ~lost)
    return pauses_help(plain, forbidden(heads.assign(correct=without)), plan())


@pytest.mark.parametrize("seeds", [1, 3])
def test_pauses_worth_ten_points_are_larger_than_the_margin_and_those_worth_nothing_never(seeds):
    rng = np.random.default_rng(3)
    row = worth(0.1, rng, seeds=seeds)
    assert row["verdict"] == row["says"] == "larger than the margin"
    assert row["estimate"] == pytest.approx(0.1, abs=0.05)
    assert "superior (above 0): shown" in row["reading"]
    assert row["reading"].startswith("With their pauses sft, sft_peft are ")
    assert "points more accurate than with them forbidden (benefit +" in row["reading"]
    assert "also shifts the distribution" in row["reading"]
    assert worth(0.0, rng, problems=8000, seeds=seeds)["verdict"] == "equivalent"


def test_one_and_a_half_points_are_not_called_no_help():
    """With a margin of 3 points this was 'does not hold': what Goyal et al. gained would have been called nothing."""
    plain = answers_of("sft", [1] * 200 + [0] * 110 + [1] * 3000 + [0] * 2690)
    changed = answers_of("sft", [0] * 200 + [1] * 110 + [1] * 3000 + [0] * 2690)
    row = pauses_help(plain, forbidden(changed), plan())
    assert (row["estimate"], row["verdict"]) == (0.015, "undecided")
    assert row["low"] > 0
    assert "superior (above 0): shown, not inferior (above minus the margin): shown, equivalent" in row["reading"]
    assert row["reading"].endswith("points.")
    assert "larger than the margin for every margin below" in row["reading"]


def test_pauses_worth_nothing_seem_to_help_in_one_of_forty_draws_at_most():
    rng = np.random.default_rng(4)
    held = [worth(0.0, rng, problems=200)["low"] > 0 for _ in range(200)]
    assert sum(held) <= 11  # 2.5 % of 200 is 5; more than 11 in fewer than 1 of 100 series


def test_one_model_is_judged_by_the_score_interval_by_hand():
    """Of 100 problems 9 are right with the pauses alone, and 1 with the pauses forbidden alone."""
    plain = answers_of("sft_peft", [1] * 9 + [0] + [1] * 50 + [0] * 40)
    changed = answers_of("sft_peft", [0] * 9 + [1] + [1] * 50 + [0] * 40)
    row = pauses_help(plain, forbidden(changed), plan())
    assert (row["estimate"], row["low"], row["high"]) == (0.08, *score_interval(9, 1, 100))
    assert "With its pauses sft_peft is 8.0 points more accurate than with them forbidden (benefit +" in row["reading"]


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("value", [0, 1])
def test_models_that_are_always_wrong_or_always_right_are_undecided(value, seeds):
    plain = pd.concat([answers_of("sft", np.full(1319, value), seed) for seed in range(seeds)])
    row = pauses_help(plain, forbidden(plain), plan())
    assert row["verdict"] == "undecided"
    assert row["low"] < 0 < row["high"]
    assert "only 0 answers are right in just one of the two, fewer than 6" in row["reading"]


def test_a_model_at_the_floor_that_hardly_changes_is_undecided():
    """10 of 4,000 right with the pauses, 10 others without: within a point of each other, as they have to be."""
    plain = answers_of("sft", np.arange(4000) < 10)
    changed = answers_of("sft", (np.arange(4000) >= 10) & (np.arange(4000) < 20))
    row = pauses_help(plain, forbidden(changed), plan())
    assert (row["verdict"], row["high"] < 0.01) == ("undecided", True)
    assert "both are right in fewer than 5% of the problems" in row["reading"]


def test_without_the_forbidden_replies_nothing_is_decided():
    row = pauses_help(made_up(np.random.default_rng(0), problems=20), NONE, plan())
    assert (row["verdict"], np.isnan(row["estimate"])) == ("undecided", True)
    assert "max_pauses 0" in row["reading"]


def test_only_zero_allowed_pauses_count_as_forbidden():
    plain = made_up(np.random.default_rng(1), problems=50, names=["sft"])
    other = forbidden(plain).assign(intervention="max_pauses-0_pause_bias-1.0", allowed=np.nan)
    one = forbidden(plain).assign(intervention="max_pauses-1", allowed=1.0)
    assert pauses_help(plain, pd.concat([other, one]), plan())["reading"].startswith("Not decided: ")
