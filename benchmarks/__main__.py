"""What each part costs, as ratios within one run: `make bench`, or `python -m benchmarks` from the project's root.

Times do not compare across machines, nor across runs on a busy one; what is printed is mostly this package beside a
plain alternative that does the same work in the same process on one thread, each the fastest of some tries.

    python -m benchmarks                                      # everything
    python -m benchmarks decoding training                    # some subjects
    python -m benchmarks injection --dataset path/to/gsm8k    # on the problems of train.jsonl there
    python -m benchmarks precision                            # on a real model, some minutes

"""

import argparse
import os

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import pandas as pd
import torch

from benchmarks import decoding, injection, notebooks, precision, training
from pauselib import manifests
from pauselib.machine import processor

SUBJECTS = ("injection", "decoding", "training", "precision", "notebooks")


def machine() -> str:
    """Return the processor, its number of cores and the versions that were measured."""
    versions = manifests.versions("torch", "transformers", "trl")
    made_with = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{processor()}, {os.cpu_count()} cores; one thread; {made_with}"


def print_table(rows: list[dict]) -> None:
    """Print lines of a table, if there are any, and a blank line."""
    if rows:
        print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True), end="\n\n", flush=True)


def main() -> None:
    """Measure and print two tables, each part beside its alternative and how the parts grow."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What each part costs.")
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)} (all)")
    parser.add_argument("--dataset", default="toy", help="problems to inject: toy, or a folder with train.jsonl (toy)")
    asked = parser.parse_args()
    unknown = set(asked.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))} is none of {', '.join(SUBJECTS)}")
    compare = {
        "injection": lambda: injection.compare(asked.dataset),
        "decoding": decoding.compare,
        "training": training.compare,
        "precision": lambda: precision.compare(asked.dataset),
        "notebooks": notebooks.compare,
    }
    grow = {"injection": injection.grow, "decoding": decoding.grow, "training": training.grow}
    subjects = asked.subjects or SUBJECTS
    torch.set_num_threads(1)
    print(machine(), end="\n\n", flush=True)
    print_table([row for name in subjects for row in compare[name]()])
    print_table([row for name in subjects if name in grow for row in grow[name]()])


if __name__ == "__main__":
    main()
