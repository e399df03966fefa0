"""What `make plan` says, and that it leaves nothing behind."""

import re

import pytest

from pauselib.planning.__main__ import main
from pauselib.planning.gpus import GPUS, decoding_hours, find, training_hours

SMALL = ("variants=[sft_peft,baseline_1_epoch]", "n_train=40", "n_test=6", "seeds=[42,43]", "interventions=[]")


def test_a_plan_has_a_line_for_every_variant_and_the_sum(capsys, tmp_path):
    assert main("configs/tiny.yaml", *SMALL, f"runs_dir={tmp_path}", "gpu=l4") == 0
    said = capsys.readouterr().out
    assert re.search(r"^ *sft_peft +[\d,]+ +1\.\d +1\.\d +0\.0\d +0\.0\d +5 ", said, re.MULTILINE)
    assert re.search(r"^ *baseline_1_epoch ", said, re.MULTILINE)
    assert "on one L4, without trials: about 0." in said
    assert "of 24 GB, which fits" in said
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_gpu_and_an_unknown_setting_are_refused_in_one_sentence(capsys):
    assert main("configs/tiny.yaml", "gpu=h10") == 2
    assert "h100" in capsys.readouterr().err
    assert main("configs/tiny.yaml", "sed=1") == 2
    assert "seed" in capsys.readouterr().err


def test_hours_follow_from_the_data_sheet():
    assert training_hours(find("a100"), 312e12 * 3600, in_bfloat16=True) == pytest.approx(1 / 0.35)
    assert training_hours(find("a100"), 19.5e12 * 3600, in_bfloat16=False) == pytest.approx(1 / 0.35)
    assert decoding_hours(find("a100"), 3600, 2.04e12, n_layers=32) == pytest.approx(2)  # memory is what limits it
    assert decoding_hours(find("a100"), 3600, 1e6, n_layers=32) == pytest.approx(32 * 5e-4)  # starting the layers is
    assert all(gpu.bfloat16 > gpu.float32 for gpu in GPUS.values())
