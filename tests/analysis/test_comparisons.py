"""The comparison tables: four problems worked out by hand, unfinished variants, several seeds."""

import math

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.statistics.intervals import crossed, smallest_difference, wilson
from pauselib.analysis.statistics.paired import compare, score_interval
from pauselib.analysis.tables import loading
from pauselib.analysis.tables.comparisons import (
    against,
    against_matched,
    aligned,
    detectable,
    grid,
    intervention_effects,
    over_seeds,
    pauses_by_correctness,
    present_variants,
    strategies,
    unmatched,
)
from pauselib.variants import VARIANTS

pytestmark = pytest.mark.filterwarnings("error")


def told(variant: str, correct: str, pauses=None, seed: int = 42, truncated: str = "") -> pd.DataFrame:
    """Replies to problems p0, p1, …: `+` where correct, `-` where not, ` ` where there is none."""
    rows = [
        {
            "seed": seed,
            "variant": variant,
            "problem_id": f"p{i}",
            "correct": mark == "+",
            "n_pauses": pauses[i] if pauses else 0,
            "truncated": str(i) in truncated,
        }
        for i, mark in enumerate(correct)
        if mark != " "
    ]
    return pd.DataFrame(rows)


def drawn(shares: dict[str, float], problems: int, seeds=(1,), rng=0) -> pd.DataFrame:
    """Replies of variants that are correct with these shares, independently."""
    rng = np.random.default_rng(rng)
    frames = [
        told(name, "".join(np.where(rng.random(problems) < share, "+", "-")), seed=seed)
        for name, share in shares.items()
        for seed in seeds
    ]
    return pd.concat(frames)


@pytest.fixture
def four_problems() -> pd.DataFrame:
    """The baseline right on 1 of 4, `sft` on 3, a variant with a frozen head on none and cut twice."""
    sft = told("sft", "+++-", [1, 2, 3, 6])
    return pd.concat(
        [told("baseline_1_epoch", "+---"), told("sft_fr_phead", "----", [9, 9, 8, 8], truncated="01"), sft],
        ignore_index=True,
    )


def test_a_grid_is_of_the_seeds_and_problems_that_all_have():
    replies = pd.concat(
        [told("sft", "+-+"), told("sft", "++-", seed=7), told("sft_peft", "- +"), told("sft_peft", "+", seed=9)]
    )
    assert grid(replies, "sft").tolist() == [[1, 1, 0], [1, 0, 1]]  # seed 7, then 42
    assert aligned(replies, "sft", "sft_peft").tolist() == [[[1, 1]], [[0, 1]]]  # seed 42, problems p0 and p2
    assert grid(replies.sample(frac=1, random_state=0), "sft").tolist() == grid(replies, "sft").tolist()
    assert grid(told("sft", "+-", [4, 5]), "sft", "n_pauses").tolist() == [[4, 5]]


def test_differences_from_the_baseline_by_hand(four_problems):
    table = against(four_problems, "baseline_1_epoch").set_index("variant")
    assert table.index.to_list() == ["sft_fr_phead", "sft"]  # in the order of the replies
    assert table.loc["sft", ["seeds", "n", "discordant", "difference", "p", "p_holm", "test"]].to_list() == [
        1,
        4,
        0.5,
        0.5,
        0.5,
        1,
        "exact McNemar",
    ]
    assert table.loc["sft_fr_phead", ["discordant", "difference", "p", "p_holm"]].to_list() == [0.25, -0.25, 1, 1]
    assert (table.loc["sft", "low"], table.loc["sft", "high"]) == score_interval(2, 0, 4)
    assert (table["reference"] == "baseline_1_epoch").all()


def test_differences_take_the_seeds_both_have_and_correct_over_the_table():
    replies = drawn({"sft": 0.9, "sft_peft": 0.7, "baseline_1_epoch": 0.7}, 300, seeds=(1, 2, 3))
    replies = replies[~((replies["variant"] == "sft_peft") & (replies["seed"] > 1))]
    table = against(replies, "baseline_1_epoch").set_index("variant")
    assert table[["seeds", "test"]].to_numpy().tolist() == [[3, "crossed t"], [1, "exact McNemar"]]
    expected = compare(grid(replies, "sft"), grid(replies, "baseline_1_epoch"))
    assert table.loc["sft", ["difference", "low", "high", "p"]].to_list() == [
        expected.difference,
        expected.low,
        expected.high,
        expected.p,
    ]
    assert table.loc["sft", "p_holm"] == pytest.approx(2 * table.loc["sft", "p"])  # the smaller of two


