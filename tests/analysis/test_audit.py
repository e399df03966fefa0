"""What a table says about itself: a row worked out by hand, made-up rows that are consistent, the published table."""

import random

import pandas as pd
import pytest

from pauselib.analysis.tables.audit import (
    MEANS,
    NOTES,
    PUBLISHED_DECIMALS,
    PUBLISHED_REPLIES,
    audit,
    audit_beside_ours,
    correct_counts,
    published,
)
from pauselib.variants import MATCHED, VARIANTS

EMBED, PEMBED = "sft_fr_phead_unfr_lm_head_embed", "sft_fr_pembed"
WRONG_MODULES = "sft_fr_pembed_unfr_lm_head_embed_peft"


def row(
    accuracy="0.25", everything="2.25", correct="3.00", incorrect="2.00", variant="sft", predictions="", tracking=""
) -> dict:
    """One reply correct with 3 pauses, three incorrect with 1, 2 and 3: 9 pauses in 4 replies."""
    return {
        "variant": variant,
        "accuracy": accuracy,
        **dict(zip(MEANS, (everything, correct, incorrect))),
        "predictions": predictions,
        "tracking": tracking,
    }


def two_of_three(accuracy: str) -> dict:
    """Two replies correct with 1 pause each, one incorrect with 4: 6 pauses in 3 replies."""
    return row(accuracy, "2.00", "1.00", "4.00")


def findings(*rows: dict, n: int, **options) -> list[str]:
    return audit(pd.DataFrame(rows), n, **options)["findings"].to_list()


def records(audited: pd.DataFrame) -> list[dict]:
    """The rows, with None where a cell is missing."""
    return [
        {column: None if pd.isna(cell) else cell for column, cell in row.items()} for row in audited.to_dict("records")
    ]


def made_up(rng: random.Random, drop_zeros: bool, cut: bool) -> tuple[dict, int, int]:
    """A row of random integer pauses with both kinds of replies, its number of replies and how many are correct."""
    n = rng.randint(2, 300)
    count = rng.randint(1, n - 1)
    pauses = [rng.randint(0, rng.choice([2, 20, 800])) for _ in range(n)]
    means = [sum(part) / len(part) for part in (pauses, pauses[:count], pauses[count:])]
    accuracy = f"{100 * count // n / 100:.2f}" if cut else f"{count / n:.2f}"
    return row(accuracy, *(str(round(mean, 2)) if drop_zeros else f"{mean:.2f}" for mean in means)), n, count


def test_one_of_four_correct_follows_from_the_means():
    assert correct_counts(row(), 4) == (1, 1)  # (2 − 2.25) / (2 − 3) = 0.25
    (result,) = audit(pd.DataFrame([row()]), 4).to_dict("records")
    assert result == {"variant": "sft", "correct_low": 1, "correct_high": 1, "fits": True, "findings": ""}


def test_fewer_decimals_allow_more_counts_and_dropped_zeros_can_be_put_back():
    coarse = row("0.25", "2.2", "3", "2")  # all in 2.15–2.25, correct in 2.5–3.5, incorrect in 1.5–2.5
    assert correct_counts(coarse, 4) == (0, 3)  # 1.5 to 2.5 at 0, up to 2.25–3.25 at 3; 2.5–3.5 at 4 is past 2.25
    assert correct_counts(row("0.25", "2.25", "3", "2"), 4, decimals=2) == (1, 1)


@pytest.mark.parametrize(
    ("accuracy", "finding", "fits"),
    [
        ("0.67", "rounded", True),
        ("0.66", "cut", False),
        ("0.65", "contradicts its own means", False),
        ("1", "rounded", True),
    ],
)
def test_two_of_three_is_0_67_rounded_and_0_66_cut(accuracy, finding, fits):
    (result,) = audit(pd.DataFrame([two_of_three(accuracy)]), 3).to_dict("records")
    assert (result["correct_low"], result["correct_high"], result["fits"], result["findings"]) == (2, 2, fits, finding)


