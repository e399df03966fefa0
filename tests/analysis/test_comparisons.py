"""The comparison tables: four problems worked out by hand, unfinished variants, several seeds."""

import math

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.statistics.paired import compare, score_interval
from pauselib.analysis.tables import loading
from pauselib.analysis.tables.comparisons import (
    DIFFERENCES,
    against,
    against_matched,
    aligned,
    intervention_effects,
    over_seeds,
    pauses_by_correctness,
    strategies,
)

pytestmark = pytest.mark.filterwarnings("error")


def marked(variant: str, correct: str, pauses=None, seed: int = 42, truncated: str = "") -> pd.DataFrame:
    """Replies to problems p0, p1, …: `+` where correct, `-` where not, ` ` where there is none."""
    problems = [f"p{i}" for i in range(len(correct))]
    replies = pd.DataFrame({"seed": seed, "variant": variant, "problem_id": problems, "n_pauses": pauses or 0})
    cut = [str(i) in truncated for i in range(len(correct))]
    return replies.assign(correct=[mark == "+" for mark in correct], truncated=cut)[[mark != " " for mark in correct]]


@pytest.fixture
def four_problems() -> pd.DataFrame:
    """The baseline right on 1 of 4, `sft` on 3, a variant with a frozen head on none and cut twice."""
    sft = marked("sft", "+++-", [1, 2, 3, 6])
    frozen = marked("sft_fr_phead", "----", [9, 9, 8, 8], truncated="01")
    return pd.concat([marked("baseline_1_epoch", "+---"), frozen, sft], ignore_index=True)


def test_answers_are_of_the_seeds_and_problems_that_all_have():
    both = [marked("sft", "+-+"), marked("sft", "++-", seed=7)]
    replies = pd.concat([*both, marked("sft_peft", "- +"), marked("sft_peft", "+", seed=9)])
    assert aligned(replies, "sft").tolist() == [[[1, 1, 0], [1, 0, 1]]]  # seed 7, then 42
    assert aligned(replies, "sft", "sft_peft").tolist() == [[[1, 1]], [[0, 1]]]  # seed 42, problems p0 and p2
    assert aligned(replies.sample(frac=1, random_state=0), "sft").tolist() == aligned(replies, "sft").tolist()


def test_differences_from_the_baseline_by_hand(four_problems):
    table = against(four_problems, "baseline_1_epoch").set_index("variant")
    assert table.index.to_list() == ["sft_fr_phead", "sft"]  # in the order of the replies
    columns = ["seeds", "n", "discordant", "difference", "p", "p_holm", "test"]
    assert table.loc["sft", columns].to_list() == [1, 4, 0.5, 0.5, 0.5, 1, "exact McNemar"]
    assert table.loc["sft_fr_phead", ["discordant", "difference", "p", "p_holm"]].to_list() == [0.25, -0.25, 1, 1]
    assert (table.loc["sft", "low"], table.loc["sft", "high"]) == score_interval(2, 0, 4)


def test_differences_take_the_seeds_both_have_and_correct_over_the_table():
    sft = [marked("sft", correct, seed=seed) for seed, correct in enumerate(("++++++-", "++++++-", "+++++++"), 1)]
    first, second = marked("baseline_1_epoch", "+-+----", seed=1), marked("baseline_1_epoch", "--+---+", seed=2)
    replies = pd.concat([*sft, first, second, marked("sft_peft", "+++-+++", seed=1)])
    table = against(replies, "baseline_1_epoch").set_index("variant")
    assert table[["seeds", "test"]].to_numpy().tolist() == [[2, "crossed t"], [1, "exact McNemar"]]
    expected = compare(*aligned(replies, "sft", "baseline_1_epoch"))
    assert table.loc["sft", ["difference", "low", "high", "p"]].to_list() == list(vars(expected).values())[:4]
    assert table.loc["sft", "p_holm"] == pytest.approx(2 * table.loc["sft", "p"])  # the smaller of two


def test_unfinished_rows_give_empty_tables_and_no_numbers(four_problems):
    empty = pd.DataFrame(columns=["seed", "variant", "problem_id", "correct", "n_pauses", "truncated"])
    for table in (against(four_problems, "baseline_2_epoch"), against(empty, "sft"), against_matched(empty)):
        assert table.empty
        assert table.columns.to_list() == DIFFERENCES
    for table in (pauses_by_correctness(empty), over_seeds(empty), strategies(empty)):
        assert table.empty
        assert "variant" in table
    apart = pd.concat([marked("sft", "+-", seed=1), marked("sft_peft", "++", seed=2)])
    (row,) = against(apart, "sft").to_dict("records")
    assert (row["seeds"], row["n"]) == (0, 0)
    assert all(math.isnan(row[column]) for column in ("discordant", "difference", "low", "high", "p", "p_holm"))


def test_pauses_of_correct_and_incorrect_replies_by_hand(four_problems):
    sft, frozen = marked("sft", "++--", [1, 3, 3, 7], truncated="3"), four_problems.iloc[4:8]
    row, never = pauses_by_correctness(pd.concat([sft, marked("baseline_1_epoch", "+-+-"), frozen])).to_dict("records")
    assert (row["variant"], row["n_correct"], row["n_incorrect"]) == ("sft", 2, 2)
    assert (row["mean_correct"], row["mean_incorrect"], row["difference"], row["truncated_rate"]) == (2, 5, 3, 0.25)
    assert row["low"] < 3 < row["high"]
    assert (never["n_correct"], never["mean_incorrect"], never["truncated_rate"]) == (0, 8.5, 0.5)
    assert np.isnan([never[name] for name in ("mean_correct", "difference", "low", "high")]).all()


