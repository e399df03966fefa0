"""The notebooks as their user runs them: by papermill, from two folders, and with what is wrong refused."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from pauselib.declared import EVERY_NOTEBOOK
from pauselib.errors import InputError
from pauselib.settings import Settings, notebook_cells

ROOT = Path(__file__).parent.parent
SMALL = {"experiment": "small", "n_train": 12, "n_test": 4, "n_copies": 2, "max_new_tokens": 20}
SMALL |= dict.fromkeys(["eval_steps", "base_eval_steps", "max_steps", "base_max_steps"], 2)


def run(step: str, out: Path, cwd: Path = ROOT, **parameters):
    path = os.path.relpath(ROOT / "notebooks" / f"{step}.ipynb", cwd)
    command = [Path(sys.executable).parent / "papermill", path, out, "-y", json.dumps(parameters)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=1800)


def test_writing_the_parameters_cells_again_changes_nothing(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    committed = {step: (ROOT / "notebooks" / f"{step}.ipynb").read_text() for step in EVERY_NOTEBOOK}
    for step, text in committed.items():
        old = text.replace("# the folder under runs_dir", "# what was said before")
        assert old != text
        (tmp_path / "notebooks" / f"{step}.ipynb").write_text(old)
    monkeypatch.setattr(notebook_cells, "ROOT", tmp_path)
    notebook_cells.write_cells()
    for step, text in committed.items():
        written = (tmp_path / "notebooks" / f"{step}.ipynb").read_text()
        assert written == text, "run `python -m pauselib.settings.notebook_cells`"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_committed_notebook_has_no_outputs_and_short_cells(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
            assert "parameters" in cell.metadata.get("tags", []) or len(cell.source.splitlines()) <= 10


def test_the_positive_control_refuses_a_misspelled_parameter_too():
    page = nbformat.read(ROOT / "notebooks" / "positive_control.ipynb", as_version=4)
    with pytest.raises(InputError, match="parameter 'n_step' is not known"):
        exec(page.cells[2].source, {"In": ["# Parameters\nn_step = 10"]})


@pytest.mark.parametrize("step", EVERY_NOTEBOOK)
def test_no_cell_gives_a_setting_another_value_so_that_all_can_be_run_again(step):
    for cell in nbformat.read(ROOT / "notebooks" / f"{step}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
            set_here = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            assert not set_here & Settings.model_fields.keys()


@pytest.fixture(scope="module")
def chain(tmp_path_factory, run_notebook):
    """A folder where all notebooks ran for one row: NAME.ipynb is executed, and runs/small has what they made."""
    folder = tmp_path_factory.mktemp("chain")
    settings = {**SMALL, "runs_dir": str(folder / "runs")}
    few = {"trial_sites": ["step", "result"], "trial_contents": ["pauses", "masked"], "trial_doses": [4]}
    of_row = {"variant": "sft_peft", **settings}
    run_notebook("inject", folder / "inject.ipynb", settings)
    trained = run("warmup", folder / "warmup.ipynb", **of_row)
    assert trained.returncode == 0, trained.stderr
    run_notebook("evaluate", folder / "evaluate.ipynb", {**of_row, "variant": "sft_peft.yaml"})
    run_notebook("trial", folder / "trial.ipynb", {**of_row, **few})
    analyzed = run("analyze", folder / "analyze.ipynb", ROOT / "notebooks", **settings)
    assert analyzed.returncode == 0, analyzed.stderr
    rows_dir = {name: settings[name] for name in ("runs_dir", "experiment")}
    for step in ("start", "explore", "compare", "audit"):
        more = {"variant": "sft_peft", "other_variant": "sft_peft"} if step == "compare" else {}
        run_notebook(step, folder / f"{step}.ipynb", {**rows_dir, **more})
    return folder


def test_one_variant_from_nothing_has_its_models_its_replies_its_trials_and_its_line_of_the_table(chain):
    folder = chain / "runs" / "small"
    rows = folder / "seed-42"
    assert (rows / "sft_peft" / "model" / "model.safetensors").exists()
    for model in ("sft_peft", "baseline_1_epoch", "baseline_matched"):
        assert (rows / model / "trial" / "trials.parquet").exists()
    replies = [json.loads(line) for line in (rows / "sft_peft" / "predictions.jsonl").read_text().splitlines()]
    assert [reply["problem_id"] for reply in replies] == [f"test-{i}" for i in range(4)]
    assert len((folder / "results.csv").read_text().splitlines()) == 26
    report = (folder / "report.html").read_text()
    assert "1 of 25 trainings are finished" in report
    assert report.count("<img") > 4
    assert "http://" not in report
    assert "a pause − the same hidden" in (chain / "trial.ipynb").read_text()
    assert "1 of 25 trainings are finished" in (chain / "analyze.ipynb").read_text()


@pytest.mark.parametrize("step", EVERY_NOTEBOOK)
def test_an_executed_notebook_is_small_and_has_no_widgets_nor_more_than_a_line_of_progress(step, chain):
    notebook = nbformat.read(chain / f"{step}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "widgets" not in notebook.metadata
    assert all(len(cell.outputs) <= (20 if step == "analyze" else 5) for cell in code)
    assert (chain / f"{step}.ipynb").stat().st_size < 1_000_000
    for training in [cell for cell in code if "steps.warm_up" in cell.source]:
        assert sum("image/png" in output.get("data", {}) for output in training.outputs) == 1


def test_analyze_from_nothing_shows_a_table_of_missing_rows(run_notebook, tmp_path):
    run_notebook("analyze", tmp_path / "out.ipynb", {"runs_dir": str(tmp_path / "runs")})
    assert "0 of 25 trainings are finished" in (tmp_path / "runs" / "tiny" / "report.html").read_text()


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"lrr": 1}, "There is no parameter 'lrr': did you mean"),
        ({"dataset": "/no/such/folder"}, "The dataset '/no/such/folder' is not there: nothing has"),
    ],
)
def test_bad_input_is_refused_below_all_that_papermill_says_and_writes_nothing(parameters, sentence, tmp_path):
    refused = run("warmup", tmp_path / "out.ipynb", runs_dir=str(tmp_path / "runs"), **parameters)
    assert refused.returncode != 0
    assert refused.stderr.strip().splitlines()[-1].startswith(sentence)
    assert [path for path in (tmp_path / "runs").rglob("*.*") if path.suffix != ".lock"] == []
