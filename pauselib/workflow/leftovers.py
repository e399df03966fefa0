"""What a run that was killed has left: processes that nobody waits for, files that were half-written, notebooks that
were not executed to the end.
"""

import json
import os
import re
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from pauselib import runs
from pauselib.analysis.tables.record import why_read_again
from pauselib.artifacts import why_unfinished
from pauselib.settings import ROOT, Settings
from pauselib.workflow.graph import notebooks_of_graph

# environment variables that every process of a run inherits, so that orphans are known: the project's and the results'
MARK, MAKES = "PAUSELIB_WORKFLOW", "PAUSELIB_MAKES"
OF_AN_ERROR = "papermill-error-cell-tag"  # of the cells with which papermill says where an error is
A_DAY = 86_400  # seconds
PATIENCE = 10  # seconds that a process may take to end


def end_orphans(folder: Path) -> None:
    """End what killed runs have left, and wait for it: processes that carry the mark of this project or of an
    experiment's folder, while no run of either is active.
    """
    orphans = []
    for process in psutil.process_iter():
        try:
            found = process.environ()
            is_left = found.get(MARK) == str(ROOT) or found.get(MAKES) == str(folder.resolve())
            if process.pid != os.getpid() and is_left:
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
        elif half_written := re.fullmatch(r"\..+\.([^.]+)\.(\d+)\.part", path.name):
            host, writer = half_written.groups()
            with suppress(FileNotFoundError):
                old = time.time() - path.stat().st_mtime > A_DAY
                if old or (host == runs.HOST and not psutil.pid_exists(int(writer))):
                    path.unlink()


def is_executed(path: Path) -> bool:
    """Return whether papermill has executed a notebook to its end, without an error."""
    try:
        notebook = json.loads(path.read_bytes())
        ran, cells = notebook["metadata"]["papermill"], notebook["cells"]
        all_cells = all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code" and cell["source"])
        return all_cells and bool(ran["end_time"]) and not ran["exception"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def is_papermill_s(content: bytes) -> bool:
    """Return whether papermill has written all of a notebook, or was killed while it wrote it; a person who changes one
    leaves a cell without papermill's mark.
    """
    try:
        cells = json.loads(content)["cells"]
        return all("papermill" in cell["metadata"] or OF_AN_ERROR in cell["metadata"].get("tags", []) for cell in cells)
    except ValueError:
        return not content or b'"papermill"' in content
    except (KeyError, TypeError):
        return False


def take_away(path: Path) -> None:
    """Remove a notebook that papermill wrote, so that it is made again; what a person made of it gets another name."""
    if is_papermill_s(path.read_bytes()):
        path.unlink()
        return
    names = (path.with_suffix(f".yours{number}.ipynb") for number in ("", *range(2, 1000)))
    yours = next(name for name in names if not name.exists())
    path.rename(yours)
    print(f"{path} is not as a run made it: it is kept as {yours.name}, and made again.", file=sys.stderr)


def unfinished_notebooks(settings: Settings) -> list[Path]:
    """Return the notebooks of an experiment's graph that have to be made, with all that need them: they are missing, a
    kill has cut them off, or what they made doesn't count as finished (`artifacts.why_unfinished`), which is said.

    Snakemake remembers what it did not finish, but not what another copy of the project did not; it sees no other
    settings where its notes are gone, and makes nothing again that is missing before something that is there.
    """
    found = []
    for one in notebooks_of_graph(settings):
        executed = is_executed(one.notebook)
        why = why_unfinished(one.row, one.makes, of_sources=True) if executed and one.makes else None
        if executed and one.rule == "analyze":
            why = why_read_again(settings)
        if why:
            print(f"{one.notebook} is made again: {why}.", file=sys.stderr)
        if why or not executed or not set(found).isdisjoint(one.needs):
            found.append(one.notebook)
    return found
