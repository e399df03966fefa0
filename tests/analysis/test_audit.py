"""What the published table says about itself: a row worked out by hand, made-up rows that are consistent, the table."""

import random

import pandas as pd
import pytest

from pauselib.analysis.tables.audit import MEANS, PUBLISHED_REPLIES, audit, audit_beside_ours, correct_counts, published
from pauselib.variants import MATCHED, VARIANTS


def row(accuracy="0.25", everything="2.25", correct="3.00", incorrect="2.00", **cited) -> dict:
    """One reply correct with 3 pauses, three incorrect with 1, 2 and 3: 9 pauses in 4 replies."""
    means = dict(zip(MEANS, (everything, correct, incorrect)))
    return {"variant": "sft", "accuracy": accuracy, **means, "predictions": "", "tracking": "", **cited}


def finding(cited: dict, n: int) -> str:
    return audit(pd.DataFrame([cited]), n)["findings"].item()


TWO_OF_THREE = ("2.00", "1.00", "4.00")  # two correct with 1 pause each, one incorrect with 4
WIDE = ("5.62", "3.10", "8.34")  # 0.5178 to 0.5209 of 1,319: all are 0.52 rounded, the last two 0.52 cut as well
UNLIKE = "contradicts its own means"


@pytest.mark.parametrize(
    ("cited", "n", "counts", "found"),
    [
        (row(), 4, [1], ""),  # (2 − 2.25) / (2 − 3) = 0.25
        (row("0.67", *TWO_OF_THREE), 3, [2], "rounded"),
        (row("0.66", *TWO_OF_THREE), 3, [2], "cut"),
        (row("0.65", *TWO_OF_THREE), 3, [2], UNLIKE),
        (row("1", *TWO_OF_THREE), 3, [2], "rounded"),
        (row("0.51", *WIDE), 1319, [683, 684, 685, 686, 687], "cut"),  # one count is cut, and none is rounded
        (row("0.52", *WIDE), 1319, [683, 684, 685, 686, 687], ""),
        (row(everything="3.50"), 4, [], UNLIKE),  # no mix can give these means
        (row("0.47", "1.00", "1.00", "1.00"), 4, None, ""),  # equal means say nothing
    ],
)
def test_the_correct_replies_follow_from_the_means_and_the_accuracy_is_rounded_or_cut(cited, n, counts, found):
    allowed = correct_counts(cited, n)
    assert (allowed if allowed is None else list(allowed)) == counts
    assert finding(cited, n) == found


@pytest.mark.parametrize("cut", [False, True])
def test_no_consistent_row_contradicts_itself(cut):
    for seed in range(80):
        rng = random.Random(seed)
        n = rng.randint(2, 300)
        count = rng.randint(1, n - 1)
        pauses = [rng.randint(0, rng.choice([2, 20, 800])) for _ in range(n)]
        means = [f"{sum(part) / len(part):.2f}" for part in (pauses, pauses[:count], pauses[count:])]
        consistent = row(f"{100 * count // n / 100:.2f}" if cut else f"{count / n:.2f}", *means)
        counts = correct_counts(consistent, n)
        assert counts is None or count in counts, seed
        assert finding(consistent, n) in ("", "cut" if cut else "rounded"), seed


def test_what_is_wrong_with_the_published_table():
    embed, pembed = "sft_fr_phead_unfr_lm_head_embed", "sft_fr_pembed"
    table = audit(published(), PUBLISHED_REPLIES).set_index("variant")
    assert table[table["findings"] != ""].agg(list, axis=1).to_dict() == {
        "sft_unfr_lm_head_peft": [683, 687, "cut"],
        "sft_unfr_lm_head_embed_peft": [654, 654, "rounded"],
        "sft_fr_phead": [197, 197, "cut"],
        "sft_fr_phead_unfr_lm_head_peft": [22, 22, "rounded"],
        embed: [103, 103, f"rounded; same predictions as {pembed}; same pause counts as {pembed}"],
        pembed: [103, 103, f"contradicts its own means; same predictions as {embed}; same pause counts as {embed}"],
        "sft_fr_pembed_unfr_lm_head_embed_peft": [12, 12, "rounded; tracking link is a placeholder"],
    }
    assert table.index[table["correct_low"].isna()].to_list() == ["baseline_1_epoch", "baseline_2_epoch"]
    assert table.index.to_list() == [name for name in VARIANTS if not name.startswith(MATCHED)]


def test_ours_stands_beside_the_published_row_of_the_same_variant():
    means = dict(zip(MEANS, (4.0, 4.5, 3.5)))
    mine = {"variant": "sft_peft", "accuracy": 0.7, "low": 0.6, "high": 0.8, **means, "truncated_rate": 0.1}
    both = audit_beside_ours(pd.DataFrame([mine])).set_index("variant")
    shown = ["published", "pauses_mean", "ours", "pauses_mean_ours", "truncated_rate"]
    assert both.loc["sft_peft", shown].to_list() == ["0.56", "1.6", 0.7, 4.0, 0.1]
    assert (len(both), both["ours"].notna().sum()) == (20, 1)
