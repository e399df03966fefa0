"""A model that is taken elsewhere says there, with transformers alone or lm-evaluation-harness, what it says here."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
import torch
from conftest import same_weights
from huggingface_hub import ModelCard

from pauselib import tasks
from pauselib.errors import InputError
from pauselib.injection.rows import prompt_ids, read_rows
from pauselib.model.card import training_card
from pauselib.model.export import export
from pauselib.sources.models import load_model
from pauselib.steps import clean_rows, evaluate, warm_up
from pauselib.tokens import PAUSE_TEXT

N_NEW = 40


@pytest.fixture(scope="module")
def settings(small):
    """A variant that trains the LM head too, for one step: its replies have words and pauses."""
    few = {"max_steps": 1, "base_max_steps": 1, "max_new_tokens": N_NEW, "n_test": 4}
    return small.but(variant="sft_unfr_lm_head_peft", **few)


@pytest.fixture(scope="module")
def replies(settings):
    """Our own evaluation: the replies, and the metrics."""
    return evaluate(settings)


@pytest.fixture(scope="module")
def exported(settings, replies, tmp_path_factory):
    """The trained model, for elsewhere."""
    target = tmp_path_factory.mktemp("elsewhere") / "model"
    export(settings.variant_folder() / "model", target)
    return target


def elsewhere(arguments: list[str], folder) -> str:
    """What another Python says, outside the project."""
    environment = {**os.environ, "HF_MODULES_CACHE": str(folder / "modules"), "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


THERE = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, prompts, n_new = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
ids = torch.tensor(prompts[:1])
torch.save([model(input_ids=ids).logits, model(input_ids=ids, labels=ids).loss], "found.pt")
tokenizer.padding_side = "left"
given = tokenizer.pad({"input_ids": prompts}, return_tensors="pt")
ways = [{"max_new_tokens": n_new, "do_sample": False}, {"max_new_tokens": 9, "do_sample": True, "top_k": 5}]
ways.append({"max_new_tokens": 9, "num_beams": 3, "do_sample": False})
found = [model.generate(**given, pad_token_id=tokenizer.pad_token_id, **how) for how in ways]
said = [tokenizer.batch_decode(one[:, given["input_ids"].shape[1]:]) for one in found]
print(json.dumps({"class": type(model).__module__, "imported": "pauselib" in sys.modules, "said": said}))
"""


def test_transformers_alone_says_elsewhere_what_is_said_here(settings, replies, exported, tmp_path):
    prompts = prompt_ids(read_rows(clean_rows(settings), "test"))
    found = json.loads(elsewhere(["-c", THERE, str(exported), json.dumps(prompts), str(N_NEW)], tmp_path))
    assert found["class"].startswith("transformers_modules.")
    assert not found["imported"]
    here = load_model(str(settings.variant_folder() / "model"))
    ids, (logits, loss) = torch.tensor(prompts[:1]), torch.load(tmp_path / "found.pt")
    assert torch.equal(logits, here(input_ids=ids).logits)
    assert torch.equal(loss, here(input_ids=ids, labels=ids).loss)
    greedy, sampled, beams = ([one.split("</s>")[0] for one in said] for said in found["said"])
    assert greedy == [one["reply"] for one in replies[0]]
    assert 0 < replies[1]["pauses_mean"] < N_NEW
    assert len(sampled) == len(beams) == len(prompts)