def test_cut_needs_one_count_that_is_cut_and_none_that_is_rounded():
    wide = row(
        "0.51", "5.62", "3.10", "8.34"
    )  # 683 to 687 of 1319: 0.5178 to 0.5209, all 0.52 rounded, the last two 0.52 cut as well
    assert correct_counts(wide, 1319) == (683, 687)
    assert findings(wide, n=1319) == ["cut"]
    assert findings({**wide, "accuracy": "0.52"}, n=1319) == [""]


def test_means_that_no_mix_can_give_contradict():
    (result,) = records(audit(pd.DataFrame([row(everything="3.50")]), 4))
    assert result["findings"] == "contradicts its own means"
    assert (result["correct_low"], result["correct_high"], result["fits"]) == (None, None, False)


@pytest.mark.parametrize(
    "means",
    [
        ("0.0", "0.0", "0.0"),
        ("1.00", "1.00", "1.00"),
        ("1.00", "-", "1.00"),
        ("1.00", "", "2.00"),
        ("1.00", None, "2.00"),
    ],
)
def test_equal_or_missing_means_say_nothing(means):
    assert correct_counts(row("0.47", *means), 4) is None
    (result,) = records(audit(pd.DataFrame([row("0.47", *means)]), 4))
    assert (result["correct_low"], result["fits"], result["findings"]) == (None, None, "")


def test_what_two_rows_share_is_named_in_both():
    first, second, third = (
        row(variant="a", predictions="run-1"),
        row(variant="b", predictions="run-1"),
        two_of_three("0.67") | {"variant": "c"},
    )
    assert findings(first, second, third, n=4)[:2] == [
        "same predictions as b; same pause counts as b",
        "same predictions as a; same pause counts as a",
    ]
    assert "same" not in findings(first, second, third, n=4)[2]
    silent = [row("0.5", "0.0", "0.0", "0.0", variant=name) for name in "ab"]
    assert findings(*silent, n=4) == ["", ""]


@pytest.mark.parametrize(
    ("tracking", "found"),
    [
        ("1z1z1z1z", True),
        ("https://wandb.ai/a/runs/1z1z1z1z", True),
        ("https://wandb.ai/a/runs/vm42kwvq", False),
        ("aaaaaaaa", True),
        ("vm42kwvq", False),
        ("m2a1s9y7", False),
        ("1z1z", False),
        ("", False),
    ],
)
def test_a_tracking_id_that_repeats_two_characters_is_a_placeholder(tracking, found):
    assert findings(row(tracking=tracking), n=4) == ["tracking link is a placeholder" * found]


