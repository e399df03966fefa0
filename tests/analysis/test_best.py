"""Which variant is the best: by hand, and on made-up replies whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import PAUSING, answers_of, better, made_up

from pauselib.analysis.claims.best import BEST, best_variant, lead
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.statistics.paired import compare, score_interval

pytestmark = pytest.mark.filterwarnings("error")


def right(*groups: tuple[int, int]) -> np.ndarray:
    """The answers of one seed: groups of problems (how many, 1 where right)."""
    return np.concatenate([np.full(n, value, float) for n, value in groups])[None]


def test_the_lead_over_two_rivals_by_hand():
    """`a` is right in 60 of 100, `b` in the first 50 of these, `c` in the first 40: the leads are 10 and 20."""
    answers = {"a": right((60, 1), (40, 0)), "b": right((50, 1), (50, 0)), "c": right((40, 1), (60, 0))}
    found = lead(answers, "a")
    assert (found.rival, found.comparison.difference) == ("b", pytest.approx(0.1))
    assert found.low == score_interval(10, 0, 100)[0]  # that of the closest, no correction
    assert found.high == score_interval(10, 0, 100, 0.975)[1]  # two rivals, so half of the 5 % each
    assert found.candidates == ["a"]
    behind = lead(answers, "c")
    assert (behind.rival, behind.comparison.difference) == ("a", pytest.approx(-0.2))
    assert behind.low == score_interval(0, 20, 100)[0]
    assert behind.high == score_interval(0, 20, 100, 0.975)[1] < 0


def test_the_best_may_be_several_and_the_right_one_is_nearly_always_among_them():
    rng, missed, called = np.random.default_rng(0), 0, 0
    for _ in range(200):
        hard = rng.random(200)
        answers = {name: (np.where(rng.random(200) < 0.8, hard, rng.random(200)) < 0.6)[None] for name in "abcde"}
        found = lead(answers, "a")
        missed += "a" not in found.candidates  # all are equally good, so any of them may be the best
        called += found.low > 0
    assert missed <= 11  # 2.5 % of 200 is 5 at the most
    assert called <= 2


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_best_variant_is_larger_than_the_margin_and_another_best_is_opposite(seeds):
    rng = np.random.default_rng(1)
    row = best_variant(made_up(rng, better(BEST, 0.15), problems=600, seeds=seeds), plan())
    assert row["verdict"] == "larger than the margin"
    assert row["estimate"] == pytest.approx(0.13, abs=0.05)  # the closest of 17 is a little better than its 0.6
    assert row["beyond_below"] == row["low"] > 0.01
    assert f"1 of the 18 variants may be the best ({BEST}), and that {BEST} is within 1.0 points" in row["reading"]
    row = best_variant(made_up(rng, better("sft_unfr_lm_head", 0.15), problems=600, seeds=seeds), plan())
    assert row["verdict"] == "opposite"
    assert row["high"] < -0.05
    assert "points behind the best other, sft_unfr_lm_head (lead -" in row["reading"]
    assert "not shown" in row["reading"]


def test_a_variant_within_the_margin_of_the_best_is_shown_to_be_with_enough_problems():
    """Where 17 rivals are a little worse, nobody is better than sft_peft by more than the margin."""
    replies = made_up(np.random.default_rng(2), better(BEST, 0.03), problems=6000, alike=0.98)
    row = best_variant(replies, plan())
    assert row["low"] > -0.01
    assert "that sft_peft is within 1.0 points of it is shown" in row["reading"]


def test_baselines_and_seeds_that_others_lack_are_no_rivals():
    rng = np.random.default_rng(2)
    replies = made_up(rng, lambda name: {BEST: 0.8}.get(name, 0.6), problems=400)
    baseline = made_up(rng, lambda name: 0.99, problems=400, names=["baseline_2_epoch"])
    assert best_variant(pd.concat([replies, baseline]), plan()) == best_variant(replies, plan())
    extra = made_up(rng, lambda name: 0.1, problems=400, names=[BEST]).assign(seed=2)  # no rival has this seed
    assert best_variant(pd.concat([replies, extra]), plan()) == best_variant(replies, plan())


@pytest.mark.parametrize("seeds", [1, 3])
def test_equal_variants_are_never_called_best_and_rarely_beaten(seeds):
    rng = np.random.default_rng(3)
    noise = 0.03 * (seeds > 1)
    drawn = [made_up(rng, problems=100, seeds=seeds, seed_effect=noise) for _ in range(25)]
    verdicts = [best_variant(replies, plan())["verdict"] for replies in drawn]
    assert "larger than the margin" not in verdicts
    assert verdicts.count("opposite") <= 3  # fewer than 1 of 25 expected
    assert verdicts.count("undecided") >= 22


def test_variants_that_are_all_wrong_or_all_alike_are_undecided():
    """1,319 problems, none right: the intervals are ± 0.3 points, and nothing has shown that they could differ."""
    for value in (0, 1):
        wrong = pd.concat([answers_of(name, np.full(1319, value)) for name in PAUSING])
        row = best_variant(wrong, plan())
        assert row["verdict"] == "undecided"
        assert "only 0 answers are right in just one of the two" in row["reading"]
    rng = np.random.default_rng(4)
    floor = pd.concat([answers_of(name, rng.random(4000) < 0.004) for name in PAUSING])
    row = best_variant(floor, plan())
    assert (row["verdict"], row["high"] < 0.01, row["low"] > -0.01) == ("undecided", True, True)
    assert "both are right in fewer than 5% of the problems" in row["reading"]


def test_what_is_missing_is_named():
    rng = np.random.default_rng(11)
    without = made_up(rng, names=[name for name in PAUSING if name != "sft_fr_phead_peft"], problems=50)
    assert best_variant(without, plan())["reading"] == "Not decided: it takes sft_fr_phead_peft too."
    apart = made_up(rng, problems=20)
    apart["seed"] += apart["variant"] == "sft"
    assert best_variant(apart, plan())["reading"] == "Not decided: the variants have no seed in common."
    assert compare(np.empty((0, 0)), np.empty((0, 0))).test == ""
