"""The picker of a variant, and what it says the cells below will do."""

import shutil

import pytest

from pauselib import explorer
from pauselib.explorer.kept import will_do
from pauselib.explorer.picker import BELOW, NOTHING, Picker
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


@pytest.fixture
def picker(tmp_path) -> Picker:
    return Picker(Settings(runs_dir=str(tmp_path)), "warmup")


def test_the_name_follows_the_boxes_and_the_boxes_follow_the_name(picker):
    assert {name for name, box in picker.boxes.items() if box.value} == {"pause_embedding", "pause_head", "lora"}
    picker.boxes["lora"].value = False
    assert picker.settings.variant == picker.name.value == "sft"
    picker.boxes["lm_embeddings"].value = True  # only ever trained with the LM head
    assert picker.settings.variant == "sft_unfr_lm_head_embed"
    picker.boxes["lm_head"].value = False
    assert picker.settings.variant == "sft"
    assert not picker.boxes["lm_embeddings"].value
    picker.name.value = "baseline_1_epoch"
    assert [name for name, box in picker.boxes.items() if box.value] == ["lora"]
    assert picker.settings.variant == "baseline_1_epoch"
    assert picker.status.value.startswith("<p><b>baseline_1_epoch</b>: will train")


def test_without_any_part_the_last_variant_stays_and_a_sentence_says_so(picker):
    for name in ("lora", "pause_head", "pause_embedding"):
        picker.boxes[name].value = False
    assert NOTHING in picker.status.value
    assert picker.settings.variant == "sft_fr_phead"
    picker.boxes["lora"].value = True
    assert picker.settings.variant == "baseline_matched"


def test_a_row_keeps_an_injection_strategy_of_its_own_as_long_as_it_pauses(tmp_path):
    picker = Picker(Settings(runs_dir=str(tmp_path), variant="sft_peft@word"), "warmup")
    picker.boxes["lora"].value = False
    assert picker.settings.variant == picker.name.value == "sft@word"


def test_what_is_there_is_kept_and_what_is_missing_is_made(small_run, own_copy):
    row = small_run.but(runs_dir=own_copy.runs_dir)
    assert will_do(row, "warmup").startswith("kept, made on 20")
    assert will_do(row, "evaluate").startswith("kept, made on 20")
    assert will_do(row.but(max_pauses=0), "evaluate").startswith("kept, made on 20")
    assert will_do(row.but(max_pauses=1), "evaluate") == "will answer the test problems"
    assert will_do(row, "inject").startswith("kept, made on 20")
    assert will_do(row, "trial") == "will try insertions"
    assert will_do(row.but(variant="sft"), "evaluate") == "will answer the test problems, after making its model"
    missing = "clean rows, injected rows, first step"
    assert will_do(row.but(experiment="new"), "warmup") == f"will train, after making its {missing}"
    times = row.folder() / "times" / "seed-42"
    times.mkdir(parents=True)
    (times / "sft_peft.warmup.tsv").write_text("s\th:m:s\n19.7\t0:00:19\n")
    assert will_do(row.but(variant="sft"), "warmup") == "will train, about 20 s"
    shutil.rmtree(row.injected_folder())
    assert will_do(row, "warmup") == "will train, after making its injected rows"
    (times / "random.inject.tsv").write_text("s\th:m:s\n31.1\t0:00:31\n")
    assert will_do(row, "warmup") == "will train, after making its injected rows, about 50 s"


def test_what_was_made_from_other_settings_will_be_refused_or_made_again(small_run):
    changed = small_run.but(learning_rate=0.5)
    said = will_do(changed, "warmup")
    assert said.startswith("will be refused because of its model, made with learning_rate=0.001 (now 0.5): choose")
    assert will_do(changed.but(overwrite=True), "warmup") == "will train"
    assert BELOW not in Picker(changed, "warmup").status.value
    assert BELOW in Picker(changed.but(overwrite=True), "warmup").status.value


def test_without_widgets_the_notebook_s_own_settings_are_picked(small_run, capsys):
    picked = explorer.pick(small_run, "warmup")
    assert picked.settings is small_run
