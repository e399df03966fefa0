"""Tracking tried for real, offline: the losses arrive where they are followed, named as in the notebook, a run each."""

import json
import subprocess
import sys

import pytest

SMALL = {"experiment": "small", "variant": "sft_peft", "n_train": 12, "n_test": 4}
SMALL |= {"eval_steps": 2, "base_eval_steps": 2, "max_steps": 2, "base_max_steps": 2}
TRAIN = "import json, sys; from pauselib.settings import Settings; from pauselib.steps import warm_up; "
TRAIN += "warm_up(Settings(**json.loads(sys.argv[1])))"
FOLLOWED = {  # as `figures.loss_curve` has them: in training, and on the validation rows
    "small/seed-42/baseline_1_epoch": {"train/loss", "eval/loss"},
    "small/seed-42/sft_peft": {
        *("train/loss", "train/lm_loss", "train/pause_loss", "eval/loss", "eval/lm_loss", "eval/pause_loss")
    },
}


def test_tensorboard_has_the_losses_of_the_notebook(tmp_path):
    """In a process of its own, since the folder of the log is a variable of the environment."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    given = json.dumps({**SMALL, "runs_dir": str(tmp_path / "runs"), "report_to": "tensorboard"})
    done = subprocess.run([sys.executable, "-c", TRAIN, given], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for run, names in FOLLOWED.items():
        record = json.loads((tmp_path / "runs" / run / "training.json").read_text())
        assert record["tracking"] == f"{run.removeprefix('small/')}/tensorboard"
        events = accumulator.EventAccumulator(str(tmp_path / "runs" / run / "tensorboard"))
        events.Reload()
        assert names <= set(events.Tags()["scalars"])
        for name in names:
            key = name.replace("train/", "").replace("/", "_")
            expected = [entry[key] for entry in record["history"] if key in entry]
            assert [one.value for one in events.Scalars(name)] == pytest.approx(expected, rel=1e-5), (run, name)
