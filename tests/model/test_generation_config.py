"""What a base model says of sampling keeps no row from being trained, saved, loaded and exported."""

import json

import numpy as np
import pandas as pd
import pytest

from pauselib.artifacts import recipe
from pauselib.decoding.evaluation import end_ids
from pauselib.model.export import export
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.training.warmup import train_variant

SAYS = {  # as the models have it, the ids apart: those of the tests' tokenizer
    "Llama 2": {"bos_token_id": 0, "eos_token_id": 1, "max_length": 4096, "temperature": 0.9, "top_p": 0.6},
    "Qwen2.5": {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05},
    "Qwen3": {"do_sample": True, "temperature": 0.6, "top_k": 20, "eos_token_id": [1, 7], "pad_token_id": 2},
    "LLaMA": {"pad_token_id": -1, "eos_token_id": [], "num_beams": 1, "length_penalty": 2.0, "early_stopping": True},
    "Gemma 2": {"cache_implementation": "hybrid", "eos_token_id": 1},
}
ROWS = pd.DataFrame({"input_ids": [np.arange(3, 9)] * 4, "completion_mask": [np.array([0, 0, 1, 1, 1, 1])] * 4})


@pytest.fixture
def base(tiny_lm, tokenizer, tmp_path):
    """base(says, **config): a folder with a model, its generation config as `says`, and more in its configuration."""

    def save(says: dict | None, **more):
        folder = tmp_path / "base"
        tiny_lm("mistral").save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        (folder / "generation_config.json").unlink()
        if says is not None:
            (folder / "generation_config.json").write_text(json.dumps(says))
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **more}))
        return folder

    return save


@pytest.mark.parametrize(
    ("says", "more"), [*((says, {}) for says in SAYS.values()), (None, {"temperature": 0.6, "max_length": 20})], ids=str
)
def test_a_row_is_trained_saved_loaded_and_exported_whatever_its_base_says_of_sampling(says, more, base, tmp_path):
    folder, rows = tmp_path / "model", {"train": ROWS, "validation": ROWS}
    how = recipe(Settings(variant="sft", max_steps=1, eval_steps=1, batch_size=4))
    train_variant(how, base(says, **more), rows, folder, tmp_path / "work", {})
    ends = (says or {}).get("eos_token_id", 1)
    ends = {1, *(ends if type(ends) is list else [ends])}
    assert end_ids(load_model(str(folder)), load_tokenizer(str(folder))) == ends
    export(folder, tmp_path / "elsewhere")
    for place in (folder, tmp_path / "elsewhere"):
        kept = json.loads((place / "generation_config.json").read_text())
        assert not {"temperature", "top_p", "top_k", "length_penalty", "cache_implementation"}.intersection(kept)
