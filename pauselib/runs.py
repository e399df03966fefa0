"""Files under `runs/`: written whole or not at all, each naming what made it; made once, however many processes ask.

What a step makes is a folder, or some files beside others in a folder. Either has a manifest, `made_from.json`: the
settings, the versions, the digests of its inputs and of its own files. `make_once` compares that with what is asked for
now: the same is kept, what is damaged is made again, and what was made from something else is refused unless it may be
overwritten.
"""

import functools
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from pauselib.errors import InputError, failed_writes_explained

MANIFEST = "made_from.json"
HOST = re.sub(r"\W", "-", platform.node())  # part of a temporary name: several machines may share a disk
SETTLED_AFTER = 2.0  # seconds; two changes within less may leave a file with the same time


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: under a temporary name in the same folder, then renamed.

    Raises InputError where the folder can't be written.
    """
    part = path.with_name(f".{path.name}.{HOST}.{os.getpid()}.part")
    with failed_writes_explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content.encode() if isinstance(content, str) else content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_json(path: Path, data) -> None:
    """Write data as JSON, whole or not at all."""
    write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path):
    """Return the content of a JSON file, or None where there is no such file, or no JSON in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_json_lines(path: Path, rows: list[dict]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json_lines(path: Path) -> list[dict]:
    """Return the objects of a file of JSON lines. Only a line feed ends a line: texts may hold Unicode's other ones."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def paths_below(folder: Path) -> list[Path]:
    """Return the files and folders below a folder, at any depth, sorted. What another process removes meanwhile may be
    among them; `Path.rglob` would stop there with an error.
    """
    return sorted(Path(root, name) for root, folders, files in os.walk(folder) for name in folders + files)


def digest(path: Path, counts: Callable[[Path], bool] = lambda file: True) -> str:
    """Return a short SHA-256 of a file, or of all files below a folder that count, with their names."""
    total = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and counts(p)) if path.is_dir() else [path]:
        total.update(str(file.relative_to(path)).encode())
        total.update(content_digest(file))
    return total.hexdigest()[:16]


def content_digest(file: Path) -> bytes:
    """Return the SHA-256 of a file's content, which a process reads once, and again where the file was changed since.

    A file that was changed a moment ago is always read: its time may not tell the next change.
    """
    found = file.stat()
    changed = max(found.st_mtime, found.st_ctime)
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return digest_of_state(file, state) if time.time() - changed > SETTLED_AFTER else read_digest(file)


@functools.lru_cache(maxsize=10_000)
def digest_of_state(file: Path, state: tuple[int, ...]) -> bytes:
    """Return the SHA-256 of a file that is in a state: its inode, size and times."""
    return read_digest(file)


def read_digest(file: Path) -> bytes:
    """Read a file and return its SHA-256."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


def versions(*packages: str) -> dict[str, str]:
    """Return Python's version and those of this package and the named ones."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in ("pauselib", *packages)}}


def origin(folder: Path, settings: dict, inputs: dict[str, str | Path], *packages: str) -> dict:
    """Return what `folder` is made from, in the form of a manifest: settings, digests of inputs by name, versions.

    An input that is a folder made by a step is given as its path: its digest is that of its manifest, which has the
    digests of its files, and its place is kept relative to `folder`, so that a clone elsewhere gives the same bytes.
    """
    made = {name: place for name, place in inputs.items() if isinstance(place, Path)}
    places = {name: Path(os.path.relpath(place, folder)).as_posix() for name, place in made.items()}
    digests = {name: digest(value / MANIFEST) if name in made else value for name, value in inputs.items()}
    found = {"settings": settings, "inputs": digests, "places": places, "versions": versions(*packages)}
    return json.loads(json.dumps(found))


def manifest(folder: Path) -> dict | None:
    """Return the manifest of what was made in a folder; None where nothing is finished there, or it can't be read.

    It has `settings`, `inputs` (digests by name), `places` (of inputs that a step made, relative to the folder),
    `versions`, and `outputs` (digests of its files).
    """
    return read_json(folder / MANIFEST)


def why_stale(folder: Path) -> str | None:
    """Return why what is finished in a folder doesn't belong to what it was made from any more; None where it does.

    Its files are as they were made, and so are its inputs: what a step made them from is still what is there, however
    far back.
    """
    found = manifest(folder)
    if found is None:
        return f"{MANIFEST} is missing or can't be read"
    broken = damaged(folder)
    if broken:
        return f"{broken[0]} is not as it was made"
    return why_inputs_changed(folder, found)


def why_inputs_changed(folder: Path, found: dict) -> str | None:
    """Return which input of a manifest was made again since, or one of that input's own; None where none was."""
    for name, place in found.get("places", {}).items():
        source = folder / place
        if not (source / MANIFEST).exists():
            return f"its {name} is gone"
        if digest(source / MANIFEST) != found["inputs"][name]:
            return f"its {name} was made again since"
        reason = why_inputs_changed(source, manifest(source) or {})
        if reason:
            return f"its {name} is stale: {reason}"
    return None


def differences(old: dict, new: dict) -> str:
    """Return what differs between the settings and inputs of two manifests, in words, whatever their versions."""
    old, new = ({**one["settings"], **one["inputs"]} for one in (old, new))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(f"{name}={old.get(name)} (now {new.get(name)})" for name in changed)


def damaged(folder: Path) -> list[str]:
    """Return the files of a finished folder that are missing, or no longer what they were when they were made."""
    outputs = (manifest(folder) or {}).get("outputs", {})
    return [name for name, known in outputs.items() if not (folder / name).exists() or digest(folder / name) != known]


def is_current(folder: Path, made_from: dict) -> bool:
    """Return whether `folder` is finished, with all its files whole, and was made from the same settings and inputs.

    A file that is damaged, or was edited by hand, is named on the standard error stream.
    """
    found = manifest(folder)
    if found is None or differences(found, made_from):
        return False
    broken = damaged(folder)
    for name in broken:
        print(f"{folder / name} is not as it was made: all of it is made again.", file=sys.stderr)
    return not broken


def lock_of(folder: Path) -> Path:
    """Return the lock that is held while `folder` is made."""
    return folder.with_name(f".{folder.name}.lock")


def share_files(folder: Path) -> None:
    """Let everyone read the files of a folder who may read the folder: safetensors writes its own for one user."""
    mode = folder.stat().st_mode & 0o666
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o777 != mode:
            path.chmod(mode)


@contextmanager
def new_folder(folder: Path, beside: bool = False):
    """Give a temporary folder. When the block ends well it takes the place of `folder`, whole.

    `beside`: its files are moved into `folder` instead, beside what else is there, the manifest last.
    """
    part = folder / ".new.part" if beside else folder.with_name(f".{folder.name}.part")
    old = folder.with_name(f".{folder.name}.old.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        share_files(part)
        if beside:
            (folder / MANIFEST).unlink(missing_ok=True)
            for path in sorted(part.iterdir(), key=lambda path: path.name == MANIFEST):
                path.replace(folder / path.name)
        else:
            shutil.rmtree(old, ignore_errors=True)
            if folder.exists():
                folder.replace(old)  # a kill amid the removal would leave a folder without its manifest
            part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def make_once(
    folder: Path,
    made_from: dict,
    make: Callable[[Path], None],
    overwrite: bool = False,
    beside: bool = False,
    settle: Callable[[], None] = lambda: None,
) -> bool:
    """Make `folder` by `make(temporary folder)` unless it is there, made from the same; return whether it was made now.

    Of several processes one makes it and the others wait. What was made from something else is made again where
    `overwrite` says so; otherwise it is refused with an InputError that names the difference, since others use it.
    What is damaged is made again. `beside`: the files are made beside what else is in the folder, instead of taking
    its place. `settle()` is called once the folder is there, made now or before, while the others still wait.
    Raises InputError where the folder can't be written.
    """
    with failed_writes_explained(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock_of(folder)):
            kept = is_current(folder, made_from)
            if not kept:
                check_may_be_made(folder, made_from, overwrite, beside)
                with new_folder(folder, beside) as part:
                    fill(part, made_from, make)
            settle()
    return not kept


def check_may_be_made(folder: Path, made_from: dict, overwrite: bool, beside: bool) -> None:
    """Raise InputError where something else is in the place of a folder that is to be made."""
    old = manifest(folder)
    if folder.exists() and not (folder / MANIFEST).exists() and not beside:
        raise InputError(
            f"{folder} is there but names nothing that it was made from ({MANIFEST} is missing): move it away, or "
            "choose another name with the parameter `experiment`."
        )
    if old and not overwrite and differences(old, made_from):
        raise InputError(
            f"{folder} was made with {differences(old, made_from)}: choose another name with the parameter "
            "`experiment`, or say overwrite=True to make it again."
        )


def fill(part: Path, made_from: dict, make: Callable[[Path], None]) -> None:
    """Make the files of a temporary folder, and the manifest beside them."""
    with failed_writes_explained(part):  # before what was half-written is removed, which makes room on a full disk
        make(part)
        outputs = {path.name: digest(path) for path in sorted(part.iterdir())}
        write_json(part / MANIFEST, {**made_from, "outputs": outputs})
