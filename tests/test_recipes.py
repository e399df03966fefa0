"""README's recipes are true: what is new is one insertion into one file, and all that was there stays as it was.

`python tests/test_recipes.py FOLDER` prints what a test compares, of the package that it finds and of finished rows.
"""

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from conftest import ROOT, note

from pauselib import figures, files, tasks
from pauselib.artifacts import artifacts_of, why_unfinished
from pauselib.declared import EVERY_NOTEBOOK
from pauselib.decoding.interventions import active_interventions
from pauselib.figures.style import looks, saved
from pauselib.injection.strategies import prompt_pauses
from pauselib.settings import Settings
from pauselib.settings.notebook_cells import parameters_cell
from pauselib.trials import conditions
from pauselib.variants import VARIANTS, matched_baseline
from pauselib.workflow.graph import steps_of_experiment

OLD, NEW = ("sft", "sft_peft", "baseline_matched"), ("sft_peft@dummy", "sft_peft_dummy", "baseline_matched_dummy")
RECIPES = {  # a file of the package, the text before which something new goes (none: at the end), and what is new
    "injection/strategies.py": (None, "@strategy(in_prompt=True)\ndef dummy(*_):\n    return [0, 0]"),
    "decoding/interventions.py": ("INTE", 'class Dummy(Intervention):\n    push: int = setting(0, "new", "intervene")'),
    "trials/sites.py": (None, 'class Dummy(BeforeStep):\n    name, meaning = 2 * ("dummy",)\nSITES["dummy"] = Dummy()'),
    "trials/contents.py": (None, 'class Dummy(Dots):\n    name, meaning = 2 * ("dummy",)\nCONTENTS["dummy"] = Dummy()'),
    "tasks/dummy.py": (None, 'from pauselib.tasks.gsm8k import GSM8K\nclass Dummy(GSM8K):\n    name = "dummy"'),
    "settings/fields.py": ("    n_train: ", '    dummy_setting: int = setting(0, "a dummy", "data")'),
    "variants.py": ("    epochs: ", '    dummy: bool = part(lambda model: [model.norm], trained="_dummy")'),
}


def seen(runs_dir: str) -> dict:
    """What must not change: defaults, parameters cells, names, looks, and why the rows below a folder don't count."""
    settings = Settings(runs_dir=runs_dir)
    made = [(settings.but(variant=name), step) for name in OLD for step in ("evaluate", "trial")]
    return {
        "defaults": {name: field.default for name, field in Settings.model_fields.items()},
        "cells": {notebook: parameters_cell(notebook).splitlines() for notebook in EVERY_NOTEBOOK},
        "variants": {name: matched_baseline(name) for name in VARIANTS if "dummy" not in name},
        "looks": looks(name for name in VARIANTS if "dummy" not in name),
        "unfinished": [why_unfinished(*one) for one in made],
    }


def used(runs_dir: str) -> dict:
    """What is new, each found by its name and taken by all that takes its like."""
    new = {"task": "dummy", "dummy_setting": 5, "trial_sites": ["dummy"], "trial_contents": ["dummy"]}
    interventions = [{"variant": "sft_peft", "push": 2}]
    settings = Settings(runs_dir=runs_dir, variants=[*OLD, *NEW], interventions=interventions, **new)
    return {
        "strategy": prompt_pauses(**Settings(strategy="dummy+prefix").of("strategy", "n_prefix_pauses")),
        "interventions": [type(one).__name__ for one in active_interventions({"push": 2})],
        "condition": [one.name for one in conditions(["dummy"], ["dummy"], [4], pauses=True, repeated_after="")[0][:2]],
        "task": type(tasks.find(settings.task)).__name__,
        "strategies": [settings.but(variant=name).row_strategy for name in NEW],
        "matched": [matched_baseline(name) for name in NEW],
        "unfinished": why_unfinished(settings.but(task="gsm8k"), "evaluate"),
        "graph": sorted({name for step in steps_of_experiment(settings) for name in NEW if name in str(step.notebook)}),
        "looks": len({str(look) for look in looks([*VARIANTS, *NEW]).values()}),
        "pictures": [bool(figure.axes and saved(figure, "svg")) for figure in pictures()],
    }


