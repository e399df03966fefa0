"""An experiment that is killed in every way, at moments that a seed draws, ends as one that was left alone."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml
from same_results import differences

from pauselib.located import ROOT

EXPERIMENT = {
    "experiment": "killed",
    **{"n_train": 12, "n_test": 4, "n_copies": 2, "max_new_tokens": 20},
    **{"eval_steps": 2, "base_eval_steps": 2, "max_steps": 4, "base_max_steps": 2},
    **{"variants": ["sft_peft"], "interventions": [], "trials": []},
}
AS_MAKE_DOES = ["bash", "-c", '"$@"; exit $?', "make"]  # a parent that waits for the run
RUN, KERNEL = "pauselib.workflow", "ipykernel_launcher"
PATIENCE = 1200  # seconds within which a run ends, on however busy a machine


def start(folder: Path) -> subprocess.Popen:
    """Start a run below a shell, in a session of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "experiment.yaml").write_text(yaml.safe_dump(EXPERIMENT | {"runs_dir": str(folder)}))
    command = [*AS_MAKE_DOES, sys.executable, "-m", "pauselib.workflow", str(folder / "experiment.yaml")]
    hears = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, **hears)


def n_finished(folder: Path) -> int:
    """How many steps have finished, in all runs."""
    return max(map(int, re.findall(r"^\[(\d)/5\]", (folder / "output.txt").read_text(), re.MULTILINE)), default=0)


def send(shell: subprocess.Popen, number: int, program: str) -> None:
    """Send a signal to the first process below the shell that executes a program, if there is one."""
    with suppress(psutil.Error, StopIteration):
        below = psutil.Process(shell.pid).children(recursive=True)
        next(process for process in below if program in " ".join(process.cmdline())).send_signal(number)


def send_all(shell: subprocess.Popen, *numbers: int) -> None:
    """Send signals to all of the shell's group, as a terminal does: kernels are no part of that."""
    for number in numbers:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, number)
        time.sleep(0.05)


def kill_make(shell: subprocess.Popen) -> None:
    """Kill the shell alone, and a little later the run, which has gone on."""
    with suppress(psutil.Error, ValueError):
        (run,) = psutil.Process(shell.pid).children()
        shell.kill()
        time.sleep(2)
        run.kill()


def kill_kernel(shell: subprocess.Popen) -> None:
    """Kill a kernel alone, and a little later the run, which has gone on with other steps."""
    send(shell, signal.SIGKILL, KERNEL)
    time.sleep(4)
    send(shell, signal.SIGTERM, RUN)


WAYS = {
    "kill make": kill_make,
    "kill a kernel": kill_kernel,
    "kill the run": lambda shell: send(shell, signal.SIGKILL, RUN),
    "kill all": lambda shell: send_all(shell, signal.SIGKILL),
    "terminate the run": lambda shell: send(shell, signal.SIGTERM, RUN),
    "interrupt the run": lambda shell: send(shell, signal.SIGINT, RUN),
    "Ctrl-C": lambda shell: send_all(shell, signal.SIGINT),
    "Ctrl-C twice": lambda shell: send_all(shell, signal.SIGINT, signal.SIGINT),
}


@pytest.mark.long
def test_an_experiment_that_was_killed_ten_times_has_the_same_results_as_one_that_was_left_alone(tmp_path):
    moments, often, alone = random.Random(0), tmp_path / "often", tmp_path / "alone"
    ways = moments.sample(list(WAYS), len(WAYS)) + ["kill the run", "kill all"]
    for number, way in enumerate(ways):
        run = start(often)
        while run.poll() is None and n_finished(often) < number // 2:  # of five steps, so that each is killed
            time.sleep(0.1)
        time.sleep(moments.uniform(2, 10))
        WAYS[way](run)
        began = time.monotonic()
        run.wait(timeout=PATIENCE)
        assert time.monotonic() - began < 15, way
    for folder in (often, alone):
        assert start(folder).wait(timeout=PATIENCE) == 0, (folder / "output.txt").read_text()
    assert differences(often / "killed", alone / "killed") == []
    assert "Traceback" not in (often / "output.txt").read_text()
