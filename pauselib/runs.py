"""Files under `runs/`: written whole or not at all, each naming what made it; made once, however many processes ask.

What a step makes is a folder, or some files beside others in a folder. Either has a manifest, `made_from.json`: the
settings, the versions, the digests of its inputs and of its own files. `make_once` compares that with what is asked for
now: the same is kept, anything else is made again.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from pauselib.errors import InputError

MANIFEST = "made_from.json"


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: under a temporary name in the same folder, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, data) -> None:
    """Write data as JSON, whole or not at all."""
    write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path):
    """Return the content of a JSON file, or None where there is no such file."""
    return json.loads(path.read_text()) if path.exists() else None


def write_json_lines(path: Path, rows: list[dict]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json_lines(path: Path) -> list[dict]:
    """Return the objects of a file of JSON lines. Only a line feed ends a line: texts may hold Unicode's other ones."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def digest(path: Path) -> str:
    """Return a short SHA-256 of a file, or of all files below a folder with their names."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        total.update(str(file.relative_to(path)).encode())
        with file.open("rb") as handle:
            total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()[:16]


def source_digest(source: Path | str) -> str:
    """Return the digest of a local file or folder; a hub id stands for itself."""
    return digest(Path(source)) if Path(source).exists() else str(source)


def versions(*packages: str) -> dict[str, str]:
    """Return Python's version and those of this package and the named ones."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in ("pauselib", *packages)}}


def origin(settings: dict, inputs: dict[str, str], *packages: str) -> dict:
    """Return what something is made from, in the form of a manifest: settings, digests of inputs by name, versions."""
    return json.loads(json.dumps({"settings": settings, "inputs": inputs, "versions": versions(*packages)}))


def manifest(folder: Path) -> dict | None:
    """Return the manifest of what was made in a folder: `settings`, `inputs`, `versions`, and `outputs` (digests by
    file).

    None where nothing is finished there.
    """
    return read_json(folder / MANIFEST)


def differences(old: dict, new: dict) -> str:
    """Return what differs between the settings and inputs of two manifests, in words, whatever their versions."""
    old, new = ({**one["settings"], **one["inputs"]} for one in (old, new))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(f"{name}={old.get(name)} (now {new.get(name)})" for name in changed)


def is_current(folder: Path, made_from: dict) -> bool:
    """Return whether `folder` is finished, with all its files, and was made from the same settings and inputs."""
    found = manifest(folder)
    if found is None or differences(found, made_from):
        return False
    return all((folder / name).exists() for name in found.get("outputs", {}))


@contextmanager
def new_folder(folder: Path, beside: bool = False):
    """Give a temporary folder. When the block ends well it takes the place of `folder`, whole.

    `beside`: its files are moved into `folder` instead, beside what else is there, the manifest last.
    """
    part = folder / ".new.part" if beside else folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if beside:
            (folder / MANIFEST).unlink(missing_ok=True)
            for path in sorted(part.iterdir(), key=lambda path: path.name == MANIFEST):
                path.replace(folder / path.name)
        else:
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_once(
    folder: Path, made_from: dict, make: Callable[[Path], None], asked: bool = True, beside: bool = False
) -> bool:
    """Make `folder` by `make(temporary folder)` unless it is there, made from the same; return whether it was made now.

    Of several processes one makes it and the others wait. What was made from something else is made again where the
    user `asked` for it; what is only needed on the way is refused with an InputError that names the difference, since
    others use it. `beside`: the files are made beside what else is in the folder, instead of taking its place.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if is_current(folder, made_from):
            return False
        old = manifest(folder)
        if folder.exists() and old is None and not beside:
            raise InputError(
                f"{folder} is there but names nothing that it was made from ({MANIFEST} is missing): move it away, or "
                "choose another name with the parameter `experiment`."
            )
        if old and not asked and differences(old, made_from):
            raise InputError(
                f"{folder} was made with {differences(old, made_from)}: choose another name with the parameter "
                "`experiment`, or make that folder again."
            )
        with new_folder(folder, beside) as part:
            make(part)
            outputs = {path.name: digest(path) for path in sorted(part.iterdir())}
            write_json(part / MANIFEST, {**made_from, "outputs": outputs})
        return True