@pytest.fixture(scope="module")
def learned(small, tmp_path_factory):
    """Settings and the exported model of a longer training, after which some replies end with the right answer."""
    trained = {"n_train": 200, "n_copies": 1, "validation_share": 0.05, "batch_size": 8, "n_random_pauses": 3}
    steps = {"learning_rate": 3e-3, "max_steps": 24, "eval_steps": 24, "base_max_steps": 1}
    given = {"experiment": "learned", "n_test": 12, "max_new_tokens": 150, "eval_batch_size": 4}
    settings = small.but(variant="sft_unfr_lm_head_peft", **trained, **steps, **given)
    target = tmp_path_factory.mktemp("learned") / "model"
    warm_up(settings)
    export(settings.variant_folder() / "model", target)
    return settings, target


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm-evaluation-harness is not installed")
def test_lm_evaluation_harness_gets_the_numbers_of_our_own_evaluation(learned, tmp_path):
    settings, exported = learned
    replies, metrics = evaluate(settings)
    rows, task = read_rows(clean_rows(settings), "test"), tasks.find(settings.task)
    problems = [{"prompt": task.prompt(row.question), "gold": task.extract(row.answer)} for row in rows.itertuples()]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(one) + "\n" for one in problems))
    final_answer = {"function": "regex", "regex_pattern": task.final_answer.pattern}
    local = {
        "task": "local",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "problems.jsonl")}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}",
        "doc_to_target": "{{gold}}",
        "generation_kwargs": {"until": ["</s>"], "do_sample": False, "max_gen_toks": settings.max_new_tokens},
        "filter_list": [{"name": "final", "filter": [final_answer, {"function": "take_first"}]}],
        "metric_list": [{"metric": "exact_match", "regexes_to_ignore": [","]}],
    }
    (tmp_path / "local.yaml").write_text(json.dumps(local))  # JSON is YAML
    arguments = ["--model", "hf", "--model_args", f"pretrained={exported},trust_remote_code=True,dtype=float32"]
    arguments += ["--tasks", "local", "--include_path", str(tmp_path), "--output_path", str(tmp_path / "out")]
    elsewhere(["-m", "lm_eval", *arguments, "--log_samples", "--device", "cpu", "--batch_size", "4"], tmp_path)
    assert 0 < metrics["accuracy"] < 1
    [found] = (tmp_path / "out").rglob("results_*.json")
    assert json.loads(found.read_text())["results"]["local"]["exact_match,final"] == metrics["accuracy"]
    [samples] = (tmp_path / "out").rglob("samples_*.jsonl")
    there = sorted(map(json.loads, samples.read_text().splitlines()), key=lambda one: one["doc_id"])
    assert [one["resps"][0][0] for one in there] == [one["reply"].replace(PAUSE_TEXT, "") for one in replies]
    assert [one["exact_match"] == 1 for one in there] == [one["correct"] for one in replies]


def test_the_card_goes_along_and_says_what_the_model_is_and_how_it_is_asked_and_loaded(settings, exported):
    here, there = (ModelCard.load(folder / "README.md") for folder in (settings.variant_folder() / "model", exported))
    assert here.content == there.content
    assert (here.data.license, here.data.tags) == ("mit", ["pause-tokens"])
    prompt = r"`### INPUT: QUESTION\n\n ### Answer:`"
    for said in ('"base_max_steps": 1,', prompt, "pause_embedding (128 numbers)", "`trust_remote_code=True`"):
        assert said in here.text


def card_of(settings) -> ModelCard:
    return ModelCard(training_card(settings, ["model", "dataset"], {"trainable": [], "steps": 1, "best_step": 1}))


def test_a_card_names_what_the_hub_has_and_no_place_on_the_machine(settings, tmp_path):
    smollm2, hub = card_of(settings.but(model="smollm2")), card_of(settings.but(model="org/it", dataset="org/sums"))
    assert (smollm2.data.license, smollm2.data.base_model) == ("apache-2.0", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert (hub.data.license, hub.data.base_model, hub.data.datasets) == (None, "org/it", ["org/sums"])
    (tmp_path / "mine").mkdir()
    mine = card_of(settings.but(model=str(tmp_path / "mine"), dataset=str(tmp_path / "mine")))
    assert str(tmp_path) not in mine.content
    assert '"model": "mine", "dataset": "mine"' in mine.text


def test_a_baseline_is_a_plain_model_elsewhere(settings, tmp_path):
    folder = warm_up(settings.but(variant="baseline_1_epoch")) / "model"
    export(folder, tmp_path / "plain")
    assert json.loads((tmp_path / "plain" / "config.json").read_text())["model_type"] == "mistral"
    assert same_weights(load_model(str(folder)), load_model(str(tmp_path / "plain")))
    with pytest.raises(InputError, match="is there already: choose another name"):
        export(folder, tmp_path / "plain")


def test_an_exported_model_can_be_the_start_of_another_experiment_without_running_its_code(exported):
    """Its class is known here, so the file beside it is not read."""
    (exported / "modeling_pause.py").write_text("raise SystemExit('it ran')")
    assert type(load_model(str(exported))).__module__ == "pauselib.model.pause_model"
