"""What the user can mend: what was given, and where it can't be written."""

import difflib
import errno
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input, in one sentence: what is wrong, where, and the cure. A notebook shows it and no traceback."""

    system_error: int | None = None  # its number, where something can't be written

    def _render_traceback_(self) -> list[str]:
        """What IPython shows for this exception."""
        return [str(self)]


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: a question after the choice that is spelled most like it, in
    capitals or not, or a full stop for an empty name.
    """
    spelled = {choice.lower(): choice for choice in choices}
    nearest = difflib.get_close_matches(str(name).lower(), list(spelled), n=1, cutoff=0)[0]
    return f": did you mean '{spelled[nearest]}'?" if name != "" else "."


def not_one_of(setting: str, value: object, choices: Iterable[str]) -> str:
    """Return the sentence about a value that is none of the choices, with the nearest of them."""
    choices = tuple(choices)
    return f"{setting} {value!r} is not known{did_you_mean(value, choices)} Choose from {', '.join(choices)}."


def one_of(setting: str, value: object, choices: Iterable[str]) -> None:
    """Raise InputError, with the nearest choice, unless `value` is one of `choices`."""
    if value not in choices:
        raise InputError(not_one_of(setting, value, choices))


ELSEWHERE = "choose another place with the parameter `runs_dir`"
NO_PERMISSION = f"you may not write there; ask for the permission, or {ELSEWHERE}"
GOES_ON = "run the same again, which goes on from what is finished"
UNWRITABLE = {
    errno.ENOSPC: f"no space is left on its disk; free some and {GOES_ON}",
    errno.EDQUOT: f"your quota on its disk is used up; free some space and {GOES_ON}",
    errno.EFBIG: f"a file would be larger than is allowed there; raise the limit (`ulimit -f` shows it) and {GOES_ON}",
    errno.EROFS: f"its disk is read-only; {ELSEWHERE}",
    errno.ENOTDIR: f"a file stands in its place; move that away, or {ELSEWHERE}",
    errno.ENOTSUP: f"it is no place for files; {ELSEWHERE}",
    errno.EACCES: NO_PERMISSION,
    errno.EPERM: NO_PERMISSION,
}
"""Why a folder can't be written, and the cure, by the number of the system's error."""
LEAST_FREE = 2**16  # bytes; a disk with fewer is full


@contextmanager
def failed_writes_explained(folder: Path):
    """Raise InputError, with the folder, the reason and the cure, where what is done in the block fails because
    `folder` can't be written. Of several blocks the outermost names its folder.
    """
    try:
        yield
    except Exception as error:
        number = error.system_error if isinstance(error, InputError) else number_of_failed_write(error, folder)
        if number is None:
            raise
        raise unwritable(folder, number) from error


def number_of_failed_write(error: Exception, folder: Path) -> int | None:
    """Return the number of the system's error that kept something from being written below `folder`, or None where an
    exception has another reason.

    Libraries pass it on as they like: as the cause of an error of their own, within its text (Rust's `os error 28`), or
    not at all.
    """
    may_be_a_write = False
    while error is not None:
        told = re.search(r"os error (\d+)", str(error))
        number = int(told[1]) if told else getattr(error, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return number
        may_be_a_write |= isinstance(error, OSError | RuntimeError)
        error = error.__cause__ or error.__context__
    return number_of_unwritable(folder) if may_be_a_write else None


def number_of_unwritable(folder: Path) -> int | None:
    """Return the number of the error that writing below `folder` would end in now, or None where it would not."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        return errno.ENOTDIR
    if os.statvfs(there).f_blocks == 0:  # /proc and the like
        return errno.ENOTSUP
    if not os.access(there, os.W_OK):
        return errno.EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else errno.EACCES
    return errno.ENOSPC if shutil.disk_usage(there).free < LEAST_FREE else None


def unwritable(folder: Path, number: int) -> InputError:
    """Return the error about a folder that can't be written, by the number of the system's error."""
    error = InputError(f"{folder} can't be written: {UNWRITABLE[number]}.")
    error.system_error = number
    return error
