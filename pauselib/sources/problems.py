"""Problems with a gold answer: generated, from a folder, or from the Hugging Face hub.

Every source gives the same rows: `problem_id` (unique, such as `test-17`), `question`, `answer`.
"""

import itertools
import json
import re
from pathlib import Path

import numpy as np

from pauselib import tasks
from pauselib.errors import InputError
from pauselib.sources import generator
from pauselib.sources.models import at_revision, looks_like_folder, pinned

GENERATOR = "toy"  # the name of the generated problems
GENERATED = {"train": 2000, "test": 500}  # how many generated problems a split has where the settings don't say


def load_problems(
    dataset: str, split: str, n: int = 0, seed: int = 42, config: str = "main", task: str = "gsm8k", skip: int = 0
) -> list[dict]:
    """Return the first `n` problems (0: all) of a split (`train` or `test`) after those that `skip` leaves out, as rows
    with `problem_id` (the place in the split), `question`, `answer`.

    `dataset` is `toy`, a folder with train.jsonl and test.jsonl, or whatever `datasets.load_dataset` takes: a hub id,
    perhaps with a revision behind an @, or a folder laid out like one. Raises InputError, in one sentence that names
    the place, for a source that is missing, empty or malformed.
    """
    kind, n = tasks.find(task), n and n + skip
    place = f"the {split} split of {dataset}, problem"
    at_revision(dataset, "dataset")  # refuses one of what is not on the hub
    if dataset == GENERATOR:
        rows = itertools.islice(generator.stream(split, seed), n or GENERATED[split] + skip)
    elif (Path(dataset) / f"{split}.jsonl").exists():
        path = Path(dataset) / f"{split}.jsonl"
        rows, place = read_lines(path, n), f"{path}, line"
    elif Path(dataset).is_dir() and not any(Path(dataset).rglob("*.parquet")):
        raise InputError(
            f"The folder {dataset} has no {split}.jsonl: put the problems there, one JSON object a line in the format "
            f"of the task {task}."
        )
    elif looks_like_folder(dataset) and not Path(dataset).is_dir():
        raise InputError(
            f"The dataset '{dataset}' is not there: no folder has this path. Give 'toy', a folder or a hub id."
        )
    else:
        rows = read_hub(dataset, config, split, n)
    problems = [as_problem(kind, row, f"{place} {i}") for i, row in enumerate(rows, 1)]
    if len(problems) <= skip:
        left = f" but the {len(problems)} that skip_{split} leaves out" if problems else ""
        raise InputError(f"The {split} split of {dataset} has no problems{left}.")
    refuse_too_many(dataset, split, n - skip if n else 0, len(problems) - skip)
    return [{"problem_id": f"{split}-{i}", **problem} for i, problem in enumerate(problems)][skip:]


def refuse_too_many(dataset: str, split: str, n: int, there_are: int) -> None:
    """Raise InputError where more problems are asked for than there are."""
    if there_are < n:
        raise InputError(
            f"n_{split} is {n}, but the {split} split of {dataset} has {there_are} problems: give at most that, or 0 "
            "for all of them."
        )


def draw_problems(dataset: str, n: int = 0, seed: int = 43, config: str = "main", task: str = "gsm8k") -> list[dict]:
    """Return training problems that a seed draws for itself, as rows like those of `load_problems`.

    Generated problems are others for every seed, and their ids say it (`train-43-0`). Of given problems `n` are drawn
    (0: all), in their order, and keep their ids.
    """
    problems = load_problems(dataset, "train", n if dataset == GENERATOR else 0, seed, config, task)
    if dataset == GENERATOR:
        return [{**one, "problem_id": f"train-{seed}-{i}"} for i, one in enumerate(problems)]
    refuse_too_many(dataset, "train", n, len(problems))
    drawn = np.random.default_rng([seed, 2]).permutation(len(problems))[: n or None]
    return [problems[i] for i in sorted(drawn)]


def as_problem(task: tasks.Task, row: dict, place: str) -> dict[str, str]:
    """Return a source's row as a problem. Raises InputError that names the place where it is none."""
    try:
        return task.problem(row)
    except InputError as error:
        raise InputError(f"{place}: {error} (the task is '{task.name}').") from None


def read_lines(path: Path, n: int):
    """Yield the objects of a file of JSON lines, the first `n` of them (0: all). Raises InputError for a line that is
    not JSON.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(itertools.islice(lines, n or None), 1):
            try:
                yield json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise InputError(
                    f"{path}, line {number}: this is not JSON in UTF-8 ({error}): every line must be one object."
                ) from None


def read_hub(dataset: str, config: str, split: str, n: int) -> list[dict]:
    """Return the rows of a split of a dataset on the hub, at the revision behind its @.

    Raises InputError where it can't be had, or the hub can't be reached and its cache has another revision.
    """
    import datasets

    name, commit = at_revision(pinned(dataset, "dataset"), "dataset")
    try:
        rows = datasets.load_dataset(name, config, split=split, revision=commit)
    except Exception as error:  # the hub's client has a dozen ways to say that it has nothing
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"The dataset '{dataset}' could not be had from the hub ({reason}): give 'toy', a folder with train.jsonl "
            "and test.jsonl, or a hub id you can reach."
        ) from error
    cached = {Path(file["filename"]).parent.name for file in rows.cache_files} - {commit}
    if commit and any(re.fullmatch("[0-9a-f]{40}", other) for other in cached):  # its client takes any that it has
        raise InputError(
            f"The hub can't be reached, and of the dataset '{name}' its cache has the revision {', '.join(cached)} and "
            f"not {commit}: set dataset_revision to the one that is there, or connect this machine."
        )
    return rows.select(range(min(n or len(rows), len(rows)))).to_list()
