"""What the explorer finds under runs/."""

import shutil

from pauselib.explorer.contents import (
    experiments_with_models,
    folders_with_replies,
    how_to_make,
    in_order,
    intervention_name,
    overview_html,
    overview_table,
    problems_of,
    rows_with_models,
)
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


def test_the_rows_with_a_model_are_those_on_disk_in_the_published_order(own_copy):
    assert [row.variant for row in rows_with_models(own_copy)] == ["sft_peft", "sft_fr_phead_peft", "baseline_1_epoch"]
    shutil.copytree(own_copy.variant_folder(), own_copy.variant_folder().with_name("my backup"))
    assert [row.variant for row in rows_with_models(own_copy)] == ["sft_peft", "sft_fr_phead_peft", "baseline_1_epoch"]
    shutil.rmtree(own_copy.variant_folder() / "model")
    assert [row.variant for row in rows_with_models(own_copy)] == ["sft_peft", "baseline_1_epoch"]


def test_copies_that_somebody_made_in_runs_are_passed_over(own_copy):
    made = own_copy.variant_folder().parent
    for copy in (made.with_name(f"{made.name}-backup"), made.parents[1] / "a (copy)" / made.name):
        shutil.copytree(made, copy)
    assert [(one.experiment, one.seed) for one in experiments_with_models(own_copy)] == [("small", 42)]


def test_names_that_are_not_published_come_last_by_name():
    names = ["sft_peft@word", "baseline_1_epoch", "sft@pattern", "sft_peft", "sft_peft"]
    assert in_order(names) == ["sft_peft", "baseline_1_epoch", "sft@pattern", "sft_peft@word"]


def test_a_row_with_an_injection_strategy_of_its_own_is_a_row(own_copy):
    shutil.copytree(own_copy.variant_folder(), own_copy.variant_folder().with_name("sft_peft@word"))
    rows = rows_with_models(own_copy)
    assert [row.variant for row in rows] == ["sft_peft", "sft_fr_phead_peft", "baseline_1_epoch", "sft_peft@word"]
    assert "4 of 26 variants have a model" in overview_html(own_copy)


def test_experiments_and_seeds_are_found_and_that_of_the_notebook_comes_first(own_copy):
    shutil.copytree(own_copy.folder() / "seed-42", own_copy.folder() / "seed-7")
    shutil.copytree(own_copy.folder(), own_copy.folder().with_name("another"))
    found = [(one.experiment, one.seed) for one in experiments_with_models(own_copy)]
    assert found == [("small", 42), ("small", 7), ("another", 7), ("another", 42)]


def test_the_folders_with_replies_are_the_variant_s_own_and_those_of_its_interventions(asked):
    assert [intervention_name(folder) for folder in folders_with_replies(asked)] == ["", "max_pauses-0"]
    assert folders_with_replies(asked.but(variant="baseline_1_epoch")) == []


def test_the_problems_are_those_of_the_test_split(own_copy):
    assert problems_of(own_copy)["problem_id"].tolist() == ["test-0", "test-1", "test-2", "test-3"]
    shutil.rmtree(own_copy.folder() / "data")
    assert problems_of(own_copy).empty


def test_the_overview_says_what_each_model_has(own_copy):
    (own_copy.variant_folder() / "tokens.parquet").unlink()
    assert overview_table(own_copy).astype(object).fillna("none").values.tolist() == [
        ["sft_peft", "yes", "yes", 0.0, "–"],
        ["sft_fr_phead_peft", "missing", "missing", "none", "1"],
        ["baseline_1_epoch", "missing", "missing", "none", "–"],
    ]
    assert "<td>missing</td>" in overview_html(own_copy)


def test_the_overview_names_what_is_missing_and_one_command_that_makes_it(asked):
    html = overview_html(asked).replace("<wbr>", "")  # where a name may be broken
    assert "3 of 25 variants have a model in experiment small, seed 42" in html
    assert "Not finished: sft, sft_unfr_lm_head, sft_unfr_lm_head_peft," in html
    assert "baseline_1_epoch, baseline_2_epoch, baseline_matched, baseline_matched_unfr_lm_head" in html
    assert "<code>make run" not in html, "no file of configs/ makes this experiment"
    command = "papermill notebooks/evaluate.ipynb out.ipynb -p variant sft -p experiment small -p seed 42"
    assert f"<code>{command} -p runs_dir {asked.runs_dir}</code> makes one variant." in html


def test_an_experiment_of_configs_is_made_by_its_file(tmp_path):
    evaluate = "papermill notebooks/evaluate.ipynb out.ipynb"
    assert how_to_make(Settings(), "sft") == (
        "<code>make run</code> makes the whole experiment. "
        f"<code>{evaluate} -p variant sft -p experiment tiny -p seed 42</code> makes one variant."
    )
    assert how_to_make(Settings(experiment="mistral-7b", seed=7), "sft") == (
        "<code>make run CONFIG=configs/mistral-7b.yaml</code> makes the whole experiment. "
        f"<code>{evaluate} -f configs/mistral-7b.yaml -p variant sft -p experiment mistral-7b -p seed 7</code> "
        "makes one variant."
    )
    assert "0 of 25 variants" in overview_html(Settings(runs_dir=str(tmp_path)))
