"""The comparison tables: four problems worked out by hand, unfinished variants, several seeds."""

import math

import pandas as pd
import pytest

from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.statistics.paired import score_interval
from pauselib.analysis.tables import loading
from pauselib.analysis.tables.comparisons import (
    against_matched,
    aligned,
    differences,
    intervention_effects,
    over_seeds,
    strategies,
)


def marked(variant: str, correct: str, pauses=None, seed: int = 42, truncated: str = "") -> pd.DataFrame:
    """Replies to problems p0, p1, …: `+` where correct, `-` where not, ` ` where there is none."""
    problems = [f"p{i}" for i in range(len(correct))]
    replies = pd.DataFrame({"seed": seed, "variant": variant, "problem_id": problems, "n_pauses": pauses or 0})
    cut = [str(i) in truncated for i in range(len(correct))]
    said = {"gold": "1", "predicted": ["1" if mark == "+" else "2" for mark in correct]}
    replies = replies.assign(**said, expected_pauses=replies["n_pauses"] + 0.5, truncated=cut)
    return replies.assign(correct=[mark == "+" for mark in correct])[[mark != " " for mark in correct]]


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
    table = differences(four_problems, dict.fromkeys(["sft_fr_phead", "sft"], "baseline_1_epoch")).set_index("variant")
    columns = ["seeds", "n", "discordant", "difference", "p", "p_holm", "test"]
    assert table.loc["sft", columns].to_list() == [1, 4, 0.5, 0.5, 0.5, 1, "exact McNemar"]
    assert table.loc["sft_fr_phead", ["discordant", "difference", "p", "p_holm"]].to_list() == [0.25, -0.25, 1, 1]
    assert (table.loc["sft", "low"], table.loc["sft", "high"]) == score_interval(2, 0, 4)
    more = pd.concat([four_problems, marked("sft", "++-+", seed=1), marked("baseline_1_epoch", "--+-", seed=1)])
    (two_seeds,) = differences(more, {"sft": "baseline_1_epoch"}).to_dict("records")
    assert (two_seeds["seeds"], two_seeds["difference"], two_seeds["test"]) == (2, 0.5, "crossed t")


def test_unfinished_rows_give_empty_tables_and_no_numbers(four_problems):
    empty = pd.DataFrame(columns=["seed", "variant", "problem_id", "correct", "n_pauses", "truncated"])
    tables = [differences(four_problems, {"sft": "baseline_2_epoch"}), against_matched(empty)]
    for table in (*tables, over_seeds(empty), strategies(empty)):
        assert (table.empty, "variant" in table) == (True, True)
    apart = pd.concat([marked("sft", "+-", seed=1), marked("sft_peft", "++", seed=2)])
    (row,) = differences(apart, {"sft_peft": "sft"}).to_dict("records")
    assert (row["seeds"], row["n"]) == (0, 0)
    assert all(math.isnan(row[column]) for column in ("discordant", "difference", "low", "high", "p", "p_holm"))


def test_one_row_over_the_seeds_by_hand():
    replies = pd.concat([marked("sft", "+++-", [1, 1, 1, 5], seed=1), marked("sft", "++--", [2, 2, 4, 4], seed=2)])
    (row,) = over_seeds(replies).to_dict("records")
    assert (row["seeds"], row["n"], row["accuracy"], row["truncated_rate"]) == (2, 4, 0.625, 0)
    assert (row["pauses_mean"], row["pauses_mean_correct"], row["pauses_mean_incorrect"]) == (20 / 8, 7 / 5, 13 / 3)
    assert (row["expected_pauses"], row["by_chance"]) == (3.0, 0.625)  # the gold answers are all alike
    # the means of the seeds are .75 and .5: their mean square is 4 · 2 · .125² = .125
    # those of the problems are 1, 1, .5 and 0: theirs is 2 · .6875 / 3; the rest is 1.875 − .125 − 1.375 = .375, of 3
    assert row["se_seeds"] == 0
    assert row["se_problems"] == row["se"] == pytest.approx((2 * 0.6875 / 3 / 8) ** 0.5)
    assert 0 <= row["low"] < 0.625 < row["high"] <= 1


def test_one_seed_has_the_interval_of_its_accuracy(four_problems):
    table = over_seeds(four_problems)
    assert list(zip(table["low"], table["high"])) == [wilson(1, 4), wilson(0, 4), wilson(3, 4)]
    never = over_seeds(pd.concat([marked("sft_fr_phead", "----", seed=seed) for seed in (1, 2)])).iloc[0]
    assert never["high"] == wilson(0, 4)[1]  # two seeds never right are not proof of a share of 0


def test_interventions_are_compared_with_the_plain_replies_of_the_same_model(intervened):
    plain, changed = loading.predictions(intervened), loading.intervened(intervened)
    table = intervention_effects(plain, changed)
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
    table = strategies(pd.concat([other, word, matched, end])).set_index("variant")
    assert table["strategy"].dropna().to_dict() == {"sft_peft@word": "word", "sft_peft@end": "end"}
    assert table["accuracy"].to_dict() == {"sft_peft@word": 0.8, "baseline_matched": 0.4, "sft_peft@end": 0.2}
    found = table[["difference", "p", "p_holm"]]
    assert found.loc["sft_peft@word"].to_list() == pytest.approx([0.4, 0.5, 1])  # two discordant problems, two tests
    assert found.loc["sft_peft@end"].to_list() == pytest.approx([-0.2, 1, 1])
    assert found.loc["baseline_matched"].isna().all()
    assert strategies(word)[["difference", "p", "p_holm"]].isna().all(axis=None)
    assert strategies(pd.concat([other, matched])).empty


def test_every_row_is_compared_with_its_own_matched_baseline_and_rows_with_a_strategy_are_left_out():
    """`sft` trains nothing of the LM, so the first step is its match; the match of one row is not finished."""
    matches = {
        "sft": "baseline_1_epoch",
        "sft_peft": "baseline_matched",
        "sft_unfr_lm_head": "baseline_matched_unfr_lm_head",
    }
    names = [*matches, *matches.values(), "sft_fr_phead_unfr_lm_head_peft", "sft_peft@word"]
    table = against_matched(pd.concat([marked(name, "+-") for name in names]))
    assert dict(zip(table["variant"], table["reference"])) == matches
