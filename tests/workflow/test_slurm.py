"""A small experiment on a real Slurm of one node with two GPUs: run, killed, started again, its jobs preempted."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from one_node_slurm import Slurm, one_node_slurm, overlap, why_absent

from benchmarks.kills import EXPERIMENT
from benchmarks.results import differences, left_behind
from pauselib.analysis.study import Study
from pauselib.settings import ROOT, Settings
from pauselib.steps import evaluate
from pauselib.workflow import slurm as leftover_jobs

ABSENT = why_absent()
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
FIRST = "baseline_1_epoch"
SMALL = EXPERIMENT | {"variants": [FIRST, "sft_peft"], "interventions": [], "trials": []}
SMALL |= {"n_train": 300, "base_max_steps": 30}  # the first step takes long enough to be struck at a checkpoint
PATIENCE = 300  # seconds


def wait_for(what: Callable, workflow: subprocess.Popen | None = None):
    """What a function returns as soon as it is true. Fails where a workflow ends before."""
    for _ in range(PATIENCE * 4):
        found = what()
        if found:
            return found
        assert workflow is None or workflow.poll() is None, "the workflow has ended"
        time.sleep(0.25)
    raise TimeoutError(what.__name__)


class Runs:
    """Runs of the small experiment on a Slurm, with the profile as it is."""

    def __init__(self, slurm: Slurm, folder: Path):
        self.slurm, self.folder, self.log = slurm, folder / "killed", folder / "output.txt"
        folder.mkdir()
        (folder / "experiment.yaml").write_text(yaml.safe_dump({**SMALL, "runs_dir": str(folder)}))
        self.command = [sys.executable, "-m", "pauselib.workflow", str(folder / "experiment.yaml"), "--"]
        self.command += ["--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2"]

    def start(self) -> subprocess.Popen:
        """Start the workflow in a session of its own."""
        options = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "start_new_session": True}
        with self.log.open("ab") as log:
            return subprocess.Popen(self.slurm.inside(*self.command), stdout=log, stderr=log, **options)

    def running(self, rule: str, other_than: str = "") -> dict[str, str] | None:
        """The job of a step of that rule which runs now."""
        jobs = [job for job in self.slurm.jobs() if job.get("Comment", "").startswith(f"rule_{rule}")]
        return next((job for job in jobs if job["JobState"] == "RUNNING" and job["JobId"] != other_than), None)

    def checkpoints(self) -> list[int]:
        """At which training steps the finished checkpoints of the first step were written."""
        found = (self.folder / "seed-42" / FIRST / "checkpoints").glob("checkpoint-*/digests.json")
        return sorted(int(path.parent.name.split("-")[1]) for path in found)

    def new_checkpoint(self, before: list[int], workflow: subprocess.Popen) -> list[int]:
        """Wait for a checkpoint beyond those before, and return all that are there then. Fails where the training has
        begun anew.
        """

        def beyond() -> list[int]:
            found = self.checkpoints()
            assert not before or not found or found[0] >= before[0], "the training has begun anew"
            return found if found and found[-1] > max(before, default=0) else []

        return wait_for(beyond, workflow)

    def devices(self) -> list[str]:
        """The GPUs of the jobs that run now."""
        return [job["GRES"] for job in self.slurm.jobs() if job["JobState"] == "RUNNING" and job.get("GRES")]


def test_an_experiment_on_slurm_is_killed_and_preempted_and_ends_with_the_same_bytes_as_one_without(tmp_path):
    undisturbed = Settings(**SMALL, runs_dir=str(tmp_path / "000"))
    for variant in SMALL["variants"]:
        evaluate(undisturbed.but(variant=variant))
    with one_node_slurm(tmp_path / "slurm") as slurm:
        disturbed = Runs(slurm, tmp_path / "001")
        killed = disturbed.start()
        reached = disturbed.new_checkpoint([], killed)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        left = disturbed.running("warmup")
        assert left, "the job goes on without the workflow that submitted it"

        again = disturbed.start()
        job = wait_for(lambda: disturbed.running("warmup", other_than=left["JobId"]), again)
        reached = disturbed.new_checkpoint(disturbed.checkpoints() or reached, again)
        slurm.says("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=true")
        wait_for(lambda: "Restarts=1" in slurm.says("scontrol", "show", "job", job["JobId"]), again)
        slurm.says("scontrol", "update", f"JobId={job['JobId']}", "StartTime=now")  # Slurm's own delay is two minutes
        disturbed.new_checkpoint(disturbed.checkpoints() or reached, again)
        devices = wait_for(lambda: two(disturbed.devices()), again)
        assert sorted(devices) == ["gpu:1(IDX:0)", "gpu:1(IDX:1)"]
        assert again.wait(timeout=PATIENCE) == 0, disturbed.log.read_text()
        jobs = [job for job in slurm.jobs() if job.get("Comment", "").startswith("rule_")]
    said = disturbed.log.read_text()
    n_left = int(re.search(r"A run that was killed left (\d) jobs? in Slurm, which end first.", said)[1])
    assert "[6/6] analyze" in said
    twice = [pair for pair in combinations(jobs, 2) if pair[0]["Comment"] == pair[1]["Comment"] and overlap(*pair)]
    assert twice == []
    assert 6 <= len(jobs) <= 6 + n_left  # each step once, and those once more that a job of the first run had not ended
    differ = differences(disturbed.folder, undisturbed.folder())
    assert [name for name in differ if name.startswith(("data/", "seed-")) and not name.endswith(".ipynb")] == []
    assert (disturbed.folder / "results.csv").read_text() == Study(undisturbed).table.to_csv(index=False)
    assert left_behind(disturbed.folder) == []


def two(devices: list[str]) -> list[str]:
    """The devices, if there are two."""
    return devices if len(devices) == 2 else []


def test_the_jobs_of_an_experiment_are_told_by_their_names(tmp_path):
    names = [leftover_jobs.job_prefix(tmp_path / name) for name in ("one", "one", "other")]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) <= 50  # as the plugin demands
