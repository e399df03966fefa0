"""Training without a notebook, in one process and in two, which are started as `accelerate launch` starts them."""

import subprocess
import sys

import pytest

from pauselib import runs
from pauselib.errors import InputError
from pauselib.settings import Settings
from pauselib.sources.models import load_model
from pauselib.training.__main__ import main, settings_of
from pauselib.training.sharing import part_of_batch

GIVEN = (
    "n_train=24",  # 19 rows to train on: the third batch of 8 has 3 of them
    "n_test=2",
    "validation_share=0.2",
    "batch_size=8",
    "eval_steps=1",
    "base_eval_steps=1",
    "lora_dropout=0",
)


def test_the_settings_are_those_of_a_file_and_of_the_command_line(tmp_path):
    (tmp_path / "mine.yaml").write_text("seed: 43\nvariants: [sft]\nn_copies: 2\n")
    settings = settings_of([str(tmp_path / "mine.yaml"), "variant=sft_peft", "n_copies=3"])
    assert settings == Settings(seed=43, variants=["sft"], variant="sft_peft", n_copies=3)


@pytest.mark.parametrize(
    ("argument", "reason"), [("missing.yaml", "is no file and no setting"), ("sed=43", "did you mean 'seed'")]
)
def test_what_is_no_setting_is_refused_in_one_sentence(argument, reason, capsys):
    assert main(argument) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


def test_a_model_in_parts_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert main("variant=sft") == 1
    assert "A model in parts (FSDP) can't be trained here yet" in capsys.readouterr().err


def test_a_batch_that_can_not_be_parted_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert part_of_batch(Settings(batch_size=12, gradient_accumulation_steps=2)) == 2
    with pytest.raises(InputError, match="can't be parted among 3 processes"):
        part_of_batch(Settings(batch_size=8))


@pytest.mark.parametrize(("variant", "dtype"), [("sft_peft", "float32"), ("baseline_1_epoch", "mixed")])
def test_two_processes_give_the_losses_of_one_at_the_same_batch(variant, dtype, tmp_path):
    """The first of them alone locks and writes: else the second would wait for the first one's lock for ever."""
    given = [*GIVEN, f"variant={variant}", f"dtype={dtype}"]
    assert main(*given, f"runs_dir={tmp_path / 'one'}") == 0
    launch = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    command = [sys.executable, "-m", *launch, "-m", "pauselib.training", *given, f"runs_dir={tmp_path / 'two'}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is trained.") == 1
    for trained in {variant, "baseline_1_epoch"}:
        one, two = (tmp_path / n / "tiny" / "seed-42" / trained for n in ("one", "two"))
        histories = [runs.read_json(folder / "training.json")["history"] for folder in (one, two)]
        assert len(histories[0]) == len(histories[1]) == 6
        for alone, together in zip(*histories):
            assert alone == pytest.approx(together, rel=1e-3 if dtype == "float32" else 0.02)
        assert runs.manifest(one / "model")["settings"] == runs.manifest(two / "model")["settings"]
        if dtype == "float32":
            weights = [load_model(str(folder / "model")).state_dict() for folder in (one, two)]
            assert all(weight.allclose(weights[1][name], atol=2e-3) for name, weight in weights[0].items())
    assert not list((tmp_path / "two").rglob("*.part"))
