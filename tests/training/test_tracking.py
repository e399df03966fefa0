"""Tracking tried for real, offline: the losses arrive where they are followed, named as in the notebook, a run each."""

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = {
    "experiment": "small",
    "variant": "sft_peft",
    "n_train": 12,
    "n_test": 4,
    "eval_steps": 2,
    "base_eval_steps": 2,
    "max_steps": 2,
    "base_max_steps": 2,
}
TRAIN = "import json, sys; from pauselib.settings import Settings; from pauselib.steps import warm_up; "
TRAIN += "warm_up(Settings(**json.loads(sys.argv[1])))"
FOLLOWED = {  # as `figures.loss_curve` has them: in training, and on the validation rows
    "small/seed-42/baseline_1_epoch": {"train/loss", "eval/loss"},
    "small/seed-42/sft_peft": {
        *("train/loss", "train/lm_loss", "train/pause_loss", "eval/loss", "eval/lm_loss", "eval/pause_loss"),
    },
}


def trained(report_to: str, folder: Path) -> tuple[Path, dict[str, list[dict]]]:
    """Train the first step and a variant in one process; return the results' folder and the histories, by run."""
    if importlib.util.find_spec(report_to) is None:
        pytest.skip(f"There is no `{report_to}` here (`pip install {report_to}`), so tracking by it is not tried.")
    places = {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "TRACKIO_DIR": str(folder / "trackio")}
    given = json.dumps({**SMALL, "runs_dir": str(folder / "runs"), "report_to": report_to})
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, given], env={**os.environ, **places}, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    runs_dir = folder / "runs"
    records = [json.loads((runs_dir / name / "training.json").read_text()) for name in FOLLOWED]
    return runs_dir, {name: record["history"] for name, record in zip(FOLLOWED, records)}


def check(followed: dict[str, dict[str, list[float]]], histories: dict[str, list[dict]]) -> None:
    """Check that what was followed (run -> name -> values) are the histories' losses."""
    assert set(followed) == set(histories)
    for run, names in FOLLOWED.items():
        assert names <= set(followed[run])
        for name in names:
            key = name.replace("train/", "").replace("/", "_")
            expected = [entry[key] for entry in histories[run] if key in entry]
            assert followed[run][name] == pytest.approx(expected, rel=1e-5), (run, name)


def test_tensorboard_has_the_losses_of_the_notebook(tmp_path):
    runs_dir, histories = trained("tensorboard", tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    followed = {}
    for run in FOLLOWED:
        events = EventAccumulator(str(runs_dir / run / "tensorboard"))
        events.Reload()
        followed[run] = {tag: [one.value for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    check(followed, histories)
    record = json.loads((runs_dir / "small/seed-42/sft_peft/training.json").read_text())
    assert record["tracking"] == "seed-42/sft_peft/tensorboard"


def test_trackio_has_the_losses_of_the_notebook(tmp_path):
    _, histories = trained("trackio", tmp_path)
    read = "import json; from trackio.sqlite_storage import SQLiteStorage as S; "
    read += "print(json.dumps({r: S.get_logs('pauselib', r) for r in S.get_runs('pauselib')}, default=str))"
    environment = {**os.environ, "TRACKIO_DIR": str(tmp_path / "trackio")}
    said = subprocess.run([sys.executable, "-c", read], env=environment, capture_output=True, text=True, check=True)
    logs = json.loads(said.stdout.splitlines()[-1])
    check({run: by_name(entries) for run, entries in logs.items()}, histories)


def test_wandb_offline_has_the_losses_of_the_notebook(tmp_path):
    _, histories = trained("wandb", tmp_path)
    from wandb.proto.wandb_internal_pb2 import Record

    followed = {}
    for path in tmp_path.glob("wandb/offline-run-*/run-*.wandb"):
        records = [Record.FromString(payload) for payload in payloads(path.read_bytes())]
        [name] = {record.run.display_name for record in records if record.run.display_name}
        entries = [
            {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            for record in records
        ]
        followed[name] = by_name(entries)
    check(followed, histories)


def by_name(entries: list[dict]) -> dict[str, list[float]]:
    """The values of every name, in the order of the entries."""
    values: dict[str, list[float]] = {}
    for entry in entries:
        for name, value in entry.items():
            values.setdefault(name, []).append(value)
    return values


def payloads(data: bytes) -> list[bytes]:
    """What the records of a .wandb file hold, a log of LevelDB's format behind seven bytes of its own."""
    found, part, at = [], b"", 7
    while at < len(data):
        left = 2**15 - at % 2**15
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        part += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            found.append(part)
            part = b""
    return found
