"""The GPUs of this machine, and a command that sees just one of them, or none.

python -m pauselib.workflow.gpus 1 papermill notebooks/warmup.ipynb ...

The Snakefile puts this before every step. A run that finds GPUs names them in an environment variable, and Snakemake
sees to it that no more steps that want one run at once than there are; which one a step gets is decided here. Where
another copy of the project holds all of them, a step waits until one is free. Without that variable, as on a cluster,
nothing is changed.
"""

import fcntl
import os
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from pauselib.errors import InputError

GPUS, VISIBLE = "PAUSELIB_GPUS", "CUDA_VISIBLE_DEVICES"
LIST = ("nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader")
WAIT = 0.2  # seconds between two looks for a free GPU


def visible_gpus() -> list[str]:
    """Return the names that CUDA_VISIBLE_DEVICES takes of this machine's GPUs, where it is set those that it allows."""
    with suppress(OSError, subprocess.SubprocessError):
        there = subprocess.run(LIST, capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")
        there = [name.strip() for name in there if name.startswith("GPU-")]
        asked = os.environ.get(VISIBLE)
        allowed = there if asked is None else [name.strip() for name in asked.split(",")]
        return [name for name in allowed if name and name != "-1"] if there else []
    return []


def take(gpus: list[str]) -> str:
    """Return a GPU that no other process holds, and hold it until this process has ended, whatever it executes.

    A GPU that is named several times is held by as many at once. Raises InputError where the folder of the locks is
    another user's.
    """
    folder = Path(tempfile.gettempdir()) / f"pauselib-gpus-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    there = folder.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid() or there.st_mode & 0o077:
        raise InputError(f"{folder} is not a folder of yours alone: remove it, or set TMPDIR to another place.")
    while True:
        for place, gpu in enumerate(gpus):
            lock = f"{gpu.replace('/', '_')}.{gpus[:place].count(gpu)}"
            handle = os.open(folder / lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.set_inheritable(handle, True)
                return gpu
            os.close(handle)
        time.sleep(WAIT)


def main(number: str, *command: str) -> None:
    """Become a command that sees one of the run's GPUs, or none where `number` is 0."""
    if GPUS in os.environ:
        try:
            os.environ[VISIBLE] = take(os.environ[GPUS].split(",")) if int(number) else ""
        except InputError as error:
            sys.exit(str(error))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
