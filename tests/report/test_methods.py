"""The methods section: every number in it is that of the settings, the files or the code."""

import json
import re

import pandas as pd
from conftest import ROOT

from pauselib import runs
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.study import Study
from pauselib.analysis.tables.contrasts import COLUMNS, Trials
from pauselib.report import methods
from pauselib.report.methods import show_methods
from pauselib.settings import Settings

HEADINGS = ["Plan", "Model", "Data", "Pauses in training", "Training", "Decoding", "Insertion trials"]
HEADINGS += ["Statistics", "Exclusions"]


def test_before_anything_is_made_the_methods_are_those_that_are_asked_for(tmp_path):
    parts = methods.methods(Study(Settings(runs_dir=str(tmp_path), learning_rate=0.125, n_random_pauses=7)))
    assert list(parts) == HEADINGS
    assert "'toy', asked as the task gsm8k does; none are there yet" in parts["Data"]
    assert "learning rate of 0.125 (no steps)" in parts["Training"]
    assert "Where their number is drawn, it is uniform from 0 to 7." in parts["Pauses in training"]
    assert "Random gaps between tokens" in parts["Pauses in training"]


def test_a_notebook_shows_them_with_their_headings(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    show_methods(Study(Settings(runs_dir=str(tmp_path))))
    [markdown] = shown
    assert markdown.data.startswith("**Plan.** The plan is prereg.yaml (digest ")
    assert "\n\n**Exclusions.** 0 of 0 replies were cut" in markdown.data
    show_methods(Study(Settings(runs_dir=str(tmp_path), dataset="<b>mine")))
    assert "'&lt;b&gt;mine'" in shown[1].data


def test_the_numbers_are_those_of_the_files_not_of_the_settings_now(intervened):
    (intervened.folder() / "data" / "counts.json").write_text(
        json.dumps({"train": 1234, "validation": 56, "test": 3, "too_long": 9})
    )
    for name, steps in (("sft", 160), ("sft_peft", 161), ("baseline_1_epoch", 2380)):
        folder = intervened.but(variant=name).variant_folder()
        record = json.loads((folder / "training.json").read_text())
        (folder / "training.json").write_text(json.dumps({**record, "steps": steps}))
        (folder / "model").mkdir(exist_ok=True)
        rate = "base_learning_rate" if name.startswith("baseline") else "learning_rate"
        used = {"variant": name, "seed": 42, rate: 0.5, "lora_r": 3}
        made = {"settings": used, "inputs": {}, "outputs": {"a": "b"}}
        (folder / "model" / "made_from.json").write_text(json.dumps(made))
    parts = methods.methods(Study(intervened.but(learning_rate=0.5, base_learning_rate=0.5, lora_r=3)))
    assert "1,234 to train on, 56 held out for validation, 3 to test on" in parts["Data"]
    assert "(9 of them)" in parts["Data"]
    assert "learning rate of 0.5 (160, 161 steps)" in parts["Training"]
    assert "(2,380 steps)" in parts["Training"]
    assert "LoRA of rank 3, alpha 32" in parts["Training"]
    assert "3 rows are finished. Seeds: 42. A seed is that of training" in parts["Training"]
    assert "at most 4 times as many tokens in all" in parts["Decoding"]
    assert "sft (no pauses of its own), sft (2 pauses put in before the final answer)" in parts["Decoding"]


def test_the_trials_name_what_was_put_in(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
    assert methods.methods(study)["Insertion trials"].startswith("There is no trial here")
    lines = [
        (42, f"test-{i}", 0, "sft_peft", *condition, -1.0, True)
        for i in range(2)
        for condition in (("", "nothing", 0), ("step", "pauses", 4), ("random", "masked", 7))
    ]
    study.trials = Trials(pd.DataFrame(lines, columns=COLUMNS))
    said = methods.methods(study)["Insertion trials"]
    assert "Sites: step, random. Contents: nothing, pauses, masked. Doses: 4, 7. The registered" in said


def test_what_was_cut_is_counted(by_hand):
    path = by_hand.but(variant="sft").variant_folder() / "predictions.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    study = Study(by_hand)
    study.replies.loc[study.replies["variant"] == "sft", "truncated"] = True
    assert f"{len(lines)} of 9 replies were cut at the limit" in methods.methods(study)["Exclusions"]


def test_every_source_of_the_statistics_is_in_the_docstring_of_a_function():
    said = methods.statistics_in_words()
    assert f"Wilson's interval of {100 * plan().level:g} %" in said
    code = "".join(path.read_text() for path in (ROOT / "pauselib" / "analysis").glob("*.py"))
    named = re.findall(r"doi:[^;)\s]+", said)
    assert len(named) > 8
    assert [source for source in named if source not in code] == []


def test_an_experiment_that_is_not_registered_is_exploratory():
    assert "all of this one is exploratory" in methods.plan_in_words(Settings(experiment="mine"))
    registered = methods.plan_in_words(Settings(experiment=plan().experiment))
    assert "It registers this experiment" in registered
    assert "Every other table and picture is exploratory" in registered
    assert f"digest {runs.digest(ROOT / 'prereg.yaml')}" in registered