def test_an_unfinished_reference_and_no_replies_give_empty_tables(four_problems):
    empty = pd.DataFrame(columns=["seed", "variant", "correct", "n_pauses", "truncated"])
    for table in (against(four_problems, "baseline_2_epoch"), against(empty, "sft"), against_matched(empty)):
        assert table.empty
        assert table.columns.to_list() == [
            "variant",
            "reference",
            "seeds",
            "n",
            "discordant",
            "difference",
            "low",
            "high",
            "p",
            "p_holm",
            "test",
        ]
    for table in (pauses_by_correctness(empty), over_seeds(empty), strategies(empty)):
        assert table.empty
        assert "variant" in table
    said, number = detectable(empty)
    assert math.isnan(number)
    assert "a variant with a trained pause head and its matched baseline" in said
    assert unmatched(empty) == ""


def test_variants_without_a_common_seed_are_not_compared():
    replies = pd.concat([told("sft", "+-", seed=1), told("sft_peft", "++", seed=2)])
    (row,) = against(replies, "sft").to_dict("records")
    assert (row["seeds"], row["n"]) == (0, 0)
    assert all(math.isnan(row[column]) for column in ("discordant", "difference", "low", "high", "p", "p_holm"))


def test_pauses_of_correct_and_incorrect_replies_by_hand():
    (row,) = pauses_by_correctness(
        pd.concat([told("sft", "++--", [1, 3, 3, 7], truncated="3"), told("baseline_1_epoch", "+-+-")])
    ).to_dict("records")
    assert (row["variant"], row["n_correct"], row["n_incorrect"], row["mean_correct"], row["mean_incorrect"]) == (
        "sft",
        2,
        2,
        2,
        5,
    )
    assert (row["difference"], row["superiority"], row["truncated_rate"]) == (
        3,
        (1 + 0.5 + 2) / 4,
        0.25,
    )  # 3 beats 1 and ties with 3, 7 beats both
    assert row["low"] < 3 < row["high"]
    assert row["p_holm"] == row["p"]


def test_a_variant_that_is_never_correct_has_means_but_no_test(four_problems):
    table = pauses_by_correctness(four_problems).set_index("variant")
    frozen = table.loc["sft_fr_phead"]
    assert (frozen["n_correct"], frozen["mean_incorrect"], frozen["truncated_rate"]) == (0, 8.5, 0.5)
    assert frozen[["mean_correct", "difference", "low", "high", "p", "p_holm", "superiority"]].isna().all()
    assert "baseline_1_epoch" not in table.index


def test_the_same_replies_for_three_seeds_are_no_more_evidence():
    rng = np.random.default_rng(0)
    marks, pauses = "".join(rng.choice(["+", "-"], 60)), rng.poisson(4, 60).tolist()
    (once,), (thrice,) = (
        pauses_by_correctness(pd.concat([told("sft", marks, pauses, seed) for seed in seeds])).to_dict("records")
        for seeds in ((1,), (1, 2, 3))
    )
    assert (thrice["n_correct"], thrice["difference"]) == (3 * once["n_correct"], pytest.approx(once["difference"]))
    assert thrice["high"] - thrice["low"] == pytest.approx(once["high"] - once["low"], rel=0.05)
    assert thrice["p"] == pytest.approx(once["p"], rel=0.2)


def test_one_row_over_the_seeds_by_hand():
    replies = pd.concat([told("sft", "+++-", [1, 1, 1, 5], seed=1), told("sft", "++--", [2, 2, 4, 4], seed=2)])
    (row,) = over_seeds(replies).to_dict("records")
    assert (row["seeds"], row["n"], row["accuracy"]) == (2, 4, 0.625)
    assert (row["pauses_mean"], row["pauses_mean_correct"], row["pauses_mean_incorrect"], row["truncated_rate"]) == (
        20 / 8,
        7 / 5,
        13 / 3,
        0,
    )
    # the means of the seeds are .75 and .5: their mean square is 4 · 2 · .125² = .125
    # those of the problems are 1, 1, .5 and 0: theirs is 2 · .6875 / 3; the rest is 1.875 − .125 − 1.375 = .375, of 3
    assert row["se_seeds"] == 0
    assert row["se_problems"] == row["se"] == pytest.approx((2 * 0.6875 / 3 / 8) ** 0.5)
    assert 0 <= row["low"] < 0.625 < row["high"] <= 1


def test_one_seed_has_the_interval_of_its_accuracy(four_problems):
    table = over_seeds(four_problems).set_index("variant")
    assert table["accuracy"].to_dict() == {"sft": 0.75, "sft_fr_phead": 0.0, "baseline_1_epoch": 0.25}
    assert {name: (row["low"], row["high"]) for name, row in table.iterrows()} == {
        "sft": wilson(3, 4),
        "sft_fr_phead": wilson(0, 4),
        "baseline_1_epoch": wilson(1, 4),
    }
    assert table["se_seeds"].isna().all()
    never = over_seeds(pd.concat([told("sft_fr_phead", "----", seed=seed) for seed in (1, 2)])).iloc[0]
    assert never["high"] == wilson(0, 4)[1]  # two seeds never right are not proof of a share of 0


