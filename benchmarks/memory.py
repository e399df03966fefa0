"""How much memory an experiment takes as it grows: the peak by the number of rows, each in a process of its own.

    python -m benchmarks.memory
    python -m benchmarks.memory --rows 2000 200000 --replies 2000 20000

Rows go from generated problems to clean and to injected ones. Replies are made up, 60 tokens each, in four rows and an
intervention, and read by all tables of the analysis.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from pauselib import runs, steps
from pauselib.analysis.study import Study
from pauselib.decoding.evaluation import reply_metrics
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT
from pauselib.variants import FIRST_STEP, MATCHED, parse

ROOT = Path(__file__).parents[1]
ROWS = ("sft", "sft_peft", FIRST_STEP, MATCHED)
WITHOUT_PAUSES = {"variant": "sft_peft", "max_pauses": 0}
TOKENS = 60
WORDS = np.array(["So", " there", " are", " 1", "2", " apples", ".", "\n", " Then", "="])


def settings_of(size: int, folder: str) -> Settings:
    """Return the settings of an experiment of that size below a folder."""
    return Settings(
        runs_dir=folder,
        experiment=f"size-{size}",
        n_train=size,
        n_test=10,
        variants=ROWS,
        interventions=[WITHOUT_PAUSES],
    )


def write_replies(settings: Settings, size: int) -> None:
    """Write as many made-up replies as asked, spread over four rows and an intervention, and their problems."""
    rng, n = np.random.default_rng(0), size // (len(ROWS) + 1)
    problems = pd.DataFrame({"problem_id": [f"test-{i}" for i in range(n)], "answer": "<<1+1=2>>2 apples.\n#### 2"})
    (settings.folder() / "data").mkdir(parents=True)
    problems.to_parquet(settings.folder() / "data" / "test.parquet")
    for row in [*(settings.but(variant=name) for name in ROWS), settings.but(**WITHOUT_PAUSES)]:
        share = 0.1 if parse(row.variant).pauses and row.max_pauses != 0 else 0
        said = np.where(rng.random((n, TOKENS)) < share, PAUSE_TEXT, rng.choice(WORDS, (n, TOKENS))).tolist()
        folder, correct = row.replies_folder(), rng.random(n) < 0.5
        made_from = runs.origin(folder, {}, {"model": "made up"})
        runs.make_once(folder, made_from, writer(rng, said, correct), beside=True)
        runs.write_json(folder / "training.json", {"nearest_tokens": []})


def writer(rng: np.random.Generator, tokens: list[list[str]], correct: np.ndarray):
    """Return what writes replies of these tokens into a folder: predictions.jsonl, tokens.parquet, metrics.json."""

    def make(part: Path) -> None:
        replies = [
            {
                "problem_id": f"test-{i}",
                "question": "Ada has 1 apple and buys 1 more. How many apples does Ada have now?",
                "gold": "2",
                "reply": "".join(said),
                "predicted": "2",
                "correct": bool(right),
                "n_pauses": said.count(PAUSE_TEXT),
                "n_tokens": len(said),
                "truncated": False,
            }
            for i, (said, right) in enumerate(zip(tokens, correct))
        ]
        given = {name: list(rng.random((len(tokens), TOKENS))) for name in ("p_pause", "p_best")}
        names = [reply["problem_id"] for reply in replies]
        pd.DataFrame({"problem_id": names, "tokens": tokens, **given}).to_parquet(part / "tokens.parquet", index=False)
        runs.write_json_lines(part / "predictions.jsonl", replies)
        runs.write_json(part / "metrics.json", {**reply_metrics(replies), "eval_loss": 1.0})

    return make


def all_tables(settings: Settings) -> None:
    """Compute everything that the analysis knows of an experiment."""
    study = Study(settings)
    for name, attribute in vars(Study).items():
        if isinstance(attribute, cached_property):
            getattr(study, name)


ANALYSIS = "analysis of replies"
WORK = {"clean rows": steps.clean_rows, "injected rows": steps.inject, ANALYSIS: all_tables}


def do(what: str, size: int, folder: str) -> None:
    """Do one kind of WORK, and print the seconds it took and the most memory that this process has had."""
    started = time.perf_counter()
    WORK[what](settings_of(size, folder))
    print(json.dumps({"seconds": time.perf_counter() - started, "peak": peak_of_this_process()}))


def peak_of_this_process() -> float:
    """Return the most memory that this process has had since it was started, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage begins with what the process had that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 1024**2


def measure(what: str, size: int, folder: Path) -> dict[str, float]:
    """Do one kind of WORK of a size in a new process and return its `seconds`, and its `peak` in MB."""
    if what == ANALYSIS:
        write_replies(settings_of(size, str(folder)), size)
    code = f"from benchmarks import memory; memory.do({what!r}, {size}, {str(folder)!r})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def lines(what: str, sizes: list[int], folder: Path) -> list[dict[str, str]]:
    """Measure one kind of work in some sizes, and return a line of the table for each."""
    found = [{"size": size, **measure(what, size, folder)} for size in sizes]
    first, table = found[0], []
    for one in found:
        more = one["size"] - first["size"]
        growth = f"{(one['peak'] - first['peak']) * 1024 / more:.1f} KB" if more else "–"
        numbers = {"rows": f"{one['size']:,}", "seconds": f"{one['seconds']:.1f}", "peak MB": f"{one['peak']:,.0f}"}
        table.append({"what": what, **numbers, "a row more": growth})
    return table


def main() -> None:
    """Measure all work in the sizes asked for and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="How memory grows with rows.")
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 20_000, 200_000], help="2000 20000 200000")
    parser.add_argument("--replies", type=int, nargs="+", default=[2_000, 20_000], help="2000 20000")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = []
        for what in WORK:
            place, sizes = ("replies", asked.replies) if what == ANALYSIS else ("rows", asked.rows)
            table += lines(what, sizes, Path(folder) / place)
    print(pd.DataFrame(table).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main()