def pictures() -> list:
    """Every picture that has a variant, an intervention, a site or a content in it, with the new ones in its table."""
    table = pd.DataFrame({"variant": ["sft_peft", *NEW], "low": 0, "high": 1, "estimate": 0.2, "dose": 4, "step": 1})
    table = table.assign(accuracy=0.2, difference=0.2, share=0.2, expected=0.1, n=30, number="elsewhere", length=2)
    effects = table.assign(
        intervention="push-2", problem_id="a", n_pauses=2, pauses_mean=2, correct=1, accuracy_low=0, accuracy_high=1
    )
    gains = pd.concat(table.assign(site="dummy", content=content) for content in ("pauses", "dummy", "masked"))
    by = pd.DataFrame({"bins_of": ["so_far", "gap", "length"], "value": 1, "n": 30, "head": 0.2, "implied": 0.1})
    return [
        figures.accuracies(table, table[["variant", "difference", "low", "high"]]),
        figures.accuracy_under_interventions(effects),
        figures.accuracy_by_pauses(effects),
        figures.trial_gains(gains, "sft_peft_dummy", "log_likelihood"),
        figures.learning_curves(gains),
        *(figures.pause_origin(by, name) for name in NEW),
        *(figures.places_of_variant({key: table for key in ("relative", "numbers", "runs")}, name) for name in NEW),
    ]


@pytest.fixture(scope="module")
def before_and_after(tmp_path_factory):
    """What is seen without the new and in a copy of the package with it, and what that copy does with the new."""
    folder = tmp_path_factory.mktemp("recipes")
    for row in (Settings(runs_dir=str(folder), variant=name) for name in OLD):
        for one in [*artifacts_of(row, "trial"), *artifacts_of(row, "evaluate")]:
            files.write(one.folder / f"{one.what}.txt", "made")
            note(one.folder, one.settings, f"{one.what}.txt", code=one.code)
    shutil.copytree(ROOT / "pauselib", folder / "pauselib", ignore=shutil.ignore_patterns("__pycache__"))
    for name, (anchor, new) in RECIPES.items():
        path = folder / "pauselib" / name
        start, found, rest = (path.read_text() if path.exists() else "").partition(anchor or "\0")
        assert anchor in (found, None)
        path.write_text(f"{start}\n{new}\n\n{found}{rest}")
    command, env = [sys.executable, __file__, folder], {**os.environ, "PYTHONPATH": str(folder)}
    copy = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert copy.returncode == 0, copy.stderr
    return json.loads(json.dumps(seen(str(folder)))), *json.loads(copy.stdout)


def test_what_was_there_stays_and_only_the_cells_of_a_new_setting_s_notebook_get_its_line(before_and_after):
    before, after, _ = before_and_after
    assert set(before["unfinished"]) == {None}
    for what in ("variants", "looks", "unfinished"):
        assert after[what] == before[what]
    assert after["defaults"] == {**before["defaults"], "dummy_setting": 0, "push": 0}
    cells = [(name, before["cells"][name], lines) for name, lines in after["cells"].items()]
    new = {name: [line for line in lines if line not in old] for name, old, lines in cells}
    new_lines = {"inject": ["dummy_setting: int = 0  # a dummy"], "evaluate": ["push: int = 0  # new"]}
    assert {name: lines for name, lines in new.items() if lines} == new_lines


def test_what_is_new_is_used_by_its_name_alone(before_and_after):
    *_, found = before_and_after
    assert found == {
        "strategy": 12,  # two pauses by it and ten by `prefix`
        "interventions": ["Dummy"],
        "condition": ["dummy", "dummy"],
        "task": "Dummy",
        "strategies": ["dummy", "random", "random"],
        "matched": ["baseline_matched", NEW[-1], NEW[-1]],
        "unfinished": "clean rows made with dummy_setting=0 (now 5)",
        "graph": sorted(NEW),
        "looks": len(VARIANTS) + len(NEW),
        "pictures": [True] * 11,
    }


if __name__ == "__main__":
    print(json.dumps([seen(sys.argv[1]), used(sys.argv[1])]))
