"""The rows, as the published table lists them, and the matched baselines that were added."""

import pytest

from pauselib.variants import MATCHED, VARIANTS, Variant, matched_baseline, parse

# fmt: off
PUBLISHED = {  # X: unfrozen                        pause embedding, pause head, LM head, LM embeddings, LoRA
    "sft":                                          "X X - - -",
    "sft_peft":                                     "X X - - X",
    "sft_unfr_lm_head":                             "X X X - -",
    "sft_unfr_lm_head_peft":                        "X X X - X",
    "sft_unfr_lm_head_embed":                       "X X X X -",
    "sft_unfr_lm_head_embed_peft":                  "X X X X X",
    "sft_fr_phead":                                 "X - - - -",
    "sft_fr_phead_peft":                            "X - - - X",
    "sft_fr_phead_unfr_lm_head":                    "X - X - -",
    "sft_fr_phead_unfr_lm_head_peft":               "X - X - X",
    "sft_fr_phead_unfr_lm_head_embed":              "X - X X -",
    "sft_fr_phead_unfr_lm_head_embed_peft":         "X - X X X",
    "sft_fr_pembed":                                "- X - - -",
    "sft_fr_pembed_peft":                           "- X - - X",
    "sft_fr_pembed_unfr_lm_head":                   "- X X - -",
    "sft_fr_pembed_unfr_lm_head_peft":              "- X X - X",
    "sft_fr_pembed_unfr_lm_head_embed":             "- X X X -",
    "sft_fr_pembed_unfr_lm_head_embed_peft":        "- X X X X",
    "baseline_1_epoch":                             "- - - - X",
    "baseline_2_epoch":                             "- - - - X",
}
# fmt: on

LM_PARTS = ["", "_unfr_lm_head", "_unfr_lm_head_peft", "_unfr_lm_head_embed", "_unfr_lm_head_embed_peft"]
ADDED = [f"baseline_matched{parts}" for parts in LM_PARTS]


def test_the_variants_are_those_of_the_published_table_in_its_order_and_then_the_matched_baselines():
    assert list(VARIANTS) == [*PUBLISHED, *ADDED]
    for name in VARIANTS:
        assert parse(name).name == name
        assert parse(name + ".yaml") == parse(name)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("sft", "baseline_1_epoch"),  # nothing that speaks is trained
        ("sft_fr_phead", "baseline_1_epoch"),
        ("sft_peft", "baseline_matched"),
        ("sft_fr_pembed_peft", "baseline_matched"),
        ("sft_peft@word", "baseline_matched"),
        ("sft_unfr_lm_head.yaml", "baseline_matched_unfr_lm_head"),
        ("sft_fr_phead_unfr_lm_head_embed_peft", "baseline_matched_unfr_lm_head_embed_peft"),
        ("baseline_2_epoch", "baseline_2_epoch"),
    ],
)
def test_a_variant_has_a_baseline_that_trains_the_same_parts_of_the_lm(name, match):
    assert matched_baseline(name) == match


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_variant_unfreezes_what_the_published_table_says(name):
    v = VARIANTS[name]
    unfrozen = (v.pause_embedding, v.pause_head, v.lm_head, v.lm_embeddings, v.lora)
    assert unfrozen == tuple(mark == "X" for mark in PUBLISHED[name].split())


def test_only_the_baselines_have_no_pauses_and_the_matched_ones_start_where_the_pausing_ones_do():
    without = {name: v.epochs for name, v in VARIANTS.items() if not v.pauses}
    assert without == {"baseline_1_epoch": 1, "baseline_2_epoch": 2, **dict.fromkeys(ADDED)}
    assert {v.second_step for v in VARIANTS.values() if v.pauses} == {True}
    assert vars(parse(MATCHED)) | {"pause_embedding": True, "pause_head": True} == vars(parse("sft_peft"))


@pytest.mark.parametrize("strategy", ["word", "random+pattern"])
def test_a_name_gives_the_row_s_own_injection_strategy_and_how_it_is_trained_stays_the_same(strategy):
    pausing = [v for v in VARIANTS.values() if v.pauses]
    rows = [Variant(**{**vars(v), "strategy": strategy}) for v in pausing]
    assert [row.name for row in rows] == [f"{v.name}@{strategy}" for v in pausing]
    assert [parse(f"{row.name}.yaml") for row in rows] == rows
    assert len(pausing) == 18


NOT_SO = ["sft@", "@word", "baseline_1_epoch@word", "sft.yaml@word", "sft_embed", "baseline_matched_peft"]


@pytest.mark.parametrize(
    ("wrong", "ending"),
    [
        ("sft_pft", ": did you mean 'sft_peft'"),
        ("sft_peft_unfr_lm_head", ": did you mean 'sft_unfr_lm_head'"),  # the order of the parts is part of the name
        ("SFT_PEFT", ": did you mean 'sft_peft'"),
        *((name, "[:.]") for name in NOT_SO),
    ],
)
def test_a_name_that_is_not_written_so_is_refused_with_the_nearest(wrong, ending):
    with pytest.raises(ValueError, match=f"There is no variant '{wrong}'{ending}"):
        parse(wrong)
