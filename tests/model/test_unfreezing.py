"""What each variant trains in a model, and nothing else."""

import pytest

from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.unfreezing import trainable, unfreeze
from pauselib.settings import Settings
from pauselib.variants import PARTS, VARIANTS


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("name", [name for name, variant in VARIANTS.items() if variant.pauses])
def test_exactly_what_the_variant_names_is_trainable(name, tied, tiny_lm):
    variant = VARIANTS[name]
    model = unfreeze(PauseForCausalLM.around(tiny_lm("mistral", tied)), variant, Settings())
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    parts = {  # the part of a variant -> a piece of the names of its parameters
        "pause_embedding": "pause_embedding.",
        "pause_head": "pause_head.",
        "lm_head": "lm_head.",
        "lm_embeddings": "embed_tokens.",
    }
    assert set(parts) == {part for part, declared in PARTS.items() if declared["modules"]}
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
    model = unfreeze(PauseForCausalLM.around(tiny_lm(kind, True)), VARIANTS["sft_unfr_lm_head_embed_peft"], settings)
    embeddings = {"qwen2": "lm.model.embed_tokens", "gpt2": "lm.transformer.wte"}[kind]
    assert set(trainable(model)["part"]) == {"LoRA", "pause_embedding", "pause_head", "lm.lm_head", embeddings}
