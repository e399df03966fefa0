"""Which rows are found under runs/, what of them is finished, and the picker of a variant."""

import shutil

from pauselib import explorer
from pauselib.explorer.choosing import BELOW, TICK, Picker, finished_table, labelled, stored_rows, will_do
from pauselib.settings import Settings
from pauselib.steps import inject

pytest_plugins = ["small_run"]
FOUND = ["sft_peft", "sft_fr_phead_peft", "baseline_1_epoch"]


def test_rows_are_those_on_disk_in_the_published_order_and_copies_are_passed_over(own_copy):
    assert [name for name, _ in labelled(stored_rows(own_copy))] == FOUND
    assert stored_rows(own_copy)[0].n_copies == 2  # as the experiment has it
    seed = own_copy.folder() / "seed-42"
    shutil.copytree(seed, own_copy.folder() / "seed-42-backup")
    shutil.copytree(seed / "sft_peft", seed / "my backup")
    shutil.copytree(seed / "sft_peft", seed / "sft_peft@word")
    shutil.copytree(own_copy.folder(), own_copy.folder().with_name("a (copy)"))
    assert [name for name, _ in labelled(stored_rows(own_copy))] == [FOUND[0], "sft_peft@word", *FOUND[1:]]
    shutil.copytree(own_copy.folder(), own_copy.folder().with_name("another"))
    assert labelled(stored_rows(own_copy))[4][0] == "sft_peft (another, seed 42)"


def test_rows_whose_settings_can_not_be_used_are_named_and_the_others_are_there(own_copy, capsys):
    bad = shutil.copytree(own_copy.folder(), own_copy.folder().with_name("bad"))
    (bad / "config.yaml").write_text("- 1\n")
    row = own_copy.folder() / "seed-42" / "sft_peft"
    shutil.copytree(row, row.with_name("sft_peft@mine"))
    assert [name for name, _ in labelled(stored_rows(own_copy))] == FOUND
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" holds ")[0].partition(" 'mine'")[0] for line in said] == [
        f"Passed over in {own_copy.experiment}: strategy",
        f"Passed over in bad: {bad / 'config.yaml'}",
    ]


def test_what_is_finished_is_one_line_a_seed(own_copy):
    shutil.copytree(own_copy.folder() / "seed-42", own_copy.folder() / "seed-7")
    table = finished_table(own_copy).set_index("seed")[["models (warmup)", "replies (evaluate)", "most accurate"]]
    assert table.loc[42].tolist() == [3, 2, "sft_peft"]
    assert table.loc[7].tolist() == [3, 0, "–"]  # a copy is no second seed


def test_the_name_follows_the_boxes_and_the_boxes_follow_the_name(tmp_path):
    picker = Picker(Settings(runs_dir=str(tmp_path)), "warmup")
    assert {name for name, box in picker.boxes.items() if box.value} == {"pause_embedding", "pause_head", "lora"}
    picker.boxes["lora"].value = False
    assert picker.settings.variant == picker.name.value == "sft"
    picker.boxes["lm_embeddings"].value = True  # only ever trained with the LM head
    assert picker.settings.variant == "sft_unfr_lm_head_embed"
    picker.boxes["lm_head"].value = False
    assert (picker.settings.variant, picker.boxes["lm_embeddings"].value) == ("sft", False)
    picker.name.value = "baseline_1_epoch"
    assert [name for name, box in picker.boxes.items() if box.value] == ["lora"]
    assert picker.status.value.startswith("<p><b>baseline_1_epoch</b>: will train")
    picker.boxes["lora"].value = False
    assert (picker.settings.variant, TICK in picker.status.value) == ("baseline_1_epoch", True)
    picker.boxes["lora"].value = True
    assert (picker.settings.variant, BELOW in picker.status.value) == ("baseline_matched", True)


def test_a_row_keeps_an_injection_strategy_of_its_own_as_long_as_it_pauses(small_run):
    picker = Picker(small_run.but(variant="sft_peft@word"), "warmup")
    assert explorer.pick(picker.settings, "warmup").settings is picker.settings  # where nobody can use widgets
    picker.boxes["lora"].value = False
    assert picker.settings.variant == picker.name.value == "sft@word"


def test_of_a_row_with_another_strategy_its_own_files_are_looked_at(small_run, own_copy):
    row = small_run.but(runs_dir=own_copy.runs_dir, variant="sft_peft@word")
    inject(row)
    assert will_do(row, "inject") == "finished, and kept as it is"


def test_what_is_there_is_kept_what_is_missing_is_made_and_what_is_other_is_refused(small_run):
    for step in ("inject", "warmup", "evaluate"):
        assert will_do(small_run, step) == "finished, and kept as it is"
    assert will_do(small_run.but(max_pauses=1), "evaluate") == "will answer the test problems"
    never = will_do(small_run.but(max_pauses=1, variant="baseline_1_epoch"), "evaluate")
    assert never.startswith("will be refused: baseline_1_epoch never pauses")
    assert will_do(small_run.but(variant="sft"), "evaluate") == "will answer the test problems, after making its model"
    missing = "clean rows, injected rows, first step"
    assert will_do(small_run.but(experiment="new"), "warmup") == f"will train, after making its {missing}"
    changed = small_run.but(learning_rate=0.5)
    assert will_do(changed, "warmup").startswith("will be refused: ")
    assert "learning_rate=0.001 (now 0.5)" in will_do(changed, "warmup")
    assert will_do(changed.but(overwrite=True), "warmup") == "will train"
