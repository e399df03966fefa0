"""What each variant trains in a model, and nothing else."""

import pytest
import torch
from conftest import KINDS
from transformers import AutoModelForCausalLM

from pauselib.errors import InputError
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.unfreezing import lora_targets, trainable, unfreeze
from pauselib.variants import PARTS, VARIANTS


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("name", [name for name, variant in VARIANTS.items() if variant.pauses])
def test_exactly_what_the_variant_names_is_trainable(name, tied, tiny_lm):
    variant = VARIANTS[name]
    model = unfreeze(PauseForCausalLM.around(tiny_lm("mistral", tied)), variant)
    modules = {"lm_head": "lm.lm_head", "lm_embeddings": "lm.model.embed_tokens", "lora": "LoRA"}
    expected = {modules.get(part, part) for part in PARTS if getattr(variant, part)}
    assert set(trainable(model)["part"]) == expected
    adapters = [one for one, parameter in model.named_parameters() if parameter.requires_grad and "lora_" in one]
    layers = {one.split(".lora_")[0].rsplit(".", 1)[-1] for one in adapters}
    assert layers == ({"q_proj", "v_proj"} if variant.lora else set())


@pytest.mark.parametrize("kind", KINDS)
def test_training_the_lm_head_unties_it_from_the_embeddings(tiny_lm, tmp_path, kind):
    model = PauseForCausalLM.around(tiny_lm(kind, tied=True))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    unfreeze(model, VARIANTS["sft_unfr_lm_head"])
    head, embeddings = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    before = embeddings.clone()
    with torch.no_grad():
        head.zero_()
    assert torch.equal(embeddings, before)
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert torch.equal(again.get_input_embeddings().weight, before)
    assert not again.get_output_embeddings().weight.any()


@pytest.mark.parametrize("name", ["sft_peft", "sft_fr_pembed", "baseline_matched"])
def test_embeddings_of_which_nothing_is_trained_stay_tied_also_after_saving(name, tiny_lm, tmp_path):
    lm, variant = tiny_lm("llama", tied=True), VARIANTS[name]
    model = unfreeze(PauseForCausalLM.around(lm) if variant.pauses else lm, variant)
    trained = model.merge_and_unload() if variant.lora else model
    trained.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert again.get_output_embeddings().weight is again.get_input_embeddings().weight
    assert torch.equal(again.get_input_embeddings().weight, trained.get_input_embeddings().weight)


@pytest.mark.parametrize(
    ("kind", "layers", "embeddings"),
    [("qwen2", ["q_proj", "v_proj"], "lm.model.embed_tokens"), ("gpt2", ["c_attn"], "lm.transformer.wte")],
)
def test_other_backbones_train_the_same_parts_whatever_they_call_them(kind, layers, embeddings, tiny_lm):
    model = PauseForCausalLM.around(tiny_lm(kind, True))
    assert lora_targets(model, ("auto",)) == layers
    parts = set(trainable(unfreeze(model, VARIANTS["sft_unfr_lm_head_embed_peft"]))["part"])
    assert parts == {"LoRA", "pause_embedding", "pause_head", "lm.lm_head", embeddings}


def test_a_layer_that_the_model_has_not_is_refused_with_those_that_it_has(tiny_lm):
    sentence = r"is \['q_proj', 'query'\], but the layers of the model are \['down_proj', 'gate_proj', 'k_proj', "
    with pytest.raises(InputError, match=sentence):
        lora_targets(PauseForCausalLM.around(tiny_lm("mistral")), ("q_proj", "query"))