@pytest.mark.parametrize("drop_zeros", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_no_consistent_row_contradicts_itself(drop_zeros, cut):
    for seed in range(300):
        consistent, n, count = made_up(random.Random(seed), drop_zeros, cut)
        for decimals in (None, 2):
            counts = correct_counts(consistent, n, decimals)
            assert counts is None or counts[0] <= count <= counts[1], seed
            assert findings(consistent, n=n, decimals=decimals)[0] in ("", "cut" if cut else "rounded"), seed


def test_a_planted_contradiction_is_found():
    rows = []
    for seed in range(50):
        consistent, n, _ = made_up(random.Random(seed), drop_zeros=False, cut=False)
        _, high = correct_counts(consistent, n) or (0, n)
        if high + 0.02 * n < n:
            rows.append(findings({**consistent, "accuracy": f"{high / n + 0.02:.2f}"}, n=n)[0])
    assert len(rows) > 25
    assert set(rows) == {"contradicts its own means"}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([{"variant": "sft", "accuracy": "0.5"}], r"no column pauses_mean, .*it needs"),
        ([row(accuracy=0.5)], "dtype=str"),
        ([row(everything="many")], "'many' is not a number"),
        ([row(correct="nan")], "'nan' is not a number"),
        ([row(accuracy="48.2")], "'48.2' is not a share"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_a_sentence(table, says):
    with pytest.raises(ValueError, match=says):
        audit(pd.DataFrame(table), 4)


def test_no_replies_are_refused():
    with pytest.raises(ValueError, match="at least one reply"):
        correct_counts(row(), 0)


def test_the_published_table_is_text_in_the_order_of_the_variants():
    table = published()
    assert table["variant"].to_list() == [name for name in VARIANTS if not name.startswith(MATCHED)]
    assert table.map(lambda cell: isinstance(cell, str)).all(axis=None)
    assert table.set_index("variant").loc["sft_unfr_lm_head_embed_peft", "accuracy"] == "0.50"
    assert (table["eval_loss"] == "").sum() == 2
    assert (
        table["predictions"]
        .str.fullmatch(r"/?dlabscratch1/.*/runs/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/test_results.json")
        .all()
    )
    assert table["model"].str.fullmatch(r"/dlabscratch1/.*/runs/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/final").all()
    assert table["tracking"].str.fullmatch(r"(https://wandb.ai/.*/runs/\w{8})?").all()


def test_ours_stands_beside_the_published_row_of_the_same_variant():
    mine = {
        "variant": "sft_peft",
        "accuracy": 0.7,
        "low": 0.6,
        "high": 0.8,
        **dict(zip(MEANS, (4.0, 4.5, 3.5))),
        "truncated_rate": 0.1,
    }
    both = audit_beside_ours(pd.DataFrame([mine])).set_index("variant")
    assert both.loc[
        "sft_peft", ["published", "pauses_mean", "ours", "pauses_mean_ours", "truncated_rate"]
    ].to_list() == ["0.56", "1.6", 0.7, 4.0, 0.1]
    assert both["ours"].notna().sum() == 1
    assert len(both) == 20
    assert "same predictions as sft_fr_phead_unfr_lm_head_embed" in both.loc["sft_fr_pembed", "findings"]


def test_the_published_means_have_two_decimals_without_trailing_zeros():
    cells = [cell for cell in published()[MEANS].to_numpy().ravel() if cell != "0.0"]
    shown = [len(cell.partition(".")[2]) for cell in cells]
    assert (len(cells), shown.count(1), shown.count(2)) == (54, 4, 50)
    assert not any(cell.endswith("0") for cell in cells)


def test_what_is_wrong_with_the_published_table():
    result = audit(published(), PUBLISHED_REPLIES, PUBLISHED_DECIMALS).set_index("variant")
    assert result["findings"][result["findings"] != ""].to_dict() == {
        "sft_unfr_lm_head_peft": "cut",
        "sft_unfr_lm_head_embed_peft": "rounded",
        "sft_fr_phead": "cut",
        "sft_fr_phead_unfr_lm_head_peft": "rounded",
        EMBED: f"rounded; same predictions as {PEMBED}; same pause counts as {PEMBED}",
        PEMBED: f"contradicts its own means; same predictions as {EMBED}; same pause counts as {EMBED}",
        WRONG_MODULES: "rounded; tracking link is a placeholder",
    }
    bounds = {
        name: (result.loc[name, "correct_low"], result.loc[name, "correct_high"])
        for name in result.index[result["findings"] != ""]
    }
    assert bounds == {
        "sft_unfr_lm_head_peft": (683, 687),
        "sft_unfr_lm_head_embed_peft": (654, 654),
        "sft_fr_phead": (197, 197),
        "sft_fr_phead_unfr_lm_head_peft": (22, 22),
        EMBED: (103, 103),
        PEMBED: (103, 103),
        WRONG_MODULES: (12, 12),
    }
    assert result.index[~result["fits"].fillna(True)].to_list() == ["sft_unfr_lm_head_peft", "sft_fr_phead", PEMBED]
    assert result.index[result["fits"].isna()].to_list() == ["baseline_1_epoch", "baseline_2_epoch"]


def test_without_the_dropped_zeros_one_published_finding_is_out_of_reach():
    shown, restored = (
        audit(published(), PUBLISHED_REPLIES, decimals).set_index("variant") for decimals in (None, PUBLISHED_DECIMALS)
    )
    assert shown.loc["sft_unfr_lm_head_peft", ["correct_low", "correct_high", "findings"]].to_list() == [
        677,
        693,
        "",
    ]  # 3.1 is anything from 3.05 to 3.15
    assert shown.loc["sft_fr_phead", ["correct_low", "correct_high", "findings"]].to_list() == [196, 198, "cut"]
    assert shown.index[shown["findings"] != restored["findings"]].to_list() == ["sft_unfr_lm_head_peft"]


def test_the_note_names_its_source():
    assert list(NOTES) == [WRONG_MODULES]
    assert "the settings that produced the row" in NOTES[WRONG_MODULES]
