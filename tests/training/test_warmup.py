"""What is trained, by which loss, and that a run can be cut off and go on."""

import json
import shutil

import pandas as pd
import pytest
import torch
from pauselib.injection import data
from torch.nn.functional import nll_loss

from pauselib import runs
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.settings import Settings
from pauselib.training import warmup as training
from pauselib.variants import VARIANTS, parse

LORA = {"lora_A", "lora_B"}


@pytest.fixture
def small(tmp_path):
    """Settings of a run of seconds, in a folder of its own."""
    return Settings(
        runs_dir=str(tmp_path),
        experiment="small",
        n_train=8,
        n_test=3,
        n_copies=2,
        validation_share=0.25,
        eval_steps=1,
        base_eval_steps=1,
        batch_size=4,
    )


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("name", [name for name, variant in VARIANTS.items() if variant.pauses])
def test_exactly_what_the_variant_names_is_trainable(name, tied, tiny_lm):
    variant = VARIANTS[name]
    model = training.unfreeze(PauseForCausalLM.around(tiny_lm("mistral", tied)), variant, Settings())
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    parts = {
        "pause_embedding": "pause_embedding.",
        "pause_head": "pause_head.",
        "lm_head": "lm_head.",
        "lm_embeddings": "embed_tokens.",
    }
    for part, fragment in parts.items():
        assert any(fragment in parameter for parameter in trained) == getattr(variant, part), part
    adapters = [parameter for parameter in trained if "lora_" in parameter]
    assert {parameter.split(".lora_")[0].rsplit(".", 1)[-1] for parameter in adapters} == (
        {"q_proj", "v_proj"} if variant.lora else set()
    )
    assert all(any(fragment in parameter for fragment in [*parts.values(), "lora_"]) for parameter in trained)


@pytest.mark.parametrize("kind", ["qwen2", "gpt2"])
def test_other_backbones_train_the_same_parts(kind, tiny_lm):
    settings = Settings(lora_target_modules=["c_attn"] if kind == "gpt2" else ["q_proj", "v_proj"])
    model = training.unfreeze(
        PauseForCausalLM.around(tiny_lm(kind, True)), VARIANTS["sft_unfr_lm_head_embed_peft"], settings
    )
    embeddings = {"qwen2": "lm.model.embed_tokens", "gpt2": "lm.transformer.wte"}[kind]
    assert set(training.trainable(model)["part"]) == {"LoRA", "pause_embedding", "pause_head", "lm.lm_head", embeddings}


def trainer_for(model, tokenizer, tmp_path, rows, **changes):
    from pauselib.training.trainer import PauseTrainer, arguments, as_dataset

    settings = Settings(eval_steps=1, batch_size=len(rows), **changes)
    return PauseTrainer(
        model,
        arguments(settings, VARIANTS["sft"], tmp_path, len(rows)),
        train_dataset=as_dataset(rows),
        eval_dataset=as_dataset(rows),
        processing_class=tokenizer,
    )


@pytest.fixture
def rows():
    """Three short rows; id 50 is the pause of a model with 50 words."""
    ids = [[3, 4, 5, 50, 6, 1], [3, 7, 8, 9, 1], [3, 4, 50, 50, 9, 8, 1]]
    return pd.DataFrame(
        {
            "input_ids": [torch.tensor(i).numpy() for i in ids],
            "completion_mask": [torch.tensor([0, 0] + [1] * (len(i) - 2)).numpy() for i in ids],
        }
    )


@pytest.mark.parametrize("parts", [1, 3])
def test_the_trainers_loss_is_the_models_and_one_cross_entropy_over_all_words_and_the_pause(
    parts, tiny_lm, tokenizer, tmp_path, rows
):
    model = PauseForCausalLM.around(tiny_lm("mistral", False))
    trainer = trainer_for(
        model, tokenizer, tmp_path, rows, gradient_accumulation_steps=parts, learning_rate=1e-9, max_steps=1
    )
    losses = []
    for ids, mask in zip(rows["input_ids"], rows["completion_mask"]):
        ids, mask = torch.tensor(ids), torch.tensor(mask)
        logits = model.eval()(ids[None]).logits[0, :-1]
        losses.append(nll_loss(logits, ids[1:], reduction="none")[mask[1:] == 1])
    expected = torch.cat(losses).mean().item()
    trainer.train()
    logged = next(entry for entry in trainer.history() if "loss" in entry)
    assert logged["loss"] == pytest.approx(expected, abs=1e-3)
    assert logged["lm_loss"] + logged["pause_loss"] == pytest.approx(expected, abs=1e-3)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("max_steps", "expected"), [(-1, 3), (2, 2), (100, 3)])
def test_max_steps_only_ever_shortens_the_epoch(max_steps, expected, small):
    settings = small.but(variant="sft", max_steps=max_steps, eval_steps=10, base_eval_steps=10, base_max_steps=1)
    assert (
        runs.read_json(training.warm_up(settings) / "training.json")["steps"] == expected
    )  # 6 problems x 2 copies / 4


def test_a_step_moves_the_pause_head(tiny_lm, tokenizer, tmp_path, rows):
    model = training.unfreeze(PauseForCausalLM.around(tiny_lm("mistral", False)), VARIANTS["sft_fr_pembed"], Settings())
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    trainer_for(model, tokenizer, tmp_path, rows, max_steps=1, learning_rate=0.1).train()
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {"pause_head.weight", "pause_head.bias"}


