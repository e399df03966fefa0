"""Problems with a gold answer: generated, from a folder, or from the Hugging Face hub.

Every source gives the same rows: `problem_id` (unique, such as `test-17`), `question`, `answer`.
"""

import itertools
import json
import os
import re
from collections.abc import Iterator
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
CURE = "Give 'toy', a folder with train.jsonl and test.jsonl, or a hub id"


def load_problems(
    dataset: str, split: str, n: int = 0, seed: int = 42, config: str = "main", task: str = "gsm8k", skip: int = 0
) -> list[dict]:
    """Return the first `n` problems (0: all) of a split (`train` or `test`) after those that `skip` leaves out, as rows
    with `problem_id` (the place in the split), `question`, `answer`.

    `dataset` is `toy`, a folder with train.jsonl and test.jsonl, or a hub id. Raises InputError, which names the place,
    for a source that is missing, too short or malformed.
    """
    kind, folder, last = tasks.find(task), dataset_folder(dataset), n and n + skip
    if folder:
        rows = read_lines(file_of(folder, split), last)
    elif dataset == GENERATOR:
        rows = generator.make(split, last or GENERATED[split] + skip, seed)
    else:
        rows = read_hub(dataset, config, split, last)
    if not folder:
        rows = ((f"the {split} split of {dataset}, problem {i}", row) for i, row in enumerate(rows, 1))
    problems = [as_problem(kind, place, row) for place, row in rows]
    refuse_too_few(dataset, split, n, len(problems), skip)
    return [{"problem_id": f"{split}-{i}", **problem} for i, problem in enumerate(problems)][skip:]


def dataset_folder(dataset: str) -> Path | None:
    """Return the folder of a dataset, None where it has none. Raises InputError for a path at which nothing is."""
    if dataset == GENERATOR:
        return None
    place = located(dataset)
    if not place and looks_like_folder(dataset):
        refuse_missing("dataset", dataset, f"{CURE}.")
    return place


def file_of(folder: Path, split: str) -> Path:
    """Return the file of a split's problems in a folder. Raises InputError where it is not there."""
    file = folder / f"{split}.jsonl"
    if not os.path.isfile(file):
        raise InputError(f"There is no file {file}: put the problems there, one JSON object a line. {CURE}.")
    return file


def digests(dataset: str) -> dict[str, str]:
    """Return the digests of what problems are read from, by name: train.jsonl and test.jsonl, or `dataset`, a hub id
    with its commit. Generated problems have none. They depend on content alone, not on its place.
    """
    folder = dataset_folder(dataset)
    if folder is None:
        return {} if dataset == GENERATOR else {"dataset": pinned(dataset, "dataset")}
    return {file.name: digest(file) for file in (file_of(folder, split) for split in ("train", "test"))}


def refuse_too_few(dataset: str, split: str, n: int, there_are: int, skip: int = 0) -> None:
    """Raise InputError where there are no problems after those that `skip` leaves out, or less than `n`."""
    after = f" behind the {skip} that skip_{split} leaves out" if skip else ""
    if there_are <= skip:
        raise InputError(f"The {split} split of {dataset} has no problems{after}: give it some.")
    if there_are < skip + n:
        raise InputError(
            f"The {split} split of {dataset} has {there_are - skip} problems{after}, too few for n_{split}={n}: "
            f"ask for fewer, or give n_{split}=0 for all of them."
        )


def draw_problems(dataset: str, n: int = 0, seed: int = 43, config: str = "main", task: str = "gsm8k") -> list[dict]:
    """Return training problems that a seed draws for itself, as rows like those of `load_problems`.

    Generated problems are others for every seed, and their ids say it (`train-43-0`). Of given problems `n` are drawn
    (0: all), in their order, and keep their ids.
    """
    problems = load_problems(dataset, "train", n if dataset == GENERATOR else 0, seed, config, task)
    if dataset == GENERATOR:
        return [{**one, "problem_id": f"train-{seed}-{i}"} for i, one in enumerate(problems)]
    refuse_too_few(dataset, "train", n, len(problems))
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
        raise InputError(f"{place}: {error} (the task is '{task.name}').") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: this is not JSON in UTF-8 ({error}): every line is one object.") from None


def read_hub(dataset: str, config: str, split: str, n: int) -> list[dict]:
    """Return the rows of a split of a dataset on the hub, at the revision behind its @.

    Raises InputError where it can't be had, or the hub can't be reached and its cache has another revision.
    """
    import datasets

    name, commit = at_revision(pinned(dataset, "dataset"), "dataset")
    try:
        rows = datasets.load_dataset(name, config, split=split, revision=commit)
    except Exception as error:  # damaged files, and a dozen ways of the hub's client to say that it has nothing
        why = f"{reason(' '.join(str(error).split()))}, and {nothing_there(name)}"
        raise InputError(f"The dataset '{dataset}' can't be read ({why}). {CURE}.") from error
    cached = {Path(file["filename"]).parent.name for file in rows.cache_files} - {commit}
    if commit and any(re.fullmatch("[0-9a-f]{40}", other) for other in cached):  # its client takes any that it has
        raise InputError(
            f"The hub can't be reached, and of the dataset '{name}' its cache has the revision {', '.join(cached)} and "
            f"not {commit}: set dataset_revision to the one that is there, or connect this machine."
        )
    return rows.select(range(min(n or len(rows), len(rows)))).to_list()
