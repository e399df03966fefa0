"""What this process computes with: one thread, unless the user says otherwise, the kind of processor, and the code."""

import functools
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

THREADS = "OMP_NUM_THREADS"
CPUINFO = Path("/proc/cpuinfo")  # of Linux
SLOW = "This processor has no AVX-512: {}, which needs it, takes many times as long here as float32.\n"


def use_one_thread() -> None:
    """Compute on one CPU thread, unless the environment variable OMP_NUM_THREADS gives their number.

    Small models gain nothing by more, steps that run side by side slow each other down, and sums in another order give
    other bytes. MKL and OpenBLAS follow the same variable, and so does all that this process starts.
    """
    if not os.environ.get(THREADS):
        os.environ[THREADS] = "1"
        if "torch" in sys.modules:  # which has read the variable before
            sys.modules["torch"].set_num_threads(1)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def threads() -> int:
    """Return the number of CPU threads that torch computes on in this process, or would once it is imported."""
    if "torch" in sys.modules:
        return sys.modules["torch"].get_num_threads()
    given = os.environ[THREADS].split(",")[0]
    return int(given) if given.isdigit() else os.cpu_count()


def processor() -> str:
    """Return the kind of processor, by its model's name; with AMX, which sums in another order, that is said."""
    text = CPUINFO.read_text() if CPUINFO.exists() else ""
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    return f"{name} with AMX" if "amx_tile" in text.split() else name


def slow_products(**dtypes: str) -> str:
    """Return a line that says so where settings ask for products that this processor has to emulate, else nothing."""
    words = CPUINFO.read_text().split() if CPUINFO.exists() else ()
    emulated = "flags" in words and "avx512f" not in words and not shutil.which("nvidia-smi")
    rounded = ", ".join(f"{name}={dtype}" for name, dtype in dtypes.items() if dtype != "float32")
    return SLOW.format(rounded) if emulated and rounded else ""


@functools.cache
def commit() -> str | None:
    """Return the commit of the checkout that this package is in, with `-dirty` where it was changed since; or None."""
    command = ["git", "--no-optional-locks", "-C", str(Path(__file__).parent)]
    command += ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
