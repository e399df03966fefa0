"""Files under `runs/`: written whole or not at all, each naming what made it; made once, however many processes ask.

A folder (or file) that a step makes has a manifest: the settings, the seed, the versions and the digests of its inputs. `make_once`
compares that with what is asked for now: the same is kept, anything else is made again.
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
    write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path):
    """The content of a JSON file, or None where there is no such file."""
    return json.loads(path.read_text()) if path.exists() else None


def digest(path: Path) -> str:
    """A short SHA-256 of a file, or of all files below a folder with their names."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        total.update(str(file.relative_to(path)).encode())
        with file.open("rb") as handle:
            total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()[:16]


def versions(*packages: str) -> dict[str, str]:
    """Python's version and those of the named packages."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in ("pauselib", *packages)}}


def plain(data):
    """`data` as JSON gives it back (tuples become lists), to compare with what was read."""
    return json.loads(json.dumps(data))


def differences(old: dict, new: dict) -> str:
    """What differs between two manifests, in words; the versions are left out."""
    old, new = ({**m.get("settings", {}), **m.get("inputs", {})} for m in (old, new))
    return ", ".join(f"{k}={old.get(k)} (now {new.get(k)})" for k in {**old, **new} if old.get(k) != new.get(k))


def is_current(folder: Path, made_from: dict) -> bool:
    """Whether `folder` is finished and was made from the same settings and inputs."""
    old = read_json(folder / MANIFEST)
    return old is not None and not differences(old, plain(made_from))


@contextmanager
def new_folder(folder: Path):
    """A temporary folder beside `folder`, which takes its place, whole, when the block ends well."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def make_once(folder: Path, made_from: dict, make: Callable[[Path], None], asked: bool = True) -> bool:
    """Make `folder` by `make(temporary folder)` unless it is there, made from the same; return whether it was made now.

    Of several processes one makes it and the others wait. A folder made from something else is made again where it is what the user
    `asked` for; a folder that is only needed on the way is refused with a ValueError that names the difference, since others use it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if is_current(folder, made_from):
            return False
        old = read_json(folder / MANIFEST)
        if folder.exists() and old is None:
            raise InputError(
                f"{folder} is there but names nothing that it was made from ({MANIFEST} is missing): move it away, or choose another name with the parameter `experiment`."
            )
        if old and not asked:
            raise InputError(
                f"{folder} was made with {differences(old, plain(made_from))}: choose another name with the parameter `experiment`, or make that folder again."
            )
        with new_folder(folder) as part:
            make(part)
            write_json(part / MANIFEST, made_from)
        return True


def source_digest(source: Path | str) -> str:
    """The digest of a local file or folder; a hub id stands for itself."""
    return digest(Path(source)) if Path(source).exists() else str(source)
