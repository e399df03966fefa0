"""Which families of models can be used: tiny ones of each go the whole way, others are refused before any training."""

from unittest.mock import Mock

import pytest
import torch
from conftest import labelled, one_by_one, train_briefly
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from pauselib.artifacts import recipe
from pauselib.decoding.greedy import generate
from pauselib.errors import InputError
from pauselib.model.pause_model import PAUSE, PauseForCausalLM
from pauselib.settings import Settings
from pauselib.sources.models import load_model
from pauselib.steps import warm_up
from pauselib.training.suitability import check_model
from pauselib.training.warmup import untrained

PLAIN = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
PLAIN |= {"max_position_embeddings": 128}
GROUPED = {**PLAIN, "num_key_value_heads": 2}
WIDE_HEADS = {**GROUPED, "head_dim": 16}  # four of them are wider than the model
FAMILIES = {
    "mistral": {**GROUPED, "sliding_window": 4},
    "llama": GROUPED,
    "qwen2": {**GROUPED, "tie_word_embeddings": True},
    "qwen3": {**WIDE_HEADS, "tie_word_embeddings": True},
    "gemma": WIDE_HEADS,
    "gemma3_text": {**WIDE_HEADS, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]},
    "phi": PLAIN,
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
    "gpt_neox": PLAIN,
    "opt": {**PLAIN, "ffn_dim": 64, "word_embed_proj_dim": 16},
    "falcon": PLAIN,
    "olmo2": GROUPED,
    "mixtral": {**GROUPED, "num_local_experts": 4},
}
REFUSED = {
    "gemma2": (WIDE_HEADS, "changes its logits after the LM head"),
    "cohere": ({**GROUPED, "logit_scale": 0.25}, "changes its logits after the LM head"),
    "granite": ({**GROUPED, "logits_scaling": 8.0}, "changes its logits after the LM head"),
    "mamba": ({"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, "a cache of keys and values alone"),
    "lfm2": ({**GROUPED, "layer_types": ["conv", "full_attention"]}, "a cache of keys and values alone"),
}
PROMPTS = [[3, 14, 15], [9, 2, 6, 5, 3, 5, 8], [7], [31, 41, 5, 9, 26, 5, 35, 8, 9, 7, 9, 32], [1, 2]]
ROWS = labelled(*[([3, 4, 50, 6, 1], 1), ([3, 7, 8, 9, 50, 50, 1], 1)] * 2)


def random_model(kind: str, sizes: dict):
    """A random model of 50 words whose weights are large enough to prefer some of them."""
    torch.manual_seed(0)
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None, "tie_word_embeddings": False}
    config = AutoConfig.for_model(kind, vocab_size=50, initializer_range=0.3, **{**ids, **sizes})
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_model_of_the_family_is_trained_saved_and_replies_alone_as_in_a_padded_batch(kind, tokenizer, tmp_path):
    base, folder = tmp_path / "base", tmp_path / "model"
    random_model(kind, FAMILIES[kind]).save_pretrained(base)
    tokenizer.save_pretrained(base)
    record = train_briefly(tmp_path, ROWS, variant="sft_unfr_lm_head_embed_peft", learning_rate=0.01)
    model, before = load_model(str(folder)), PauseForCausalLM.around(load_model(str(base)))
    assert model.config.pause_token_id == 50
    assert record["eval_loss"] == pytest.approx(loss_by_row(model), rel=1e-5)
    for part in ("pause_embedding", "pause_head", "lm"):
        modules = getattr(model, part), getattr(before, part)
        assert any(not torch.equal(*pair) for pair in zip(*(module.parameters() for module in modules))), part
    pause_half_the_time(model)
    for one in (model, model.lm):
        assert generate(one, PROMPTS, -1, 14) == one_by_one(one, PROMPTS, -1, 14)
    assert any(50 in reply.ids for reply in one_by_one(model, PROMPTS, -1, 14))


def test_constants_that_older_versions_saved_are_no_weights(tmp_path):
    random_model("gpt2", FAMILIES["gpt2"]).save_pretrained(tmp_path)
    file = tmp_path / "model.safetensors"
    save_file(load_file(file) | {"transformer.h.0.attn.masked_bias": torch.ones(1)}, file, {"format": "pt"})
    assert load_model(str(tmp_path)).config.model_type == "gpt2"


def test_a_checkpoint_has_the_names_by_which_the_trainer_reads_it(tmp_path):
    random_model("gpt_neox", FAMILIES["gpt_neox"]).save_pretrained(tmp_path)  # its head has another name on the hub
    model = untrained(recipe(Settings(variant="baseline_matched_unfr_lm_head")), tmp_path)
    model.save_pretrained(tmp_path / "checkpoint")
    assert model.state_dict().keys() == load_file(tmp_path / "checkpoint" / "model.safetensors").keys()


@torch.no_grad()
def pause_half_the_time(model) -> None:
    """Shift the pause head so that at half the places of a prompt a pause is likelier than any word."""
    log_p = model(torch.tensor([PROMPTS[3]])).logits[0]
    model.pause_head.bias[PAUSE] -= (log_p[:, 50] - log_p[:, :50].max(-1).values).median()


@torch.no_grad()
def loss_by_row(model) -> float:
    """The mean cross-entropy of all labelled tokens, a row at a time."""
    losses = []
    for ids in map(torch.tensor, ROWS["input_ids"]):
        logits = model(ids.long()[None]).logits[0, :-1]
        losses.append(torch.nn.functional.nll_loss(logits, ids[1:].long(), reduction="none"))
    return torch.cat(losses).mean().item()


@pytest.mark.parametrize("kind", ["llama", "gemma", "gemma3_text", "opt"])
def test_a_pause_is_as_large_as_the_words_that_the_layers_get(kind):
    wide = {"word_embed_proj_dim": 1024} if kind == "opt" else {"hidden_size": 1024, "layer_types": None}
    lm = random_model(kind, {**FAMILIES[kind], "num_hidden_layers": 1, **wide})
    ids = torch.tensor([[3, 50, 4]])
    embedded = PauseForCausalLM.around(lm).embed(ids)
    assert embedded[0, 1].std().item() == pytest.approx(embedded[0, [0, 2]].std().item(), rel=0.1)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_family_that_does_not_fit_is_refused_in_one_sentence(kind):
    sizes, reason = REFUSED[kind]
    with pytest.raises(InputError, match=reason) as error:
        check_model(random_model(kind, sizes))
    assert "\n" not in str(error.value)


def test_too_little_memory_is_no_matter_of_the_family(monkeypatch):
    monkeypatch.setattr("pauselib.training.suitability.prefill", Mock(side_effect=torch.OutOfMemoryError))
    with pytest.raises(torch.OutOfMemoryError):
        check_model(random_model("llama", GROUPED))


def test_it_is_refused_before_the_first_step_is_trained(tokenizer, tmp_path):
    random_model("granite", REFUSED["granite"][0]).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(InputError, match="changes its logits"):
        train_briefly(tmp_path, ROWS, variant="baseline_1_epoch")


@pytest.mark.parametrize("kind", ["gemma3", "llava", "t5", "pause"])
def test_a_model_of_more_than_text_is_refused_before_anything_is_made(kind, tokenizer, tmp_path):
    AutoConfig.for_model(kind).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(InputError, match=r"takes more than one text|pauses already"):
        warm_up(Settings(model=str(tmp_path / "base"), runs_dir=str(tmp_path / "runs")))
    assert not (tmp_path / "runs").exists()
