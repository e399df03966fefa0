"""A model's folder holds what was trained, and names its base, the model that it was trained in.

`model.safetensors` has the modules that were trained in full, the parts of the pause, and of a layer W with an adapter
LoRA's factors A and B. W + s B A is computed when the model is loaded, as it is after training.
"""

import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from pauselib.errors import InputError
from pauselib.located import located
from pauselib.manifests import MANIFEST
from pauselib.model import pause_model
from pauselib.model.configuration import PauseConfig, TrainedPartsConfig
from pauselib.model.precision import as_loaded_in
from pauselib.model.unfreezing import trained_in_full, untie
from pauselib.sources.models import NAMED, from_pretrained, load_tokenizer, model_source, pinned, weights_digest
from pauselib.variants import Variant

WEIGHTS = "model.safetensors"
FACTORS = (".lora_A", ".lora_B")  # behind the name of a layer
ADAPTER = "default"  # as peft calls the adapter of a model that has one


def factors_of(model) -> tuple[dict[str, torch.Tensor], float | None]:
    """Return the factors of a peft model's adapters, by the name of their layer and the factor, and their scale.

    Nothing and None for a model without adapters.
    """
    if not hasattr(model, "get_base_model"):
        return {}, None
    lora, suffix = model.peft_config[ADAPTER], f".{ADAPTER}.weight"
    named = model.get_base_model().named_parameters()
    factors = {name.removesuffix(suffix): one.detach().clone() for name, one in named if ".lora_" in name}
    return factors, lora.lora_alpha / lora.r


def save_trained_parts(
    model: PreTrainedModel, variant: Variant, adapters: tuple, base: Path | str, folder: Path
) -> None:
    """Save into `folder` what a variant trained in a model, whose adapters are merged by now.

    `adapters` is what `factors_of` returned before. `base` is what was trained: a folder, a name or a hub id.
    """
    factors, scale = adapters
    parts = [*trained_in_full(model, variant), *(["pause_embedding", "pause_head"] if variant.pauses else [])]
    full = {name: value for name, value in model.state_dict().items() if name.rsplit(".", 1)[0] in parts}
    model.config.dtype, model.config.architectures = model.dtype, [type(model).__name__]
    reference, digest = reference_to(base, folder)
    config = TrainedPartsConfig(whole=model.config.to_dict(), base=reference, base_digest=digest, lora_scale=scale)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in {**full, **factors}.items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)


def copy_trained_parts(given: Path, base: Path | str, folder: Path) -> None:
    """Copy what was trained in `base` from a folder to another, with the tokenizer, which the first one may lack."""
    shutil.copytree(given, folder, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
    config = TrainedPartsConfig.from_pretrained(given)
    config.base, config.base_digest = reference_to(base, folder)
    config.save_pretrained(folder)
    load_tokenizer(str(base)).save_pretrained(folder)


def reference_to(base: Path | str, folder: Path) -> tuple[str, str | None]:
    """Return how the configuration in `folder` names a base, and the base's digest."""
    if str(base) in NAMED:
        return str(base), weights_digest(model_source(str(base)))
    if place := located(base):
        path = Path(os.path.relpath(os.path.realpath(place), os.path.realpath(folder))).as_posix()
        return path if path.startswith(".") else f"./{path}", weights_digest(place)
    return pinned(str(base)), None


def base_of(folder: Path, config: TrainedPartsConfig) -> str:
    """Return where the base of a folder is. Raises InputError where it is not there, or is another one by now."""
    place = config.base
    if place.startswith("."):
        place = str(Path(os.path.realpath(folder), place).resolve())
    is_there = not config.base.startswith(".") or Path(place, "config.json").is_file()  # any folder has a digest
    if not is_there or (config.base_digest and weights_digest(Path(model_source(place))) != config.base_digest):
        raise InputError(
            f"The model in {folder} holds what was trained in {place}, which is not there, or another one by now: make "
            "it again with the notebook `warmup`, or put the base back."
        )
    return place


class TrainedParts:
    """What `AutoModelForCausalLM` asks for the model of such a folder."""

    config_class = TrainedPartsConfig

    @classmethod
    def from_pretrained(
        cls, folder: Path | str, config: TrainedPartsConfig, dtype="auto", output_loading_info: bool = False, **options
    ):
        """Return the model: its base, with what was trained put into it; in evaluation mode.

        With `output_loading_info` an empty report comes with it. Raises InputError where the base is not what it was.
        """
        passed_on = {"attn_implementation": config._attn_implementation, "device_map": options.get("device_map")}
        place = base_of(Path(folder), config)
        model = from_pretrained(AutoModelForCausalLM, place, dtype=config.whole.dtype, **passed_on)
        if isinstance(config.whole, PauseConfig):
            device = model.device
            model = pause_model.PauseForCausalLM(config.whole, model)
            model.pause_embedding.to(device, config.whole.dtype)
            model.pause_head.to(device)
        put_in(model, load_file(Path(folder) / WEIGHTS), config)
        model.generation_config = GenerationConfig.from_pretrained(folder)
        if dtype not in (None, "auto"):
            as_loaded_in(str(dtype).removeprefix("torch."), model)
        return (model.eval(), {}) if output_loading_info else model.eval()


@torch.no_grad()
def put_in(model: PreTrainedModel, parts: dict[str, torch.Tensor], config: TrainedPartsConfig) -> None:
    """Put what was trained into its base. Raises InputError where the two don't fit."""
    if not config.whole.get_text_config().tie_word_embeddings:
        untie(model)
    weights = dict(model.named_parameters(remove_duplicate=False))
    try:
        for name, part in parts.items():
            if name.endswith(FACTORS[0]):  # LoRA's s B A; in GPT-2's Conv1D rows are the inputs
                layer, b = model.get_submodule(name.removesuffix(FACTORS[0])), parts[name.replace(*FACTORS)]
                product = b.to(layer.weight.device) @ part.to(layer.weight.device) * config.lora_scale
                layer.weight.data += product.T if type(layer).__name__ == "Conv1D" else product
            elif not name.endswith(FACTORS[1]):
                weights[name].copy_(part)
    except (KeyError, AttributeError, RuntimeError) as error:
        raise InputError(
            f"The model that is loaded has no place for {name}, which was trained ({error}): its {WEIGHTS} is damaged "
            "or belongs to another model."
        ) from error


AutoModelForCausalLM.register(TrainedPartsConfig, TrainedParts)
