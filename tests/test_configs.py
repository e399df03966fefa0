"""Every shipped configuration from its first notebook to its table: its own settings, with only the sizes changed."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from transformers import AutoConfig, AutoModelForCausalLM

from pauselib.files import read_json, write_json_lines
from pauselib.located import ROOT
from pauselib.manifests import damaged, manifest
from pauselib.settings import of_experiment, settings_of_step
from pauselib.variants import parse

SIZES = {"n_train": 20, "n_test": 3, "max_new_tokens": 12}
SIZES |= {"max_steps": 2, "eval_steps": 1, "base_max_steps": 2, "base_eval_steps": 2}
WIDTHS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILIES = {  # of the models that are not embedded: as they are but for their sizes
    "mistralai/Mistral-7B-v0.1": ("mistral", {"sliding_window": 4096, "max_position_embeddings": 32768}),
    "smollm2": ("llama", {"tie_word_embeddings": True, "max_position_embeddings": 8192}),
    "qwen2.5-coder-0.5b": ("qwen2", {"tie_word_embeddings": False, "vocab_size": 900}),  # more rows than tokens
    "Qwen/Qwen2.5-Coder-0.5B-Instruct": ("qwen2", {"tie_word_embeddings": True, "vocab_size": 900}),
}
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def problems(tmp_path_factory) -> Path:
    """A folder of problems in GSM8K's format."""
    folder = tmp_path_factory.mktemp("gsm8k")
    for split, numbers in (("train", range(40)), ("test", range(40, 80))):
        rows = [
            {"question": f"Ann has {n} pens and buys 4. How many?", "answer": f"<<{n}+4={n + 4}>>{n + 4}\n#### {n + 4}"}
            for n in numbers
        ]
        write_json_lines(folder / f"{split}.jsonl", rows)
    return folder


def random_model(name: str, folder: Path) -> str:
    """A random model of a published one's family, with the embedded model's tokenizer; padding has no token in it."""
    kind, more = FAMILIES[name]
    ids = {"vocab_size": 884, "bos_token_id": 0, "eos_token_id": 1}
    config = AutoConfig.for_model(kind, num_key_value_heads=2, **{**WIDTHS, **ids, **more})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    for file in (ROOT / "pauselib" / "sources" / "tiny").glob("tokenizer*.json"):
        shutil.copy(file, folder)
    told = folder / "tokenizer_config.json"
    told.write_text(json.dumps({key: value for key, value in json.loads(told.read_text()).items() if "pad" not in key}))
    return str(folder)


def rehearsed(config: dict, problems: Path, tmp_path: Path) -> dict:
    """A configuration with sizes of seconds: few rows and steps, one seed, a variant of each strategy, two baselines,
    an intervention of each kind, one trial.
    """
    model, asked = config["model"], of_experiment(config)
    trials, interventions = list(asked.trials[:1]), [dict(one) for one in asked.interventions]
    named = [*trials, *(one["variant"] for one in interventions), *asked.variants]
    pausing = {parse(name).strategy: name for name in reversed(named) if parse(name).pauses}
    baselines = [name for name in asked.variants if not parse(name).pauses]
    first = named[0]
    return {
        **config,
        **SIZES,
        "runs_dir": str(tmp_path / "runs"),
        "model": random_model(model, tmp_path / "model") if model in FAMILIES else model,
        "dataset": config["dataset"] if config["dataset"] == "toy" else str(problems),
        "start_from": "",  # a random model has no published first step
        "skip_test": min(asked.skip_test, 2),
        "validation_share": 0.2,
        "variants": list(dict.fromkeys([first, *pausing.values(), *baselines[:2]])),
        "seeds": list(asked.seeds[-1:]),
        "interventions": list({tuple(one): {**one, "variant": first} for one in interventions}.values()),
        "trials": trials,
        "trial_checkpoints": [1, 2][: len(asked.trial_checkpoints)],
    }


def test_the_published_first_step_is_whole_and_made_as_the_configuration_that_starts_from_it_says():
    settings = of_experiment(yaml.safe_load((ROOT / "configs" / "qwen.yaml").read_text()))
    folder = ROOT / settings.start_from
    found = manifest(folder)
    assert damaged(folder) == []
    assert found["places"] == {}
    assert read_json(folder / "config.json")["base"] == settings.model
    own = ("variant", "seed", "start_from", "gradient_accumulation_steps", "gold_dtype")  # of each row, or of no weight
    asked = settings.of(*(name for name in settings_of_step("first_step") if name not in own))
    assert {name: found["settings"][name] for name in asked} == json.loads(json.dumps(asked))


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "changes"),
    [*((path, {}) for path in CONFIGS), (ROOT / "configs" / "mistral-7b.yaml", {"dtype": "pure_bfloat16"})],
    ids=lambda value: value.stem if isinstance(value, Path) else "-".join(value.values()),
)
def test_a_configuration_runs_from_its_first_notebook_to_its_table(path, changes, problems, run_notebook, tmp_path):
    config = rehearsed({**yaml.safe_load(path.read_text()), **changes}, problems, tmp_path)
    settings = of_experiment(config)
    rows = [settings.but(variant=name, seed=settings.seeds[0]) for name in settings.variants]
    first = {**config, "variant": rows[0].variant, "seed": rows[0].seed}
    run_notebook("inject", tmp_path / "inject.ipynb", first)
    run_notebook("warmup", tmp_path / "warmup.ipynb", first)
    for variant in settings.variants:
        run_notebook("evaluate", tmp_path / "evaluate.ipynb", {**first, "variant": variant})
    for one in settings.interventions:
        run_notebook("evaluate", tmp_path / "evaluate.ipynb", {**first, **one})
    if settings.trials:
        run_notebook("trial", tmp_path / "trial.ipynb", first)
    if not changes:
        run_notebook("analyze", tmp_path / "analyze.ipynb", config)
        table = pd.read_csv(settings.folder() / "results.csv")
        assert set(table["variant"]) == set(settings.variants)
        assert table["accuracy"].notna().all()
    for row in rows:
        assert read_json(row.variant_folder() / "metrics.json")["n"] == 3
        assert manifest(row.variant_folder() / "model")["settings"]["dtype"] == settings.dtype
    if settings.trials:
        trial = pd.read_parquet(rows[0].variant_folder() / "trial" / "trials.parquet")
        assert trial["problem_id"].nunique() in (2, 3)  # one of the shortest real answers calculates nothing
