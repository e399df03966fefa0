"""A step that computes has a GPU for itself: on two GPUs, which are made up, two steps run at once."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml
from test_kills import EXPERIMENT

from pauselib.located import ROOT
from pauselib.workflow import gpus
from pauselib.workflow.gpus import GPUS, options_for_gpus

PAPERMILL = """#!/bin/bash
shift 2  # -k python3
echo "begin $CUDA_VISIBLE_DEVICES $1" >> "$STORY"
if [[ $CUDA_VISIBLE_DEVICES && $2 != */baseline_1_epoch/warmup.ipynb ]]; then
    until [ "$(grep -c "begin GPU" "$STORY")" -ge 3 ]; do sleep 0.05; done
fi
touch "$2"
echo "end $CUDA_VISIBLE_DEVICES $1" >> "$STORY"
"""
"""It executes no notebook, but writes which GPU it sees; of the steps behind the first one the first two meet."""


def program(folder: Path, name: str, text: str) -> None:
    """Write a program of that name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("allowed", "found"), [(None, ["GPU-a", "GPU-b"]), ("1", ["1"]), ("0,0", ["0", "0"]), ("", []), ("-1", [])]
)
def test_a_machine_names_its_gpus_or_those_that_are_allowed(allowed, found, tmp_path, monkeypatch):
    program(tmp_path / "bin", "nvidia-smi", "#!/bin/sh\necho GPU-a\necho GPU-b\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(GPUS, "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert options_for_gpus() == (["--resources", f"gpu={len(found)}"] if found else [])
    assert os.environ[GPUS] == ",".join(found)


def test_a_gpu_that_is_named_twice_is_shared_by_two_steps_and_a_third_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(gpus.time, "sleep", Mock(side_effect=TimeoutError))
    assert [gpus.take(["0", "1", "0"]) for _ in range(3)] == ["0", "1", "0"]
    with pytest.raises(TimeoutError):
        gpus.take(["0", "1", "0"])


def test_on_two_gpus_two_steps_run_at_once_each_sees_one_and_a_third_waits(tmp_path):
    program(tmp_path / "bin", "papermill", PAPERMILL)
    changed = {"variants": ["baseline_1_epoch", "sft_peft", "sft"], "runs_dir": str(tmp_path / "runs")}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(EXPERIMENT | changed))
    programs = (str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
    environment = {**os.environ, "STORY": str(tmp_path / "story"), GPUS: "GPU-a,GPU-b", "PYTHONPATH": str(ROOT)}
    environment |= {"PATH": os.pathsep.join(programs), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    command += ["--configfile", str(tmp_path / "config.yaml"), "--cores", "4", "--resources", "gpu=2"]
    done = subprocess.run([*command, "--until", "evaluate"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    story = [line.split() for line in (tmp_path / "story").read_text().splitlines()]
    assert {line[1] for line in story if len(line) == 2} == {"notebooks/inject.ipynb"}  # which sees none
    held, most = Counter(), 0
    for what, gpu, notebook in (line for line in story if len(line) == 3):
        held[gpu] += 1 if what == "begin" else -1
        assert gpu in ("GPU-a", "GPU-b"), notebook
        assert held[gpu] in (0, 1), f"two steps at once on {gpu}"
        most = max(most, held.total())
    assert (most, held.total()) == (2, 0)
