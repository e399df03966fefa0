"""A folder of what was trained: it comes back bit for bit as the whole model, and says in a sentence why it can't."""

import shutil

import pytest
import torch
from conftest import same_weights
from transformers import AutoModelForCausalLM

from pauselib.errors import InputError
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.precision import as_loaded_in, set_trained_precision
from pauselib.model.trained_parts import factors_of, reference_to, save_trained_parts
from pauselib.model.unfreezing import unfreeze
from pauselib.sources.models import check_language_model, load_model, model_source, weights_digest
from pauselib.variants import parse

CASES = [
    ("llama", False, "sft"),
    ("llama", True, "sft_fr_phead_unfr_lm_head_embed_peft"),
    ("gpt2", True, "sft_unfr_lm_head_peft"),
    ("mistral", False, "baseline_1_epoch"),
    ("llama", True, "baseline_matched_unfr_lm_head"),
]


@pytest.fixture
def trained(tiny_lm, tmp_path):
    """trained(kind, tied, variant, dtype): the model that a variant made of a base in `base`, by one random step; what
    it trained is saved in `model`.
    """

    def make(kind: str = "llama", tied: bool = False, variant: str = "sft_peft", dtype: str = "float32"):
        base, parsed = tmp_path / "base", parse(variant)
        tiny_lm(kind, tied).save_pretrained(base)
        model = load_model(str(base), dtype)
        model = PauseForCausalLM.around(model) if parsed.pauses else model
        model = unfreeze(model, parsed)
        set_trained_precision(model, "float32")
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.requires_grad:
                    parameter += 0.1 * torch.randn_like(parameter)
        adapters = factors_of(model)
        whole = model.merge_and_unload() if parsed.lora else model
        as_loaded_in(dtype, whole)
        save_trained_parts(whole, parsed, adapters, base, tmp_path / "model")
        return whole.eval()

    return make


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("kind", "tied", "variant"), CASES)
def test_the_whole_model_comes_back_bit_for_bit(kind, tied, variant, dtype, trained, tmp_path):
    whole = trained(kind, tied, variant, dtype)
    for again in (AutoModelForCausalLM.from_pretrained(tmp_path / "model"), load_model(str(tmp_path / "model"), dtype)):
        assert type(again) is type(whole)
        assert same_weights(whole, again)
        assert [one.dtype for one in again.parameters()] == [one.dtype for one in whole.parameters()]
        ids = torch.tensor([[3, 14, 15, 9]])
        assert torch.equal(again(input_ids=ids).logits, whole(input_ids=ids).logits)
        assert not again.training


def test_what_was_trained_in_what_was_trained_comes_back_too(trained, tmp_path):
    first = trained(variant="baseline_1_epoch")
    model = unfreeze(PauseForCausalLM.around(load_model(str(tmp_path / "model"))), parse("sft"))
    save_trained_parts(model, parse("sft"), factors_of(model), tmp_path / "model", tmp_path / "second")
    assert same_weights(first, load_model(str(tmp_path / "second")).lm)
    shutil.copytree(tmp_path, tmp_path.parent / "moved")
    assert same_weights(first, load_model(str(tmp_path.parent / "moved" / "second")).lm)


def test_it_can_be_loaded_in_another_precision_and_with_another_attention(trained, tmp_path):
    whole = trained()
    as_loaded_in("bfloat16", whole)
    again = load_model(str(tmp_path / "model"), "bfloat16", "eager")
    assert same_weights(whole, again)
    assert again.pause_head.weight.dtype == torch.float32
    assert again.lm.config._attn_implementation == "eager"
    assert load_model(str(tmp_path / "model")).lm.config._attn_implementation == "sdpa"


def flip_last_byte(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-1] + b"\x00")


@pytest.mark.parametrize("load", [AutoModelForCausalLM.from_pretrained, lambda folder: load_model(str(folder))])
@pytest.mark.parametrize("damage", [flip_last_byte, shutil.rmtree])
def test_a_base_that_is_not_what_it_was_is_refused_in_one_sentence(damage, load, trained, tmp_path):
    trained()
    damage(tmp_path / "base")
    with pytest.raises(InputError, match=r"was trained in \S+/base, which is not there, or another one") as error:
        load(tmp_path / "model")
    assert "\n" not in str(error.value)


def test_parts_of_another_model_are_said_in_one_sentence(trained, tmp_path):
    trained()
    shutil.copy(tmp_path / "model" / "model.safetensors", tmp_path / "saved")
    shutil.rmtree(tmp_path / "model")
    trained("gpt2", variant="baseline_1_epoch")
    shutil.copy(tmp_path / "saved", tmp_path / "model" / "model.safetensors")
    with pytest.raises(ValueError, match=r"has no place for \S+, which was trained"):
        load_model(str(tmp_path / "model"))


def test_the_embedded_model_is_named_and_not_a_path(tmp_path):
    assert reference_to("tiny", tmp_path) == ("tiny", weights_digest(model_source("tiny")))


def test_what_was_trained_is_a_language_model_to_start_from_where_it_does_not_pause(trained, tmp_path):
    trained(variant="baseline_matched")
    check_language_model(str(tmp_path / "model"))
    trained(variant="sft_peft")
    with pytest.raises(InputError, match="pauses already"):
        check_language_model(str(tmp_path / "model"))