def test_one_row_over_the_seeds_by_hand():
    replies = pd.concat([marked("sft", "+++-", [1, 1, 1, 5], seed=1), marked("sft", "++--", [2, 2, 4, 4], seed=2)])
    (row,) = over_seeds(replies).to_dict("records")
    assert (row["seeds"], row["n"], row["accuracy"], row["truncated_rate"]) == (2, 4, 0.625, 0)
    assert (row["pauses_mean"], row["pauses_mean_correct"], row["pauses_mean_incorrect"]) == (20 / 8, 7 / 5, 13 / 3)
    # the means of the seeds are .75 and .5: their mean square is 4 · 2 · .125² = .125
    # those of the problems are 1, 1, .5 and 0: theirs is 2 · .6875 / 3; the rest is 1.875 − .125 − 1.375 = .375, of 3
    assert row["se_seeds"] == 0
    assert row["se_problems"] == row["se"] == pytest.approx((2 * 0.6875 / 3 / 8) ** 0.5)
    assert 0 <= row["low"] < 0.625 < row["high"] <= 1


def test_one_seed_has_the_interval_of_its_accuracy(four_problems):
    table = over_seeds(four_problems).set_index("variant")
    expected = {"sft": wilson(3, 4), "sft_fr_phead": wilson(0, 4), "baseline_1_epoch": wilson(1, 4)}
    assert {name: (row["low"], row["high"]) for name, row in table.iterrows()} == expected
    never = over_seeds(pd.concat([marked("sft_fr_phead", "----", seed=seed) for seed in (1, 2)])).iloc[0]
    assert never["high"] == wilson(0, 4)[1]  # two seeds never right are not proof of a share of 0


def test_interventions_are_compared_with_the_plain_replies_of_the_same_model(intervened):
    plain, changed = loading.predictions(intervened), loading.intervened(intervened)
    table = intervention_effects(plain, changed)
    assert table["variant"].unique().tolist() == ["sft"]
    assert table["intervention"].tolist() == ["none", "max_pauses-0", "forced_pauses-2_forced_at-answer"]
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1, 0])
    assert table["difference"].tolist()[1:] == pytest.approx([1 / 3, -2 / 3])
    assert table["p"].tolist()[1:] == [1.0, 0.5]  # exact McNemar: one discordant problem, two discordant problems
    assert table["allowed"].tolist() == pytest.approx([math.inf, 0, math.nan], nan_ok=True)
    assert table["pauses_mean"].tolist() == [4, 0, 2]
    assert intervention_effects(marked("sft_peft", "+-"), changed).empty
    assert intervention_effects(plain, changed[:0]).empty


def test_rows_with_a_strategy_of_their_own_stand_beside_the_matched_baseline():
    word, end = marked("sft_peft@word", "++++-", [1, 1, 1, 1, 6]), marked("sft_peft@end", "+----", [0, 0, 0, 0, 5])
    matched, other = marked("baseline_matched", "++---"), marked("sft_peft", "+++++")
    table = strategies(pd.concat([other, word, matched, end]))
    assert table["variant"].to_list() == ["sft_peft@word", "baseline_matched", "sft_peft@end"]
    assert table["strategy"].fillna("").to_list() == ["word", "", "end"]
    assert table["accuracy"].to_list() == [0.8, 0.4, 0.2]
    assert table["pauses_mean"].to_list() == [2, 0, 1]
    found = table.set_index("variant")[["difference", "p", "p_holm"]]
    assert found.loc["sft_peft@word"].to_list() == pytest.approx([0.4, 0.5, 1])  # two discordant problems, two tests
    assert found.loc["sft_peft@end"].to_list() == pytest.approx([-0.2, 1, 1])
    assert found.loc["baseline_matched"].isna().all()
    assert table.iloc[0][["difference_low", "difference_high"]].to_list() == list(score_interval(2, 0, 5))
    assert strategies(word)[["difference", "p", "p_holm"]].isna().all(axis=None)
    assert strategies(pd.concat([other, matched])).columns.to_list() == table.columns.to_list()


def test_every_row_is_compared_with_its_own_matched_baseline_and_rows_with_a_strategy_are_left_out():
    """`sft` trains nothing of the LM, so the first step is its match; the match of one row is not finished."""
    marks = {
        "sft": "++--",
        "sft_peft": "+++-",
        "sft_unfr_lm_head": "++++",
        "sft_fr_phead_unfr_lm_head_peft": "----",
        "sft_peft@word": "++++",
        "baseline_1_epoch": "+---",
        "baseline_matched": "+---",
        "baseline_matched_unfr_lm_head": "+++-",
    }
    replies = pd.concat([marked(name, correct) for name, correct in marks.items()])
    table = against_matched(replies).set_index("variant")
    assert table["reference"].to_dict() == {
        "sft": "baseline_1_epoch",
        "sft_peft": "baseline_matched",
        "sft_unfr_lm_head": "baseline_matched_unfr_lm_head",
    }
    assert table["difference"].to_list() == [0.25, 0.5, 0.25]
    assert "sft_peft@word" not in set(against(replies, "sft")["variant"])
