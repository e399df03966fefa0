"""Two copies of the project at once on one folder of results: nothing is made twice, and the bytes are those of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from conftest import copy_project

from benchmarks.kills import EXPERIMENT
from benchmarks.results import differences

SETTINGS = EXPERIMENT | {"variants": ["sft_peft"], "interventions": [], "trials": []}

EVALUATE = """
import json, sys
from pauselib import runs
from pauselib.settings import Settings
from pauselib.steps import evaluate
make_once, made = runs.make_once, []

def told(folder, *args, **kwargs):
    now = make_once(folder, *args, **kwargs)
    made.extend([folder.relative_to(settings.folder()).as_posix()] * now)
    return now

runs.make_once = told
settings = Settings(**json.loads(sys.argv[1]))
for variant in settings.variants:
    evaluate(settings.but(variant=variant))
print(json.dumps(made))
"""


@pytest.fixture(scope="module")
def copies(tmp_path_factory) -> list[Path]:
    """Two copies of the project, in folders of different names."""
    return [copy_project(tmp_path_factory.mktemp("two") / name) for name in ("first", "the second one")]


def start(copy: Path, *arguments: str) -> subprocess.Popen:
    """Start Python in a copy of the project, with that copy's package."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    return subprocess.Popen([sys.executable, *arguments], cwd=copy, **options)


def outputs(*processes: subprocess.Popen) -> list[str]:
    """What processes said, after they have ended well."""
    said = [process.communicate(timeout=1200) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said
    return [out for out, _ in said]


def evaluate(copy: Path, runs_dir: str) -> subprocess.Popen:
    """Start the evaluation of all variants in a copy."""
    return start(copy, "-c", EVALUATE, json.dumps({**SETTINGS, "runs_dir": runs_dir}))


def test_two_copies_make_everything_once_and_each_alone_makes_the_same(copies, tmp_path):
    together = outputs(*(evaluate(copy, str(tmp_path)) for copy in copies))
    made = [folder for said in together for folder in json.loads(said.splitlines()[-1])]
    models = [f"seed-42/{name}/model" for name in ("baseline_1_epoch", "sft_peft")]
    assert sorted(made) == sorted(["data", "seed-42/injected/random", *models, "seed-42/sft_peft"])
    outputs(evaluate(copies[1], "runs"))
    assert differences(tmp_path / "killed", copies[1] / "runs" / "killed") == []


def run(copy: Path, runs_dir: Path) -> subprocess.Popen:
    """Start the workflow of one variant, but for its analysis, in a copy."""
    asked = {**SETTINGS, "variants": ["baseline_1_epoch"], "runs_dir": str(runs_dir)}
    given = [f"{name}={json.dumps(value)}" for name, value in asked.items()]
    return start(copy, "-u", "-m", "pauselib.workflow", "configs/tiny.yaml", *given, "--", "--until", "evaluate")


def second_waits(first: subprocess.Popen, copies: list[Path], runs_dir: Path) -> tuple[subprocess.Popen, list]:
    """Start a second copy while a first one is halted in its work, so that it can't be too late; return it when it
    waits, and the processes of the first.
    """
    assert first.stdout.readline().startswith("2 steps")
    processes = psutil.Process(first.pid).children(recursive=True)
    for process in processes:
        process.suspend()
    second = run(copies[1], runs_dir)
    sentence = f"Another copy of the project is making {runs_dir / 'killed'}: this one waits for it.\n"
    assert second.stdout.readline() == sentence
    for process in processes:
        process.resume()
    return second, processes


def is_alive(process: psutil.Process) -> bool:
    """Whether a process has not ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_of_two_copies_that_run_one_experiment_the_second_waits_and_finds_it_finished(copies, tmp_path):
    first = run(copies[0], tmp_path)
    second, _ = second_waits(first, copies, tmp_path)
    made, found = outputs(first, second)
    assert "[2/2] evaluate" in made
    assert found.endswith("2 of 2 are kept from before\n")


def test_where_the_first_of_two_copies_is_killed_the_second_ends_what_it_left_and_goes_on(copies, tmp_path):
    first = run(copies[0], tmp_path)
    second, processes = second_waits(first, copies, tmp_path)
    first.kill()  # it alone, as where memory runs out
    (said,) = outputs(second)
    assert "[2/2] evaluate" in said
    assert not any(is_alive(process) for process in processes)
