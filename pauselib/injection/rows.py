"""Rows to train on: the clean tokenized ones with their split, and those injected with pauses. Pauses are put in as
ids: nothing is decoded and tokenized again, so all other tokens stay what they were.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from pauselib.errors import InputError
from pauselib.files import write_json
from pauselib.injection.strategies import Answer, Strategy, check_patterns_match, find_strategies
from pauselib.sources.models import check_has_row
from pauselib.sources.problems import count_in_both
from pauselib.tasks import Task
from pauselib.tokens import PAUSE_TEXT, token_spans


def read_rows(folder: Path, split: str) -> pd.DataFrame:
    """Return the rows of a split, clean or injected.

    Clean rows have `problem_id`, `question`, `answer`, `input_ids` (prompt, answer, end token) and `completion_mask` (1
    from the answer on). Injected ones have `copy`, `n_pauses` and `prompt_length` too; at unlabelled pauses it is 0.
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
    asked = tokenizer(prompts)["input_ids"]
    answered = tokenizer(answers, add_special_tokens=False)["input_ids"]
    ids, masks, end = [], [], tokenizer.eos_token_id
    for problem, prompt, answer in zip(problems, asked, answered):
        prompt = prompt[:-1] if prompt[-1:] == [end] else prompt
        ids.append(np.array([*prompt, *answer, end], dtype=np.int32))
        check_has_row(int(ids[-1].max()), tokenizer, f"In problem {problem['problem_id']}")
        masks.append((np.arange(len(ids[-1])) >= len(prompt)).astype(np.int8))
    rows = pd.DataFrame(problems, columns=["problem_id", "question", "answer"])
    return rows.assign(input_ids=ids, completion_mask=masks)


def prompt_lengths(rows: pd.DataFrame) -> list[int]:
    """Return the number of tokens before the answer of each clean row."""
    return [int(len(mask) - mask.sum()) for mask in rows["completion_mask"]]


def problem_number(problem_id: str) -> int:
    """Return the place of a problem in its source: 17 for `train-17`."""
    return int(problem_id.rpartition("-")[2])


def prompt_ids(rows: pd.DataFrame) -> list[list[int]]:
    """Return the prompts of clean rows as lists of ids."""
    return [ids[:length].tolist() for ids, length in zip(rows["input_ids"], prompt_lengths(rows))]


def build_clean(
    folder: Path,
    problems: dict[str, list[dict]],
    tokenizer,
    task: Task,
    data_seed: int,
    validation_share: float,
    max_length: int,
    too_long: str = "refuse",
) -> None:
    """Write the clean rows of the problems of `train`, and of `test` where there are any, and counts.json.

    The problems of `train` become two parquet files, the second one `validation`. Raises InputError where all test
    questions are among those of `train`; some are counted as `test_in_train`.
    """
    in_both = count_in_both(problems)
    rows = tokenize(problems["train"], tokenizer, task)
    kept, n_long = fit(rows, max_length, too_long)
    rows = rows.loc[kept.index]  # whole, for injection needs the end of an answer; what is trained on is cut then
    held_out = draw_validation(rows["question"], validation_share, data_seed)
    parts = {"train": rows[~held_out], "validation": rows[held_out]}
    if "test" in problems:
        parts["test"] = tokenize(problems["test"], tokenizer, task)
    save(folder, parts, {**({"test_in_train": in_both} if in_both else {}), "too_long": n_long})


def build_injected(
    folder: Path,
    clean: dict[str, pd.DataFrame],
    tokenizer,
    pause_id: int,
    log_likelihoods: dict[str, list[np.ndarray]] | None = None,
    *,
    validation_share: float,
    validation_split: str,
    max_length: int,
    too_long: str,
    **how,
) -> None:
    """Write the injected rows of the clean rows of `train` and `validation`: two parquet files, and counts.json.

    `log_likelihoods` has, for every split, an array a row, for strategies that need a model; `how` is that of `inject`.
    """
    parts, n_long = {}, 0
    check_patterns_match(how["n_pauses_per_patterns"], [text for rows in clean.values() for text in rows["answer"]])
    for split in ("train", "validation"):
        injected = inject(clean[split], tokenizer, pause_id, (log_likelihoods or {}).get(split), **how)
        parts[split], more = fit(injected, max_length, too_long, pause_id)
        n_long += more
    if validation_split == "row":
        both = pd.concat(parts.values())
        both = both.iloc[np.lexsort((both["copy"], both["problem_id"].map(problem_number)))]
        keys = both["problem_id"] + " " + both["copy"].astype(str)
        held_out = draw_validation(keys, validation_share, how["data_seed"])
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
        rows.to_parquet(folder / f"{split}.parquet", index=False)
    write_json(folder / "counts.json", {**{split: len(rows) for split, rows in parts.items()}, **counts})


