"""The notebooks of an experiment, which come before which, and which have to be executed."""

import json
from pathlib import Path

import pytest

from pauselib.files import write
from pauselib.settings import Settings
from pauselib.workflow import graph
from pauselib.workflow.graph import is_executed, steps_of_experiment, unfinished_steps


def test_every_notebook_of_a_run_comes_once_and_behind_those_that_it_needs(tmp_path):
    settings = Settings(
        runs_dir=str(tmp_path),
        variants=["sft_peft", "sft@surprise"],
        seeds=[42, 43],
        trials=["sft_peft", "sft_fr_pembed"],  # the second is no row, and so it has none
        interventions=[{"variant": "sft_peft", "max_pauses": 0}, {"variant": "sft", "max_pauses": 0}],
    )
    found, of_seed = steps_of_experiment(settings), tmp_path / "tiny" / "seed-43"
    needs = {step.notebook: list(step.needs) for step in found}
    assert len(needs) == len(found)
    assert all(list(needs).index(before) < list(needs).index(path) for path in needs for before in needs[path])
    seen = {
        path.relative_to(of_seed).as_posix(): [one.relative_to(of_seed).as_posix() for one in needs[path]]
        for path in needs
        if path.is_relative_to(of_seed)
    }
    first, model = "baseline_1_epoch/warmup.ipynb", "sft_peft/warmup.ipynb"
    trials = [f"{name}/trial.ipynb" for name in ("baseline_1_epoch", "baseline_matched")]
    assert seen == {
        first: [],
        "injected/random.inject.ipynb": [],
        "injected/surprise.inject.ipynb": [first],  # it asks for the first step's model
        model: ["injected/random.inject.ipynb", first],
        "sft@surprise/warmup.ipynb": ["injected/surprise.inject.ipynb", first],
        "baseline_matched/warmup.ipynb": [first],
        "sft_peft/evaluate.ipynb": [model],
        "sft@surprise/evaluate.ipynb": ["sft@surprise/warmup.ipynb"],
        trials[0]: [first],
        trials[1]: ["baseline_matched/warmup.ipynb", trials[0]],
        "sft_peft/trial.ipynb": [model, *trials],
        "sft_peft/interventions/max_pauses-0/evaluate.ipynb": [model],
    }
    assert found[-1].notebook == tmp_path / "tiny" / "analyze.ipynb"
    results = [name for name in seen if name.endswith(("evaluate.ipynb", "trial.ipynb"))]
    assert {path for path in needs[found[-1].notebook] if of_seed in path.parents} == {of_seed / one for one in results}


def executed(path: Path, counts=(1, 2), end_time: str | None = "2026", exception: bool | None = None) -> Path:
    """Write a notebook as papermill leaves it."""
    cells = [{"cell_type": "code", "source": "1", "execution_count": count} for count in counts]
    cells += [
        {"cell_type": "markdown", "source": "Read."},
        {"cell_type": "code", "source": "", "execution_count": None},
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    ran = {"end_time": end_time, "exception": exception}
    path.write_text(json.dumps({"cells": cells, "metadata": {"papermill": ran}}))
    return path


def test_a_notebook_is_executed_where_all_its_cells_were_and_papermill_came_to_its_end(tmp_path):
    assert is_executed(executed(tmp_path / "whole.ipynb"))
    assert not is_executed(executed(tmp_path / "cut_off.ipynb", counts=(1, None), end_time=None))
    assert not is_executed(executed(tmp_path / "kernel_died.ipynb", counts=(1, None)))
    assert not is_executed(executed(tmp_path / "failed.ipynb", exception=True))
    assert not is_executed(tmp_path / "missing.ipynb")
    for text in ("[1]", "{}", '{"metadata": {"papermill": {"end_time": "1", "exception": null}}, "cells": [{}]}'):
        write(tmp_path / "none.ipynb", text)
        assert not is_executed(tmp_path / "none.ipynb")


@pytest.mark.parametrize("content", ["", '{"metadata": {"papermill": {}', None])
def test_what_is_not_executed_is_so_again_with_all_that_need_it_and_with_nothing_else(content, tmp_path, monkeypatch):
    settings = Settings(runs_dir=str(tmp_path), variants=["sft", "baseline_1_epoch"], trials=[])
    for step in steps_of_experiment(settings):
        executed(step.notebook)
    monkeypatch.setattr(graph.artifacts, "why_unfinished", lambda *_, **__: None)
    assert unfinished_steps(settings) == []
    model = settings.but(variant="sft").variant_folder() / "warmup.ipynb"
    model.unlink() if content is None else model.write_text(content)
    found = [step.notebook.relative_to(settings.folder()).as_posix() for step in unfinished_steps(settings)]
    assert found == ["seed-42/sft/warmup.ipynb", "seed-42/sft/evaluate.ipynb", "analyze.ipynb"]


def test_a_trial_of_a_checkpoint_that_is_gone_is_made_again(tmp_path, monkeypatch):
    settings = Settings(runs_dir=str(tmp_path), variants=["sft"], trials=["sft"], trial_checkpoints=[80])
    assert all(executed(step.notebook) for step in steps_of_experiment(settings))
    monkeypatch.setattr(graph.artifacts, "why_unfinished", lambda row, made, step=None, **_: step and "it is gone")
    assert [step.notebook.parent.name for step in unfinished_steps(settings)][:1] == ["sft"]
