"""The fixed cost of a notebook: papermill with a cell that imports all that a warm-up or an evaluation needs."""

import tempfile
import time
from pathlib import Path

import nbformat
import papermill

IMPORTS = """from pauselib import steps
from pauselib.decoding import evaluation, greedy
from pauselib.report import figures
from pauselib.sources.models import load_model
load_model("tiny")"""
WITH_TRAINING = IMPORTS + "\nfrom pauselib.training import trainer"


def wall_seconds(code: str, tries: int = 3) -> float:
    """Return the wall time of the fastest papermill run of one cell."""
    spent = []
    for _ in range(tries):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cell.ipynb"
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata=kernel), path)
            started = time.perf_counter()
            kernel_options = {"extra_arguments": ["--log-level=ERROR"]}
            papermill.execute_notebook(str(path), str(path), progress_bar=False, **kernel_options)
            spent.append(time.perf_counter() - started)
    return min(spent)


def compare() -> list[dict]:
    """Measure what evaluate and warmup import, beside an empty notebook; wall times, so measure on an idle machine."""
    empty = wall_seconds("pass")
    return [
        {
            "what": f"fixed cost of {name}",
            "this package": f"{wall_seconds(code):.1f} s",
            "the plain way": f"{empty:.1f} s",
            "times as fast": "–",
            "beside": "an empty notebook",
            "goal": "5 s or less",
        }
        for name, code in (("evaluate", IMPORTS), ("warmup", WITH_TRAINING))
    ]
