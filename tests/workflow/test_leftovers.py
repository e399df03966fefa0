"""What killed runs leave: processes are ended, notebooks that were cut off are made again, nothing else is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pauselib import runs
from pauselib.analysis.tables.record import READ, read_from
from pauselib.settings import Settings
from pauselib.workflow import leftovers, running
from pauselib.workflow.graph import notebooks_of_graph
from pauselib.workflow.leftovers import MAKES, MARK, ROOT, end_orphans, is_executed, take_away, unfinished_notebooks

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def sleeper(code: str, **environment: str) -> subprocess.Popen:
    """A process that sleeps, after it has begun to."""
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment}, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_a_process_that_a_killed_run_left_behind_is_ended_and_is_gone_then(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "PATIENCE", 1)
    sleeps = "import time; print(flush=True); time.sleep(600)"
    elsewhere = {MARK: "/elsewhere"}
    processes = [
        sleeper(sleeps, **{MARK: str(ROOT)}),
        sleeper(DEAF, **{MARK: str(ROOT)}),
        sleeper(sleeps, **elsewhere, **{MAKES: str(tmp_path)}),  # another copy made the same results
        sleeper(sleeps),
        sleeper(sleeps, **elsewhere, **{MAKES: "/elsewhere/runs/tiny"}),
    ]
    try:
        end_orphans(tmp_path)
        for process in processes[:3]:
            process.wait(600)
        assert [process.poll() for process in processes[3:]] == [None, None]
    finally:
        for process in processes:
            process.kill(), process.stdout.close()


def executed(path: Path, counts=(1, 2), end_time: str | None = "2026", exception: bool | None = None) -> Path:
    """Write a notebook as papermill leaves it."""
    code = [{"cell_type": "code", "source": "1", "execution_count": count} for count in counts]
    cells = [*code, {"cell_type": "markdown", "source": "Read."}, {**code[0], "source": "", "execution_count": None}]
    cells = [{**cell, "metadata": {"papermill": {}}} for cell in cells]
    ran = {"end_time": end_time, "exception": exception}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {"papermill": ran}}))
    return path


def test_a_notebook_is_executed_where_all_its_cells_were_and_papermill_came_to_its_end(tmp_path):
    assert is_executed(executed(tmp_path / "whole.ipynb"))
    assert not is_executed(executed(tmp_path / "cut_off.ipynb", counts=(1, None), end_time=None))
    assert not is_executed(executed(tmp_path / "kernel_died.ipynb", counts=(1, None)))
    assert not is_executed(executed(tmp_path / "failed.ipynb", exception=True))
    assert not is_executed(tmp_path / "missing.ipynb")


@pytest.fixture
def finished(tmp_path, monkeypatch) -> Settings:
    """Settings of an experiment all of whose notebooks are executed, and what they made counts as finished."""
    monkeypatch.setattr(leftovers, "why_unfinished", lambda *given, **options: None)
    settings = Settings(runs_dir=str(tmp_path), variants=["sft", "baseline_1_epoch"], trials=[])
    for one in notebooks_of_graph(settings):
        executed(one.notebook)
    return settings


def left(settings: Settings) -> set[str]:
    """The notebooks that are there after the unfinished ones were removed, as seen from the experiment's folder."""
    for path in unfinished_notebooks(settings):
        if path.exists():
            take_away(path)
    return {path.relative_to(settings.folder()).as_posix() for path in settings.folder().rglob("*.ipynb")}


@pytest.mark.parametrize("content", [b"", b'{"metadata": {"papermill": {}', None])
def test_a_notebook_that_is_not_finished_goes_with_all_that_need_it_and_with_nothing_else(finished, content, capsys):
    of_seed = finished.folder() / "seed-42"
    mine = {"compare.ipynb", "seed-42/sft/mine.evaluate.ipynb", "notes/start.ipynb", "seed-42/sft_peft/warmup.ipynb"}
    for name in mine:
        executed(finished.folder() / name, end_time=None)
    assert len(left(finished)) == 6 + len(mine)
    (of_seed / "sft" / "warmup.ipynb").write_bytes(content or b"")
    if content is None:
        (of_seed / "sft" / "warmup.ipynb").unlink()
    kept = {f"seed-42/{name}.ipynb" for name in ("injected/random.inject", *BASELINE)}
    assert left(finished) == mine | kept
    assert capsys.readouterr().err == ""


