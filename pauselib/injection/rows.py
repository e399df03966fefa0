"""Rows to train on: the clean tokenized ones with their split, and those injected with pauses. Always token ids, never
text.

Nothing is decoded and tokenized again, so all other tokens stay what they were.
"""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from pauselib import runs
from pauselib.errors import InputError
from pauselib.injection.strategies import Answer, Strategy, check_patterns_match, find_strategies
from pauselib.progress import Progress
from pauselib.settings import Settings
from pauselib.sources.models import check_has_row
from pauselib.sources.problems import count_in_both
from pauselib.tasks import Task
from pauselib.tokens import PAUSE_TEXT, token_spans

PER_TOKEN = ("input_ids", "completion_mask")
TEXTS_AT_A_TIME = 1000  # that are tokenized
ROWS_OF_A_PART = 20_000  # of a file


def read_rows(folder: Path, split: str) -> pd.DataFrame:
    """Return the rows of a split, clean or injected.

    Clean rows have `problem_id`, `question`, `answer`, `input_ids` (prompt, answer, end token) and `completion_mask` (1
    from the answer on). Injected rows have `copy`, `n_pauses` and `prompt_length` too; their mask is 0 at pauses that
    aren't labelled.
    """
    return pd.read_parquet(folder / f"{split}.parquet")


def tokenize(problems: list[dict], tokenizer, task: Task) -> pd.DataFrame:
    """Return the clean rows of problems. The ids are int32 arrays, the masks int8 arrays.

    Prompt and answer are tokenized apart and joined as ids, in training and in decoding alike, so no token spans the
    border. An end token that a tokenizer adds to a prompt is left out, since no model reads on after it. Raises
    InputError for text that already holds the pause token, or a token that the model has no embedding of.
    """
    for problem in problems:
        if PAUSE_TEXT in problem["question"] + problem["answer"]:
            raise InputError(
                f"Problem {problem['problem_id']} already contains {PAUSE_TEXT}: take it out, pauses are injected as "
                "ids."
            )
    prompts = [task.prompt(problem["question"]) for problem in problems]
    answers = [problem["answer"] for problem in problems]
    ids, masks, end = [], [], np.array([tokenizer.eos_token_id], dtype=np.int32)
    asked, answered = in_parts(prompts, tokenizer), in_parts(answers, tokenizer, add_special_tokens=False)
    for problem, prompt, answer in zip(problems, asked, answered):
        prompt = prompt[:-1] if prompt[-1:] == end else prompt
        ids.append(np.concatenate([prompt, answer, end]))
        check_has_row(int(ids[-1].max()), tokenizer, f"In problem {problem['problem_id']}")
        masks.append((np.arange(len(ids[-1])) >= len(prompt)).astype(np.int8))
    rows = pd.DataFrame(problems, columns=["problem_id", "question", "answer"])
    return rows.assign(input_ids=ids, completion_mask=masks)


def in_parts(texts: list[str], tokenizer, **options) -> Iterator[np.ndarray]:
    """Yield the ids that a tokenizer makes of each text, as an int32 array.

    It is asked about a thousand texts at a time: its own answer takes a hundred times the memory of these arrays.
    """
    options = {"return_attention_mask": False, "return_token_type_ids": False, **options}
    for start in range(0, len(texts), TEXTS_AT_A_TIME):
        found = tokenizer(texts[start : start + TEXTS_AT_A_TIME], **options)["input_ids"]
        yield from (np.array(one, dtype=np.int32) for one in found)


def spans_in_parts(answers: list[str], tokenizer) -> Iterator[np.ndarray]:
    """Yield where in each answer its tokens stand, an int32 array (n, 2): as `in_parts`."""
    for start in range(0, len(answers), TEXTS_AT_A_TIME):
        spans = token_spans(answers[start : start + TEXTS_AT_A_TIME], tokenizer, add_special_tokens=False)
        yield from (np.array(one, dtype=np.int32).reshape(-1, 2) for one in spans)


def prompt_lengths(rows: pd.DataFrame) -> list[int]:
    """Return the number of tokens before the answer of each clean row."""
    return [int(len(mask) - mask.sum()) for mask in rows["completion_mask"]]


def problem_number(problem_id: str) -> int:
    """Return the place of a problem in its source: 17 for `train-17`."""
    return int(problem_id.rpartition("-")[2])


def prompt_ids(rows: pd.DataFrame) -> list[list[int]]:
    """Return the prompts of clean rows as lists of ids."""
    return [ids[:length].tolist() for ids, length in zip(rows["input_ids"], prompt_lengths(rows))]


