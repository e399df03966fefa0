"""A step that computes has a GPU for itself: on two GPUs, which are made up, two steps run at once."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from benchmarks.kills import EXPERIMENT
from pauselib.settings import ROOT, of_experiment
from pauselib.workflow import gpus, running
from pauselib.workflow.gpus import GPUS, visible_gpus

PAPERMILL = """#!/bin/bash
shift 2  # -k python3
echo "begin $CUDA_VISIBLE_DEVICES $1" >> "$STORY"
if [[ $CUDA_VISIBLE_DEVICES && $2 != */baseline_1_epoch/warmup.ipynb ]]; then
    until [ "$(grep -c "begin GPU" "$STORY")" -ge 3 ]; do sleep 0.05; done
fi
touch "$2"
echo "end $CUDA_VISIBLE_DEVICES $1" >> "$STORY"
"""
"""It executes no notebook, but says which GPU it sees; of the steps behind the first one the first two meet."""


def program(folder: Path, name: str, text: str) -> None:
    """Write a program of that name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """A machine that says it has two GPUs."""
    program(tmp_path / "bin", "nvidia-smi", "#!/bin/sh\necho GPU-a\necho GPU-b\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("allowed", "found"),
    [(None, ["GPU-a", "GPU-b"]), ("1", ["1"]), ("0,1", ["0", "1"]), ("0,0", ["0", "0"]), ("", []), ("-1", [])],
)
def test_a_machine_names_its_gpus_or_those_that_are_allowed(allowed, found, two_gpus, monkeypatch):
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert visible_gpus() == found


def test_a_machine_without_the_program_that_lists_them_has_no_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert visible_gpus() == []


@pytest.mark.parametrize("trap", [lambda path: path.symlink_to("/"), lambda path: path.mkdir(0o755), Path.touch])
def test_locks_in_a_place_that_somebody_else_may_have_made_are_refused_in_one_sentence(trap, tmp_path, monkeypatch):
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv(GPUS, "GPU-a")
    trap(tmp_path / f"pauselib-gpus-{os.getuid()}")
    with pytest.raises(SystemExit, match=r"pauselib-gpus-\d+ is not a folder of yours alone: remove it, or set TMPDIR"):
        gpus.main("1", "true")


class Waits(Exception):
    """A step finds no GPU free."""


def test_a_gpu_that_is_named_twice_is_shared_by_two_steps_and_a_third_waits(tmp_path, monkeypatch):
    def wait(seconds):
        raise Waits

    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gpus.time, "sleep", wait)
    assert [gpus.take(["0", "1", "0"]) for _ in range(3)] == ["0", "1", "0"]
    with pytest.raises(Waits):
        gpus.take(["0", "1", "0"])


def start(folder: Path, monkeypatch, *arguments: str) -> tuple[list[str], str | None]:
    """The arguments with which a run starts Snakemake, and the GPUs it names to it."""
    started = []
    monkeypatch.setattr(running, "run_until_stopped", lambda *given: started.append(given) or 0)
    monkeypatch.setattr(running.slurm, "is_there", lambda: False)
    config = EXPERIMENT | {"runs_dir": str(folder / "runs")}
    assert running.run_snakemake(of_experiment(config), config, *arguments) == 0
    ((command, environment),) = started
    return command[command.index("--configfile") + 2 :], environment.get(GPUS)


def test_a_run_has_all_cores_and_no_more_steps_at_once_than_gpus_unless_it_is_elsewhere(
    tmp_path, two_gpus, monkeypatch
):
    command, named = start(tmp_path, monkeypatch, "--quiet")
    assert (command[:2], command[-1], named) == (["--cores", "all"], "--quiet", "GPU-a,GPU-b")
    assert command[command.index("--resources") + 1] == "gpu=2"
    assert command[-2] == f"{tmp_path}/runs/killed/seed-42/sft_peft/evaluate.ipynb"  # comes first
    command, named = start(tmp_path, monkeypatch, "--profile", "profiles/slurm")
    assert (command[0], command[-2:], named) == ("--rerun-incomplete", ["--profile", "profiles/slurm"], None)
    monkeypatch.setattr(running, "visible_gpus", lambda: [])
    command, named = start(tmp_path, monkeypatch)
    assert ("--resources" in command, named) == (False, None)


def test_on_two_gpus_two_steps_run_at_once_each_sees_one_and_a_third_waits(tmp_path):
    program(tmp_path / "bin", "papermill", PAPERMILL)
    config = EXPERIMENT | {"runs_dir": str(tmp_path / "runs"), "trials": []}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    environment = {**os.environ, "STORY": str(tmp_path / "story"), GPUS: "GPU-a,GPU-b", "PYTHONPATH": str(ROOT)}
    programs = (str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    environment |= {"PATH": os.pathsep.join(programs), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    command += ["--configfile", str(tmp_path / "config.yaml"), "--cores", "4", "--resources", "gpu=2"]
    done = subprocess.run(
        [*command, "--until", "evaluate", "intervene"], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    story = [line.split() for line in (tmp_path / "story").read_text().splitlines()]
    held, most = Counter(), 0
    sees_none = [["begin", "notebooks/inject.ipynb"], ["end", "notebooks/inject.ipynb"]]
    assert [line for line in story if len(line) == 2] == sees_none
    for what, gpu, notebook in (line for line in story if len(line) == 3):
        assert gpu in ("GPU-a", "GPU-b"), notebook
        held[gpu] += 1 if what == "begin" else -1
        assert held[gpu] in (0, 1), f"two steps at once on {gpu}"
        most = max(most, held.total())
    assert (most, held.total()) == (2, 0)
