"""The notebooks as their user runs them: by papermill, from two folders, and with what is wrong refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from pauselib.declared import EVERY_NOTEBOOK
from pauselib.settings import Settings, notebook_cells, settings_of_notebook
from pauselib.settings.notebook_cells import parameters_cell

ROOT = Path(__file__).parent.parent
SMALL = {
    "experiment": "small",
    "n_train": 12,
    "n_test": 4,
    "n_copies": 2,
    "eval_steps": 2,
    "base_eval_steps": 2,
    "max_steps": 2,
    "base_max_steps": 2,
    "max_new_tokens": 20,
}


def run(step: str, out: Path, cwd: Path = ROOT, **parameters):
    path = os.path.relpath(ROOT / "notebooks" / f"{step}.ipynb", cwd)
    command = [Path(sys.executable).parent / "papermill", path, out, "-y", json.dumps(parameters)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=1800)


def source(step: str):
    return nbformat.read(ROOT / "notebooks" / f"{step}.ipynb", as_version=4)


@pytest.mark.parametrize("step", EVERY_NOTEBOOK)
def test_the_parameters_cell_is_the_one_that_follows_from_the_settings(step):
    (cell,) = [cell for cell in source(step).cells if "parameters" in cell.metadata.get("tags", [])]
    assert cell.source == parameters_cell(step), "run `python -m pauselib.settings.notebook_cells`"


def test_writing_the_parameters_cells_changes_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    committed = {step: (ROOT / "notebooks" / f"{step}.ipynb").read_text() for step in EVERY_NOTEBOOK}
    for step, text in committed.items():
        old = text.replace("# the folder under runs_dir", "# what was said before")
        assert old != text
        (tmp_path / "notebooks" / f"{step}.ipynb").write_text(old)
    monkeypatch.setattr(notebook_cells, "ROOT", tmp_path)
    notebook_cells.write_cells()
    assert {step: (tmp_path / "notebooks" / f"{step}.ipynb").read_text() for step in EVERY_NOTEBOOK} == committed


@pytest.mark.parametrize("step", EVERY_NOTEBOOK)
def test_papermill_lists_every_parameter_with_its_meaning(step):
    inferred = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{step}.ipynb"))
    assert sorted(inferred) == sorted(settings_of_notebook(step))
    assert {name: one["help"] for name, one in inferred.items()} == {
        name: Settings.model_fields[name].description for name in inferred
    }


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_committed_notebook_has_no_outputs_and_short_cells(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
            assert "parameters" in cell.metadata.get("tags", []) or len(cell.source.splitlines()) <= 10


def test_one_variant_from_nothing_then_its_replies_then_its_trial_then_the_table(tmp_path):
    settings = {**SMALL, "runs_dir": str(tmp_path / "runs")}
    folder = tmp_path / "runs" / "small"
    trained = run("warmup", tmp_path / "out.ipynb", variant="sft_peft", **settings)
    assert trained.returncode == 0, trained.stderr
    assert (folder / "seed-42" / "sft_peft" / "model" / "model.safetensors").exists()
    assert (folder / "seed-42" / "baseline_1_epoch" / "model" / "model.safetensors").exists()
    evaluated = run("evaluate", tmp_path / "out.ipynb", ROOT / "notebooks", variant="sft_peft.yaml", **settings)
    assert evaluated.returncode == 0, evaluated.stderr
    replies = [
        json.loads(line) for line in (folder / "seed-42" / "sft_peft" / "predictions.jsonl").read_text().splitlines()
    ]
    assert [reply["problem_id"] for reply in replies] == [f"test-{i}" for i in range(4)]
    assert set(replies[0]) >= {
        "problem_id",
        "question",
        "gold",
        "reply",
        "predicted",
        "correct",
        "n_pauses",
        "n_tokens",
        "truncated",
    }
    metrics = json.loads((folder / "seed-42" / "sft_peft" / "metrics.json").read_text())
    assert set(metrics) >= {
        "accuracy",
        "eval_loss",
        "pauses_mean",
        "pauses_mean_correct",
        "pauses_mean_incorrect",
        "truncated_rate",
        "n",
    }
    few = {"trial_sites": ["step", "result"], "trial_contents": ["pauses", "masked"], "trial_doses": [4]}
    tried = run("trial", tmp_path / "trial.ipynb", variant="sft_peft", **few, **settings)
    assert tried.returncode == 0, tried.stderr
    assert "pauses − nothing, of sft_peft" in (tmp_path / "trial.ipynb").read_text()
    for model in ("sft_peft", "baseline_1_epoch", "baseline_matched"):
        assert (folder / "seed-42" / model / "trial" / "trials.parquet").exists()
    analyzed = run("analyze", tmp_path / "out.ipynb", **settings)
    assert analyzed.returncode == 0, analyzed.stderr
    assert "1 of 25 rows are finished" in (tmp_path / "out.ipynb").read_text()
    lines = (folder / "results.csv").read_text().splitlines()
    assert len(lines) == 26
    report = (folder / "report.html").read_text()
    assert "1 of 25 rows are finished" in report
    assert report.count("<img") > 5
    assert "http://" not in report


def test_analyze_from_nothing_shows_a_table_of_missing_rows(tmp_path):
    analyzed = run("analyze", tmp_path / "out.ipynb", ROOT / "notebooks", runs_dir=str(tmp_path / "runs"))
    assert analyzed.returncode == 0, analyzed.stderr
    assert "0 of 25 rows are finished" in (tmp_path / "runs" / "tiny" / "report.html").read_text()


def test_executed_notebooks_have_one_progress_line_and_no_widgets(tmp_path):
    assert (
        run("warmup", tmp_path / "out.ipynb", variant="sft", runs_dir=str(tmp_path / "runs"), **SMALL).returncode == 0
    )
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "widgets" not in notebook.metadata
    assert all(len(cell.outputs) <= 4 for cell in notebook.cells if cell.cell_type == "code")
    (training,) = [cell for cell in notebook.cells if "steps.warm_up" in cell.source]
    assert (
        sum("image/png" in output.get("data", {}) for output in training.outputs) == 1
    )  # the last of the pictures that grew
    assert (tmp_path / "out.ipynb").stat().st_size < 300_000


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"lrr": 1}, "There is no parameter 'lrr': did you mean"),
        ({"variant": "sft_pefd"}, "There is no variant 'sft_pefd': did you mean 'sft_peft'?"),
        (
            {"dataset": "/no/such/folder"},
            "The dataset '/no/such/folder' is not there: nothing has",
        ),
    ],
)
def test_bad_input_is_refused_in_one_sentence_and_writes_nothing(parameters, sentence, tmp_path):
    refused = run("warmup", tmp_path / "out.ipynb", runs_dir=str(tmp_path / "runs"), **parameters)
    assert refused.returncode != 0
    assert refused.stderr.strip().splitlines()[-1].startswith(sentence)  # last and alone, below papermill's own frames
    left = [path for path in (tmp_path / "runs").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []
