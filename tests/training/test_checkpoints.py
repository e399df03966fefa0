"""What the warm-up keeps at some of its steps, and the models and trials that follow from it."""

import pytest
import torch
from safetensors.torch import load_file

from pauselib.analysis.tables.curve import Curve
from pauselib.artifacts import recipe
from pauselib.files import read_json
from pauselib.manifests import manifest
from pauselib.sources.models import load_model
from pauselib.steps import first_step, learning_curve, trial, warm_up
from pauselib.training.warmup import model_at

FEW = {"trial_sites": ["step"], "trial_contents": ["pauses", "masked"], "trial_doses": [4]}


@pytest.mark.parametrize("variant", ["sft_unfr_lm_head_peft", "sft", "baseline_matched"])
def test_the_model_at_the_step_that_is_saved_is_the_saved_one(variant, small):
    settings = small.but(experiment="kept", variant=variant, trial_checkpoints=[1, 2, 3])
    folder = warm_up(settings)
    best = read_json(folder / "training.json")["best_step"]
    saved, base = load_model(str(folder / "model")).state_dict(), first_step(settings)
    kept = model_at(recipe(settings), base, folder / "model", best).state_dict()
    assert kept.keys() == saved.keys()
    assert all(torch.equal(kept[name], weight) for name, weight in saved.items())
    other = model_at(recipe(settings), base, folder / "model", 1 if best != 1 else 2).state_dict()
    assert any(not torch.equal(other[name], weight) for name, weight in saved.items())


def test_what_is_kept_is_what_is_trained_and_the_model_is_the_same_without_it(small):
    settings = small.but(experiment="kept", variant="sft", trial_checkpoints=[1, 2, 3])
    model = warm_up(settings) / "model"
    assert sorted(path.name for path in (model / "steps").iterdir()) == [f"step-{i}.safetensors" for i in (1, 2, 3)]
    kept = load_file(model / "steps" / "step-1.safetensors")
    assert {name.split(".")[0] for name in kept} == {"pause_embedding", "pause_head"}
    plain = warm_up(small.but(experiment="plain", variant="sft")) / "model"
    assert (plain / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()
    assert "trial_checkpoints" not in manifest(plain)["settings"]  # a model that was made before stays what it is


def test_a_learning_curve_has_a_trial_of_every_checkpoint_and_of_the_start(small):
    settings = small.but(experiment="curve", variant="sft_peft", n_trial=2, trial_checkpoints=[1, 3], **FEW)
    found = learning_curve(settings)
    steps = found.groupby("variant", sort=False)["step"].unique().map(list).to_dict()
    assert steps == {"baseline_1_epoch": [0], "sft_peft": [1, 3], "baseline_matched": [1, 3]}
    best = read_json(settings.variant_folder() / "training.json")["best_step"]
    if best in (1, 3):
        assert trial(settings).equals(trial(settings, best))
    folder = settings.variant_folder() / "trial-at-step-3"
    assert set(manifest(folder)["outputs"]) == {"trials.parquet"}
    written = (folder / "trials.parquet").stat().st_mtime_ns
    assert learning_curve(settings).equals(found)
    assert (folder / "trials.parquet").stat().st_mtime_ns == written
    curve = Curve.of(settings, found)
    assert curve.gains.query("variant == 'sft_peft' and content == 'pauses'")["step"].tolist() == [0, 1, 3]
    assert Curve.of(settings, learning_curve(settings.but(variant="baseline_1_epoch"))).variants == []


def test_a_step_behind_the_last_one_is_refused(small):
    with pytest.raises(ValueError, match=r"trial_checkpoints is \[9\], but the warm-up has 3 steps: give steps up to"):
        warm_up(small.but(experiment="kept", variant="sft_peft", trial_checkpoints=[9], max_steps=-1))