def build_clean(folder: Path, problems: dict[str, list[dict]], tokenizer, task: Task, settings: Settings) -> None:
    """Write the clean rows of the problems of `train`, and of `test` where there are any, and counts.json.

    The problems of `train` become two parquet files, the second one `validation`. Raises InputError where no row is
    left to train on, or all test questions are among those of `train`; some are counted as `test_in_train`.
    """
    in_both = count_in_both(problems)
    rows = tokenize(problems["train"], tokenizer, task)
    kept, n_long = fit(rows, settings)
    rows = rows.loc[kept.index]  # whole, for injection needs the end of an answer; what is trained on is cut then
    if rows.empty:
        raise InputError(f"All {n_long} rows are longer than max_length {settings.max_length}: raise it.")
    held_out = draw_validation(rows["question"], settings)
    parts = {"train": rows[~held_out], "validation": rows[held_out]}
    if "test" in problems:
        parts["test"] = tokenize(problems["test"], tokenizer, task)
    save(folder, parts, {**({"test_in_train": in_both} if in_both else {}), "too_long": n_long})


def build_injected(
    folder: Path,
    clean: dict[str, pd.DataFrame],
    tokenizer,
    pause_id: int,
    settings: Settings,
    log_likelihoods: dict[str, list[np.ndarray]] | None = None,
) -> None:
    """Write the injected rows of the clean rows of `train` and `validation`: two parquet files, and counts.json.

    `log_likelihoods` has, for every split, an array a row, for strategies that need a model.
    """
    parts, n_long = {}, 0
    check_patterns_match(settings, [text for rows in clean.values() for text in rows["answer"]])
    for split in ("train", "validation"):
        likelihoods = None if log_likelihoods is None else log_likelihoods[split]
        injected = inject(clean[split], tokenizer, pause_id, settings, likelihoods)
        parts[split], more = fit(injected, settings, pause_id)
        n_long += more
    if settings.validation_split == "row":
        both = pd.concat(parts.values())
        both = both.iloc[np.lexsort((both["copy"], both["problem_id"].map(problem_number)))]
        held_out = draw_validation(both["problem_id"] + " " + both["copy"].astype(str), settings)
        parts = {"train": both[~held_out], "validation": both[held_out]}
    save(folder, parts, {"too_long": n_long})


def save(folder: Path, parts: dict[str, pd.DataFrame], counts: dict[str, int]) -> None:
    """Write the rows of each split, and counts.json: the rows of each and other `counts`.

    Raises InputError for a split without a row.
    """
    for split, rows in parts.items():
        if rows.empty:
            raise InputError(
                f"No row is left for {split}: give more problems (n_train), another validation_share, or a larger "
                "max_length."
            )
        write_parquet(folder / f"{split}.parquet", rows)
    runs.write_json(folder / "counts.json", {**{split: len(rows) for split, rows in parts.items()}, **counts})


def write_parquet(path: Path, rows: pd.DataFrame) -> None:
    """Write rows as `to_parquet` does, but a part at a time, since a whole table would be in memory twice."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    parts = (rows[start : start + ROWS_OF_A_PART] for start in range(0, len(rows), ROWS_OF_A_PART))
    tables = (pyarrow.Table.from_pandas(part, preserve_index=False) for part in parts)
    first = next(tables)
    with ParquetWriter(path, first.schema) as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)


def inject(
    rows: pd.DataFrame,
    tokenizer,
    pause_id: int,
    settings: Settings,
    log_likelihoods: list[np.ndarray] | None = None,
) -> pd.DataFrame:
    """Return every clean row `n_copies` times with pauses in its answer, in the order of the rows.

    A copy's draws depend on `data_seed`, the number of its problem and the number of the copy alone, so neither order
    nor parallelism matters. Raises ValueError where a strategy needs `log_likelihoods` and there are none.
    """
    strategies = find_strategies(settings.strategy)
    if log_likelihoods is None and any(one.needs_model for one in strategies):
        raise ValueError(f"strategy '{settings.strategy}' needs the log likelihoods of every answer")
    offsets = itertools.repeat(None)
    if any(one.needs_offsets for one in strategies):
        offsets = spans_in_parts(rows["answer"].tolist(), tokenizer)
    likelihoods = log_likelihoods or [None] * len(rows)
    gaps, labelled, progress = [], [], Progress("problem", len(rows))
    starts = prompt_lengths(rows)
    columns = zip(rows["problem_id"], rows["answer"], rows["input_ids"], starts, offsets, likelihoods)
    for i, (problem_id, text, ids, start, spans, likelihood) in enumerate(columns, 1):
        answer = Answer(text, len(ids) - start - 1, spans, likelihood)
        number = problem_number(problem_id)
        for copy in range(settings.n_copies):
            drawn, learned = draw_gaps(strategies, answer, settings, generator(settings.data_seed, number, copy))
            gaps.append(start + drawn)
            labelled.append(learned)
        progress.update(i)
    copies = rows.loc[rows.index.repeat(settings.n_copies)].reset_index(drop=True)
    return copies.assign(
        input_ids=insert(copies["input_ids"], gaps, pause_id),
        completion_mask=insert(copies["completion_mask"], gaps, np.concatenate(labelled).astype(np.int8)),
        copy=np.tile(np.arange(settings.n_copies), len(rows)),
        n_pauses=[len(one) for one in gaps],
        prompt_length=np.repeat(starts, settings.n_copies),
    )


def generator(*key: int) -> np.random.Generator:
    """Return the random numbers of one copy, which depend on its key alone (an array makes them a third faster than a
    list).
    """
    return np.random.Generator(np.random.SFC64(np.array(key, dtype=np.uint32)))


def draw_gaps(
    strategies: list[Strategy], answer: Answer, settings: Settings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gap of every pause, and whether it is labelled: two arrays (k). Of one gap, those not labelled come
    first.
    """
    gaps = [one.gaps(answer, settings, rng) for one in strategies]
    labelled = [np.full(len(mine), settings.label_pauses and not one.in_prompt) for one, mine in zip(strategies, gaps)]
    if len(strategies) == 1:
        return gaps[0], labelled[0]
    gaps, labelled = np.concatenate(gaps), np.concatenate(labelled)
    order = np.argsort(labelled, kind="stable")
    return gaps[order], labelled[order]


