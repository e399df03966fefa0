"""The claims about accuracy (best variant, pause embedding, forbidden pauses), by hand and on made-up replies."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, NONE, PAUSING, answers_of, better, forbidden, judged_by, made_up

from pauselib.analysis.claims import accuracy
from pauselib.analysis.claims.accuracy import BEST, best_variant, embedding_effect, embedding_pairs, lead, pauses_help
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    AT_THE_END,
    EQUIVALENT,
    LARGER,
    NOT_FINISHED,
    OPPOSITE,
    TOO_ALIKE,
    UNDECIDED,
)
from pauselib.analysis.statistics.paired import score_interval
from pauselib.variants import VARIANTS

best, embedding = judged_by("best", best_variant), judged_by("embedding", embedding_effect)
helped = judged_by("forbidden", lambda replies, without, by: pauses_help(replies, forbidden(without), by))


def test_the_lead_over_two_rivals_by_hand():
    """`a` is right in 60 of 100, `b` in the first 50 of these, `c` in the first 40: the leads are 10 and 20."""
    answers = {name: (np.arange(100) < n).astype(float)[None] for name, n in {"a": 60, "b": 50, "c": 40}.items()}
    low = score_interval(10, 0, 100)[0]  # that of the closest, no correction
    high = score_interval(10, 0, 100, 0.975)[1]  # two rivals, so half of the 5 % each
    assert lead(answers, "a") == ("b", pytest.approx(0.1), low, high)
    low, high = score_interval(0, 20, 100)[0], score_interval(0, 20, 100, 0.975)[1]
    assert lead(answers, "c") == ("a", pytest.approx(-0.2), low, high)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_best_variant_is_larger_than_the_margin_and_another_best_is_opposite(seeds):
    rng = np.random.default_rng(1)
    row = best(made_up(rng, better(BEST, 0.15), problems=600, seeds=seeds))
    assert row["verdict"] == LARGER
    assert row["estimate"] == pytest.approx(0.13, abs=0.05)  # the closest of 17 is a little better than its 0.6
    assert row["beyond_below"] == row["low"] > 0.01
    row = best(made_up(rng, better("sft_unfr_lm_head", 0.15), problems=600, seeds=seeds))
    assert row["verdict"] == OPPOSITE
    assert row["high"] < -0.05


def test_baselines_and_seeds_that_others_lack_are_no_rivals():
    rng = np.random.default_rng(2)
    replies = made_up(rng, lambda name: {BEST: 0.8}.get(name, 0.6), problems=400)
    baseline = made_up(rng, lambda name: 0.99, problems=400, names=["baseline_2_epoch"])
    assert best(pd.concat([replies, baseline])) == best(replies)
    extra = made_up(rng, lambda name: 0.1, problems=400, names=[BEST]).assign(seed=2)  # no rival has this seed
    assert best(pd.concat([replies, extra])) == best(replies)


def test_the_pairs_differ_only_in_the_pause_embedding():
    assert len(embedding_pairs()) == 6
    assert all(trained.replace("sft", "sft_fr_pembed", 1) == frozen for trained, frozen in embedding_pairs())


def test_one_pair_by_hand():
    """12 of 200 problems are right with the trained embedding alone, 2 with the frozen one alone: +5 points.

    That interval is clear of 0, so its ends are the nearest and the farthest that the effect may be.
    """
    trained = answers_of("sft", [1] * 12 + [0] * 2 + [1] * 100 + [0] * 86)
    frozen = answers_of("sft_fr_pembed", [0] * 12 + [1] * 2 + [1] * 100 + [0] * 86)
    row = embedding(pd.concat([trained, frozen]))
    assert (row["estimate"], row["low"], row["high"]) == (0.05, *score_interval(12, 2, 200))
    assert row["verdict"] == LARGER
    turned = embedding(pd.concat([trained.assign(variant="sft_fr_pembed"), frozen.assign(variant="sft")]))
    assert (turned["low"], turned["high"], turned["verdict"]) == (-row["high"], -row["low"], OPPOSITE)
    other = answers_of("sft_peft", [1] * 6 + [0] * 6 + [1] * 188), answers_of("sft_fr_pembed_peft", [0] * 6 + [1] * 194)
    both = embedding(pd.concat([trained, frozen, *other]))  # the near end is corrected for two pairs, the far one not
    assert (both["low"], both["high"]) == (score_interval(12, 2, 200, 0.975)[0], row["high"])


def test_a_doubted_pair_has_no_near_end():
    """Both are right in fewer than 5 % of 1,000 problems. Their interval is beyond the margin, and decides nothing."""
    row = embedding(
        pd.concat([answers_of("sft", np.arange(1000) < 40), answers_of("sft_fr_pembed", np.arange(1000) < 20)])
    )
    assert score_interval(20, 0, 1000)[0] > 0.01
    assert (row["estimate"], row["low"], row["verdict"], row["doubt"]) == (0.02, 0, UNDECIDED, AT_THE_END)


def test_pairs_that_differ_to_both_sides_are_not_equivalent():
    """Six pairs from −16.5 to +14 points, 0 in the mean, as where the mean over the pairs was called no effect."""
    effects = dict(zip(embedding_pairs(), (-0.165, 0.14, -0.1, 0.11, 0.05, -0.035)))
    shares = {trained: 0.6 + effect for (trained, _), effect in effects.items()}
    row = embedding(made_up(np.random.default_rng(0), lambda name: shares.get(name, 0.6), problems=2000, names=HEADS))
    assert sum(effects.values()) == pytest.approx(0)
    assert row["verdict"] == OPPOSITE  # that of the pair that differs most
    assert row["estimate"] == pytest.approx(-0.165, abs=0.03)


@pytest.mark.parametrize("seeds", [1, 3])
def test_no_effect_of_the_embedding_is_equivalent_with_enough_problems_and_a_large_one_is_not(seeds):
    rng = np.random.default_rng(4)
    row = embedding(made_up(rng, problems=4000, seeds=seeds, alike=0.99))
    assert row["verdict"] == row["says"] == EQUIVALENT
    assert -0.01 < row["low"] <= row["estimate"] <= row["high"] < 0.01
    trained = made_up(rng, lambda name: 0.6 + 0.1 * VARIANTS[name].pause_embedding, problems=1000, seeds=seeds)
    assert embedding(trained)["verdict"] == LARGER
    assert embedding(made_up(rng, problems=10, seeds=seeds))["verdict"] == UNDECIDED


def test_a_pair_that_hardly_differs_leaves_all_of_them_undecided():
    """One pair differs in 40 of 4,000 answers, 20 to each side; the other in none: nothing shows that it could."""
    alike = [answers_of(name, np.arange(4000) < 2400) for name in ("sft", "sft_fr_pembed", "sft_peft")]
    other = (np.arange(4000) >= 20) & (np.arange(4000) < 2420)
    row = embedding(pd.concat([*alike, answers_of("sft_fr_pembed_peft", other)]))
    assert (row["verdict"], row["doubt"], row["high"] < 0.01, row["low"] > -0.01) == (UNDECIDED, TOO_ALIKE, True, True)
    assert row["detectable"] > 0


@pytest.mark.parametrize("seeds", [1, 3])
def test_pauses_worth_ten_points_are_larger_than_the_margin_and_those_worth_nothing_never(seeds):
    rng = np.random.default_rng(3)
    plain = made_up(rng, lambda name: 0.7, problems=4000, seeds=seeds, names=["sft", "sft_peft", "baseline_1_epoch"])
    heads = plain[plain["variant"] != "baseline_1_epoch"]
    lost, turned = rng.random(len(heads)) < 0.1 / 0.7, rng.random(len(heads)) < 0.01
    row = helped(plain, heads.assign(correct=heads["correct"] & ~lost))
    assert row["verdict"] == row["says"] == LARGER
    assert row["estimate"] == pytest.approx(0.1, abs=0.02)
    assert helped(plain, heads.assign(correct=heads["correct"] ^ turned))["verdict"] == EQUIVALENT


def shifted(replies: pd.DataFrame) -> dict:
    """The verdict on pauses where forbidding them makes each problem's answer that of the one before it."""
    return helped(replies, replies.assign(correct=np.roll(replies["correct"], 1)))


