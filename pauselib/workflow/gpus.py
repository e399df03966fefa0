"""`python -m pauselib.workflow.gpus 1 papermill ...`: a command that sees one GPU, which no other step has, or none.

The Snakefile puts this before every step. A run that finds GPUs names them in an environment variable, and Snakemake
runs no more steps at once than there are. Without that variable, as on a cluster, nothing is changed.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

GPUS, VISIBLE = "PAUSELIB_GPUS", "CUDA_VISIBLE_DEVICES"


def options_for_gpus() -> list[str]:
    """Return Snakemake's options for this machine's GPUs, of which CUDA_VISIBLE_DEVICES may allow some, and name these
    to the steps. There are none without GPUs.
    """
    if not shutil.which("nvidia-smi"):
        return []
    listed = subprocess.run(["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"], capture_output=True, text=True)
    there = [name for name in listed.stdout.split() if name.startswith("GPU-")]
    allowed = os.environ.get(VISIBLE, ",".join(there)).split(",") if there else []
    gpus = [name for name in allowed if name not in ("", "-1")]
    if gpus:
        os.environ[GPUS] = ",".join(gpus)
    return ["--resources", f"gpu={len(gpus)}"] if gpus else []


def take(gpus: list[str]) -> str:
    """Wait for a GPU that no other step has, return it, and hold it until this process ends, whatever it executes.

    A GPU that is named several times is held by as many at once.
    """
    while True:
        for place, gpu in enumerate(gpus):
            lock = f"pauselib-{os.getuid()}-{gpu.replace('/', '_')}-{gpus[:place].count(gpu)}.lock"
            handle = os.open(os.path.join(tempfile.gettempdir(), lock), os.O_RDWR | os.O_CREAT)
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.set_inheritable(handle, True)
                return gpu
            os.close(handle)
        time.sleep(0.2)


if __name__ == "__main__":
    number, *command = sys.argv[1:]
    if GPUS in os.environ:
        os.environ[VISIBLE] = take(os.environ[GPUS].split(",")) if int(number) else ""
    os.execvp(command[0], command)