def insert(rows: Iterable[np.ndarray], gaps: list[np.ndarray], values: int | np.ndarray) -> list[np.ndarray]:
    """Return every row with one value put in for each of its gaps: before the item of that index, the row's length
    being its end.

    `values` is one number, or one a gap. All rows are handled as one flat array, since a call of numpy for each row
    costs more than the insertion.

    >>> [row.tolist() for row in insert([np.array([7, 8]), np.array([5])], [np.array([2, 0, 2]), np.array([1])], 99)]
    [[99, 7, 8, 99, 99], [5, 99]]
    """
    rows = list(rows)
    lengths = np.array([len(row) for row in rows])
    n_inserted = np.array([len(places) for places in gaps])
    row_starts = np.cumsum(lengths) - lengths
    flat = np.insert(np.concatenate(rows), np.concatenate(gaps) + np.repeat(row_starts, n_inserted), values)
    ends = np.cumsum(lengths + n_inserted)
    return [flat[start:end] for start, end in zip(ends - lengths - n_inserted, ends)]


def draw_validation(keys: pd.Series, settings: Settings) -> np.ndarray:
    """Return which rows are for validation, a boolean array: all those whose key is drawn, a share of the different
    keys.

    With questions as keys no question is on both sides, also one that comes twice.
    """
    unique = list(dict.fromkeys(keys))
    rng = np.random.default_rng([settings.data_seed, 1])
    drawn = rng.permutation(len(unique))[: max(1, round(settings.validation_share * len(unique)))]
    return keys.isin([unique[i] for i in drawn]).to_numpy()


def fit(rows: pd.DataFrame, settings: Settings, pause_id: int = -1) -> tuple[pd.DataFrame, int]:
    """Return the rows that have at most `max_length` tokens, and how many did not.

    `too_long` says what happens to the others: refuse raises InputError; drop leaves them out; cut takes off what is
    past `max_length`, the end token too, and leaves a row out whose prompt alone is longer.
    """
    lengths = rows["input_ids"].map(len)
    long = lengths > settings.max_length
    if not long.any():
        return rows, 0
    if settings.too_long == "refuse":
        first = rows[long].iloc[0]
        raise InputError(
            f"{long.sum()} of {len(rows)} rows are longer than max_length {settings.max_length} (problem "
            f"{first['problem_id']} has {len(first['input_ids'])} tokens, {(first['input_ids'] == pause_id).sum()} of "
            "them pauses): raise max_length, inject fewer, or say too_long 'drop' or 'cut'."
        )
    if settings.too_long == "drop":
        return rows[~long], int(long.sum())
    cut = rows.assign(**{name: [values[: settings.max_length] for values in rows[name]] for name in PER_TOKEN})
    if "n_pauses" in cut:
        cut["n_pauses"] = [int((ids == pause_id).sum()) for ids in cut["input_ids"]]
    return cut[[bool(mask.any()) for mask in cut["completion_mask"]]], int(long.sum())
