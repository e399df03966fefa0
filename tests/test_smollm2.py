"""A real language model through the steps of an experiment: a few rows, about a minute."""

import pytest
import torch

from pauselib.errors import InputError
from pauselib.files import read_json
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer, model_source, pause_token_id
from pauselib.steps import evaluate, inject, trial, warm_up


@pytest.fixture(scope="module", autouse=True)
def folder():
    """The folder of the real model, fetched now unless it was before."""
    try:
        return model_source("smollm2")
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def model():
    return load_model("smollm2")


def test_the_converted_model_is_the_one_that_its_card_names(model, folder):
    assert model.num_parameters() == 134_515_008
    assert pause_token_id("smollm2") == 49_152
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    tokenizer = load_tokenizer("smollm2")
    assert tokenizer.eos_token_id == tokenizer.pad_token_id == model.generation_config.eos_token_id == 2
    assert "HuggingFaceTB/SmolLM2-135M-Instruct" in (folder / "README.md").read_text()
    for path in set(folder.glob("*.json")) - {folder / "tokenizer.json"}:
        assert str(folder.parent) not in path.read_text()
        assert "/tmp" not in path.read_text()


@torch.inference_mode()
def test_it_says_what_a_language_model_says(model):
    tokenizer = load_tokenizer("smollm2")
    prompt = tokenizer("The capital of France is", return_tensors="pt")
    said = model.generate(**prompt, max_new_tokens=1, do_sample=False)
    assert tokenizer.decode(said[0]) == "The capital of France is Paris"
    text = "Éva pays €1,250 — “really”?\n\t<<1250/2=625>>625 日本"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_few_rows_go_through_all_steps(tmp_path):
    few = {"n_train": 9, "n_test": 2, "skip_test": 25, "validation_share": 0.1, "batch_size": 4, "max_new_tokens": 8}
    first_step = {"base_max_steps": 1, "base_eval_steps": 1, "base_learning_rate": 2e-4}
    second_step = {"max_steps": 2, "eval_steps": 2, "learning_rate": 2e-4}
    settings = Settings(runs_dir=str(tmp_path), model="smollm2", dtype="mixed", **few, **first_step, **second_step)
    counts = read_json(inject(settings) / "counts.json")
    assert counts == {"train": 8, "validation": 1, "too_long": 0}
    record = read_json(warm_up(settings) / "training.json")
    assert record["steps"] == 2
    assert all(0 < entry["lm_loss"] < 5 for entry in record["history"] if "lm_loss" in entry)
    predictions, metrics = evaluate(settings)
    assert [reply["problem_id"] for reply in predictions] == ["test-25", "test-26"]
    assert metrics["eval_loss"] == record["eval_loss"]
    found = trial(settings.but(trial_sites=["result"], trial_contents=["pauses"], trial_doses=[1])).set_index("content")
    assert len(found.loc["nothing"]) == len(found.loc["pauses"]) > 0
    assert found.loc["nothing", "log_likelihood"].mean() > found.loc["pauses", "log_likelihood"].mean() > -50