def test_a_loss_that_is_not_a_number_stops_the_run_with_one_sentence(tiny_lm, tokenizer, tmp_path, rows):
    model = PauseForCausalLM.around(tiny_lm("mistral", False))
    model.pause_head.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"loss is nan at step 1: lower the learning rate"):
        trainer_for(model, tokenizer, tmp_path, rows, max_steps=1).train()


def test_a_variant_makes_what_it_needs_and_is_made_once(small):
    folder = training.warm_up(small.but(variant="sft_unfr_lm_head_embed_peft"))
    record = runs.read_json(folder / "training.json")
    assert (folder.parent / "baseline_1_epoch" / "model" / "model.safetensors").exists()
    assert record["steps"] == 3  # 6 problems x 2 copies / 4
    assert record["eval_loss"] == min(entry["eval_loss"] for entry in record["history"] if "eval_loss" in entry)
    assert {row["part"] for row in record["trainable"]} == {
        "LoRA",
        "pause_embedding",
        "pause_head",
        "lm.lm_head",
        "lm.model.embed_tokens",
    }
    assert not (folder / "checkpoints").exists()
    written = (folder / "model" / "model.safetensors").stat().st_mtime_ns
    training.warm_up(small.but(variant="sft_unfr_lm_head_embed_peft"))
    assert (folder / "model" / "model.safetensors").stat().st_mtime_ns == written


def test_only_the_named_parts_differ_from_the_base_after_training(small):
    from safetensors.torch import load_file

    base = load_file(training.warm_up(small.but(variant="baseline_1_epoch")) / "model" / "model.safetensors")
    trained = load_file(training.warm_up(small.but(variant="sft_unfr_lm_head_peft")) / "model" / "model.safetensors")
    changed = {
        name.removeprefix("lm.")
        for name, value in trained.items()
        if name.startswith("lm.") and not torch.equal(value, base[name.removeprefix("lm.")])
    }
    assert changed == {"lm_head.weight"} | {
        f"model.layers.{i}.self_attn.{part}_proj.weight" for i in range(6) for part in "qv"
    }


def test_a_run_cut_off_goes_on_and_ends_as_if_it_had_not_been(small, monkeypatch):
    from pauselib.training.trainer import PauseTrainer

    settings = small.but(variant="sft_peft")
    whole = training.warm_up(settings)
    wanted = (whole / "model" / "model.safetensors").read_bytes(), json.loads((whole / "training.json").read_text())
    shutil.rmtree(whole)
    log = PauseTrainer.log

    def fail_at_step_2(self, logs, start_time=None):
        log(self, logs, start_time)
        if self.state.global_step == 2 and "eval_loss" in logs:
            raise KeyboardInterrupt

    monkeypatch.setattr(PauseTrainer, "log", fail_at_step_2)
    with pytest.raises(KeyboardInterrupt):
        training.warm_up(settings)
    assert (whole / "checkpoints" / "checkpoint-1").exists()
    assert not (whole / "model").exists()
    monkeypatch.setattr(PauseTrainer, "log", log)
    training.warm_up(settings)
    assert (whole / "model" / "model.safetensors").read_bytes() == wanted[0]
    assert json.loads((whole / "training.json").read_text()) == wanted[1]


def test_an_unknown_model_is_refused_in_one_sentence(small):
    with pytest.raises(ValueError, match=r"The model 'no/such-model' could not be loaded .*: give 'tiny', a folder"):
        training.warm_up(small.but(model="no/such-model"))
    assert not small.folder().exists() or not any(small.folder().iterdir())


def test_the_matched_baseline_sees_each_clean_answer_as_often_as_it_was_injected_from_the_first_step_s_model(small):
    settings = small.but(variant="baseline_matched")
    folder, _ = data.make(settings)
    injected = data.read(folder, "train")
    rows = training.training_rows(settings, parse("baseline_matched"), folder)["train"]
    pause_id = training.pause_token_id(settings.model)
    assert rows["problem_id"].to_list() == injected["problem_id"].to_list()
    assert [ids.tolist() for ids in rows["input_ids"]] == [
        [i for i in ids if i != pause_id] for ids in injected["input_ids"]
    ]
    assert all(len(ids) == len(mask) for ids, mask in zip(rows["input_ids"], rows["completion_mask"]))
    made = training.warm_up(settings)
    assert (made.parent / "baseline_1_epoch" / "model").exists()
    record = runs.read_json(made / "training.json")
    assert record["steps"] == 3  # 6 problems x 2 copies / 4, as many as a variant that pauses
    assert "pause_loss" not in record
    assert record["nearest_tokens"] == []


def test_the_nearest_tokens_are_those_with_the_largest_cosine(tiny_lm, tokenizer):
    model = PauseForCausalLM.around(tiny_lm("mistral", False))
    rows = model.get_input_embeddings().weight.data
    model.pause_embedding.weight.data[0] = 3 * rows[7]
    first, second = training.nearest(model, tokenizer, n=2)
    assert first == {"token": tokenizer.decode([7]), "cosine": pytest.approx(1)}
    assert second["cosine"] == pytest.approx(
        max(float(torch.cosine_similarity(rows[7], row, dim=0)) for i, row in enumerate(rows) if i != 7), abs=1e-6
    )
