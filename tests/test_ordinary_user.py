"""An ordinary user who may not write where something is to be written: one sentence, and an exit status."""

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import copy_project

from pauselib.errors import NO_PERMISSION

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
        for path in (self.project / "runs", self.results, self.home):
            path.mkdir()
        subprocess.run(["chmod", "-R", "a+rX,a-w", folder], check=True)
        self.before = []

    def let_write(self, *folders: Path) -> None:
        """Let the user write into folders."""
        for folder in folders:
            folder.chmod(0o777)

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
        there.let_write(there.home)
        if not there.become_ordinary():
            pytest.skip(f"no ordinary user can run {sys.executable}, and setpriv is missing or too old")
        yield there
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


REFUSED = f"can't be written: {NO_PERMISSION}."


def test_a_notebook_whose_results_can_t_be_written_ends_in_one_sentence(place):
    papermill = str(Path(sys.executable).parent / "papermill")
    notebook = str(place.project / "notebooks" / "inject.ipynb")
    done = place.run(papermill, notebook, "out.ipynb", "-p", "runs_dir", str(place.results), "-p", "n_train", "8")
    assert done.returncode == 1
    *_, last = done.stderr.strip().splitlines()
    assert last.endswith(f"{place.results / 'tiny' / 'data'} {REFUSED}")
    assert list(place.results.iterdir()) == []


def workflow(place: Place, *arguments: str) -> subprocess.CompletedProcess:
    """Run the workflow of the copy, as the user."""
    config = str(place.project / "configs" / "tiny.yaml")
    return place.run(sys.executable, "-m", "pauselib.workflow", config, f"runs_dir={place.results}", *arguments)


def test_a_workflow_whose_results_can_t_be_written_is_refused_in_one_sentence(place):
    place.let_write(place.project, place.project / "runs")
    done = workflow(place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{place.results / 'tiny'} {REFUSED}\n"


def test_a_project_that_can_t_be_written_is_refused_in_one_sentence(place):
    done = workflow(place)
    assert (done.returncode, done.stdout) == (2, "")
    sentence = "can't be written, and Snakemake keeps its notes there: copy the project to a folder of your own."
    assert done.stderr == f"{place.project} {sentence}\n"


def test_a_workflow_needs_no_home_that_can_be_written(place):
    place.let_write(place.project, place.project / "runs", place.results)
    place.home.chmod(0o555)
    done = workflow(place, "variants=[baseline_1_epoch]", "interventions=[]", "trials=[]", "--", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 steps: 1 variant")
