"""What each part costs, as ratios within one run: `make bench`, or `python -m benchmarks` from the project's root.

Times do not compare across machines, nor across runs on a busy one; what is printed is this package beside a plain
alternative that does the same work in the same process on one thread, each the fastest of some tries.
"""

import os
import platform
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import pandas as pd
import torch

from benchmarks import decoding, injection, notebooks, training
from pauselib import runs


def machine() -> str:
    """Return the processor, its number of cores and the versions that were measured."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    versions = runs.versions("torch", "transformers", "trl")
    made_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{model}, {os.cpu_count()} cores; one thread; {made_with}"


def main() -> None:
    """Measure and print two tables: each part beside its alternative, and how the parts grow."""
    torch.set_num_threads(1)
    subjects = (injection, decoding, training, notebooks)
    print(machine(), end="\n\n")
    compared = [row for subject in subjects for row in subject.compare()]
    print(pd.DataFrame(compared).to_markdown(index=False, disable_numparse=True), end="\n\n")
    grown = [row for subject in subjects if hasattr(subject, "grow") for row in subject.grow()]
    print(pd.DataFrame(grown).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main()
