"""Whether training the pause embedding matters, in every pair: opposite effects never average away."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, answers_of, made_up

from pauselib.analysis.claims.embedding import embedding_effect, embedding_pairs, pair_effects
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.statistics.paired import score_interval
from pauselib.variants import VARIANTS

pytestmark = pytest.mark.filterwarnings("error")


def trained_embedding(by: float):
    """The share correct where training the pause embedding makes it better."""
    return lambda name: 0.6 + by * VARIANTS[name].pause_embedding


def test_the_pairs_are_those_of_a_trained_head():
    assert len(embedding_pairs()) == 6
    assert ("sft_peft", "sft_fr_pembed_peft") in embedding_pairs()
    assert all(trained.replace("sft", "sft_fr_pembed", 1) == frozen for trained, frozen in embedding_pairs())


def test_pairs_that_differ_to_both_sides_are_not_equivalent():
    """Six pairs from −16.5 to +14 points, 0 in the mean, as where the mean over the pairs was called no effect."""
    effects = dict(zip(embedding_pairs(), (-0.165, 0.14, -0.1, 0.11, 0.05, -0.035)))
    shares = {trained: 0.6 + effect for (trained, _), effect in effects.items()}
    replies = made_up(np.random.default_rng(0), lambda name: shares.get(name, 0.6), problems=2000, names=HEADS)
    row = embedding_effect(replies, plan())
    assert sum(effects.values()) == pytest.approx(0)
    assert row["verdict"] == "opposite"  # that of the pair that differs most
    assert row["estimate"] == pytest.approx(-0.165, abs=0.03)
    assert "with differences of -15.5 to +13.2 points" in row["reading"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_effect_is_equivalent_with_enough_problems_and_a_large_one_is_not(seeds):
    rng = np.random.default_rng(4)
    row = embedding_effect(made_up(rng, problems=4000, seeds=seeds, alike=0.99), plan())
    assert row["verdict"] == row["says"] == "equivalent"
    assert -0.01 < row["low"] <= row["estimate"] <= row["high"] < 0.01
    row = embedding_effect(made_up(rng, trained_embedding(0.1), problems=1000, seeds=seeds), plan())
    assert row["verdict"] == "larger than the margin"
    assert row["low"] > 0.01
    assert "Of 6 pairs 6 can be compared" in row["reading"]
    row = embedding_effect(made_up(rng, problems=10, seeds=seeds), plan())
    assert row["verdict"] == "undecided"
    assert ("One seed" if seeds == 1 else "3 seeds") in row["reading"]


def test_one_pair_by_hand():
    """12 of 200 problems are right with the trained embedding alone, 2 with the frozen one alone: +5 points.

    That interval is clear of 0, so its ends are the nearest and the farthest that the effect may be.
    """
    trained = answers_of("sft", [1] * 12 + [0] * 2 + [1] * 100 + [0] * 86)
    frozen = answers_of("sft_fr_pembed", [0] * 12 + [1] * 2 + [1] * 100 + [0] * 86)
    row = embedding_effect(pd.concat([trained, frozen]), plan())
    assert row["estimate"] == 0.05
    assert (row["low"], row["high"]) == score_interval(12, 2, 200)
    assert row["verdict"] == "larger than the margin"
    turned = embedding_effect(
        pd.concat([trained.assign(variant="sft_fr_pembed"), frozen.assign(variant="sft")]), plan()
    )
    assert (turned["low"], turned["high"], turned["verdict"]) == (-row["high"], -row["low"], "opposite")


def test_two_identical_problems_or_a_floor_are_undecided_not_equivalent():
    """Two problems answered alike: the old test gave p = 0 and 'holds'."""
    for n, value in ((2, 1), (1319, 0), (1319, 1)):
        alike = pd.concat([answers_of(name, np.full(n, value)) for name in HEADS])
        row = embedding_effect(alike, plan())
        assert row["verdict"] == "undecided"
        assert "only 0 answers are right in just one of the two" in row["reading"]
    rng = np.random.default_rng(5)
    floor = pd.concat([answers_of(name, rng.random(4000) < 0.003) for name in HEADS])
    row = embedding_effect(floor, plan())
    assert (row["verdict"], row["high"] < 0.01) == ("undecided", True)
    assert "both are right in fewer than 5%" in row["reading"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_effect_as_large_as_the_margin_is_rarely_called_small(seeds):
    rng, margin = np.random.default_rng(5), plan().margin("embedding")
    names = ["sft", "sft_fr_pembed"]
    small = [
        embedding_effect(made_up(rng, trained_embedding(margin), 3000, seeds, names=names, alike=0.98), plan())[
            "verdict"
        ]
        for _ in range(60)
    ]
    assert np.mean([verdict == "equivalent" for verdict in small]) <= 0.1  # 2.5 % expected
    none = [
        embedding_effect(made_up(rng, problems=3000, seeds=seeds, names=names, alike=0.98), plan())["verdict"]
        for _ in range(20)
    ]
    assert np.mean([verdict == "equivalent" for verdict in none]) >= 0.6
    assert not {"larger than the margin", "opposite"} & set(none)


def test_equal_pairs_are_rarely_told_apart_by_any_of_the_six():
    rng = np.random.default_rng(6)
    tables = [pair_effects(made_up(rng, problems=200, names=HEADS), plan()) for _ in range(40)]
    assert np.mean([any(one.beyond > 0 for one in effects) for effects in tables]) <= 0.15  # 5 % expected


def test_a_pair_that_hardly_differs_leaves_all_of_them_undecided():
    """One pair differs in 40 of 4,000 answers, 20 to each side; the other in none: nothing shows that it could."""
    alike = [answers_of(name, np.arange(4000) < 2400) for name in ("sft", "sft_fr_pembed", "sft_peft")]
    other = (np.arange(4000) >= 20) & (np.arange(4000) < 2420)
    row = embedding_effect(pd.concat([*alike, answers_of("sft_fr_pembed_peft", other)]), plan())
    assert (row["verdict"], row["high"] < 0.01, row["low"] > -0.01) == ("undecided", True, True)
    assert row["reading"].endswith(
        "in sft − sft_fr_pembed only 0 answers are right in just one of the two, fewer than 6."
    )
    assert row["detectable"] > 0


def test_what_is_missing_is_named():
    apart = made_up(np.random.default_rng(7), names=["sft", "sft_fr_pembed"], problems=20)
    apart["seed"] += apart["variant"] == "sft"
    assert "no pair of sft / sft_fr_pembed" in embedding_effect(apart, plan())["reading"]
