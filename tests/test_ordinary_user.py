"""An ordinary user who may not write where something is to be written: a line that names the place, an exit status."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import copy_project

ROOT_S_POWER = "-dac_override,-dac_read_search"  # over the permissions of files
AS_ORDINARY_USER = (  # what is put before a command; where nobody can't reach this Python, root without that power
    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    ["setpriv", f"--bounding-set={ROOT_S_POWER}", f"--inh-caps={ROOT_S_POWER}"],
)
STARTS_A_PYTHON = "import pandas, subprocess, sys; subprocess.run([sys.executable, '-c', 'import pandas'], check=True)"


class Place:
    """A copy of the project and a folder of results that an ordinary user can read but not write."""

    def __init__(self, folder: Path):
        self.project, self.results, self.home = (folder / name for name in ("project", "results", "home"))
        copy_project(self.project)
        self.results.mkdir()
        self.home.mkdir()
        subprocess.run(["chmod", "-R", "a+rX,a-w", folder], check=True)
        self.before = []

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command as the user."""
        environment = {**os.environ, "PYTHONPATH": str(self.project), "HOME": str(self.home)}
        for name in ("JUPYTER_RUNTIME_DIR", "XDG_RUNTIME_DIR", "MPLCONFIGDIR", "IPYTHONDIR", "XDG_CACHE_HOME"):
            environment.pop(name, None)
        options = {"capture_output": True, "text": True, "env": environment, "timeout": 600}
        return subprocess.run([*self.before, *command], cwd=self.home, **options)

    def become_ordinary(self) -> bool:
        """Run commands as an ordinary user from here on; return whether there is a way."""
        for before in AS_ORDINARY_USER if os.getuid() == 0 else ([],):
            self.before = before
            with suppress(FileNotFoundError):
                if self.run(sys.executable, "-c", STARTS_A_PYTHON).returncode == 0:
                    return True
        return False


@pytest.fixture
def place():
    """A `Place`; among the temporary files of all users, since nobody else can reach pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        there = Place(Path(folder))
        there.home.chmod(0o777)
        if not there.become_ordinary():
            pytest.skip(f"no ordinary user can run {sys.executable}, and setpriv is missing or too old")
        yield there
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


def refused(done: subprocess.CompletedProcess, folder: Path) -> bool:
    """Whether the last line of an error names a folder, and that it may not be written."""
    last = done.stderr.strip().splitlines()[-1]
    return str(folder) in last and ("Permission denied" in last or "may not write" in last)


def test_a_notebook_whose_results_can_t_be_written_fails_with_a_line_that_names_them(place):
    notebook = str(place.project / "notebooks" / "inject.ipynb")
    given = ("-p", "runs_dir", str(place.results), "-p", "n_train", "8")
    done = place.run(sys.executable, "-m", "papermill", notebook, "out.ipynb", *given)
    assert done.returncode == 1
    assert refused(done, place.results)
    assert list(place.results.iterdir()) == []


def test_a_run_that_can_t_write_its_results_or_its_notes_is_refused_and_needs_no_home(place):
    smallest = ("variants=[baseline_1_epoch]", "interventions=[]", "trials=[]", "--", "--dry-run")
    config = str(place.project / "configs" / "tiny.yaml")
    command = (sys.executable, "-m", "pauselib.workflow", config, f"runs_dir={place.results}")
    no_notes = place.run(*command)
    assert (no_notes.returncode, no_notes.stdout, refused(no_notes, place.project)) == (2, "", True)
    place.project.chmod(0o777)
    no_results = place.run(*command)
    assert (no_results.returncode, no_results.stdout, refused(no_results, place.results)) == (2, "", True)
    place.results.chmod(0o777)
    place.home.chmod(0o555)
    done = place.run(*command, *smallest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 steps; ")
