"""What killed runs leave: processes are ended, notebooks that were cut off are made again, nothing else is touched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pauselib.workflow import leftovers
from pauselib.workflow.leftovers import MARK, ROOT, end_orphans, is_executed, remove_unfinished_notebooks

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def sleeper(code: str, **environment: str) -> subprocess.Popen:
    """A process that sleeps for a minute, after it has begun to."""
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment}, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_a_process_that_a_killed_run_left_behind_is_ended_and_is_gone_then(monkeypatch):
    monkeypatch.setattr(leftovers, "PATIENCE", 1)
    sleeps = "import time; print(flush=True); time.sleep(60)"
    orphan, deaf = sleeper(sleeps, **{MARK: str(ROOT)}), sleeper(DEAF, **{MARK: str(ROOT)})
    other, of_another_copy = sleeper(sleeps), sleeper(sleeps, **{MARK: "/elsewhere"})
    try:
        end_orphans()
        there = [psutil.pid_exists(process.pid) for process in (orphan, deaf, other, of_another_copy)]
        assert there == [False, False, True, True]
    finally:
        for process in (orphan, deaf, other, of_another_copy):
            process.kill(), process.stdout.close()


def executed(
    folder: Path, name: str, counts=(1, 2), end_time: str | None = "2026", exception: bool | None = None
) -> Path:
    """Write a notebook as papermill leaves it."""
    cells = [{"cell_type": "code", "source": "1", "execution_count": count} for count in counts]
    cells += [
        {"cell_type": "markdown", "source": "Read."},
        {"cell_type": "code", "source": "", "execution_count": None},
    ]
    ran = {"end_time": end_time, "exception": exception}
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"cells": cells, "metadata": {"papermill": ran}}))
    return folder / name


def test_a_notebook_is_executed_where_all_its_cells_were_and_papermill_came_to_its_end(tmp_path):
    assert is_executed(executed(tmp_path, "whole.ipynb"))
    assert not is_executed(executed(tmp_path, "cut_off.ipynb", counts=(1, None), end_time=None))
    assert not is_executed(executed(tmp_path, "kernel_died.ipynb", counts=(1, None)))
    assert not is_executed(executed(tmp_path, "failed.ipynb", exception=True))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"{}", b'{"metadata": {}, "cells": []}'])
def test_what_is_no_executed_notebook_is_damaged(tmp_path, content):
    (tmp_path / "damaged.ipynb").write_bytes(content)
    assert is_executed(tmp_path / "damaged.ipynb") is None


def test_notebooks_that_were_cut_off_or_damaged_are_removed_and_a_person_s_own_are_not(tmp_path, capsys):
    kept = [executed(tmp_path, name) for name in ("seed-42/sft/warmup.ipynb", "seed-42/injected/word.inject.ipynb")]
    kept += [executed(tmp_path, name, end_time=None) for name in ("explore.ipynb", "seed-42/sft/warmup.failed.ipynb")]
    executed(tmp_path, "seed-42/sft/interventions/max_pauses-0/evaluate.ipynb", end_time=None)
    damaged = executed(tmp_path, "seed-42/sft/evaluate.ipynb")
    damaged.write_text(damaged.read_text()[:-1])
    remove_unfinished_notebooks(tmp_path)
    assert sorted(tmp_path.rglob("*.ipynb")) == sorted(kept)
    assert capsys.readouterr().err == f"{damaged} is damaged: it is made again.\n"
