"""What is on disk, as tables: three of four rows finished by hand, interventions asked for and left over, manifests."""

import math

import pandas as pd
import pytest
from conftest import note, reply, save

from pauselib.analysis.statistics.intervals import wilson
from pauselib.analysis.tables import loading
from pauselib.files import write_json
from pauselib.manifests import MANIFEST
from pauselib.settings import Settings


def test_the_table_has_a_line_for_every_row_and_nothing_where_it_is_not_finished(by_hand):
    table = loading.results(by_hand).set_index("variant")
    assert table.index.tolist() == ["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"]
    sft, unfinished = table.loc["sft"], table.loc["sft_fr_phead"]
    assert sft[["pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect"]].tolist() == [4, 1.5, 9]
    assert sft[["accuracy", "eval_loss", "n"]].tolist() == pytest.approx([2 / 3, 0.5, 3])
    assert sft[["accuracy_low", "accuracy_high"]].tolist() == pytest.approx(wilson(2, 3))
    assert table["lora"].tolist() == [False, True, False, True]
    assert table["model_digest"].tolist()[:2] == ["abc", "abc"]
    assert unfinished[[*loading.METRICS, "accuracy_low", "accuracy_high", "model_digest"]].isna().all()
    assert unfinished["pause_embedding"]


def test_what_an_experiment_asks_for_is_one_list(intervened):
    """The trial of a row asks for those of its start and of its matched baseline; step 0 of its curve is the start."""
    asked = {"variants": ["sft", "sft_peft"], "trials": ["sft_peft"], "trial_checkpoints": [3]}
    of_one_seed = [one for one in loading.asked_for(intervened.but(seeds=(42, 7), **asked)) if one.row.seed == 7]
    found = [(one.kind, one.folder.relative_to(intervened.folder() / "seed-7").as_posix()) for one in of_one_seed]
    assert found == [
        *(("replies", name) for name in ("sft", "sft_peft")),
        *(("intervened", f"sft/interventions/{name}") for name in ("max_pauses-0", "forced_pauses-2_forced_at-answer")),
        *(("trial", f"{name}/trial") for name in ("sft_peft", "baseline_1_epoch", "baseline_matched")),
        *(("checkpoint", f"{name}/trial-at-step-3") for name in ("sft_peft", "baseline_matched")),
        ("checkpoint", "baseline_1_epoch/trial"),
    ]


def test_replies_come_seed_by_seed_in_the_order_of_the_variants(by_hand):
    other = by_hand.but(seeds=(42, 7), variants=["baseline_1_epoch", "sft_fr_phead", "sft"])
    save(other.but(seed=7, variant="sft"), [reply(0, True, 3)], 0.5)
    replies = loading.predictions(other)
    assert replies["variant"].to_list() == ["baseline_1_epoch"] * 3 + ["sft"] * 4
    assert replies["seed"].to_list() == [42] * 6 + [7]
    assert replies["n_pauses"].to_list() == [0, 0, 0, 1, 2, 9, 3]


def test_a_run_of_pauses_is_one_place_where_a_reply_pauses(by_hand):
    """Two before the first word, one inside, two apart at the end, whatever stands for the words."""
    texts = ["<|pause|><|pause|>It", "It <|pause|>is", "It is 1<|pause|>.<|pause|>", "It is", "<|pause|> <|pause|>"]
    replies = [{**reply(i, True, 0), "reply": text} for i, text in enumerate(texts)]
    save(by_hand.but(variant="sft"), replies, 0.5)
    found = loading.predictions(by_hand)
    assert found.loc[found["variant"] == "sft", "n_sites"].tolist() == [1, 1, 2, 0, 2]


def test_a_reply_s_tokens_stand_beside_it_and_replies_without_them_are_left_out(by_hand):
    replies = loading.of_pausing_variants(loading.predictions(by_hand))
    found = loading.with_tokens(by_hand, replies)
    assert found["variant"].to_list() == ["sft"] * 3 + ["sft_peft"] * 3
    assert found["tokens"].map(len).to_list() == [3, 4, 11, 2, 6, 22]
    (by_hand.but(variant="sft").variant_folder() / "tokens.parquet").unlink()
    assert set(loading.with_tokens(by_hand, replies)["variant"]) == {"sft_peft"}
    none = loading.with_tokens(by_hand, replies[replies["variant"] == "sft"])
    assert (none.empty, {"tokens", "p_pause", "p_best"} <= set(none.columns)) == (True, True)


