"""The published takeaways on made-up replies whose truth is known: no effect, a planted effect, unfinished variants."""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis import statistics
from pauselib.analysis.comparisons import trained_head
from pauselib.analysis.takeaways import (
    BEST,
    COLUMNS,
    MARGIN,
    best_variant,
    embedding_effect,
    embedding_pairs,
    incorrect_pause_more,
    pauses_help,
    takeaways,
)
from pauselib.variants import VARIANTS

pytestmark = pytest.mark.filterwarnings("error")
PAUSING = [name for name, variant in VARIANTS.items() if variant.pauses]
HEADS = trained_head(PAUSING)


def made_up(
    rng,
    share=lambda name: 0.6,
    problems: int = 300,
    seeds: int = 1,
    more_pauses: float = 0.0,
    names=PAUSING,
    seed_effect: float = 0.0,
) -> pd.DataFrame:
    """Replies of the variants, each correct in its share of the problems.

    The same problems are hard for all of them, and the same ones make them pause. Incorrect replies have `more_pauses`;
    `seed_effect` is how much the share of a trained model differs from that of its variant.
    """
    hard, talks = rng.random(problems), rng.gamma(8, 0.5, problems)
    shape = (len(names), seeds, problems)
    shares = np.array([share(name) for name in names])[:, None, None] + rng.normal(0, seed_effect, (*shape[:2], 1))
    correct = np.where(rng.random(shape) < 0.8, hard, rng.random(shape)) < shares
    pauses = rng.poisson(np.maximum(talks + more_pauses * ~correct, 0))
    index = pd.MultiIndex.from_product(
        [names, range(1, seeds + 1), [f"p{i}" for i in range(problems)]], names=["variant", "seed", "problem_id"]
    )
    return pd.DataFrame(
        {"correct": correct.ravel(), "n_pauses": pauses.ravel(), "truncated": False}, index=index
    ).reset_index()


def forbidden(replies: pd.DataFrame) -> pd.DataFrame:
    """These replies as those of models that may not pause."""
    return replies.assign(intervention="max_pauses-0", allowed=0.0, n_pauses=0)


NONE = pd.DataFrame(columns=["seed", "variant", "problem_id", "correct", "intervention", "allowed"])


def better(name: str, by: float, base: float = 0.6):
    """The share correct of the variants where one of them is better than the others."""
    return lambda other: base + by * (other == name)


def trained_embedding(by: float):
    """The share correct where training the pause embedding makes it better."""
    return lambda name: 0.6 + by * VARIANTS[name].pause_embedding


@pytest.fixture
def quick(monkeypatch):
    """Few resamples, as no verdict is of a bootstrap, and no garbage collection, which every correction would start."""
    monkeypatch.setattr(statistics, "RESAMPLES", 9)
    monkeypatch.setattr("gc.collect", lambda: 0)


