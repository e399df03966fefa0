"""Files: written whole or not at all, read back, and told apart by their content."""

import functools
import hashlib
import json
import os
import platform
import re
import time
from collections.abc import Callable
from pathlib import Path

HOST = re.sub(r"\W", "-", platform.node())  # part of a temporary name: several machines may share a disk
SETTLED_AFTER = 2.0  # seconds; two changes within less may leave a file with the same time


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: under a temporary name in the same folder, then renamed."""
    part = path.with_name(f".{path.name}.{HOST}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def as_json(data) -> str:
    """Return data as they stand in a JSON file."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def write_json(path: Path, data) -> None:
    """Write data as JSON, whole or not at all."""
    write(path, as_json(data))


def read_json(path: Path):
    """Return the content of a JSON file, or None where there is no such file, or no JSON in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None


def write_json_lines(path: Path, rows: list[dict]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_json_lines(path: Path) -> list[dict]:
    """Return the objects of a file of JSON lines. Only a line feed ends a line: texts may hold Unicode's other ones."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def digest(path: Path, counts: Callable[[Path], bool] = lambda file: True) -> str:
    """Return a short SHA-256 of a file, or of all files below a folder that count, but hidden ones, with names."""
    total = hashlib.sha256()
    seen = (p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts))
    files = sorted(p for p in seen if p.is_file() and counts(p)) if path.is_dir() else [path]
    for file in files:
        total.update(str(file.relative_to(path)).encode() + content_digest(file))
    return total.hexdigest()[:16]


def digest_of_bytes(content: bytes) -> str:
    """Return what `digest` gives for a file with this content."""
    return hashlib.sha256(b"." + hashlib.sha256(content).digest()).hexdigest()[:16]


def content_digest(file: Path) -> bytes:
    """Return the SHA-256 of a file's content, which a process reads once, and again where the file was changed since.

    A file that was changed a moment ago is always read: its time may not tell the next change.
    """
    found = file.stat()
    state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    settled = time.time() - max(found.st_mtime, found.st_ctime) > SETTLED_AFTER
    read = read_digest if settled else read_digest.__wrapped__
    return read(file, state)


@functools.lru_cache(maxsize=10_000)
def read_digest(file: Path, state: tuple[int, ...]) -> bytes:
    """Read a file that is in a state (its inode, size and times) and return its SHA-256."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()
