"""Word problems with a gold answer that ends in `#### n`: generated, from a folder, or from the Hugging Face hub.

Every source gives the same rows: `problem_id` (unique, such as `test-17`), `question`, `answer`.
"""

import itertools
import json
from pathlib import Path

from pauselib.errors import InputError
from pauselib.sources import generator as toy
from pauselib.tasks.gsm8k import ANSWER

TOY_SIZES = {"train": 2000, "test": 500}


def load(dataset: str, split: str, n: int = 0, seed: int = 42, config: str = "main") -> list[dict]:
    """The first `n` problems (0: all) of a split (`train` or `test`), as rows with `problem_id`, `question` and `answer`.

    `dataset` is `toy`, a folder with train.jsonl and test.jsonl, or whatever `datasets.load_dataset` takes: a hub id or a folder laid out
    like one. Raises ValueError, in one sentence that names the place, for a source that is missing, empty or malformed.
    """
    if dataset == "toy":
        rows = toy.make(split, n or TOY_SIZES[split], seed)
    elif (Path(dataset) / f"{split}.jsonl").exists():
        rows = from_file(Path(dataset) / f"{split}.jsonl", n)
    elif Path(dataset).is_dir() and not any(Path(dataset).rglob("*.parquet")):
        raise InputError(
            f"The folder {dataset} has no {split}.jsonl: put the problems there, one JSON object a line with 'question' and 'answer'."
        )
    else:
        rows = from_hub(dataset, config, split, n)
    if not rows:
        raise InputError(f"The {split} split of {dataset} has no problems.")
    for i, row in enumerate(rows):
        check(row, f"problem {i + 1} of the {split} split of {dataset}")
    return [
        {"problem_id": f"{split}-{i}", "question": row["question"], "answer": row["answer"]}
        for i, row in enumerate(rows)
    ]


def from_file(path: Path, n: int) -> list[dict]:
    """The objects of a file of JSON lines, the first `n` of them (0: all). Raises ValueError with file and line for broken JSON."""
    rows = []
    with path.open("rb") as lines:
        for number, line in enumerate(itertools.islice(lines, n or None), 1):
            try:
                rows.append(json.loads(line))
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise InputError(
                    f"{path}, line {number}: this is not JSON in UTF-8 ({error}): every line must be one object with 'question' and 'answer'."
                ) from None
            check(rows[-1], f"{path}, line {number}")
    return rows


def from_hub(dataset: str, config: str, split: str, n: int) -> list[dict]:
    """The rows of a split of a dataset on the hub. Raises ValueError where it can't be had."""
    import datasets

    try:
        rows = datasets.load_dataset(dataset, config, split=split)
    except Exception as error:  # the hub's client has a dozen ways to say that it has nothing
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"The dataset '{dataset}' could not be had from the hub ({reason}): give 'toy', a folder with train.jsonl and test.jsonl, or a hub id you can reach."
        ) from error
    return rows.select(range(min(n or len(rows), len(rows)))).to_list()


def check(row: dict, place: str) -> None:
    """Raise ValueError unless the row has a question and an answer that ends in `#### n`."""
    for column in ("question", "answer"):
        if not isinstance(row, dict) or not isinstance(row.get(column), str):
            raise InputError(
                f"{place}: there is no text in the column '{column}': every problem needs 'question' and 'answer'."
            )
    if not ANSWER.search(row["answer"]):
        raise InputError(f"{place}: the answer has no line '#### NUMBER', so no reply could be scored.")