@pytest.mark.parametrize("claim", [best, embedding, shifted])
@pytest.mark.parametrize(
    ("share", "n", "doubt"), [(0, 1319, TOO_ALIKE), (1, 1319, TOO_ALIKE), (0.003, 4000, AT_THE_END)]
)
def test_models_that_are_hardly_ever_or_always_right_are_undecided_not_equivalent(claim, share, n, doubt):
    """The intervals are within ± 1 point, and nothing has shown that the models could differ."""
    rng = np.random.default_rng(4)
    row = claim(pd.concat([answers_of(name, rng.random(n) < share) for name in PAUSING]))
    assert (row["verdict"], row["doubt"]) == (UNDECIDED, doubt)
    assert -0.01 < row["low"] <= row["high"] < 0.01


def test_where_something_is_missing_nothing_is_decided():
    rng = np.random.default_rng(11)
    without = made_up(rng, names=[name for name in PAUSING if name != "sft_fr_phead_peft"], problems=50)
    apart = made_up(rng, problems=20)
    apart["seed"] += apart["variant"].isin(["sft"])
    pair = apart[apart["variant"].isin(["sft", "sft_fr_pembed"])]
    one = apart[apart["variant"] == "sft"]
    one_allowed = forbidden(one).assign(intervention="max_pauses-1", allowed=1.0)
    for found in (
        best_variant(without, plan(1)),
        best_variant(apart, plan(1)),
        embedding_effect(pair, plan(1)),
        pauses_help(apart, NONE, plan(1)),
        pauses_help(one, one_allowed, plan(1)),
    ):
        assert (found.doubt, np.isnan(found.estimate)) == (NOT_FINISHED, True)


def test_version_2_takes_drawn_pauses_where_all_that_are_compared_have_them():
    names = "sft_peft", "sft_fr_pembed_peft"
    greedy = pd.concat([answers_of(name, [0] * 50) for name in (*names, "baseline_matched")])
    drawn = pd.concat([answers_of(name, [1] * 50).assign(intervention="draw_pauses", allowed=np.nan) for name in names])
    means = accuracy.as_drawn(greedy, drawn, [*names], plan(2)).groupby("variant")["correct"].mean()
    assert means.to_dict() == {"sft_peft": 1, "sft_fr_pembed_peft": 1, "baseline_matched": 0}
    assert accuracy.as_drawn(greedy, drawn, [*names], plan(1)) is greedy
    assert accuracy.as_drawn(greedy, drawn[drawn["variant"] == "sft_peft"], [*names], plan(2)) is greedy
    two = pd.concat([greedy, greedy.assign(seed=2)])
    assert not accuracy.as_drawn(two, drawn, [*names], plan(2))["correct"].any()  # greedy
    assert pauses_help(two, drawn.assign(allowed=0), plan(2)).doubt == NOT_FINISHED