def test_what_can_be_shown_is_of_the_median_share_of_discordant_answers():
    marks = {
        "baseline_1_epoch": "+" * 100,
        "baseline_matched": "-" * 5 + "+" * 95,
        "sft": "-" * 10 + "+" * 90,
        "sft_peft": "-" * 25 + "+" * 75,
        "sft_fr_pembed": "-" * 60 + "+" * 40,
    }
    others = [told("sft_fr_phead", "-" * 100), told("sft_peft@word", "-" * 100), told("sft_unfr_lm_head", "-" * 100)]
    replies = pd.concat([*(told(name, correct) for name, correct in marks.items()), *others])
    said, number = detectable(replies)
    # that of sft_peft against its match, the others have 10 and 60
    assert number == pytest.approx(smallest_difference(100, 0.2))
    assert f"{100 * number:.1f} points on 100 problems" in said
    assert "20.0% differently (median of 3 variants" in said
    assert math.isnan(detectable(pd.concat([told("baseline_1_epoch", "++++"), told("sft", "++++")]))[1])


def test_with_several_seeds_what_can_be_shown_is_by_how_much_the_seeds_differ_too():
    names = ["baseline_1_epoch", "sft"]
    alike = [told(name, "+-" * 50, seed=seed) for name in names for seed in (1, 2, 3)]
    assert math.isnan(detectable(pd.concat(alike))[1])
    apart = [told("sft", "+-" * 50, seed=1), told("sft", "++" * 50, seed=2), told("sft", "--" * 50, seed=3)]
    said, number = detectable(pd.concat([*alike[:3], *apart]))
    assert math.isnan(number)  # half of the problems up in one seed, half of them down in another
    assert said.startswith("No difference in accuracy is found in 8 of 10 cases on 100 problems with 3 seeds, of which")
    near = [told("sft", "+-" * 49 + correct, seed=i) for i, correct in enumerate(("+-", "--", "++"), 1)]
    said, number = detectable(pd.concat([*alike[:3], *near]))
    differences = np.zeros((3, 100))
    differences[1, 98], differences[2, 99] = -1, 1
    assert number == pytest.approx(crossed(differences).detectable())
    assert f"is {100 * number:.1f} points on 100 problems with 3 seeds, of which" in said


def test_equal_variants_are_rarely_told_apart_in_a_whole_table():
    """Ten equal variants: after the correction at least one of nine differs in at most about 5 % of the tables."""
    names = list(VARIANTS)[:10]
    tables = [
        against(drawn(dict.fromkeys(names, 0.6), 60, seeds=(1, 2, 3), rng=number), names[0]) for number in range(30)
    ]
    assert np.mean([(table["p_holm"] < 0.05).any() for table in tables]) <= 0.15
    assert np.mean([(table["p"] < 0.05).mean() for table in tables]) <= 0.08


def test_variants_come_in_the_order_of_their_replies():
    replies = pd.concat([told("sft_peft@word", "+"), told("baseline_matched", "+"), told("sft", "+"), told("sft", "-")])
    assert present_variants(replies) == ["sft_peft@word", "baseline_matched", "sft"]


def test_interventions_are_compared_with_the_plain_replies_of_the_same_model(intervened):
    table = intervention_effects(loading.predictions(intervened), loading.intervened(intervened))
    assert table["variant"].unique().tolist() == ["sft"]
    table = table.set_index("intervention")
    assert table.index.tolist() == ["none", "max_pauses-0", "forced_pauses-2_forced_at-answer"]
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1, 0])
    assert table["difference"].tolist()[1:] == pytest.approx([1 / 3, -2 / 3])
    assert table["p"].tolist()[1:] == [1.0, 0.5]  # exact McNemar: one discordant problem, two discordant problems
    assert table["p_holm"].tolist()[1:] == [1.0, 1.0]
    assert table["allowed"].tolist()[:2] == [float("inf"), 0]
    assert table["allowed"].isna().tolist() == [False, False, True]
    assert table["pauses_mean"].tolist() == [4, 0, 2]


def test_the_effects_of_interventions_are_in_the_order_of_the_experiment(intervened):
    backwards = intervened.but(interventions=intervened.interventions[::-1])
    table = intervention_effects(loading.predictions(backwards), loading.intervened(backwards))
    assert table["intervention"].tolist() == ["none", "forced_pauses-2_forced_at-answer", "max_pauses-0"]


