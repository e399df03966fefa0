"""A small experiment on a real Slurm of one node with two GPUs: run, killed, started again, its jobs preempted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from one_node_slurm import PATIENCE, Slurm, one_node_slurm, wait_for, why_absent
from same_results import differences
from test_kills import EXPERIMENT

from pauselib.located import ROOT
from pauselib.settings import Settings
from pauselib.steps import evaluate

ABSENT = why_absent()
OFTEN = Path(__file__).parent / "looking_often"
# two trainings that need nothing of each other, so that two jobs run at once from the start
BASELINES = ("baseline_1_epoch", "baseline_2_epoch")
SMALL = EXPERIMENT | {"variants": list(BASELINES), "n_train": 80, "batch_size": 4}
SMALL |= {"base_eval_steps": 3, "base_max_steps": 24}


def start(slurm: Slurm, folder: Path) -> subprocess.Popen:
    """Start the workflow with the profile as it is, in a session of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "experiment.yaml").write_text(yaml.safe_dump(SMALL | {"runs_dir": str(folder)}))
    command = [sys.executable, "-m", "pauselib.workflow", str(folder / "experiment.yaml")]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{OFTEN}"}
    with (folder / "output.txt").open("ab") as log:
        options = {"cwd": ROOT, "env": environment, "stdout": log, "stderr": log, "start_new_session": True}
        return subprocess.Popen(slurm.inside(*command, "--", "--profile", "profiles/slurm"), **options)


def two_jobs(slurm: Slurm, **fields: str) -> dict[str, str]:
    """The two jobs that have a GPU and these fields, with their GPUs, once there are two."""

    def found() -> dict[str, str]:
        jobs = [job for job in slurm.jobs() if all(job.get(name) == value for name, value in fields.items())]
        gpus = {job["JobId"]: job.get("GRES", "") for job in jobs if job.get("Comment", "").startswith("rule_warmup")}
        return gpus if len(gpus) == 2 else {}

    return wait_for(found)


@pytest.mark.long
@pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
def test_an_experiment_on_slurm_is_killed_and_preempted_and_ends_with_the_same_bytes_as_one_without(tmp_path):
    with one_node_slurm(tmp_path / "slurm") as slurm:
        killed = start(slurm, tmp_path / "runs")
        jobs = two_jobs(slurm, JobState="RUNNING")
        assert sorted(jobs.values()) == ["gpu:1(IDX:0)", "gpu:1(IDX:1)"]
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        assert two_jobs(slurm, JobState="RUNNING") == jobs, "the jobs go on without the run that submitted them"
        slurm.says("scancel", *jobs)
        second = start(slurm, tmp_path / "runs")
        assert not jobs.keys() & two_jobs(slurm, JobState="RUNNING").keys()
        slurm.says("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=true")
        for job in two_jobs(slurm, JobState="PENDING", Restarts="1"):  # Slurm's own delay is two minutes
            slurm.says("scontrol", "update", f"JobId={job}", "StartTime=now+3")  # in the same second it is refused
        assert second.wait(timeout=PATIENCE) == 0, (tmp_path / "runs" / "output.txt").read_text()
    assert "[5/5] analyze" in (tmp_path / "runs" / "output.txt").read_text()
    alone = Settings(**SMALL, runs_dir=str(tmp_path / "alone"))
    for variant in BASELINES:
        evaluate(alone.but(variant=variant))
    differ = differences(tmp_path / "runs" / "killed", alone.folder())
    assert [name for name in differ if name.startswith(("data/", "seed-"))] == []
