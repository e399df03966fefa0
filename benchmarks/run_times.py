"""Where the time of `make run` goes, from the times that Snakemake kept, and the fixed cost of a notebook.

python benchmarks/run_times.py runs/tiny
"""

import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pandas as pd
import papermill

IMPORTS = "from pauselib import analysis, evaluation, figures, model, trainer, training"


def notebook_seconds(code: str) -> float:
    """The wall time of a papermill run of one cell."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cell.ipynb"
        cell = nbformat.v4.new_code_cell(code)
        nbformat.write(
            nbformat.v4.new_notebook(
                cells=[cell],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            ),
            path,
        )
        started = time.perf_counter()
        papermill.execute_notebook(str(path), str(path), progress_bar=False)
        return time.perf_counter() - started


def main(folder: str) -> None:
    files = sorted(Path(folder).glob("times/**/*.tsv"))
    times = pd.concat([pd.read_csv(file, sep="\t").assign(job=file.stem) for file in files])
    times["step"] = times["job"].str.split(".").str[-1]
    print(times.groupby("step", sort=False)["s"].agg(jobs="count", total="sum", longest="max").round(1).to_string())
    ended = [file.stat().st_mtime for file in files]
    began = min(file.stat().st_mtime - seconds for file, seconds in zip(files, times["s"]))
    print(f"from the first job's start to the last one's end: {(max(ended) - began) / 60:.1f} minutes")
    fixed, empty = min(notebook_seconds(IMPORTS) for _ in range(3)), min(notebook_seconds("pass") for _ in range(3))
    print(f"a notebook's fixed cost: {fixed:.1f} s with all imports, {empty:.1f} s without")


if __name__ == "__main__":
    main(*sys.argv[1:])