def test_one_row_a_claim_with_what_it_is_decided_by():
    rng = np.random.default_rng(0)
    table = takeaways(
        made_up(rng, better(BEST, 0.2), problems=600, more_pauses=1),
        forbidden(made_up(rng, problems=600, names=["sft"])),
    )
    assert table.columns.to_list() == COLUMNS
    assert table["verdict"].to_list() == [
        "holds",
        "cannot tell",
        "holds",
        "cannot tell",
    ]  # one of six pairs is 20 points apart: 3.3 in the mean, about the margin
    assert (table["low"] < table["estimate"]).all()
    assert (table["estimate"] < table["high"]).all()
    assert table["p"].between(0, 1).all()
    assert all(
        "one seed" in reading and "not about training" in reading and reading.count(". ") == 0
        for reading in table["reading"]
    )
    closest = table.loc[0, "what"].removeprefix(f"accuracy of {BEST} − that of ")
    assert closest in PAUSING
    assert closest in table.loc[0, "reading"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_best_variant_holds_and_another_best_refutes(seeds, quick):
    rng = np.random.default_rng(1)
    row = best_variant(made_up(rng, better(BEST, 0.15), problems=600, seeds=seeds))
    assert (row["verdict"], row["p"] < 0.025) == ("holds", True)
    assert row["estimate"] == pytest.approx(0.13, abs=0.05)  # the closest of 17 is a little better than its 0.6
    assert f"{BEST} is better than 17 of its 17 rivals" in row["reading"]
    row = best_variant(made_up(rng, better("sft_unfr_lm_head", 0.15), problems=600, seeds=seeds))
    assert row["verdict"] == "does not hold"
    assert row["what"] == f"accuracy of {BEST} − that of sft_unfr_lm_head"
    assert row["high"] < -0.05
    assert "worse than sft_unfr_lm_head after correction" in row["reading"]


def test_baselines_and_other_seeds_are_no_rivals(quick):
    rng = np.random.default_rng(2)
    replies = made_up(rng, lambda name: {BEST: 0.8}.get(name, 0.6), problems=400)
    baseline = made_up(rng, lambda name: 0.99, problems=400, names=["baseline_2_epoch"])
    assert best_variant(pd.concat([replies, baseline])) == best_variant(replies)
    extra = made_up(rng, lambda name: 0.1, problems=400, names=[BEST]).assign(seed=2)  # no rival has this seed
    assert best_variant(pd.concat([replies, extra])) == best_variant(replies)


@pytest.mark.parametrize("seeds", [1, 3])
def test_equal_variants_are_never_called_best_and_rarely_beaten(seeds, quick):
    """The worst case for `holds` is one equal rival among hopeless ones; for `does not hold`, that all are equal."""
    rng = np.random.default_rng(3)

    def one_rival(name):
        return 0.6 if name in (BEST, "sft") else 0.1

    equal = [
        best_variant(made_up(rng, problems=100, seeds=seeds, seed_effect=0.03 * (seeds > 1)))["verdict"]
        for _ in range(25)
    ]
    close = [
        best_variant(made_up(rng, one_rival, problems=100, seeds=seeds, seed_effect=0.03 * (seeds > 1)))["verdict"]
        for _ in range(25)
    ]
    assert equal.count("holds") == 0
    assert equal.count("does not hold") <= 3  # fewer than 1 of 25 expected
    assert close.count("holds") <= 3
    assert close.count("does not hold") <= 3
    assert equal.count("cannot tell") >= 22


def test_the_pairs_of_the_pause_embedding_are_those_of_a_trained_head():
    assert len(embedding_pairs()) == 6
    assert ("sft_peft", "sft_fr_pembed_peft") in embedding_pairs()
    assert all(trained.replace("sft", "sft_fr_pembed", 1) == frozen for trained, frozen in embedding_pairs())


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_effect_of_the_embedding_is_equivalent_and_a_large_one_is_not(seeds):
    rng = np.random.default_rng(4)
    row = embedding_effect(made_up(rng, problems=1000, seeds=seeds))
    assert (row["verdict"], row["p"] < 0.05) == ("holds", True)
    assert -MARGIN < row["low"] < row["high"] < MARGIN
    assert "within ±3" in row["reading"]
    row = embedding_effect(made_up(rng, trained_embedding(0.1), problems=1000, seeds=seeds))
    assert row["verdict"] == "does not hold"
    assert row["estimate"] == pytest.approx(0.1, abs=0.02)
    assert "outside ±3" in row["reading"]
    row = embedding_effect(made_up(rng, problems=10, seeds=seeds))
    assert row["verdict"] == "cannot tell"
    assert ("one seed" if seeds == 1 else "3 seeds") in row["reading"]


def test_the_embedding_is_judged_by_the_problems_by_hand():
    """Two problems, two pairs: differences 1 and 0 on the first, 0 and 0 on the second: means ½ and 0, so ¼ ± t · ¼."""
    names = ["sft", "sft_fr_pembed", "sft_peft", "sft_fr_pembed_peft"]
    rows = [(name, problem, (name, problem) == ("sft", "p0")) for name in names for problem in ("p0", "p1")]
    replies = pd.DataFrame(rows, columns=["variant", "problem_id", "correct"]).assign(seed=1)
    row = embedding_effect(replies)
    assert row["estimate"] == 0.25
    assert row["high"] - 0.25 == pytest.approx(
        6.3138 * 0.25, abs=1e-3
    )  # the 95th percentile of t with one degree of freedom
    assert "2 of 6 pairs that are finished range from +0.0 to +50.0" in row["reading"]


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_effect_as_large_as_the_margin_is_rarely_called_small(seeds):
    rng = np.random.default_rng(5)
    at_margin = [
        embedding_effect(
            made_up(
                rng, trained_embedding(MARGIN), problems=400, seeds=seeds, names=HEADS, seed_effect=0.01 * (seeds > 1)
            )
        )
        for _ in range(200)
    ]
    assert 0.01 <= np.mean([row["verdict"] == "holds" for row in at_margin]) <= 0.09  # 5 % expected
    none = [embedding_effect(made_up(rng, problems=400, seeds=seeds, names=HEADS)) for _ in range(50)]
    assert np.mean([row["verdict"] == "holds" for row in none]) >= 0.8
    assert not any(row["verdict"] == "does not hold" for row in none)


def test_the_margin_is_half_the_interval_of_one_published_accuracy():
    low, high = statistics.wilson(round(0.53 * 1319), 1319)
    assert (high - low) / 2 == pytest.approx(MARGIN, abs=0.005)
    assert embedding_effect(made_up(np.random.default_rng(6), problems=200), margin=0.5)["verdict"] == "holds"
    with pytest.raises(ValueError, match="above 0"):
        embedding_effect(made_up(np.random.default_rng(6), problems=20), margin=0)


def test_planted_pauses_of_incorrect_replies_are_found_at_their_size():
    rng = np.random.default_rng(7)
    row = incorrect_pause_more(made_up(rng, problems=800, more_pauses=1.5))
    assert row["verdict"] == "holds"
    assert row["low"] < 1.5 < row["high"]
    assert "more in 12 of 12 variants" in row["reading"]
    assert incorrect_pause_more(made_up(rng, problems=800, more_pauses=-1))["verdict"] == "does not hold"


def test_no_more_pauses_does_not_hold_with_many_problems_and_cannot_be_told_with_few():
    rng = np.random.default_rng(8)
    row = incorrect_pause_more(made_up(rng, problems=4000))
    assert row["verdict"] == "does not hold"
    assert row["high"] < 0.4  # a tenth of the 4 pauses of a reply
    assert incorrect_pause_more(made_up(rng, problems=15))["verdict"] == "cannot tell"


def test_frozen_heads_do_not_count():
    rng = np.random.default_rng(9)
    replies = made_up(rng, problems=100)
    frozen = replies["variant"].isin(HEADS).eq(False)
    assert incorrect_pause_more(
        replies.assign(n_pauses=replies["n_pauses"].mask(frozen, 900 - 800 * replies["correct"]))
    ) == incorrect_pause_more(replies)


def test_pauses_are_compared_within_a_variant_and_seed_by_hand():
    """Within `sft` incorrect replies have 1 more, and so have they within `sft_peft`.

    That one is often incorrect and pauses much, so with both in one pot it would be 7.25.
    """
    rows = [("sft", f"p{i}", i != 0, 2 + (i == 0)) for i in range(4)] + [
        ("sft_peft", f"p{i}", i == 0, 11 - (i == 0)) for i in range(4)
    ]
    replies = pd.DataFrame(rows, columns=["variant", "problem_id", "correct", "n_pauses"]).assign(seed=1)
    row = incorrect_pause_more(replies)
    assert row["estimate"] == pytest.approx(1)


@pytest.mark.parametrize("seeds", [1, 3])
def test_pauses_that_are_the_problems_own_are_not_taken_for_uncertainty(seeds):
    rng = np.random.default_rng(10)
    found = [incorrect_pause_more(made_up(rng, problems=80, seeds=seeds, names=HEADS)) for _ in range(200)]
    assert np.mean([row["verdict"] == "holds" for row in found]) <= 0.06  # 2.5 % expected
    assert 0.01 <= np.mean([row["p"] < 0.05 for row in found]) <= 0.1


def test_what_is_missing_is_named_and_nothing_is_told():
    rng = np.random.default_rng(11)
    empty = takeaways(pd.DataFrame(columns=["seed", "variant", "correct", "n_pauses", "truncated"]), NONE)
    only = takeaways(made_up(rng, names=["sft_fr_phead", "baseline_1_epoch"], problems=20), NONE)
    for table in (empty, only):
        assert (table["verdict"] == "cannot tell").all()
        assert table[["estimate", "low", "high", "p"]].isna().all(axis=None)
        assert table["reading"].str.startswith("Not decided: ").all()
    assert "sft, sft_peft, sft_unfr_lm_head and 15 more" in empty.loc[0, "reading"]
    without = takeaways(
        made_up(rng, names=[name for name in PAUSING if name != "sft_fr_phead_peft"], problems=50), NONE
    )
    assert without.loc[0, "reading"] == "Not decided: sft_fr_phead_peft not finished for the same seeds."
    assert without.loc[1:2, "estimate"].notna().all()
    never = incorrect_pause_more(made_up(rng, lambda name: 0, problems=20))
    assert "has both correct and incorrect replies" in never["reading"]
    apart = made_up(rng, names=["sft", "sft_fr_pembed"], problems=20)
    apart["seed"] += apart["variant"] == "sft"
    assert "no pair of sft / sft_fr_pembed" in embedding_effect(apart)["reading"]


def worth(by: float, rng, problems: int = 500, seeds: int = 1) -> dict:
    """The verdict on two models that are right on 0.6 of the problems with their pauses, and on `by` less without."""
    plain = made_up(rng, problems=problems, seeds=seeds, names=["sft", "sft_peft", "baseline_1_epoch"])
    heads = plain[plain["variant"] != "baseline_1_epoch"]
    lost = rng.random(len(heads)) < by / 0.6
    noise = rng.random(len(heads)) < 0.05
    without = np.where(noise, rng.random(len(heads)) < 0.6, heads["correct"] & ~lost)
    return pauses_help(plain, forbidden(heads.assign(correct=without)))


@pytest.mark.parametrize("seeds", [1, 3])
def test_pauses_that_are_worth_ten_points_help_and_those_worth_nothing_do_not(seeds):
    rng = np.random.default_rng(3)
    assert [worth(0.1, rng, seeds=seeds)["verdict"], worth(0.0, rng, seeds=seeds)["verdict"]] == [
        "holds",
        "does not hold",
    ]
    row = worth(0.1, rng, seeds=seeds)
    assert row["estimate"] == pytest.approx(0.1, abs=0.03)
    assert row["low"] < row["estimate"] < row["high"]
    assert "sft, sft_peft are +" in row["reading"]
    assert (
        worth(0.0, rng, problems=40)["verdict"] == "cannot tell"
    )  # too few problems to tell nothing from three points


def test_pauses_worth_nothing_seem_to_help_in_one_of_forty_draws_at_most():
    rng = np.random.default_rng(4)
    held = sum(worth(0.0, rng, problems=200)["verdict"] == "holds" for _ in range(200))
    assert held <= 11  # 2.5 % of 200 is 5; more than 11 in fewer than 1 of 100 series


def test_without_the_forbidden_replies_nothing_is_decided():
    row = pauses_help(made_up(np.random.default_rng(0), problems=20), NONE)
    assert (row["verdict"], np.isnan(row["estimate"])) == ("cannot tell", True)
    assert "max_pauses 0" in row["reading"]


def test_only_zero_allowed_pauses_count_as_forbidden():
    rng = np.random.default_rng(1)
    plain = made_up(rng, problems=50, names=["sft"])
    other = forbidden(plain).assign(intervention="max_pauses-0_pause_bias-1.0", allowed=np.nan)
    one = forbidden(plain).assign(intervention="max_pauses-1", allowed=1.0)
    assert pauses_help(plain, pd.concat([other, one]))["reading"].startswith("Not decided: ")


def test_rows_with_a_strategy_of_their_own_count_nowhere():
    rng = np.random.default_rng(12)
    replies = made_up(rng, problems=100)
    own = made_up(rng, better("sft_peft@word", 0.3), problems=100, more_pauses=5, names=["sft_peft@word", "sft@end"])
    both = pd.concat([replies, own])
    heads = replies[replies["variant"].isin(HEADS)]
    expected = takeaways(replies, forbidden(heads))
    pd.testing.assert_frame_equal(takeaways(both, forbidden(pd.concat([heads, own]))), expected)
