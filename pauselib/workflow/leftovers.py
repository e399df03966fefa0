"""What a run that was killed has left: processes that nobody waits for, files that were half-written, notebooks that
were not executed to the end.
"""

import json
import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from pauselib import runs
from pauselib.declared import EVERY_NOTEBOOK
from pauselib.settings import ROOT

MARK = "PAUSELIB_WORKFLOW"  # an environment variable that every process of a run inherits, so that orphans can be told
EXECUTED = tuple(name for name in EVERY_NOTEBOOK if name != "explore")  # by a run, with papermill
A_DAY = 86_400  # seconds
PATIENCE = 10  # seconds that a process may take to end


def end_orphans() -> None:
    """End what a killed run of this project left, and wait for it: processes that carry its mark while no run is
    active.
    """
    orphans = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(ROOT):
                process.terminate()
                orphans.append(process)
        except psutil.Error:
            continue
    _, alive = psutil.wait_procs(orphans, timeout=PATIENCE)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=PATIENCE)


def remove_stale_locks() -> None:
    """Remove the locks of a Snakemake that was killed, as `snakemake --unlock` does in two seconds."""
    shutil.rmtree(ROOT / ".snakemake" / "locks", ignore_errors=True)


def clear_litter(folder: Path) -> None:
    """Remove what processes that were killed left half-written below a folder; what is being made now stays.

    So does a file of another machine, whose processes can't be seen, for a day.
    """
    for path in [path for path in runs.paths_below(folder) if path.match(".*.part")]:
        if path.is_dir():
            name = path.name[1:].removesuffix(".part").removesuffix(".old")
            made = path.parent if path.name == ".new.part" else path.with_name(name)
            with suppress(Timeout), FileLock(runs.lock_of(made), timeout=0):
                shutil.rmtree(path, ignore_errors=True)
        else:
            *_, host, writer, _ = path.name.split(".")
            with suppress(FileNotFoundError):
                old = time.time() - path.stat().st_mtime > A_DAY
                if old or (host == runs.HOST and not psutil.pid_exists(int(writer))):
                    path.unlink()


def is_executed(path: Path) -> bool | None:
    """Return whether papermill has executed a notebook to its end, without an error; None where it is damaged."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        ran, cells = notebook["metadata"]["papermill"], notebook["cells"]
        all_cells = all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code" and cell["source"])
        return all_cells and bool(ran["end_time"]) and not ran["exception"]
    except (ValueError, KeyError, TypeError):
        return None


def executed_notebooks(folder: Path) -> list[Path]:
    """Return the notebooks below an experiment's folder that a run executes, by their names: `warmup.ipynb`,
    `random.inject.ipynb`.
    """
    notebooks = [path for path in runs.paths_below(folder) if path.suffix == ".ipynb"]
    return [path for path in notebooks if path.stem.rpartition(".")[2] in EXECUTED]


def remove_unfinished_notebooks(folder: Path) -> None:
    """Remove the notebooks that a kill has cut off, or that were damaged since: for Snakemake they would be finished.

    Snakemake remembers what it did not finish, but not what another copy of the project did not.
    """
    for path in executed_notebooks(folder):
        executed = is_executed(path)
        if executed is None:
            print(f"{path} is damaged: it is made again.", file=sys.stderr)
        if not executed:
            path.unlink()
