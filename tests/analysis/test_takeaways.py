"""The table of takeaways: a line a claim, what is missing, and what is null by construction."""

import numpy as np
import pandas as pd
import pytest
from made_up import HEADS, NONE, better, forbidden, made_up

from pauselib.analysis.claims.best import BEST
from pauselib.analysis.claims.claim import COLUMNS, points, takeaway
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.claims.takeaways import null_by_construction, takeaways
from pauselib.analysis.claims.verdicts import VERDICTS
from pauselib.settings import Settings

pytestmark = pytest.mark.filterwarnings("error")


def test_one_line_a_claim_with_one_interval_one_margin_and_one_of_four_verdicts():
    rng = np.random.default_rng(0)
    replies = made_up(rng, better(BEST, 0.2), problems=600, more_sites=1.5)
    table = takeaways(replies, forbidden(made_up(rng, problems=600, names=["sft"])), plan())
    assert table.columns.to_list() == COLUMNS
    assert table["claim"].to_list() == [plan().claims[name].claim for name in list(plan().claims)[:4]]
    assert table["verdict"].to_list() == ["larger than the margin"] * 3 + ["undecided"]  # one of six pairs is 20 apart
    assert set(table["verdict"]) < set(VERDICTS)
    assert table["margin"].to_list() == [0.01, 0.01, 0.1, 0.01]
    assert (table["low"] < table["estimate"]).all()
    assert (table["estimate"] < table["high"]).all()
    assert (table["beyond_below"] < table["equivalent_above"]).all()
    assert (table["detectable"] > 0).all()
    assert "p" not in table  # one column would mix p values of different kinds


def test_a_line_of_another_module_is_judged_by_the_same_rule():
    given = (0.12, 0.08, 0.16)
    line = takeaway(plan(), "computation", "nats", "The contrast is +0.12 nats.", given, detectable=0.06)
    table = takeaways(made_up(np.random.default_rng(1), problems=20), NONE, plan(), [line])
    row = table.iloc[-1]
    assert (row["verdict"], row["margin"], row["beyond_below"]) == ("larger than the margin", 0.05, 0.08)
    assert row["reading"] == (
        "The contrast is +0.12 nats. With a margin of 0.05 this is larger than the margin: larger than the margin for "
        "every margin below 0.08, equivalent for every margin above 0.16."
    )
    doubted = takeaway(plan(), "computation", "nats", "…", given, doubt="the positive control does not show")
    assert doubted["verdict"] == "undecided"
    assert doubted["reading"].endswith("this is undecided: the positive control does not show.")


def test_what_is_missing_is_named_and_nothing_is_told():
    rng = np.random.default_rng(11)
    empty = takeaways(pd.DataFrame(columns=["seed", "variant", "correct", "n_sites", "truncated"]), NONE, plan())
    only = takeaways(made_up(rng, names=["sft_fr_phead", "baseline_1_epoch"], problems=20), NONE, plan())
    for table in (empty, only):
        assert (table["verdict"] == "undecided").all()
        numbers = table[["estimate", "low", "high", "beyond_below", "equivalent_above", "detectable"]]
        assert numbers.isna().all(axis=None)
        assert table["reading"].str.startswith("Not decided: ").all()
    assert "sft, sft_peft, sft_unfr_lm_head and 15 more" in empty.loc[0, "reading"]


def test_rows_with_a_strategy_of_their_own_count_nowhere():
    rng = np.random.default_rng(12)
    replies = made_up(rng, problems=100)
    own = made_up(rng, better("sft_peft@word", 0.3), problems=100, more_sites=5, names=["sft_peft@word", "sft@end"])
    heads = replies[replies["variant"].isin(HEADS)]
    expected = takeaways(replies, forbidden(heads), plan())
    both = takeaways(pd.concat([replies, own]), forbidden(pd.concat([heads, own])), plan())
    pd.testing.assert_frame_equal(both, expected)


def test_what_the_embedded_model_and_its_problems_make_null_is_said_and_only_of_them():
    problems, pretraining = null_by_construction(Settings())
    assert "noun is drawn independently" in problems
    assert "read past whatever is inserted" in pretraining
    assert null_by_construction(Settings(dataset="folder")) == [pretraining]
    assert null_by_construction(Settings(model="a/model")) == [problems]
    assert null_by_construction(Settings(model="a/model", dataset="folder")) == []


@pytest.mark.parametrize(
    ("share", "words"), [(-0.0002, "-0.02"), (0.00022, "+0.02"), (0.0123, "+1.2"), (-1e-17, "0.0"), (-0.0006, "-0.1")]
)
def test_points_too_few_for_a_decimal_keep_their_sign(share, words):
    assert points(share) == words
