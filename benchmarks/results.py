"""What an experiment must give again, byte for byte, however it came about; and what it must not leave behind."""

import json
import re
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from pauselib.files import as_json
from pauselib.manifests import MANIFEST, without_notes
from pauselib.workflow.leftovers import MARK, ROOT

LEFT_OUT = {
    "times/": "how long each step took",
    ".log": "what papermill said, with its times",
    "config.yaml": "it names the folder of all runs",
    "notes": "of a manifest: on which machine, and by which commit, which a copy of the project has not",
    "pages of notebooks": "they are made of the notebooks, which are compared, but for dates and times",
}
"""What is not compared, and why."""
ADDRESS = re.compile(r"at 0x[0-9a-f]+")
PROGRESS = re.compile(r"\(\d+%\), \d+ s")  # in a line of `pauselib.progress`, which has seconds


def what_is_shown(notebook: Path, folder: Path) -> bytes:
    """Return the cells of an executed notebook and what they show, without dates, numbers of executions, lines of
    progress, addresses in memory, and the place of the experiment's folder.
    """
    shown = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        outputs = [{**output, "execution_count": None, "metadata": None} for output in cell.get("outputs", [])]
        outputs = [output for output in outputs if not PROGRESS.search(json.dumps(output))]
        shown.append((cell["cell_type"], cell["source"], outputs))
    text = json.dumps(shown).replace(str(folder), "FOLDER").replace(f"{folder.parent.name}/{folder.name}", "FOLDER")
    text = text.replace(str(folder.parent), "RUNS")
    return ADDRESS.sub("at", text).encode()


def results(folder: Path) -> dict[str, bytes]:
    """Return all that an experiment must give again, by path: the files, and what the notebooks show."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".log", ".lock")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".ipynb":
            found[name] = what_is_shown(path, folder)
        elif path.name == MANIFEST:
            found[name] = as_json(without_notes(json.loads(path.read_bytes()))).encode()
        elif not (name.startswith("times/") or name == "config.yaml" or path.with_suffix(".ipynb").exists()):
            found[name] = path.read_bytes()
    return found


def differences(folder: Path, expected: Path) -> list[str]:
    """Return what of an experiment is not as in another: files that differ, are missing, or are there in excess."""
    ours, theirs = results(folder), results(expected)
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))


def left_behind(folder: Path) -> list[str]:
    """Return what a finished experiment has left behind and should not have: processes, locks that are held, files that
    were on their way.
    """
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*.part")]
    found += [path.relative_to(folder).as_posix() for path in folder.rglob("checkpoints")]
    found += [path.name for path in (ROOT / ".snakemake" / "locks").glob("*")]
    for lock in folder.rglob("*.lock"):
        try:
            with FileLock(lock, timeout=0):
                pass
        except Timeout:
            found.append(f"{lock.name} is held")
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(ROOT):
                found.append(f"process {process.pid}: {' '.join(process.cmdline())[:80]}")
        except psutil.Error:
            continue
    return found
