"""The table of claims: a line a claim, what is missing, and what is null by construction."""

import numpy as np
import pandas as pd
from made_up import HEADS, NONE, better, forbidden, made_up

from pauselib.analysis.claims.accuracy import BEST
from pauselib.analysis.claims.judged import COLUMNS, judged_claims, null_by_construction
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import LARGER, NOT_FINISHED, UNDECIDED
from pauselib.analysis.tables.contrasts import COLUMNS as OF_TRIALS
from pauselib.analysis.tables.contrasts import Trials
from pauselib.settings import Settings

NO_TRIALS = Trials(pd.DataFrame(columns=OF_TRIALS))


def test_one_line_a_claim_with_one_interval_one_margin_and_one_verdict():
    rng = np.random.default_rng(0)
    replies = made_up(rng, better(BEST, 0.2), problems=600, more_sites=1.5)
    table = judged_claims(replies, forbidden(made_up(rng, problems=600, names=["sft"])), NO_TRIALS, plan(1))
    assert table.columns.to_list() == COLUMNS
    assert table["claim"].to_list() == [claim.claim for claim in plan(1).claims.values()]
    assert table["verdict"].to_list() == [LARGER] * 3 + [UNDECIDED] * 3  # one of six pairs is 20 points apart
    assert table["margin"].to_list() == [0.01, 0.01, 0.1, 0.01, 0.05, 0.01]
    assert table["unit"].to_list() == ["points", "points", "", "points", "nats", "points"]
    of_replies = table.iloc[:4]
    for smaller, larger in (("low", "estimate"), ("estimate", "high"), ("beyond_below", "equivalent_above")):
        assert (of_replies[smaller] < of_replies[larger]).all()
    assert (of_replies["detectable"] > 0).all()


def test_before_anything_is_finished_nothing_is_decided():
    rng = np.random.default_rng(11)
    empty = pd.DataFrame(columns=["seed", "variant", "problem_id", "correct", "n_sites", "truncated"])
    for replies in (empty, made_up(rng, names=["sft_fr_phead", "baseline_1_epoch"], problems=20)):
        table = judged_claims(replies, NONE, NO_TRIALS, plan(1))
        assert set(zip(table["verdict"], table["doubt"])) == {(UNDECIDED, NOT_FINISHED)}
        numbers = ["estimate", "low", "high", "beyond_below", "equivalent_above", "detectable"]
        assert table[numbers].isna().all(axis=None)


def test_rows_with_a_strategy_of_their_own_count_nowhere():
    rng = np.random.default_rng(12)
    replies = made_up(rng, problems=100)
    own = made_up(rng, better("sft_peft@word", 0.3), problems=100, more_sites=5, names=["sft_peft@word", "sft@end"])
    heads = replies[replies["variant"].isin(HEADS)]
    expected = judged_claims(replies, forbidden(heads), NO_TRIALS, plan(1))
    both = judged_claims(pd.concat([replies, own]), forbidden(pd.concat([heads, own])), NO_TRIALS, plan(1))
    pd.testing.assert_frame_equal(both, expected)


def test_what_the_embedded_model_and_its_problems_make_null_is_said_and_only_of_them():
    problems, pretraining = null_by_construction(Settings())
    assert "noun is drawn independently" in problems
    assert "read past whatever is inserted" in pretraining
    assert null_by_construction(Settings(dataset="folder")) == [pretraining]
    assert null_by_construction(Settings(model="a/model")) == [problems]
