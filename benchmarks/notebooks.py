"""The fixed cost of a notebook: papermill with a cell that imports all that a warm-up or an evaluation needs; and what
a training takes in it when it is started from a terminal, or by `make run`.
"""

import os
import tempfile
import time
from pathlib import Path

import nbformat
import papermill

from benchmarks import fastest_of_both, row
from benchmarks.training import STEPS

IMPORTS = """from pauselib import steps
from pauselib.decoding import evaluation, greedy
from pauselib import figures
from pauselib.sources.models import load_model
load_model("tiny")"""
WITH_TRAINING = IMPORTS + "\nfrom pauselib.training import trainer"

TRAINING = """import tempfile, time
from benchmarks import training
clean, _ = training.rows_of()
with tempfile.TemporaryDirectory() as folder, training.quiet():
    trainer = training.trainer_of(training.variant_model("baseline_1_epoch"), clean, folder)
    started = time.perf_counter()
    trainer.train()
print(time.perf_counter() - started)"""


def training_seconds(threads: str) -> float:
    """Return the wall time of a training in a notebook, with OMP_NUM_THREADS as it is given, or not at all."""
    before = os.environ.pop("OMP_NUM_THREADS")
    try:
        os.environ.update({"OMP_NUM_THREADS": threads} if threads else {})
        return float(executed(TRAINING).cells[-1].outputs[-1]["text"])
    finally:
        os.environ["OMP_NUM_THREADS"] = before


def executed(code: str) -> nbformat.NotebookNode:
    """Return a notebook of one cell, executed by papermill."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.ipynb"
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata=kernel), path)
        return papermill.execute_notebook(str(path), str(path), progress_bar=False)


def wall_seconds(code: str, tries: int = 3) -> float:
    """Return the wall time of the fastest papermill run of one cell."""
    spent = []
    for _ in range(tries):
        started = time.perf_counter()
        executed(code)
        spent.append(time.perf_counter() - started)
    return min(spent)


def compare() -> list[dict]:
    """Measure what evaluate and warmup import, beside an empty notebook, and a training, started in two ways; wall
    times, so measure on an idle machine.
    """
    empty = wall_seconds("pass")
    training = fastest_of_both(lambda: "", lambda: "1", lambda threads: training_seconds(threads()))
    what = f"{STEPS} steps of the first step by papermill"
    lines = [row(what, *training, "as `make run` starts it, OMP_NUM_THREADS=1", "0.91 or more")]
    for name, code in (("evaluate", IMPORTS), ("warmup", WITH_TRAINING)):
        seconds = wall_seconds(code)
        lines.append(row(f"imports of {name}, {seconds:.1f} s", seconds, empty, "an empty notebook", "5 s or less"))
    return lines
