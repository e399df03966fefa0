"""Folders under `runs/`, made once, however many processes ask, and whole or not at all.

What a step makes is a folder, or some files beside others in a folder. Either has a manifest, `made_from.json`.
`make_once` compares that with what is asked for now: the same is kept, what is damaged is made again, and what was made
from something else is refused unless it may be overwritten.
"""

import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pauselib.errors import InputError
from pauselib.files import digest, write_json
from pauselib.manifests import MANIFEST, changes, damaged, in_words, manifest


def is_current(folder: Path, made_from: dict, defaults: dict | None = None) -> bool:
    """Return whether `folder` is finished, and made from the same; a file that is damaged or edited is named."""
    found = manifest(folder)
    if found is None or changes(found, made_from, defaults or {}):
        return False
    broken = damaged(folder)
    for name in broken:
        print(f"{folder / name} is not as it was made: all of it is made again.", file=sys.stderr)
    return not broken


def temporary_folders(folder: Path) -> tuple[Path, Path, Path]:
    """Return where a folder is made: within it, beside it, and where what it takes the place of is moved to."""
    return folder / ".new.part", *(folder.with_name(f".{folder.name}{end}") for end in (".part", ".old.part"))


@contextmanager
def new_folder(folder: Path, beside: bool = False):
    """Give a temporary folder. When the block ends well it takes the place of `folder`, whole.

    `beside`: its files are moved into `folder` instead, beside what else is there, the manifest last.
    """
    within, part, old = temporary_folders(folder)
    part = within if beside else part
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        for path in filter(Path.is_file, part.rglob("*")):  # safetensors lets one user read its own
            path.chmod(part.stat().st_mode & 0o666)
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
    defaults: dict | None = None,
) -> bool:
    """Make `folder` by `make(temporary folder)` unless it is there, made from the same; return whether it was made now.

    Of several processes one makes it and the others wait; what one that was killed left is removed. Unless it may
    `overwrite` what was made from something else, an InputError names the difference, since others use it.
    `beside`: see `new_folder`. `settle()` is called once the folder is there, made now or before, while others wait.
    `defaults` are those of settings, see `changes`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        for left in temporary_folders(folder):
            shutil.rmtree(left, ignore_errors=True)
        kept = is_current(folder, made_from, defaults)
        if not kept:
            if not beside and folder.exists() and not (folder / MANIFEST).exists():
                raise InputError(f"{folder} is there without a {MANIFEST}: move it away, or choose another experiment.")
            if not overwrite:
                check_same(folder, made_from, defaults or {})
            with new_folder(folder, beside) as part:
                fill(part, made_from, make)
        settle()
    return not kept


def check_same(folder: Path, made_from: dict, defaults: dict) -> None:
    """Raise InputError, with the cure, where what is in a folder was made from something else."""
    old = manifest(folder)
    changed = changes(old, made_from, defaults) if old else {}
    if changed:
        raise InputError(
            f"{folder} was made with {in_words(changed)}: choose another name with the parameter `experiment`, or say "
            "overwrite=True to make it again."
        )


def fill(part: Path, made_from: dict, make: Callable[[Path], None]) -> None:
    """Make the files of a temporary folder, and the manifest beside them."""
    make(part)
    outputs = {path.name: digest(path) for path in sorted(part.iterdir())}
    write_json(part / MANIFEST, {**made_from, "outputs": outputs})