def test_interventions_without_their_plain_replies_have_no_lines(intervened):
    changed = loading.intervened(intervened)
    assert intervention_effects(told("sft_peft", "+-"), changed).empty
    assert intervention_effects(loading.predictions(intervened), changed[:0]).empty


def test_rows_with_a_strategy_of_their_own_stand_beside_the_matched_baseline():
    word, end = told("sft_peft@word", "++++-", [1, 1, 1, 1, 6]), told("sft_peft@end", "+----", [0, 0, 0, 0, 5])
    matched, other = told("baseline_matched", "++---"), told("sft_peft", "+++++")
    replies = pd.concat([other, word, matched, end])
    table = strategies(replies)
    assert table["variant"].to_list() == ["sft_peft@word", "baseline_matched", "sft_peft@end"]
    assert table["strategy"].to_list()[::2] == ["word", "end"]
    assert table["strategy"].isna().to_list() == [False, True, False]
    assert table["accuracy"].to_list() == [0.8, 0.4, 0.2]
    assert table["n"].to_list() == [5, 5, 5]
    assert table["pauses_mean"].to_list() == [2, 0, 1]
    against = table.set_index("variant")[["difference", "p", "p_holm"]]
    assert against.loc["sft_peft@word"].to_list() == pytest.approx([0.4, 0.5, 1])  # two discordant problems, two tests
    assert against.loc["sft_peft@end"].to_list() == pytest.approx([-0.2, 1, 1])
    assert against.loc["baseline_matched"].isna().all()
    (row,) = against_matched(pd.concat([word.assign(variant="sft_peft"), matched])).to_dict("records")
    assert table["reference"].to_list()[::2] == ["baseline_matched"] * 2
    assert table.iloc[0][["difference_low", "difference_high"]].to_list() == [row["low"], row["high"]]
    assert (table.loc[0, "low"], table.loc[0, "high"]) == wilson(4, 5)


def test_every_row_is_compared_with_its_own_matched_baseline_and_the_others_are_named():
    """`sft` trains nothing of the LM, so the first step is its match; the match of one row is not finished."""
    marks = {
        "sft": "++--",
        "sft_peft": "+++-",
        "sft_unfr_lm_head": "++++",
        "sft_fr_phead_unfr_lm_head_peft": "----",
        "sft_peft@word": "++++",
        "baseline_1_epoch": "+---",
        "baseline_2_epoch": "++++",
        "baseline_matched": "+---",
        "baseline_matched_unfr_lm_head": "+++-",
    }
    replies = pd.concat([told(name, correct) for name, correct in marks.items()])
    table = against_matched(replies).set_index("variant")
    assert table["reference"].to_dict() == {
        "sft": "baseline_1_epoch",
        "sft_peft": "baseline_matched",
        "sft_unfr_lm_head": "baseline_matched_unfr_lm_head",
    }
    assert table["difference"].to_list() == [0.25, 0.5, 0.25]
    assert unmatched(replies) == (
        "Left out, since what they are matched with is not finished (baseline_matched_unfr_lm_head_peft): "
        "sft_fr_phead_unfr_lm_head_peft."
    )
    assert unmatched(replies[replies["variant"].isin(["sft", "baseline_1_epoch"])]) == ""


def test_rows_with_a_strategy_of_their_own_are_not_counted_beside_the_published_ones():
    rows = [told("baseline_1_epoch", "+" * 8), told("sft", "+" * 6 + "--"), told("sft_peft", "+" * 8)]
    alone = against(pd.concat(rows), "baseline_1_epoch")
    beside = against(pd.concat([*rows, told("sft_peft@word", "-" * 8)]), "baseline_1_epoch")
    pd.testing.assert_frame_equal(beside, alone)  # its p would have changed the correction of theirs


def test_two_problems_answered_alike_are_no_certainty():
    table = against(pd.concat([told("baseline_1_epoch", "++"), told("sft", "++")]), "baseline_1_epoch")
    assert table.loc[0, ["difference", "p"]].to_list() == [0, 1]
    assert table.loc[0, "low"] < -0.5 < 0.5 < table.loc[0, "high"]


def test_without_the_matched_baseline_strategies_have_no_differences_and_without_strategies_no_lines():
    alone = strategies(told("sft_peft@word", "++-"))
    assert alone["accuracy"].to_list() == pytest.approx([2 / 3])
    assert alone[["difference", "difference_low", "difference_high", "p", "p_holm"]].isna().all(axis=None)
    none = strategies(pd.concat([told("sft_peft", "++-"), told("baseline_matched", "++-")]))
    assert none.empty
    assert none.columns.to_list() == alone.columns.to_list()
