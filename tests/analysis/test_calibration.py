"""Calibration of a head: by hand."""

import pytest
from made_up import rows

from pauselib.analysis.tables.loading import REPLIES, Asked
from pauselib.analysis.why.calibration import calibration
from pauselib.files import write_json
from pauselib.settings import Settings


def test_the_loss_of_a_head_stands_beside_that_of_the_best_constant_rate(tmp_path):
    """One of four tokens is a pause: the entropy of a quarter is 0.5623 nats."""
    row = Settings(runs_dir=str(tmp_path), variant="sft")
    bins = [
        {"low": 0.0, "n": 3, "predicted": 0.1, "observed": 0.0},
        {"low": 0.5, "n": 1, "predicted": 0.9, "observed": 1.0},
    ]
    write_json(row.variant_folder() / "training.json", {"pause_loss": 0.3, "calibration": bins})
    table = calibration([Asked(REPLIES, row.seed, "sft", row, row.variant_folder())])
    assert rows(table, "variant", "seed", "low", "head_loss") == [("sft", 42, 0.0, 0.3), ("sft", 42, 0.5, 0.3)]
    assert table["constant"].to_list() == pytest.approx([0.5623] * 2, abs=1e-4)
