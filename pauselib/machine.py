"""On what something was computed: the commit of the code, the threads, the kind of processor."""

import functools
import os
import platform
import subprocess
from pathlib import Path


def notes() -> dict[str, str | int]:
    """Return what a manifest notes of how something was made, which is no part of what it is.

    `commit` is that of the checkout, `with changes` where the package differs from it; it is missing where there is no
    checkout. `threads` are those of a process, `processor` its kind: other kinds give other digits.
    """
    commit = {"commit": commit_of(Path(__file__).parent)} if commit_of(Path(__file__).parent) else {}
    return {**commit, "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count()), "processor": processor()}


@functools.cache
def commit_of(folder: Path) -> str | None:
    """Return the commit of a folder of a checkout, or None where there is no git or no checkout."""
    try:
        commit = git(folder, "rev-parse", "--short=12", "HEAD").strip()
        return f"{commit} with changes" if git(folder, "status", "--porcelain", ".") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def git(folder: Path, *arguments: str) -> str:
    """Return what a command of git prints in a folder."""
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@functools.cache
def processor() -> str:
    """Return the kind of this machine's processor, with AMX where it multiplies bfloat16 matrices in hardware."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = dict(line.split(":", 1) for line in lines[::-1] if ":" in line)
    found = {name.strip(): value.strip() for name, value in found.items()}
    amx = " with AMX" if "amx_bf16" in found.get("flags", "").split() else ""
    return found.get("model name", platform.machine()) + amx
