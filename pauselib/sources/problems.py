"""Problems with a gold answer: generated, from a folder, or from the Hugging Face hub.

Every source gives the same rows: `problem_id` (unique, such as `test-17`), `question`, `answer`.
"""

import glob
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pauselib import tasks
from pauselib.errors import InputError
from pauselib.files import digest
from pauselib.located import located, looks_like_folder, nothing_there, reason, refuse_missing
from pauselib.sources import generator
from pauselib.sources.models import at_revision, pinned

GENERATOR = "toy"  # the name of the generated problems
GENERATED = {"train": 2000, "test": 500}  # how many generated problems a split has where the settings don't say
AS_ON_HUB = [f"{below}*.{kind}" for below in ("", "*/") for kind in ("parquet", "arrow")]  # files of such a folder
CURE = "Give 'toy', a folder with train.jsonl and test.jsonl, or a hub id"


def load_problems(
    dataset: str, split: str, n: int = 0, seed: int = 42, config: str = "main", task: str = "gsm8k", skip: int = 0
) -> list[dict]:
    """Return the first `n` problems (0: all) of a split (`train` or `test`) after those that `skip` leaves out, as rows
    with `problem_id` (the place in the split), `question`, `answer`.

    `dataset` is `toy`, a folder with train.jsonl and test.jsonl or laid out like a dataset of the hub, or a hub id.
    Raises InputError, in one sentence that names the place, for a source that is missing, empty or malformed.
    """
    kind, n = tasks.find(task), n and n + skip
    folder = dataset_folder(dataset)
    if dataset == GENERATOR:
        rows = named(dataset, split, itertools.islice(generator.stream(split, seed), n or GENERATED[split] + skip))
    elif folder and os.path.isfile(folder / f"{split}.jsonl"):
        rows = read_lines(folder / f"{split}.jsonl", n)
    elif folder and not has_any(folder, AS_ON_HUB):
        raise InputError(
            f"The folder {folder} has no {split}.jsonl: put the problems there, one JSON object a line in the format "
            f"of the task {task}."
        )
    else:
        rows = named(dataset, split, read_hub(dataset, config, split, n))
    problems = [as_problem(kind, place, row) for place, row in rows]
    if len(problems) <= skip:
        left = f" but the {len(problems)} that skip_{split} leaves out" if problems else ""
        raise InputError(f"The {split} split of {dataset} has no problems{left}.")
    refuse_too_many(dataset, split, n - skip if n else 0, len(problems) - skip)
    return [{"problem_id": f"{split}-{i}", **problem} for i, problem in enumerate(problems)][skip:]


def dataset_folder(dataset: str) -> Path | None:
    """Return the folder of a dataset; None for the generated problems and for a hub id.

    Raises InputError for a path with no file of problems, before anything is read, and for a revision of what is not on
    the hub.
    """
    place = None if dataset == GENERATOR else located(dataset)
    at_revision(dataset, "dataset")
    if place and not has_any(place, ["train.jsonl", "test.jsonl", *AS_ON_HUB]):
        raise InputError(f"There are no problems in {place}: it has no train.jsonl, and no parquet files. {CURE}.")
    if dataset != GENERATOR and not place and looks_like_folder(dataset):
        refuse_missing("dataset", dataset, f"{CURE}.")
    return place


def has_any(folder: Path, patterns: list[str]) -> bool:
    """Return whether a folder has a file whose path in it matches one of some patterns."""
    return any(os.path.isfile(folder / name) for one in patterns for name in glob.iglob(one, root_dir=folder))


def digests(dataset: str) -> dict[str, str]:
    """Return the digests of what problems are read from, by name: train.jsonl and test.jsonl, or `dataset` for a whole
    folder or a hub id with its commit. Generated problems have none. They depend on content alone, not on its place.
    """
    folder = dataset_folder(dataset)
    if folder is None:
        return {} if dataset == GENERATOR else {"dataset": pinned(dataset, "dataset")}
    files = [folder / f"{split}.jsonl" for split in ("train", "test")]
    found = {file.name: digest(file) for file in files if os.path.isfile(file)}
    return found if len(found) == len(files) else {**found, "dataset": digest(folder)}


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


def count_in_both(problems: dict[str, list[dict]]) -> int:
    """Return how many test questions are training questions too, up to their spaces, and say it where there are any.

    Raises InputError where all of them are.
    """
    train, test = ([" ".join(p["question"].split()) for p in problems.get(part, [])] for part in ("train", "test"))
    learned = set(train)
    n = sum(question in learned for question in test)
    if n and n == len(test):
        raise InputError(f"All {n} test questions are training questions too: give other test problems.")
    if n:
        print(f"{n} of {len(test)} test questions are training questions too: of these accuracy measures memory.")
    return n


def named(dataset: str, split: str, rows: Iterable[dict]) -> Iterator[tuple[str, dict]]:
    """Yield the rows of a split, each with its place in words."""
    return ((f"the {split} split of {dataset}, problem {i}", row) for i, row in enumerate(rows, 1))


def read_lines(path: Path, n: int) -> Iterator[tuple[str, bytes]]:
    """Yield the first `n` lines of a file (0: all) that aren't blank, each with its place in words."""
    with path.open("rb") as lines:
        filled = ((f"{path}, line {i}", line) for i, line in enumerate(lines, 1) if line.strip())
        yield from itertools.islice(filled, n or None)


def as_problem(task: tasks.Task, place: str, row: bytes | dict) -> dict[str, str]:
    """Return a source's row, or its line of JSON, as a problem. Raises InputError, with its place, where it is none."""
    try:
        return task.problem(json.loads(row) if isinstance(row, bytes) else row)
    except InputError as error:
        complaint = str(error)
    except (ValueError, RecursionError) as error:
        complaint = f"this is not JSON in UTF-8 ({error}), and every line must be one object"
    raise InputError(f"{place}: {complaint} (the task is '{task.name}').")


def read_hub(dataset: str, config: str, split: str, n: int) -> list[dict]:
    """Return the rows of a split of a dataset on the hub, at the revision behind its @, or in a folder laid out so.

    Raises InputError where it can't be had, or the hub can't be reached and its cache has another revision.
    """
    import datasets

    folder = located(dataset)
    name, commit = (str(folder), None) if folder else at_revision(pinned(dataset, "dataset"), "dataset")
    try:
        rows = datasets.load_dataset(name, config, split=split, revision=commit)
    except Exception as error:  # damaged files, and a dozen ways of the hub's client to say that it has nothing
        why = reason(" ".join(str(error.__cause__ or error).split()))  # the cause names the columns
        where = "" if folder else f", and {nothing_there(name)}"
        raise InputError(f"The dataset '{dataset}' can't be read ({why}{where}). {CURE}.") from error
    cached = {Path(file["filename"]).parent.name for file in rows.cache_files} - {commit}
    if commit and any(re.fullmatch("[0-9a-f]{40}", other) for other in cached):  # its client takes any that it has
        raise InputError(
            f"The hub can't be reached, and of the dataset '{name}' its cache has the revision {', '.join(cached)} and "
            f"not {commit}: set dataset_revision to the one that is there, or connect this machine."
        )
    return rows.select(range(min(n or len(rows), len(rows)))).to_list()
