"""How pauses follow from the LM's certainty and from the head: the rule token by token, and whose share it is."""

import numpy as np
import pandas as pd
import pytest
from made_up import P, reply, rows

from pauselib.analysis.tables.loading import REPLIES, Asked
from pauselib.analysis.why.certainty import calibration, clustered_auc, pause_prediction, pauses_by_certainty, positions
from pauselib.files import write_json
from pauselib.settings import Settings


def test_pauses_by_the_certainty_of_the_best_word():
    one = reply([P, P, "a", "b", "c"], p_best=[0.3, 0.4, 0.45, 0.5, 1.0], p_pause=[0.5, 0.6, 0.2, 0.2, 0.5])
    found = pauses_by_certainty(positions(pd.DataFrame([one])), bins=2)
    assert rows(found, "variant", "low", "high", "n", "share") == [
        ("sft", 0, 0.5, 3, pytest.approx(2 / 3)),
        ("sft", 0.5, 1, 2, 0),
    ]
    one = positions(pd.DataFrame([reply(["a"], p_best=0.29)]))
    assert pauses_by_certainty(one, bins=100)["low"].tolist() == [0.29]  # 0.29 · 100 is 28.999999999999996


def test_the_shares_of_the_lm_and_of_the_head_counted_by_hand():
    """Two replies: `‖‖ab` and `‖c`. The LM alone would say which are pauses but for `b`, the head but for `c`."""
    first = reply([P, P, "a", "b"], p_best=[0.2, 0.3, 0.9, 0.25], p_pause=[0.4, 0.4, 0.3, 0.1], problem_id="1")
    replies = pd.DataFrame([first, reply([P, "c"], p_best=[0.1, 0.8], p_pause=[0.3, 0.4], problem_id="2")])
    frozen = replies.assign(variant="sft_fr_phead")  # only trained heads have a share
    table = pause_prediction(positions(pd.concat([replies, frozen]))).set_index("by")
    # p_best: pauses 0.2, 0.3, 0.1 against words 0.9, 0.25, 0.8: 8 of 9 pairs
    # odds: pauses 0.4, 0.4, 0.3 against words 0.3, 0.1, 0.4: 2 wins + 1 tie, twice; 1 win + 1 tie: 5 + 3/2 of 9
    assert table["auc"].tolist() == pytest.approx([8 / 9, 6.5 / 9, 1])
    assert set(rows(table, "variant", "n", "pauses")) == {("sft", 6, 3)}


def test_the_interval_is_that_of_a_bootstrap_over_problems():
    rng = np.random.default_rng(1)
    problem = np.repeat(np.arange(80), 10)
    is_pause = rng.random(800) < 0.3
    score = is_pause + 1.5 * rng.normal(size=800) + 2 * rng.normal(size=80)[problem]  # those of a problem are alike
    area, low, high = clustered_auc(score, is_pause, problem)
    draws = []
    for _ in range(400):
        chosen = np.concatenate([np.arange(10 * i, 10 * i + 10) for i in rng.integers(0, 80, 80)])
        draws.append(clustered_auc(score[chosen], is_pause[chosen], np.zeros(800))[0])
    assert (low, high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.02)
    assert low < area < high


@pytest.mark.parametrize(
    ("is_pause", "clusters", "expected"),
    [
        ([True, True], [0, 1], (np.nan, np.nan, np.nan)),
        ([False, False], [0, 1], (np.nan, np.nan, np.nan)),
        ([True, False], [0, 0], (0, np.nan, np.nan)),
        ([False, True], [0, 1], (1, np.nan, np.nan)),
    ],
)
def test_where_there_is_nothing_to_compare_there_is_no_area_or_no_interval(is_pause, clusters, expected):
    assert clustered_auc([0.1, 0.2], is_pause, clusters) == pytest.approx(expected, nan_ok=True)


def test_the_loss_of_a_head_stands_beside_that_of_the_best_constant_rate(tmp_path):
    """One of four tokens is a pause: the entropy of a quarter is 0.5623 nats."""
    row = Settings(runs_dir=str(tmp_path), variant="sft")
    bins = [
        {"low": 0.0, "n": 3, "predicted": 0.1, "observed": 0.0},
        {"low": 0.5, "n": 1, "predicted": 0.9, "observed": 1.0},
    ]
    write_json(row.variant_folder() / "training.json", {"pause_loss": 0.3, "calibration": bins})
    table = calibration([Asked(REPLIES, row.seed, "sft", row, row.variant_folder())])
    assert rows(table, "variant", "seed", "low", "head_loss") == [("sft", 42, 0.0, 0.3), ("sft", 42, 0.5, 0.3)]
    assert table["constant"].to_list() == pytest.approx([0.5623] * 2, abs=1e-4)
