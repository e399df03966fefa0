"""Files under `runs/`: written whole or not at all, each naming what made it; made once, however many processes ask.

What a step makes is a folder, or some files beside others in a folder. Either has a manifest, `made_from.json`: the
settings, the versions, the digests of its inputs and of its own files. `make_once` compares that with what is asked for
now: the same is kept, what is damaged is made again, and what was made from something else is refused unless it may be
overwritten.
"""

import shutil
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pauselib.errors import InputError, failed_writes_explained
from pauselib.files import HOST as HOST
from pauselib.files import digest, write_json
from pauselib.files import paths_below as paths_below
from pauselib.files import read_json as read_json
from pauselib.files import read_json_lines as read_json_lines
from pauselib.files import write as write
from pauselib.files import write_json_lines as write_json_lines
from pauselib.manifests import MANIFEST, changes, damaged, in_words, manifest
from pauselib.manifests import origin as origin
from pauselib.manifests import sources as sources
from pauselib.manifests import versions as versions
from pauselib.manifests import why_inputs_changed as why_inputs_changed
from pauselib.manifests import why_stale as why_stale


def is_current(folder: Path, made_from: dict, defaults: dict | None = None) -> bool:
    """Return whether `folder` is finished, with all its files whole, and was made from the same settings and inputs.

    A file that is damaged, or was edited by hand, is named on the standard error stream.
    """
    found = manifest(folder)
    if found is None or changes(found, made_from, defaults or {}):
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
    defaults: dict | None = None,
) -> bool:
    """Make `folder` by `make(temporary folder)` unless it is there, made from the same; return whether it was made now.

    Of several processes one makes it and the others wait. What was made from something else is made again where
    `overwrite` says so; otherwise it is refused with an InputError that names the difference, since others use it.
    What is damaged is made again. `beside`: the files are made beside what else is in the folder, instead of taking
    its place. `settle()` is called once the folder is there, made now or before, while the others still wait.
    `defaults` are those of settings, see `changes`. Raises InputError where the folder can't be written.
    """
    with failed_writes_explained(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock_of(folder)):
            kept = is_current(folder, made_from, defaults)
            if not kept:
                check_is_named(folder, beside)
                if not overwrite:
                    check_same(folder, made_from, defaults or {})
                with new_folder(folder, beside) as part:
                    fill(part, made_from, make)
            settle()
    return not kept


def check_is_named(folder: Path, beside: bool = False) -> None:
    """Raise InputError where something that names nothing is in the place of a folder that is to be made."""
    if (folder.exists() or folder.is_symlink()) and not (folder / MANIFEST).exists() and not beside:
        raise InputError(
            f"{folder} is there but names nothing that it was made from ({MANIFEST} is missing): move it away, or "
            "choose another name with the parameter `experiment`."
        )


def check_same(folder: Path, made_from: dict, defaults: dict) -> None:
    """Raise InputError, with the cure, where what is in a folder was made from something else."""
    old = manifest(folder)
    changed = changes(old, made_from, defaults) if old else {}
    if changed:
        said = made_from["settings"].keys() - (made_from["inputs"] or {}).keys()  # `dataset` may be a digest
        asked = {name: before for name, (before, _) in changed.items() if name in said}
        scalar = all(isinstance(value, str | int | float) for value in asked.values())
        again = " ".join(f"-p {name} {value}" for name, value in asked.items()) if scalar else ""
        raise InputError(
            f"{folder} was made with {in_words(changed)}: {f'say `{again}` here too, ' if again else ''}choose another "
            "name with the parameter `experiment`, or say overwrite=True to make it again."
        )


def fill(part: Path, made_from: dict, make: Callable[[Path], None]) -> None:
    """Make the files of a temporary folder, and the manifest beside them."""
    with failed_writes_explained(part):  # before what was half-written is removed, which makes room on a full disk
        make(part)
        outputs = {path.name: digest(path) for path in sorted(part.iterdir())}
        write_json(part / MANIFEST, {**made_from, "outputs": outputs})
