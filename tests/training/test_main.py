"""Training without a notebook, in one process and in two, which are started as `accelerate launch` starts them."""

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from pauselib import runs
from pauselib.errors import InputError
from pauselib.settings import Settings
from pauselib.training.__main__ import main, settings_of
from pauselib.training.sharing import part_of_batch

ROOT = Path(__file__).parent.parent.parent
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


@pytest.mark.parametrize("given", [{"FSDP_VERSION": "1"}, {"FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}])
def test_a_model_in_parts_is_refused_where_it_would_be_held_in_another_way(given, monkeypatch, capsys):
    held = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "false", **given}
    for name, value in {"WORLD_SIZE": "2", **held}.items():
        monkeypatch.setenv(name, value)
    assert main("variant=sft") == 1
    assert "give accelerate launch the options of profiles/fsdp2.yaml" in capsys.readouterr().err


def test_a_batch_that_can_not_be_parted_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert part_of_batch(Settings(batch_size=12, gradient_accumulation_steps=2)) == 2
    with pytest.raises(InputError, match="can't be parted among 3 processes"):
        part_of_batch(Settings(batch_size=8))


def launch(*arguments: str) -> subprocess.CompletedProcess:
    """Run `accelerate launch` with two processes, as a user does in a shell."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--main_process_port", "0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)


def check_same(one: Path, two: Path, dtype: str) -> None:
    """Compare what one process and two have made of a row: losses, norms of gradients, and what was trained."""
    rel = 1e-3 if dtype == "float32" else 0.02  # in bfloat16 rows of a batch, padded, are rounded otherwise
    records = [runs.read_json(folder / "training.json") for folder in (one, two)]
    histories = [record["history"] for record in records]
    assert len(histories[0]) == len(histories[1]) == 6
    for alone, together in zip(*histories):
        assert alone == pytest.approx(together, rel=rel)
    assert records[0]["eval_loss"] == pytest.approx(records[1]["eval_loss"], rel=rel)
    assert runs.manifest(one / "model")["settings"] == runs.manifest(two / "model")["settings"]
    files = [{path.relative_to(row): load_file(path) for path in row.rglob("*.safetensors")} for row in (one, two)]
    assert files[0].keys() == files[1].keys()
    for name, weights in files[0].items():
        assert weights.keys() == files[1][name].keys()
        if dtype == "float32":
            assert all(weight.allclose(files[1][name][part], atol=5e-4) for part, weight in weights.items())


@pytest.mark.parametrize(("variant", "dtype"), [("sft_peft", "float32"), ("baseline_1_epoch", "mixed")])
def test_two_processes_give_the_losses_of_one_at_the_same_batch(variant, dtype, tmp_path):
    """The first of them alone locks and writes: else the second would wait for the first one's lock for ever."""
    given = [*GIVEN, f"variant={variant}", f"dtype={dtype}"]
    assert main(*given, f"runs_dir={tmp_path / 'one'}") == 0
    options = ["--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    options += ["--dynamo_backend", "no", "-m", "pauselib.training"]
    done = launch(*options, *given, f"runs_dir={tmp_path / 'two'}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is trained.") == 1
    for trained in {variant, "baseline_1_epoch"}:
        check_same(*(tmp_path / n / "tiny" / "seed-42" / trained for n in ("one", "two")), dtype)
    assert not list((tmp_path / "two").rglob("*.part"))


CUT_OFF = """
import sys
from pauselib.training.__main__ import main
from pauselib.training.trainer import PauseTrainer

def cut_off(self, model, trial, save=PauseTrainer._save_checkpoint):
    save(self, model, trial)
    self.accelerator.wait_for_everyone()
    if hasattr(self.model, "pause_head") and self.state.global_step == 2:
        sys.exit("cut off")

PauseTrainer._save_checkpoint = cut_off
main(*sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("variant", "dtype"), [("sft_unfr_lm_head_embed_peft", "float32"), ("sft_unfr_lm_head_embed", "mixed")]
)
def test_two_processes_with_half_a_model_each_give_the_losses_of_one_and_go_on(variant, dtype, tmp_path):
    """The second step is cut off after a checkpoint, which says that the model was held in parts."""
    given = [*GIVEN, f"variant={variant}", f"dtype={dtype}", "trial_checkpoints=[1]"]
    assert main(*given, f"runs_dir={tmp_path / 'one'}") == 0
    given += [f"runs_dir={tmp_path / 'two'}"]
    (tmp_path / "cut_off.py").write_text(CUT_OFF)
    in_parts = ["--config_file", str(ROOT / "profiles" / "fsdp2.yaml")]
    assert "cut off" in launch(*in_parts, str(tmp_path / "cut_off.py"), *given).stderr
    rows = [
        [tmp_path / n / "tiny" / "seed-42" / name for n in ("one", "two")] for name in ("baseline_1_epoch", variant)
    ]
    checkpoint = rows[1][1] / "checkpoints" / "checkpoint-2"
    assert {path.name for path in checkpoint.iterdir()} >= {"digests.json", "pytorch_model_fsdp.bin"}
    done = launch(*in_parts, "-m", "pauselib.training", *given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is trained.") == 1
    for one, two in rows:
        check_same(one, two, dtype)
    assert not list((tmp_path / "two").rglob("*.part"))
