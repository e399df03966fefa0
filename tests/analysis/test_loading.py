"""What is on disk, as tables: three of four rows finished by hand, interventions asked for and left over, manifests."""

import json

import pandas as pd
import pytest
from conftest import SCRIPT, reply, save

from pauselib import files, runs
from pauselib.analysis.tables import loading
from pauselib.artifacts import model_artifact
from pauselib.settings import Settings
from pauselib.variants import VARIANTS


def test_the_parts_are_the_booleans_of_a_variant():
    assert tuple(loading.PARTS) == ("pause_embedding", "pause_head", "lm_head", "lm_embeddings", "lora")
    assert all(isinstance(getattr(VARIANTS["sft"], part), bool) for part in loading.PARTS)


def test_the_table_has_a_line_for_every_row_and_nothing_where_it_is_not_finished(by_hand):
    table = loading.results(by_hand).set_index("variant")
    assert table.index.tolist() == ["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"]
    sft = table.loc["sft"]
    assert sft["accuracy"] == pytest.approx(2 / 3)
    assert sft[["pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect", "eval_loss", "n"]].tolist() == [
        4,
        1.5,
        9,
        0.5,
        3,
    ]
    assert table["lora"].to_dict() == {
        "sft": False,
        "sft_peft": True,
        "sft_fr_phead": False,
        "baseline_1_epoch": True,
    }
    assert table["model_digest"].tolist()[:2] == ["abc", "abc"]
    unfinished = table.loc["sft_fr_phead"]
    assert unfinished[[*loading.METRICS, "accuracy_low", "accuracy_high", "model_digest"]].isna().all()
    assert unfinished["pause_embedding"]


def test_the_interval_of_two_of_three_is_wilson_s(by_hand):
    row = loading.results(by_hand).set_index("variant").loc["sft"]
    z, p, n = 1.959964, 2 / 3, 3
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((middle - half, middle + half), abs=1e-6)


def test_with_nothing_finished_all_rows_are_missing_and_the_command_is_named(tmp_path):
    settings = Settings(runs_dir=str(tmp_path))
    table = loading.results(settings)
    assert table["accuracy"].isna().all()
    assert loading.finished_sentence(settings, table).startswith(
        "0 of 25 rows are finished under tiny. `papermill notebooks/evaluate.ipynb out.ipynb -p variant sft "
    )
    for empty in (loading.predictions(settings), loading.intervened(settings), loading.nearest_tokens(settings)):
        assert empty.empty
        assert {"seed", "variant"} <= set(empty.columns)
    assert loading.settings_used(settings) == {}


def test_finished_rows_are_counted(by_hand):
    sentence = loading.finished_sentence(by_hand, loading.results(by_hand))
    assert sentence == (
        "3 of 4 rows are finished under by_hand. `papermill notebooks/evaluate.ipynb out.ipynb "
        "-p variant sft_fr_phead -p experiment by_hand` makes one more, `make run` all of them."
    )
    done = by_hand.but(variants=["sft"])
    assert loading.finished_sentence(done, loading.results(done)) == "1 of 1 rows are finished under by_hand."


def test_replies_come_seed_by_seed_in_the_order_of_the_variants(by_hand):
    other = by_hand.but(seeds=(42, 7), variants=["baseline_1_epoch", "sft_fr_phead", "sft"])
    save(other.but(seed=7, variant="sft"), [reply(0, True, 3)], 0.5)
    replies = loading.predictions(other)
    assert list(dict.fromkeys(zip(replies["seed"], replies["variant"]))) == [
        (42, "baseline_1_epoch"),
        (42, "sft"),
        (7, "sft"),
    ]
    assert replies["n_pauses"].tolist() == [0, 0, 0, 1, 2, 9, 3]


def test_a_run_of_pauses_is_one_place_where_a_reply_pauses(by_hand):
    """Two before the first word, one inside, two apart at the end, whatever stands for the words."""
    texts = ["<|pause|><|pause|>It", "It <|pause|>is", "It is 1<|pause|>.<|pause|>", "It is", "<|pause|> <|pause|>"]
    replies = [{**reply(i, True, 0), "reply": text} for i, text in enumerate(texts)]
    save(by_hand.but(variant="sft"), replies, 0.5)
    found = loading.predictions(by_hand)
    assert found.loc[found["variant"] == "sft", "n_sites"].tolist() == [1, 1, 2, 0, 2]


def test_the_baselines_are_not_among_the_pausing_rows(by_hand):
    assert loading.of_pausing_variants(loading.predictions(by_hand))["variant"].unique().tolist() == ["sft", "sft_peft"]