def test_what_a_notebook_made_and_does_not_count_as_finished_is_named_and_made_again(finished, monkeypatch, capsys):
    reasons = {("sft", "warmup"): "model made with n_train=8 (now 9)"}
    monkeypatch.setattr(leftovers, "why_unfinished", lambda row, what, **options: reasons.get((row.variant, what)))
    made = [path.relative_to(finished.folder()).as_posix() for path in unfinished_notebooks(finished)]
    assert made == ["seed-42/sft/warmup.ipynb", "seed-42/sft/evaluate.ipynb", "analyze.ipynb"]
    assert "sft/warmup.ipynb is made again: model made with n_train=8 (now 9)." in capsys.readouterr().err


def test_an_analysis_is_made_again_where_it_read_another_result_than_there_is_now(finished, capsys):
    analysis = finished.folder() / "analyze.ipynb"
    manifest, report = finished.but(variant="sft").variant_folder() / runs.MANIFEST, analysis.with_name(READ)
    made = {"settings": {}, "inputs": {}, "outputs": {"a": "b"}, "notes": {}}
    runs.write_json(manifest, made)
    assert unfinished_notebooks(finished) == []  # the report of an older version
    runs.write_json(report, read_from(finished))
    runs.write_json(manifest, {**made, "notes": {"threads": 2}})
    assert unfinished_notebooks(finished) == []
    runs.write_json(manifest, {**made, "outputs": {"a": "c"}})
    assert unfinished_notebooks(finished) == [analysis]
    assert "analyze.ipynb is made again: seed-42/sft is another one than it was made from." in capsys.readouterr().err


BASELINE = ("baseline_1_epoch/warmup", "baseline_1_epoch/evaluate")
BY_HAND = {"cell_type": "code", "source": "my_plot()", "execution_count": None, "metadata": {}}


@pytest.mark.parametrize(
    "change",
    [
        lambda notebook: notebook["cells"].append(BY_HAND),  # a cell more, which was not run yet
        lambda notebook: notebook.pop("metadata"),  # saved from JupyterLab
        lambda notebook: notebook.pop("cells"),
    ],
)
def test_what_a_person_made_of_a_notebook_is_kept_under_another_name(finished, change, capsys):
    path = finished.folder() / "analyze.ipynb"
    before = left(finished)
    notebook = json.loads(executed(path).read_text())
    notebook["cells"][0]["metadata"] = {}
    change(notebook)
    for n in (1, 2):
        path.write_text(json.dumps({**notebook, "n": n}))
        after = left(finished)
    assert after == before - {"analyze.ipynb"} | {"analyze.yours.ipynb", "analyze.yours2.ipynb"}
    assert json.loads(path.with_suffix(".yours.ipynb").read_text()) == {**notebook, "n": 1}
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"{path} is not as a run made it: it is kept as analyze.yours.ipynb, and made again."


def test_a_dry_run_ends_and_removes_nothing(tmp_path, monkeypatch):
    settings, ended = Settings(runs_dir=str(tmp_path)), []
    litter = settings.folder() / ".new.part"
    litter.mkdir(parents=True)
    monkeypatch.setattr(running, "ROOT", tmp_path)
    monkeypatch.setattr(running, "run_until_stopped", lambda *command: 0)
    monkeypatch.setattr(running, "end_orphans", ended.append)
    monkeypatch.setattr(running.slurm, "is_there", lambda: True)
    monkeypatch.setattr(running.slurm, "end_jobs", ended.append)
    assert running.run_snakemake(settings, {}, "--dry-run") == 0
    assert (litter.exists(), ended) == (True, [])
    assert running.run_snakemake(settings, {}) == 0
    assert (litter.exists(), len(ended)) == (False, 2)
