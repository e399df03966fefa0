"""A small experiment on a real Slurm of one node with two GPUs: run, killed, started again, its jobs preempted."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import psutil
import pytest
import yaml
from one_node_slurm import PATIENCE, Slurm, one_node_slurm, overlap, wait_for, why_absent

from benchmarks.kills import EXPERIMENT
from benchmarks.results import differences, left_behind
from pauselib.analysis.study import Study
from pauselib.settings import ROOT, Settings
from pauselib.steps import evaluate
from pauselib.training.trainer import step_of
from pauselib.workflow import slurm as leftover_jobs
from pauselib.workflow.leftovers import MARK

ABSENT = why_absent()
OFTEN = Path(__file__).parent / "looking_often"
# two trainings that need nothing of each other, so that two jobs run at once from the start: 5 jobs, and 3 in a row
BASELINES = ("baseline_1_epoch", "baseline_2_epoch")
SMALL = EXPERIMENT | {"variants": list(BASELINES), "interventions": [], "trials": []}
SMALL |= {"n_train": 80, "batch_size": 4, "base_eval_steps": 3, "base_max_steps": 24}


class Runs:
    """Runs of the small experiment on a Slurm, with the profile as it is."""

    def __init__(self, slurm: Slurm, folder: Path):
        self.slurm, self.folder, self.log = slurm, folder / "killed", folder / "output.txt"
        folder.mkdir()
        (folder / "experiment.yaml").write_text(yaml.safe_dump({**SMALL, "runs_dir": str(folder)}))
        self.command = [sys.executable, "-m", "pauselib.workflow", str(folder / "experiment.yaml"), "--"]
        self.command += ["--profile", "profiles/slurm"]

    @contextmanager
    def workflow(self) -> Iterator[subprocess.Popen]:
        """The workflow, in a session of its own; what still runs of that is killed with the block."""
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{OFTEN}"}
        options = {"cwd": ROOT, "env": environment, "start_new_session": True}
        with self.log.open("ab") as log:
            workflow = subprocess.Popen(self.slurm.inside(*self.command), stdout=log, stderr=log, **options)
        try:
            yield workflow
        finally:
            if workflow.poll() is None:
                os.killpg(workflow.pid, signal.SIGKILL)
                workflow.wait()

    def wait_for(self, workflow: subprocess.Popen, what: Callable):
        """What a function returns as soon as it is true. Fails where the workflow ends before."""

        def found():
            said = what()
            assert said or workflow.poll() is None, self.log.read_text()
            return said

        return wait_for(found)

    def two_running(self) -> dict[str, str]:
        """The jobs that run now on a GPU, with that, if there are two."""
        jobs = [job for job in self.slurm.jobs() if job["JobState"] == "RUNNING"]
        gpus = {job["JobId"]: job["GRES"] for job in jobs if "GRES" in job}
        return gpus if len(gpus) == 2 else {}

    def two_preempted(self) -> list[str]:
        """The jobs that wait again after they were preempted, if there are two."""
        jobs = [job for job in self.slurm.jobs() if job["JobState"] == "PENDING" and job["Restarts"] == "1"]
        return [job["JobId"] for job in jobs] if len(jobs) == 2 else []

    def kernels(self, jobs: dict[str, str]) -> list[psutil.Process]:
        """The Jupyter kernels of jobs."""
        found = []
        for process in psutil.process_iter():
            try:
                given = process.environ()
                if given.get(MARK) == str(ROOT) and given.get("SLURM_JOB_ID") in jobs:
                    found += [process] * ("ipykernel_launcher" in process.cmdline())
            except psutil.Error:
                continue
        return found

    def checkpoints(self) -> dict[Path, int]:
        """The finished checkpoints of all trainings, and when they were written."""
        found = {}
        for path in self.folder.glob("seed-42/*/checkpoints/checkpoint-*/digests.json"):
            try:
                found[path.parent] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
        return found


def newest(checkpoints: dict[Path, int]) -> dict[Path, int]:
    """The last step of every training that has checkpoints."""
    steps = {}
    for path in checkpoints:
        steps[path.parent] = max(steps.get(path.parent, 0), step_of(path))
    return steps


def written_again(before: dict[Path, int], now: dict[Path, int]) -> list[Path]:
    """The checkpoints of steps that were reached before, but which were written since: there a training began anew."""
    last = newest(before)
    up_to_last = [path for path in now if step_of(path) <= last.get(path.parent, 0)]
    return [path for path in up_to_last if before.get(path) != now[path]]


def preempt(runs: Runs, workflow: subprocess.Popen, but_not: dict[str, str]) -> None:
    """Preempt two trainings, those of other jobs than the given ones, as soon as one has a checkpoint, and wait until
    it has gone on from there.
    """
    jobs = runs.wait_for(workflow, lambda: not but_not.keys() & runs.two_running().keys() and runs.two_running())
    runs.wait_for(workflow, runs.checkpoints)
    kernels = runs.kernels(jobs)
    for kernel in kernels:
        kernel.suspend()  # so that no training ends before Slurm has preempted it
    reached = runs.checkpoints()
    runs.slurm.says("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=true")
    waiting = runs.wait_for(workflow, runs.two_preempted)
    for kernel in kernels:
        kernel.kill()  # Slurm's plainest tracking of processes, that by their parents, has lost it
    for job in waiting:  # Slurm's own delay is two minutes
        runs.slurm.says("scontrol", "update", f"JobId={job}", "StartTime=now")

    def has_gone_on() -> bool:
        now = runs.checkpoints()
        assert written_again(reached, now) == [], "a training has begun anew"
        return any(newest(now).get(training, 0) > step for training, step in newest(reached).items())

    runs.wait_for(workflow, has_gone_on)


@pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
def test_an_experiment_on_slurm_is_killed_and_preempted_and_ends_with_the_same_bytes_as_one_without(tmp_path):
    undisturbed = Settings(**SMALL, runs_dir=str(tmp_path / "000"))
    with one_node_slurm(tmp_path / "slurm") as slurm:
        disturbed = Runs(slurm, tmp_path / "001")
        with disturbed.workflow() as workflow:
            killed = disturbed.wait_for(workflow, disturbed.two_running)
            assert sorted(killed.values()) == ["gpu:1(IDX:0)", "gpu:1(IDX:1)"]
        assert disturbed.two_running() == killed, "the jobs go on without the workflow that submitted them"
        with disturbed.workflow() as workflow:
            preempt(disturbed, workflow, but_not=killed)
            for variant in BASELINES:
                evaluate(undisturbed.but(variant=variant))
            assert workflow.wait(timeout=PATIENCE) == 0, disturbed.log.read_text()
        jobs = [job for job in slurm.jobs() if job.get("Comment", "").startswith("rule_")]
    said = disturbed.log.read_text()
    n_left = int(re.search(r"A run that was killed left (\d) jobs? in Slurm, which end first.", said)[1])
    assert "[5/5] analyze" in said
    twice = [pair for pair in combinations(jobs, 2) if pair[0]["Comment"] == pair[1]["Comment"] and overlap(*pair)]
    assert twice == []
    assert 5 <= len(jobs) <= 5 + n_left  # each step once, and those once more that a job of the first run had not ended
    differ = differences(disturbed.folder, undisturbed.folder())
    assert [name for name in differ if name.startswith(("data/", "seed-")) and not name.endswith(".ipynb")] == []
    assert (disturbed.folder / "results.csv").read_text() == Study(undisturbed).table.to_csv(index=False)
    assert left_behind(disturbed.folder) == []


def test_the_jobs_of_an_experiment_are_told_by_their_names(tmp_path):
    names = [leftover_jobs.job_prefix(tmp_path / name) for name in ("one", "one", "other")]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) <= 50  # as the plugin demands
