"""Models and tokenizers by name: the embedded one (`tiny`), one that comes in a package, a folder, a GGUF file, or a
hub id.
"""

import gc
import os
from contextlib import contextmanager
from pathlib import Path

from pauselib.errors import InputError
from pauselib.processes import is_sharded
from pauselib.progress import working
from pauselib.sources.packaged import PACKAGED, packaged_model, unquantized

NAMES = ", ".join(f"'{name}'" for name in ("tiny", *PACKAGED))


@contextmanager
def quick_imports():
    """Import large packages without Python's garbage collector in between, and say so where it takes long.

    They make a million objects that live for ever, which it would walk again and again: a sixth of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with working("importing torch and transformers"):
            yield
    finally:
        if collecting:
            gc.enable()


def model_source(model: str) -> Path | str:
    """Return where a model is: a folder for a name, the embedded model's or a packaged one's; otherwise what was given.

    A packaged model is fetched now unless it was before.
    """
    if model in PACKAGED:
        return packaged_model(model)
    return Path(__file__).parent / "tiny" if model == "tiny" else model


def from_pretrained(auto, source: str, **options):
    """Return `auto.from_pretrained` of a source. Raises InputError, in one sentence, where it can't be had."""
    folder, file = os.path.split(source) if str(source).endswith(".gguf") else (str(source), None)
    place = model_source(folder) if file is None else folder or "."
    options |= {"gguf_file": file} if file else {}
    if looks_like_folder(folder) and not Path(folder).is_dir():
        raise InputError(
            f"The model '{source}' is not there: no folder has this path. Give {NAMES}, a folder or a hub id."
        )
    try:
        return auto.from_pretrained(place, **options)
    except Exception as error:  # damaged files and odd configurations fail in as many ways as there are libraries below
        reason = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise InputError(
            f"The model '{source}' could not be loaded ({reason}): give {NAMES}, a folder with a transformers model, "
            "or a hub id you can reach."
        ) from error


def looks_like_folder(source: str) -> bool:
    """Return whether a source can only be meant as a folder: a hub id is one name, or two with a slash between them."""
    return source.startswith((".", "/", "~")) or source.count("/") > 1 or "\\" in source


def load_tokenizer(source: str):
    """Return a model's tokenizer. It pads on the left and has a padding token; no label is ever taken from padding."""
    with quick_imports():
        from transformers import AutoTokenizer

    tokenizer = from_pretrained(AutoTokenizer, source, padding_side="left")
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"The tokenizer of the model '{source}' has no end token, which every answer ends with: name one as "
            "`eos_token` in its tokenizer_config.json."
        )
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_model(source: str, dtype: str = "float32"):
    """Return a causal language model (a pause model too), in evaluation mode, on the GPU if there is one.

    Its weights are bfloat16 where the setting `dtype` says so, otherwise float32.
    """
    with quick_imports():
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

    logging.disable_progress_bar()
    weights = torch.bfloat16 if "bfloat16" in dtype else torch.float32
    model, found = from_pretrained(AutoModelForCausalLM, source, dtype=weights, output_loading_info=True)
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if found[problem]:
            name = sorted(map(str, found[problem]))[0]
            raise InputError(
                f"The weights of the model '{source}' are not those of its configuration: {len(found[problem])} "
                f"{problem.removesuffix('_keys')}, such as {name}. Mend the folder: random weights would take their "
                "place."
            )
    if str(source).endswith(".gguf"):
        model = unquantized(model)
    return model.to("cuda" if torch.cuda.is_available() and not is_sharded() else "cpu").eval()


def pause_token_id(source: str) -> int:
    """Return the pause token's id for a model: the number of rows of its embeddings, by its configuration."""
    with quick_imports():
        from transformers import AutoConfig

    return from_pretrained(AutoConfig, source).get_text_config().vocab_size


def check_language_model(source: str) -> None:
    """Raise InputError for a model that is more than a language model, by its configuration alone."""
    with quick_imports():
        from transformers import AutoConfig

    config = from_pretrained(AutoConfig, source)
    if config.model_type == "pause":
        raise InputError(f"The model '{source}' pauses already: name the language model that it was made from.")
    if config.get_text_config() is not config or config.is_encoder_decoder:
        raise InputError(
            f"The model '{source}' ({config.model_type}) takes more than one text, such as images or sound: choose a "
            "language model of text alone."
        )
