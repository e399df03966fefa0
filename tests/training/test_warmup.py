"""The warm-up of a variant: how long it is, what it changes, that a run can be cut off and go on, what it leaves."""

import functools
import shutil

import pytest
import torch
from conftest import labelled, train_briefly

from pauselib import runs
from pauselib.files import read_json, write, write_json
from pauselib.manifests import MANIFEST
from pauselib.sources.models import load_model
from pauselib.steps import warm_up
from pauselib.training import warmup
from pauselib.training.trainer import PauseTrainer, labelled_loss, last_checkpoint


def weights(folder) -> dict[str, torch.Tensor]:
    """All weights of the model in a variant's folder, by name."""
    return load_model(str(folder / "model")).state_dict()


def test_only_the_named_parts_differ_from_the_base_after_training(small):
    base = weights(warm_up(small.but(variant="baseline_1_epoch")))
    trained = weights(warm_up(small.but(variant="sft_unfr_lm_head_peft")))
    changed = {name for name, value in base.items() if not torch.equal(value, trained[f"lm.{name}"])}
    adapted = {f"model.layers.{i}.self_attn.{part}_proj.weight" for i in range(6) for part in "qv"}
    assert changed == {"lm_head.weight"} | adapted


@pytest.mark.parametrize("name", ["baseline_matched_unfr_lm_head", "baseline_matched_unfr_lm_head_peft"])
def test_a_matched_baseline_of_a_tied_model_trains_the_head_alone(name, tiny_lm, tokenizer, tmp_path):
    """As of a model that pauses: its match must not train the embeddings by the way either."""
    tiny_lm("llama", tied=True).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    train_briefly(tmp_path, labelled(*[([3, 4, 5, 6], 1)] * 4), variant=name, learning_rate=0.1)
    trained, before = (load_model(str(tmp_path / one)) for one in ("model", "base"))
    assert torch.equal(trained.get_input_embeddings().weight, before.get_input_embeddings().weight)
    assert not torch.equal(trained.get_output_embeddings().weight, before.get_output_embeddings().weight)


@pytest.mark.parametrize("dtype", ["float32", "mixed", "bfloat16", "pure_bfloat16"])
@pytest.mark.parametrize("variant", ["sft_unfr_lm_head_embed", "sft_unfr_lm_head_peft", "baseline_matched"])
def test_what_is_saved_is_what_was_evaluated_merged_or_not(variant, dtype, tiny_lm, tokenizer, tmp_path):
    """Loaded again and read in the same batch, the saved model has the eval loss of the record."""
    tiny_lm("llama").save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    pause = 8 if variant.startswith("baseline") else 50
    ids = torch.tensor([[3, 4, pause, 6, 7, 1], [3, 5, 9, pause, pause, 1]] * 4)
    rows, steps = labelled(*((row, 2) for row in ids.tolist())), {"max_steps": 2, "eval_steps": 2}
    record = train_briefly(tmp_path, rows, variant=variant, dtype=dtype, learning_rate=0.01, **steps)
    labels = torch.where(torch.arange(6) < 2, -100, ids)
    model = load_model(str(tmp_path / "model"), dtype)
    with torch.inference_mode():
        loss_of = model if pause == 50 else functools.partial(labelled_loss, model)
        found = loss_of(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels)
    assert record["eval_loss"] == pytest.approx(found.loss.item(), rel=1e-6)


def cut_off(*given):
    raise KeyboardInterrupt


def cut_off_at(step: int):
    """What logs as the trainer does, and is cut off where it has evaluated at a step."""
    log = PauseTrainer.log

    def logged(self, logs, start_time=None):
        log(self, logs, start_time)
        if self.state.global_step == step and "eval_loss" in logs:
            cut_off()

    return logged


