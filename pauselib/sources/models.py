"""Models and tokenizers: the embedded one (`tiny`), a folder, or a hub id."""

import gc
from contextlib import contextmanager
from pathlib import Path

from pauselib.errors import InputError


@contextmanager
def quick_imports():
    """Import large packages without Python's garbage collector in between.

    They make a million objects that live for ever, which it would walk again and again: a sixth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def model_source(model: str) -> Path | str:
    """Return where a model is: the embedded one's folder for `tiny`, otherwise what was given."""
    return Path(__file__).parent / "tiny" if model == "tiny" else model


def from_pretrained(auto, source: str, **options):
    """Return `auto.from_pretrained` of a source. Raises InputError, in one sentence, where it can't be had."""
    try:
        return auto.from_pretrained(model_source(str(source)), **options)
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"The model '{source}' could not be loaded ({reason}): give 'tiny', a folder with a transformers model, "
            "or a hub id you can reach."
        ) from error


def load_tokenizer(source: str):
    """Return a model's tokenizer. It pads on the left and has a padding token; no label is ever taken from padding."""
    with quick_imports():
        from transformers import AutoTokenizer

    tokenizer = from_pretrained(AutoTokenizer, source, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def load_model(source: str, dtype: str = "float32"):
    """Return a causal language model (a pause model too), in evaluation mode, on the GPU if there is one."""
    with quick_imports():
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

    logging.disable_progress_bar()
    model = from_pretrained(AutoModelForCausalLM, source, dtype=getattr(torch, dtype))
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def pause_token_id(source: str) -> int:
    """Return the pause token's id for a model: the number of rows of its embeddings, by its configuration."""
    with quick_imports():
        from transformers import AutoConfig

    return from_pretrained(AutoConfig, source).get_text_config().vocab_size
