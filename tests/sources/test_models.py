"""Models and tokenizers by name: the embedded one, a folder, and what is said where there is none."""

import shutil
from pathlib import Path

import pytest

from pauselib.errors import InputError
from pauselib.files import read_json, write_json
from pauselib.manifests import manifest
from pauselib.sources import models
from pauselib.steps import warm_up

COMMITS = {"main": "a" * 40, "v1": "b" * 40}


@pytest.mark.parametrize("name", ["eos_token", "pad_token", "bos_token"])
def test_a_special_token_that_the_model_has_no_embedding_of_is_refused(embedded_copy, name):
    tokenizer = models.load_tokenizer("tiny")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|think|>"]})
    tokenizer.save_pretrained(embedded_copy)
    assert models.load_tokenizer(str(embedded_copy)).n_rows == 884  # it is there and may stay, if no text has it
    tokenizer.add_special_tokens({name: "<|think|>"})
    tokenizer.save_pretrained(embedded_copy)
    sentence = rf"^The {name} of the model '{embedded_copy}' is '<\|think\|>', token 884 .* model has 884 embeddings"
    with pytest.raises(ValueError, match=sentence):
        models.load_tokenizer(str(embedded_copy))


@pytest.fixture
def embedded_copy(tmp_path):
    """A copy of the embedded model that a test may damage."""
    return Path(shutil.copytree(models.model_source("tiny"), tmp_path / "copy"))


@pytest.fixture
def cached(tmp_path, monkeypatch) -> Path:
    """The hub's cache, of which org/model has two revisions: main is the embedded model, v1 one of 900 tokens."""
    import huggingface_hub.constants

    cache = tmp_path / "models--org--model"
    for name, commit in COMMITS.items():
        shutil.copytree(models.model_source("tiny"), cache / "snapshots" / commit)
        (cache / "refs").mkdir(exist_ok=True)
        (cache / "refs" / name).write_text(commit)
    config = cache / "snapshots" / COMMITS["v1"] / "config.json"
    write_json(config, read_json(config) | {"vocab_size": 900})
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return cache


def test_a_hub_model_is_taken_from_the_cache_at_its_revision_without_a_network(cached):
    ids = [models.pause_token_id(f"org/model{at}") for at in ("", "@main", "@v1", "@" + COMMITS["v1"])]
    assert ids == [884, 884, 900, 900]
    assert models.load_tokenizer("org/model@v1").eos_token == "</s>"
    assert models.load_model("org/model").config.vocab_size == 884


def test_a_hub_id_stands_for_itself_with_the_commit_of_its_revision(cached):
    assert models.pinned("org/model") == models.source_digest("org/model@main") == f"org/model@{COMMITS['main']}"
    assert models.tokenizer_digest("org/model@v1") == f"org/model@{COMMITS['v1']}"
    assert models.source_digest("mistralai/Mistral-7B-v0.1") == "mistralai/Mistral-7B-v0.1"  # not in the cache
    folder = cached / "snapshots" / COMMITS["v1"]
    assert models.source_digest(folder) == models.source_digest(str(folder)) != models.tokenizer_digest(str(folder))


def test_a_trained_model_and_its_rows_name_their_base_on_the_hub_with_its_commit(cached, small):
    settings = small.but(experiment="hub", model="org/model", model_revision="main", base_max_steps=1)
    folder = warm_up(settings.but(variant="baseline_1_epoch")) / "model"
    named = f"org/model@{COMMITS['main']}"
    assert read_json(folder / "config.json")["base"] == manifest(folder)["inputs"]["base"] == named
    assert manifest(settings.folder() / "data")["inputs"]["tokenizer of"] == named
    assert models.load_model(str(folder)).config.vocab_size == 884


@pytest.mark.parametrize("source", ["tiny@v1", "smollm2@v1"])
def test_a_revision_of_what_is_not_on_the_hub_is_refused(source):
    with pytest.raises(ValueError, match=r"model_revision is 'v1', but the model '\w+' is not from the hub"):
        models.load_tokenizer(source)


def test_the_digest_of_a_tokenizer_does_not_read_the_weights(embedded_copy):
    before = models.tokenizer_digest(str(embedded_copy))
    (embedded_copy / "model.safetensors").write_bytes(b"other weights")
    assert models.tokenizer_digest(str(embedded_copy)) == before
    (embedded_copy / "tokenizer.json").write_text("{}")
    assert models.tokenizer_digest(str(embedded_copy)) != before


def test_code_in_a_model_s_folder_is_never_run(embedded_copy):
    code = {"model_type": "theirs", "auto_map": {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}}
    write_json(embedded_copy / "config.json", read_json(embedded_copy / "config.json") | code)
    (embedded_copy / "code.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(ValueError, match=r"could not be loaded \(.*contains custom code"):
        models.load_model(str(embedded_copy))


@pytest.mark.parametrize(("layers", "problem"), [(8, "missing"), (5, "unexpected")])
def test_weights_that_are_not_those_of_the_configuration_are_refused(embedded_copy, layers, problem):
    config = read_json(embedded_copy / "config.json")
    write_json(embedded_copy / "config.json", config | {"num_hidden_layers": layers})
    with pytest.raises(ValueError, match=rf"not those of its configuration: \d+ {problem}, such as model\.layers\."):
        models.load_model(str(embedded_copy))


@pytest.mark.parametrize("source", ["/usr", "/dev/zero"])
def test_where_no_model_is_nothing_is_read(source, monkeypatch):
    monkeypatch.setattr("pauselib.sources.models.digest", None)
    for look in (models.tokenizer_digest, models.load_tokenizer, models.load_model):
        with pytest.raises(ValueError, match=f"There is no model at {source}, which has no config.json"):
            look(source)


@pytest.mark.parametrize("end", [None, "</s>"])
def test_a_tokenizer_pads_on_the_left_if_need_be_with_its_end_token_which_it_must_have(end, tokenizer, embedded_copy):
    from transformers import PreTrainedTokenizerFast

    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token=end)
    bare.save_pretrained(embedded_copy)
    if end:
        loaded = models.load_tokenizer(str(embedded_copy))
        assert (loaded.pad_token, loaded.padding_side) == ("</s>", "left")
    else:
        with pytest.raises(ValueError, match="has no end token"):
            models.load_tokenizer(str(embedded_copy))


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("model.safetensors", "short", "could not be loaded"),
        ("config.json", "{", "could not be loaded"),
        ("adapter_config.json", "{}", "There is no model at .* an adapter that is to be merged first. Give 'tiny'"),
    ],
)
def test_a_damaged_folder_or_an_adapter_alone_is_refused_in_one_sentence(embedded_copy, file, content, sentence):
    (embedded_copy / file).write_text(content)
    load = models.load_model if file == "model.safetensors" else models.load_tokenizer
    with pytest.raises(InputError, match=sentence) as error:
        load(str(embedded_copy))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        *((source, "is not there: nothing has the path") for source in ("./nowhere", "/no/such", "a/b/c")),
        (
            "no/such-model",
            r"could not be loaded .*nothing has the path .*\. Give 'tiny', 'smollm2', 'qwen2.5-coder-0.5b', a folder",
        ),
    ],
)
def test_what_is_nowhere_is_refused_in_one_sentence(source, sentence):
    with pytest.raises(InputError, match=f"The model '{source}' {sentence}") as error:
        models.load_tokenizer(source)
    assert "\n" not in str(error.value)