def test_a_reply_s_tokens_and_the_difficulty_of_its_problem_stand_beside_it(by_hand):
    replies = loading.with_tokens(by_hand, loading.of_pausing_variants(loading.predictions(by_hand)))
    assert replies["variant"].tolist() == ["sft"] * 3 + ["sft_peft"] * 3
    assert replies["difficulty"].tolist() == [1, 0, 2] * 2
    assert replies["tokens"].map(len).tolist() == [3, 4, 11, 2, 6, 22]


def test_replies_without_their_tokens_are_left_out(by_hand):
    (by_hand.but(variant="sft").variant_folder() / "tokens.parquet").unlink()
    replies = loading.predictions(by_hand)
    found = loading.with_tokens(by_hand, replies)
    assert found["variant"].unique().tolist() == ["sft_peft", "baseline_1_epoch"]
    none = loading.with_tokens(by_hand, replies[replies["variant"] == "sft"])
    assert none.empty
    assert {"tokens", "p_pause", "p_best", "difficulty"} <= set(none.columns)


def test_without_the_data_the_difficulty_is_unknown(by_hand):
    (by_hand.folder() / "data" / "test.parquet").unlink()
    replies = loading.with_tokens(by_hand, loading.predictions(by_hand))
    assert len(replies) == 9
    assert replies["difficulty"].isna().all()


def test_replies_under_interventions_carry_what_was_changed(intervened):
    changed = loading.intervened(intervened)
    assert changed["intervention"].tolist() == ["max_pauses-0"] * 3 + ["forced_pauses-2_forced_at-answer"] * 3
    assert changed["allowed"].tolist()[:3] == [0, 0, 0]
    assert changed["allowed"].isna().tolist() == [False] * 3 + [True] * 3
    assert changed["n_pauses"].tolist() == [0] * 3 + [2] * 3
    assert set(zip(changed["seed"], changed["variant"])) == {(42, "sft")}


def test_replies_under_interventions_have_their_places_too(intervened):
    assert loading.intervened(intervened)["n_sites"].tolist() == [0, 0, 0, 1, 1, 1]


def test_a_limit_is_only_a_number_where_nothing_else_is_changed(intervened):
    both = {"variant": "sft", "max_pauses": 0, "pause_bias": 1.0}
    settings = intervened.but(interventions=[both])
    save(settings.but(**both), [reply(0, True, 0)], 0.5)
    assert loading.intervened(settings)["allowed"].isna().all()


def test_an_intervention_that_is_left_over_or_of_another_row_is_not_listed(intervened):
    only_one = intervened.but(interventions=intervened.interventions[:1])
    assert loading.intervened(only_one)["intervention"].unique().tolist() == ["max_pauses-0"]
    of_another = intervened.but(variants=["sft_peft", "baseline_1_epoch"])
    assert loading.intervened(of_another).empty


def test_an_intervention_that_is_not_finished_is_left_out(intervened):
    more = ({"variant": "sft_peft", "max_pauses": 0}, *intervened.interventions)
    pd.testing.assert_frame_equal(
        loading.intervened(intervened.but(interventions=more)), loading.intervened(intervened)
    )


def test_replies_from_before_an_intervention_was_known_are_read(intervened):
    path = intervened.but(variant="sft", max_pauses=0).replies_folder() / "made_from.json"
    manifest = json.loads(path.read_text())
    del manifest["settings"]["pause_bias"]
    path.write_text(json.dumps(manifest))
    assert loading.intervened(intervened)["intervention"].nunique() == 2


def test_artifacts_are_relative_paths_of_what_exists(by_hand):
    files = loading.artifacts(by_hand).set_index("variant")
    assert files.loc["sft", "predictions"] == "seed-42/sft/predictions.jsonl"
    assert files.loc["sft", "model"] == "–"
    assert files.loc["sft", "tracking"] == "–"
    assert files.loc["sft_fr_phead", "predictions"] == "–"


def test_the_nearest_tokens_of_the_finished_rows_are_shown_as_they_are(by_hand):
    path = by_hand.but(variant="baseline_1_epoch").variant_folder() / "training.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"nearest_tokens": []}))
    assert loading.nearest_tokens(by_hand).to_dict("records") == [
        {"variant": name, "seed": 42, "tokens": f"{SCRIPT!r} 0.50"} for name in ("sft", "sft_peft")
    ]


