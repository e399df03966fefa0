"""What a base model says of sampling keeps no row from being trained, saved, loaded and exported."""

import pytest
from conftest import labelled, train_briefly

from pauselib.decoding.evaluation import end_ids
from pauselib.files import read_json, write_json
from pauselib.model.export import export
from pauselib.sources.models import load_model, load_tokenizer

SAYS = {  # as the models have it, the ids apart: those of the tests' tokenizer
    "Llama 2": {"bos_token_id": 0, "eos_token_id": 1, "max_length": 4096, "temperature": 0.9, "top_p": 0.6},
    "Qwen2.5": {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05},
    "Qwen3": {"do_sample": True, "temperature": 0.6, "top_k": 20, "eos_token_id": [1, 7], "pad_token_id": 2},
    "LLaMA": {"pad_token_id": -1, "eos_token_id": [], "num_beams": 1, "length_penalty": 2.0, "early_stopping": True},
    "Gemma 2": {"cache_implementation": "hybrid", "eos_token_id": 1},
}


@pytest.mark.parametrize(
    ("says", "more"), [*((says, {}) for says in SAYS.values()), (None, {"temperature": 0.6, "max_length": 20})], ids=str
)
def test_a_row_is_trained_saved_loaded_and_exported_whatever_its_base_says_of_sampling(
    says, more, tiny_lm, tokenizer, tmp_path
):
    base, folder = tmp_path / "base", tmp_path / "model"
    tiny_lm("mistral").save_pretrained(base)
    tokenizer.save_pretrained(base)
    (base / "generation_config.json").unlink()
    if says:
        write_json(base / "generation_config.json", says)
    write_json(base / "config.json", read_json(base / "config.json") | more)
    train_briefly(tmp_path, labelled(*[(range(3, 9), 2)] * 4), variant="sft")
    ends = (says or {}).get("eos_token_id", 1)
    ends = {1, *(ends if type(ends) is list else [ends])}
    assert end_ids(load_model(str(folder)), load_tokenizer(str(folder))) == ends
    export(folder, tmp_path / "elsewhere")
    for place in (folder, tmp_path / "elsewhere"):
        kept = read_json(place / "generation_config.json")
        assert not {"temperature", "top_p", "top_k", "length_penalty", "cache_implementation"}.intersection(kept)