@pytest.mark.parametrize(
    ("dtype", "amid", "n_left"), [("float32", "training", 2), ("mixed", "training", 2), ("float32", "saving", 0)]
)
def test_a_run_cut_off_goes_on_and_ends_as_if_it_had_not_been(dtype, amid, n_left, small, monkeypatch):
    """Of its three steps, which end within an epoch, are left those behind the last checkpoint."""
    steps = {"n_copies": 3, "max_steps": 3, "trial_checkpoints": [1, 3], "learning_rate": 0.1}
    settings = small.but(experiment=f"cut-{dtype}", variant="sft_peft", dtype=dtype, **steps)
    whole = warm_up(settings)
    made = ["training.json", *(path.relative_to(whole) for path in (whole / "model").rglob("*.safetensors"))]
    wanted = {path: (whole / path).read_bytes() for path in made}
    shutil.rmtree(whole)
    with monkeypatch.context() as patch:
        if amid == "training":
            patch.setattr(PauseTrainer, "log", cut_off_at(step=2))
        else:
            patch.setattr(warmup, "calibration", cut_off)  # the model is written by then
        with pytest.raises(KeyboardInterrupt):
            warm_up(settings)
    assert (whole / "checkpoints" / "checkpoint-1").exists()  # the best
    assert not (whole / "model").exists()
    if amid == "saving":  # and goes on in another place
        settings = small.but(experiment="moved", variant="sft_peft", dtype=dtype, **steps)
        whole = whole.parents[1].rename(settings.folder()) / whole.relative_to(whole.parents[1])
    steps, training_step = [], PauseTrainer.training_step
    monkeypatch.setattr(PauseTrainer, "training_step", lambda *given: steps.append(1) or training_step(*given))
    warm_up(settings)
    assert len(steps) == n_left
    assert {path: (whole / path).read_bytes() for path in made} == wanted
    assert read_json(whole / "training.json")["best_step"] == 1
    assert len(wanted) == 4  # the record, the model, and what was trained at two steps


@pytest.mark.parametrize("grouped", [True, False, "shuffled"])
def test_a_run_cut_off_in_its_second_epoch_ends_as_if_it_had_not_been(grouped, small, monkeypatch):
    variant = {"variant": "baseline_2_epoch", "group_by_length": grouped, "n_train": 32}  # twelve steps
    settings = small.but(experiment=f"epochs-{grouped}", **variant)
    whole = warm_up(settings)
    wanted = (whole / "training.json").read_bytes()
    shutil.rmtree(whole)
    with monkeypatch.context() as patch:
        patch.setattr(PauseTrainer, "log", cut_off_at(step=8))
        with pytest.raises(KeyboardInterrupt):
            warm_up(settings)
    assert (warm_up(settings) / "training.json").read_bytes() == wanted


def test_a_run_cut_off_is_not_gone_on_with_from_other_settings(small, monkeypatch):
    settings = small.but(variant="sft_fr_phead", max_steps=1)
    work = settings.variant_folder() / "checkpoints"
    write_json(work / MANIFEST, {"settings": {"seed": 0}, "inputs": {}, "versions": {}})
    write_checkpoint(work / "checkpoint-1", best=1)
    assert last_checkpoint(work) == str(work / "checkpoint-1")
    folder = warm_up(settings)
    assert read_json(folder / "training.json")["steps"] == 1
    assert not work.exists()


def test_the_newest_whole_checkpoint_is_the_one_to_go_on_from(tmp_path):
    assert last_checkpoint(tmp_path) is None
    write_checkpoint(tmp_path / "checkpoint-9", best=9)
    write_checkpoint(tmp_path / "checkpoint-10", best=9)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    (tmp_path / "checkpoint-11").mkdir()  # killed before its first file
    (tmp_path / "checkpoint-10" / "weights").write_text("to")  # torn
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-9")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-9"]
    write_checkpoint(tmp_path / "checkpoint-10", best=9)
    (tmp_path / "checkpoint-9" / "trainer_state.json").write_text("")  # the best one, which 10 refers to
    assert last_checkpoint(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def write_checkpoint(folder, best: int) -> None:
    """Write a checkpoint by hand, with the digests that say it is whole."""
    write_json(folder / "trainer_state.json", {"best_global_step": best})
    write(folder / "weights", "torn or not")
    runs.fill(folder, {"settings": {}, "inputs": {}}, lambda _: None)