def made_from(folder, **manifest) -> None:
    """Write the manifest of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made_from.json").write_text(json.dumps({"inputs": {}, "outputs": {"a": "digest"}, **manifest}))


def test_the_settings_are_those_that_the_files_were_made_from_not_the_defaults(by_hand):
    of_replies = loading.settings_used(by_hand)
    assert of_replies["max_new_tokens"] == "160"
    made_from(by_hand.folder() / "data", settings={"n_copies": 7, "dataset": "theirs"}, versions={"numpy": "1.2.3"})
    for name, rate in (("sft_peft", 0.5), ("sft", 0.25), ("sft_fr_phead", 0.5)):
        folder = by_hand.but(variant=name).variant_folder()
        made_from(folder / "model", settings={"variant": name, "seed": 42, "learning_rate": rate})
    of_models = {"learning_rate": "0.25, 0.5"}
    of_data = {"n_copies": "7", "dataset": "theirs", "numpy": "1.2.3"}
    assert loading.settings_used(by_hand) == {**of_data, **of_models, **of_replies}
    used = loading.values_used(by_hand)
    assert used["learning_rate"] == [0.25, 0.5]
    assert used["variant"] == ["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"]


def test_rows_that_the_experiment_does_not_ask_for_say_nothing_about_its_settings(by_hand):
    made_from(by_hand.but(variant="sft_unfr_lm_head").variant_folder() / "model", settings={"learning_rate": 9})
    made_from(by_hand.but(seed=7, variant="sft").variant_folder() / "model", settings={"learning_rate": 8})
    assert "learning_rate" not in loading.values_used(by_hand)
    made_from(by_hand.but(variant="baseline_1_epoch").variant_folder() / "model", settings={"base_max_steps": 3})
    assert loading.values_used(by_hand.but(variants=["sft"]))["base_max_steps"] == [3]  # sft starts from it


def test_the_settings_of_the_injected_rows_are_among_them(by_hand):
    made_from(by_hand.injected_folder(), settings={"strategy": "random", "n_random_pauses": 10})
    of_its_own = by_hand.but(variants=["sft", "sft_peft@word"])
    made_from(of_its_own.but(variant="sft_peft@word").injected_folder(), settings={"strategy": "word"})
    assert loading.values_used(by_hand)["n_random_pauses"] == [10]
    assert loading.values_used(by_hand)["strategy"] == ["random"]
    assert loading.values_used(of_its_own)["strategy"] == ["random", "word"]


def test_replies_edited_by_hand_are_stale_and_in_no_table(by_hand):
    path = by_hand.but(variant="sft").variant_folder() / "predictions.jsonl"
    path.write_text(path.read_text().replace('"correct": false', '"correct": true'))
    assert set(loading.predictions(by_hand)["variant"]) == {"sft_peft", "baseline_1_epoch"}
    table = loading.results(by_hand)
    assert table.set_index("variant").loc["sft", list(loading.METRICS)].isna().all()
    sentence = loading.finished_sentence(by_hand, table)
    assert "seed-42/sft is stale and left out: predictions.jsonl is not as it was made." in sentence


def test_replies_that_were_cut_are_stale(by_hand):
    path = by_hand.but(variant="sft_peft").variant_folder() / "predictions.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:1]))
    assert set(loading.predictions(by_hand)["variant"]) == {"sft", "baseline_1_epoch"}


def test_replies_of_a_model_that_was_trained_again_are_stale_and_so_are_its_interventions(intervened):
    row = intervened.but(variant="sft")
    model, changed = row.variant_folder() / "model", row.but(max_pauses=0).replies_folder()
    asked = model_artifact(row).settings
    runs.make_once(model, runs.origin(model, asked, {}), lambda part: runs.write(part / "weights", "1"))
    for folder in (row.variant_folder(), changed):
        manifest = runs.manifest(folder)
        origin = runs.origin(folder, manifest["settings"], {"model": model})
        runs.write_json(folder / runs.MANIFEST, {**origin, "outputs": manifest["outputs"]})
    assert "sft" in set(loading.predictions(intervened)["variant"])
    again = runs.origin(model, asked, {"base": "another"})
    runs.make_once(model, again, lambda part: runs.write(part / "weights", "2"), overwrite=True)
    assert "sft" not in set(loading.predictions(intervened)["variant"])
    assert set(loading.intervened(intervened)["intervention"]) == {"forced_pauses-2_forced_at-answer"}
    reasons = {folder.name: reason for folder, reason in loading.stale_folders(intervened).items()}
    assert reasons == {"sft": "its model was made again since", "max_pauses-0": "its model was made again since"}


def test_an_analysis_reads_each_file_once_for_its_digest(intervened, monkeypatch):
    read, content = [], files.read_digest
    monkeypatch.setattr(files, "read_digest", lambda file: read.append(file) or content(file))
    monkeypatch.setattr(files, "SETTLED_AFTER", -1.0)
    table = loading.results(intervened)
    loading.predictions(intervened), loading.intervened(intervened), loading.nearest_tokens(intervened)
    loading.finished_sentence(intervened, table)
    assert len(read) == len(set(read)) == 2 * (3 + 2)  # the replies and metrics of three rows and two interventions