def test_replies_under_interventions_carry_what_was_changed_and_those_not_asked_for_are_not_listed(intervened):
    """The `allowed` pauses are a number only where nothing else is changed."""
    both = {"variant": "sft", "max_pauses": 0, "pause_bias": 1.0}
    save(intervened.but(**both), [reply(0, True, 0)], 0.5)
    first, second = intervened.interventions
    said_too = {**first, "draw_pauses": False}  # a default
    changed = loading.intervened(intervened.but(interventions=(said_too, second, both)))
    names = ["max_pauses-0", "forced_pauses-2_forced_at-answer", "max_pauses-0_pause_bias-1.0"]
    assert changed["intervention"].to_list() == [names[0]] * 3 + [names[1]] * 3 + [names[2]]
    assert changed["allowed"].to_list() == pytest.approx([0] * 3 + [math.nan] * 4, nan_ok=True)
    assert changed["n_pauses"].to_list() == [0] * 3 + [2] * 3 + [0]
    assert set(zip(changed["seed"], changed["variant"])) == {(42, "sft")}
    only_one = intervened.but(interventions=intervened.interventions[:1])
    assert set(loading.intervened(only_one)["intervention"]) == {"max_pauses-0"}
    assert loading.intervened(intervened.but(variants=["sft_peft", "baseline_1_epoch"])).empty
    more = intervened.but(interventions=({"variant": "sft_peft", "max_pauses": 0}, *intervened.interventions))
    pd.testing.assert_frame_equal(loading.intervened(more), loading.intervened(intervened))


def test_the_settings_are_those_that_the_files_of_rows_asked_for_were_made_from_not_the_defaults(by_hand):
    before = loading.values_used(by_hand)
    assert before["max_new_tokens"] == [160]
    of_data = {"settings": {"n_copies": 7, "dataset": "theirs"}, "versions": {"numpy": "1.2.3"}}
    write_json(by_hand.folder() / "data" / MANIFEST, {**of_data, "inputs": {}, "outputs": {"a": "digest"}})
    rates = {"sft_peft": 0.5, "sft": 0.25, "sft_fr_phead": 0.5, "sft_unfr_lm_head": 9}  # the last is not asked for
    for name, rate in rates.items():
        note(by_hand.but(variant=name).variant_folder() / "model", {"learning_rate": rate})
    found = {"n_copies": [7], "dataset": ["theirs"], "numpy": ["1.2.3"], "learning_rate": [0.25, 0.5]}
    assert loading.values_used(by_hand) == {**before, **found}
    note(by_hand.but(variant="baseline_1_epoch").variant_folder() / "model", {"base_max_steps": 3})
    assert loading.values_used(by_hand.but(variants=["sft"]))["base_max_steps"] == [3]  # sft starts from it


def test_replies_edited_by_hand_are_stale_and_in_no_table(by_hand):
    path = by_hand.but(variant="sft").variant_folder() / "predictions.jsonl"
    path.write_text(path.read_text().replace('"correct": false', '"correct": true'))
    assert set(loading.predictions(by_hand)["variant"]) == {"sft_peft", "baseline_1_epoch"}
    table = loading.results(by_hand)
    assert table.set_index("variant").loc["sft", list(loading.METRICS)].isna().all()
    reason = "predictions.jsonl is not as it was made"
    assert loading.stale_folders(by_hand) == {by_hand.but(variant="sft").variant_folder(): reason}


def test_the_loss_of_a_head_stands_beside_that_of_the_best_constant_rate(tmp_path):
    """One of four tokens is a pause: the entropy of a quarter is 0.5623 nats."""
    row = Settings(runs_dir=str(tmp_path), variant="sft")
    bins = [dict(zip(("low", "n", "predicted", "observed"), one)) for one in ((0.0, 3, 0.1, 0.0), (0.5, 1, 0.9, 1.0))]
    write_json(row.variant_folder() / "training.json", {"pause_loss": 0.3, "calibration": bins})
    table = loading.calibration([loading.Asked(loading.REPLIES, row, row.variant_folder())])
    shown = ["variant", "seed", "low", "head_loss"]
    assert table[shown].to_numpy().tolist() == [["sft", 42, 0.0, 0.3], ["sft", 42, 0.5, 0.3]]
    assert table["constant"].to_list() == pytest.approx([0.5623] * 2, abs=1e-4)