def inject(
    rows: pd.DataFrame,
    tokenizer,
    pause_id: int,
    log_likelihoods: list[np.ndarray] | None = None,
    *,
    strategy: str = "random",
    n_copies: int = 1,
    data_seed: int = 42,
    label_pauses: bool = True,
    **of_strategies,
) -> pd.DataFrame:
    """Return every clean row `n_copies` times with pauses in its answer, in the order of the rows.

    `of_strategies` are the settings that strategies read, such as `n_random_pauses`. A copy's draws depend on
    `data_seed`, the number of its problem and the number of the copy alone, so neither order nor parallelism matters.
    """
    strategies, settings = find_strategies(strategy), SimpleNamespace(**of_strategies)
    offsets = itertools.repeat(None)
    if any(one.needs_offsets for one in strategies):
        offsets = token_spans(rows["answer"].tolist(), tokenizer, add_special_tokens=False)
        offsets = (np.array(spans, dtype=np.int32).reshape(-1, 2) for spans in offsets)
    likelihoods = itertools.repeat(None) if log_likelihoods is None else log_likelihoods
    starts, gaps, labelled = prompt_lengths(rows), [], []
    columns = zip(rows["problem_id"], rows["answer"], rows["input_ids"], starts, offsets, likelihoods)
    for problem_id, text, ids, start, spans, likelihood in columns:
        answer = Answer(text, len(ids) - start - 1, spans, likelihood)
        for copy in range(n_copies):
            # from an array, which makes them a third faster than a list
            key = np.array([data_seed, problem_number(problem_id), copy], dtype=np.uint32)
            rng = np.random.Generator(np.random.SFC64(key))
            drawn, learned = draw_gaps(strategies, answer, settings, label_pauses, rng)
            gaps.append(start + drawn)
            labelled.append(learned)
    copies = rows.loc[rows.index.repeat(n_copies)].reset_index(drop=True)
    return copies.assign(
        input_ids=insert(copies["input_ids"], gaps, pause_id),
        completion_mask=insert(copies["completion_mask"], gaps, np.concatenate(labelled).astype(np.int8)),
        copy=np.tile(np.arange(n_copies), len(rows)),
        n_pauses=[len(one) for one in gaps],
        prompt_length=np.repeat(starts, n_copies),
    )


def draw_gaps(
    strategies: list[Strategy], answer: Answer, settings, label_pauses: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gap of every pause and whether it is labelled, two arrays (k); those not labelled come first."""
    gaps = [np.asarray(one.gaps(answer, settings, rng), dtype=int) for one in strategies]
    for one, drawn in zip(strategies, gaps):
        if len(drawn) and not 0 <= drawn.min() <= drawn.max() <= answer.n_tokens:
            raise InputError(
                f"The strategy {one.gaps.__name__} gives the gaps {drawn.tolist()} of an answer whose gaps are 0 to "
                f"{answer.n_tokens}: mend it in pauselib/injection/strategies.py."
            )
    labelled = [np.full(len(drawn), label_pauses and not one.in_prompt) for one, drawn in zip(strategies, gaps)]
    gaps, labelled = np.concatenate(gaps), np.concatenate(labelled)
    order = np.argsort(labelled, kind="stable")
    return gaps[order], labelled[order]


def insert(rows: Iterable[np.ndarray], gaps: list[np.ndarray], values: int | np.ndarray) -> list[np.ndarray]:
    """Return every row with one value put in for each of its gaps: before the item of that index, or at its end.

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


def draw_validation(keys: pd.Series, validation_share: float, data_seed: int) -> np.ndarray:
    """Return which rows are for validation, a boolean array: those whose key is drawn, a share of the different keys.

    With questions as keys no question is on both sides, also one that comes twice.
    """
    unique = list(dict.fromkeys(keys))
    rng = np.random.default_rng([data_seed, 1])
    drawn = rng.permutation(len(unique))[: max(1, round(validation_share * len(unique)))]
    return keys.isin([unique[i] for i in drawn]).to_numpy()


def fit(rows: pd.DataFrame, max_length: int, too_long: str = "refuse", pause_id: int = -1) -> tuple[pd.DataFrame, int]:
    """Return the rows that have at most `max_length` tokens, and how many did not.

    `too_long` says what happens to the others: refuse raises InputError; drop leaves them out; cut takes off what is
    past `max_length`, the end token too, and leaves a row out whose prompt alone is longer.
    """
    lengths = rows["input_ids"].map(len)
    long = lengths > max_length
    if not long.any():
        return rows, 0
    if too_long == "refuse":
        first = rows[long].iloc[0]
        raise InputError(
            f"{long.sum()} of {len(rows)} rows are longer than max_length {max_length} (problem "
            f"{first['problem_id']} has {len(first['input_ids'])} tokens, {(first['input_ids'] == pause_id).sum()} of "
            "them pauses): raise max_length, inject fewer, or say too_long 'drop' or 'cut'."
        )
    if too_long == "drop":
        return rows[~long], int(long.sum())
    per_token = ("input_ids", "completion_mask")
    cut = rows.assign(**{name: [values[:max_length] for values in rows[name]] for name in per_token})
    if "n_pauses" in cut:
        cut["n_pauses"] = [int((ids == pause_id).sum()) for ids in cut["input_ids"]]
    return cut[[bool(mask.any()) for mask in cut["completion_mask"]]], int(long.sum())
