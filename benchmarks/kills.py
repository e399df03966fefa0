"""An experiment that is killed again and again must end with the same bytes as one that is left alone.

    python -m benchmarks.kills --kills 50 --seed 0

A small experiment goes through the whole workflow, in rounds. In each round it is killed once while every kind of step
is running, at a moment that the seed draws, and started again each time until it is finished. The ways to kill rotate,
so that every step meets every way:

    group      SIGKILL of the workflow and all it began but the Jupyter kernels, which are left without a parent
    kernel     SIGKILL of one Jupyter kernel, as where memory runs out; as soon as the workflow has said that a step has
               failed it is terminated, so that it does not finish all others
    terminate  SIGTERM to the workflow alone, as a batch system or `kill` does
    interrupt  SIGINT to the workflow and all it began, as Ctrl-C does

It prints a line for every kill, what differs at the end and what is left behind, and exits with 1 where anything is.
"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import yaml

from benchmarks.results import LEFT_OUT, differences, left_behind, results

ROOT = Path(__file__).parents[1]
STEPS = ("start", "inject", "warmup", "intervene", "trial", "evaluate", "analyze")  # `start`: before the first step
WAYS = ("group", "kernel", "terminate", "interrupt")
EXPERIMENT = {
    "experiment": "killed",
    "n_train": 12,
    "n_test": 4,
    "n_copies": 2,
    "eval_steps": 2,
    "base_eval_steps": 2,
    "max_steps": 4,
    "base_max_steps": 2,
    "max_new_tokens": 20,
    "variants": ["baseline_1_epoch", "sft_peft", "sft_fr_phead", "sft@surprise"],
    "interventions": [{"variant": "sft_peft", "max_pauses": 0}],
    "trials": ["sft_peft"],
    "n_trial": 2,
    "trial_sites": ["step"],
    "trial_contents": ["pauses", "masked"],
    "trial_doses": [4],
}
FAILED = "Failed: "  # how the workflow says that a step failed
STARTING, ENDING = 4.0, 600.0  # seconds before the first step begins, at least; in which a run must end when told to


@dataclass
class Kill:
    """A kill: how, at which step it aimed, what was running, and what became of the run."""

    way: str
    aim: str
    running: str = ""
    after: float = 0.0  # seconds since the run was started
    ended_in: float = 0.0  # seconds from the kill to the end of the run
    status: int | None = None


class Runs:
    """An experiment that is started, watched and killed."""

    def __init__(self, settings: dict, runs_dir: Path):
        self.folder, self.log = runs_dir / settings["experiment"], runs_dir / "output.txt"
        self.config = runs_dir / "experiment.yaml"
        runs_dir.mkdir(parents=True)
        self.config.write_text(yaml.safe_dump({**settings, "runs_dir": str(runs_dir)}))

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen]:
        """Start the workflow in a session of its own, which hears Ctrl-C even where this process is deaf to it. It does
        not outlive the block.
        """
        command = [sys.executable, "-m", "pauselib.workflow", str(self.config)]
        options = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "start_new_session": True}
        options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        with self.log.open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log, **options) as workflow:
            try:
                yield workflow
            finally:
                workflow.terminate()

    def finish(self) -> None:
        """Run the workflow to its end. Raises RuntimeError, with all that the runs have said, where it does not end
        well.
        """
        with self.running() as workflow:
            status = workflow.wait()
        if status != 0:
            raise RuntimeError(f"The experiment does not end well:\n{self.output()}")

    def output(self) -> str:
        """Return all that the runs have said."""
        return self.log.read_text(errors="replace")

    def kill_one(self, kill: Kill, delay: float) -> bool:
        """Start the workflow, kill it as asked, `delay` seconds after a step of the kind aimed at has begun, and note
        what happened; return whether the run had not ended before.
        """
        began = time.monotonic()
        with self.running() as workflow:
            wait_for(workflow, kill, delay)
            if workflow.poll() is not None:
                return False
            kill.running = " + ".join(sorted(label for _, label in steps_of(workflow))) or "–"
            kill.after, killed = time.monotonic() - began, time.monotonic()
            n_failed = self.output().count(FAILED)
            strike(workflow, kill)
            if kill.way == "kernel":
                while workflow.poll() is None and self.output().count(FAILED) == n_failed:
                    time.sleep(0.1)
                workflow.terminate()
            kill.status = workflow.wait(timeout=ENDING)
            kill.ended_in = time.monotonic() - killed
        return True


def wait_for(workflow: subprocess.Popen, kill: Kill, delay: float) -> None:
    """Wait until some seconds after a step of the kind that a kill aims at has begun, or until a workflow has ended.

    Where all of that kind are finished, it is the last step of all.
    """
    waiting = kill.aim != "start"
    while workflow.poll() is None and waiting:
        time.sleep(0.1)
        waiting = not {kill.aim, STEPS[-1]}.intersection(rule for rule, _ in steps_of(workflow))
    aimed = time.monotonic() + delay
    while workflow.poll() is None and time.monotonic() < aimed:
        time.sleep(0.02)
    while workflow.poll() is None and kill.way == "kernel" and not kernels(workflow, kill.aim):
        time.sleep(0.1)


def steps_of(workflow: subprocess.Popen) -> list[tuple[str, str]]:
    """Return the rule and the label of the steps that a workflow is executing with papermill."""
    found = []
    for process in below(workflow):
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        notebooks = [Path(one) for one in arguments if one.endswith(".ipynb")]
        if len(notebooks) > 1 and arguments[1].endswith("/papermill"):
            rule, place = notebooks[0].stem, notebooks[1]
            rule = "intervene" if place.parents[1].name == "interventions" else rule
            about = {"inject": place.name.split(".")[0], "analyze": ""}.get(rule, place.parent.name)
            found.append((rule, f"{rule} {about}".strip()))
    return found


def kernels(workflow: subprocess.Popen, rule: str) -> list[psutil.Process]:
    """Return the Jupyter kernels of a workflow, those of the steps of one kind first."""
    found = []
    for process in below(workflow):
        try:
            if "ipykernel_launcher" in process.cmdline():
                notebook = next(one for one in process.parent().cmdline() if one.endswith(".ipynb"))
                found.append((Path(notebook).stem != rule, process))
        except (psutil.Error, AttributeError, StopIteration):
            continue
    return [process for _, process in sorted(found, key=lambda one: one[0])]


def below(workflow: subprocess.Popen) -> list[psutil.Process]:
    """Return all processes that a workflow began, and those began."""
    try:
        return psutil.Process(workflow.pid).children(recursive=True)
    except psutil.Error:
        return []


def strike(workflow: subprocess.Popen, kill: Kill) -> None:
    """Kill a workflow, or a part of it, in one of WAYS."""
    if kill.way == "group":
        os.killpg(workflow.pid, signal.SIGKILL)
    elif kill.way == "terminate":
        workflow.terminate()
    elif kill.way == "interrupt":
        os.killpg(workflow.pid, signal.SIGINT)
    else:
        for kernel in kernels(workflow, kill.aim)[:1]:
            kernel.kill()


def seconds_of_steps(folder: Path) -> dict[str, float]:
    """Return how long a step of each kind took at the least, from the times that a run kept."""
    seconds = {}
    for path in folder.glob("times/**/*.tsv"):
        rule = path.stem.rpartition(".")[2]
        seconds[rule] = min(seconds.get(rule, float("inf")), pd.read_csv(path, sep="\t")["s"].iloc[0])
    return seconds


def run_undisturbed(folder: Path, settings: dict | None = None) -> tuple[Path, dict[str, float]]:
    """Run an experiment that is left alone, and return its folder, and how long a step of each kind took."""
    undisturbed = Runs(settings or EXPERIMENT, folder / "000")  # as long as the others' names, which notebooks print
    undisturbed.finish()
    return undisturbed.folder, seconds_of_steps(undisturbed.folder)


def run_killed(
    folder: Path,
    n_kills: int,
    seed: int,
    seconds: dict[str, float],
    settings: dict | None = None,
    show: Callable[[Kill], None] = lambda kill: None,
) -> Iterator[tuple[Runs, list[Kill]]]:
    """Run an experiment in rounds, below a folder, until it was killed as often as asked; yield each round when it is
    finished, with its kills.

    It is killed once in a round at each kind of step of which `seconds` says how long it takes. `show(kill)` is called
    after each.
    """
    rng, left = random.Random(seed), n_kills
    for number in itertools.count(1):
        disturbed, kills = Runs(settings or EXPERIMENT, folder / f"{number:03}"), []
        for i, (aim, longest) in enumerate(seconds.items()):
            kill = Kill(WAYS[(number + i) % len(WAYS)], aim)
            if left and disturbed.kill_one(kill, rng.uniform(0, longest)):
                kills.append(kill)
                left -= 1
                show(kill)
        disturbed.finish()
        yield disturbed, kills
        if not left:
            return


def what_is_wrong(disturbed: Runs, expected: Path) -> list[str]:
    """Return what differs between an experiment that was killed and another, what the kills have left behind, and
    whether a traceback was shown.
    """
    wrong = differences(disturbed.folder, expected) + left_behind(disturbed.folder)
    return wrong + (["a traceback on the terminal"] if "Traceback" in disturbed.output() else [])


def as_table(kills: list[Kill]) -> str:
    """Return a line for every kill."""
    rows = [
        {
            "kill": number,
            "way": kill.way,
            "aimed at": kill.aim,
            "what was running": kill.running,
            "after": f"{kill.after:.1f} s",
            "the run ended in": f"{kill.ended_in:.1f} s",
            "with status": kill.status,
        }
        for number, kill in enumerate(kills, 1)
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def main() -> int:
    """Kill an experiment as often as asked and print what came of it; return 1 where anything was lost, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description="Kill an experiment many times.")
    parser.add_argument("--kills", type=int, default=50, help="how many (50)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs, which is kept (a temporary one)")
    asked = parser.parse_args()

    def show(kill: Kill) -> None:
        print(f"{kill.way} at {kill.aim}: {kill.running}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        expected, seconds = run_undisturbed(folder)
        seconds = {aim: seconds.get(aim, STARTING) for aim in STEPS}
        rounds = run_killed(folder, asked.kills, asked.seed, seconds, show=show)
        found = [(kills, what_is_wrong(disturbed, expected)) for disturbed, kills in rounds]
        n_files = len(results(expected))
    kills, wrong = [kill for some, _ in found for kill in some], [some for _, some in found]
    print(as_table(kills))
    print(f"\n{len(kills)} kills in {len(wrong)} rounds; after each {n_files} files were compared with those of a run")
    print("that was left alone. Not compared: " + "; ".join(f"{name} ({why})" for name, why in LEFT_OUT.items()) + ".")
    for number, one in ((number, one) for number, some in enumerate(wrong, 1) for one in some):
        print(f"Round {number}: {one}")
    n_wrong = sum(map(bool, wrong))
    print(f"{n_wrong} rounds ended with something that differs or was left behind." if n_wrong else "All the same.")
    return int(bool(n_wrong))


if __name__ == "__main__":
    sys.exit(main())
