"""What a run leaves in Slurm when it is killed: its jobs go on, and the next run would submit them a second time."""

import hashlib
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from pauselib.declared import number_of
from pauselib.errors import InputError

PLUGIN = "snakemake_executor_plugin_slurm"
LOOK = 1.0  # seconds between two looks at what is left


def is_there() -> bool:
    """Return whether this machine has Slurm's programs, and Snakemake what it needs to submit to it."""
    return shutil.which("squeue") is not None and find_spec(PLUGIN) is not None


def job_prefix(folder: Path) -> str:
    """Return how the names of all Slurm jobs of an experiment begin, from whichever copy of the project they came."""
    return "pauselib-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def jobs_left(prefix: str) -> list[str]:
    """Return the ids of the jobs of a prefix that wait or run. Raises InputError where Slurm doesn't answer."""
    listed = subprocess.run(["squeue", "--me", "--noheader", "--format=%i %j"], capture_output=True, text=True)
    if listed.returncode != 0:
        raise InputError(
            f"Slurm does not answer ({listed.stderr.strip() or 'squeue failed'}): try again when it does, since jobs "
            "of an earlier run may still be running."
        )
    jobs = [line.split() for line in listed.stdout.splitlines()]
    return [number for number, name in jobs if name.startswith(prefix)]


def end_jobs(prefix: str) -> None:
    """End the jobs that a killed run of an experiment left in Slurm, and wait until none of them runs any more."""
    left = jobs_left(prefix)
    if left:
        print(f"A run that was killed left {number_of(len(left), 'job')} in Slurm, which end first.", flush=True)
        subprocess.run(["scancel", *left], check=True)
    while left:
        time.sleep(LOOK)
        left = jobs_left(prefix)
