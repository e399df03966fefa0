"""Injecting GSM8K's 7,473 training problems × 5 copies: this package beside the plain way, in one run.

    python benchmarks/injection.py /path/to/gsm8k

The plain way is a `datasets.map` that handles a copy at a time: tokenize the answer, insert the pauses, decode. It is timed on the first
1,000 rows and scaled. A ratio is printed, not a time to compare across machines.
"""

import sys
import time

import numpy as np
from datasets import Dataset, disable_progress_bars

from pauselib import rows as injection
from pauselib.settings import Settings
from pauselib.sources import problems
from pauselib.training import warmup as training


def plain(row: dict, index: int, tokenizer, pause_id: int) -> dict:
    """One copy: tokenize, insert 0 to 10 pauses one after the other, decode for the text column."""
    rng = np.random.default_rng([42, index])
    ids = tokenizer(row["answer"], add_special_tokens=False)["input_ids"]
    for _ in range(rng.integers(11)):
        ids.insert(rng.integers(len(ids) + 1), pause_id)
    prompt = tokenizer(injection.PROMPT.format(question=row["question"]))["input_ids"]
    text = injection.to_text(ids, tokenizer, pause_id)
    return {
        "input_ids": [*prompt, *ids, tokenizer.eos_token_id],
        "completion_mask": [0] * len(prompt) + [1] * (len(ids) + 1),
        "augmented": text,
    }


def main(folder: str) -> None:
    disable_progress_bars()
    tokenizer, pause_id, settings = (
        training.load_tokenizer("tiny"),
        training.pause_token_id("tiny"),
        Settings(n_copies=5),
    )
    rows = problems.load(folder, "train")
    injection.inject(rows[:10], tokenizer, pause_id, settings)
    started = time.perf_counter()
    injected = injection.inject(rows, tokenizer, pause_id, settings)
    ours = time.perf_counter() - started
    sample = Dataset.from_list([row for row in rows[:200] for _ in range(5)])
    started = time.perf_counter()
    sample.map(
        plain, with_indices=True, fn_kwargs={"tokenizer": tokenizer, "pause_id": pause_id}, load_from_cache_file=False
    )
    theirs = (time.perf_counter() - started) * len(injected) / len(sample)
    print(
        f"{len(rows):,} problems × {settings.n_copies}: this package {ours:.1f} s ({len(injected) / ours:,.0f} rows/s), row by row {theirs:.1f} s: {theirs / ours:.0f} times as fast"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
