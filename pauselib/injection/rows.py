"""Where pauses go: random gaps between the tokens of an answer, or the ends of what a pattern matches. Always on token ids.

An answer of n tokens has n + 1 gaps: before every token and after the last one. A strategy gives the number of pauses in each gap;
numbers of several strategies add up. Nothing is decoded and tokenized again, so all other tokens stay what they were.
"""

import re

import numpy as np

from pauselib.errors import InputError
from pauselib.progress import Progress

PROMPT = "### INPUT: {question}\n\n ### Answer:"
PAUSE_TEXT = "<|pause|>"


def word_gaps(text: str, offsets: list[tuple[int, int]]) -> np.ndarray:
    """The gaps that part words: before a token that starts a word, and the last one. `offsets` are its tokens' character spans."""
    starts = {match.start() for match in re.finditer(r"\S+", text)}
    at_start = [
        i
        for i, (a, b) in enumerate(offsets)
        if i == 0 or ((a, b) != offsets[i - 1] and any(c in starts for c in range(a, b)))
    ]
    return np.array([*at_start, len(offsets)])


def pattern_gaps(text: str, offsets: list[tuple[int, int]], patterns: dict[str, int]) -> np.ndarray:
    """The gap of every pause: n after every match of a regular expression, at the first gap past the match's end.

    A pattern that is a line break also counts once at the very start, as published.
    """
    gaps, starts = [], np.array([start for start, _ in offsets])
    for pattern, n in patterns.items():
        found = [int(np.searchsorted(starts, match.end())) for match in re.finditer(pattern, text)]
        gaps += n * (found + [0] * (pattern in ("\n", r"\n")))
    return np.array(gaps, dtype=int)


def random_gaps(allowed: np.ndarray, n_pauses: int, variable: bool, seed: int, row: int, copy: int) -> np.ndarray:
    """The gap of every pause: k of them, each an independent uniform draw from the `allowed` gaps.

    k is `n_pauses`, or uniform over 0..n_pauses where `variable`. The draw depends on (seed, row, copy) alone, so order and
    parallelism don't matter.
    """
    rng = np.random.Generator(np.random.SFC64([seed, row, copy]))
    k = rng.integers(n_pauses + 1) if variable else n_pauses
    return allowed[rng.integers(len(allowed), size=k)]


def insert(ids: np.ndarray, gaps: np.ndarray, pause_id: int) -> np.ndarray:
    """`ids` (n) with one pause for every entry of `gaps` (k, in any order): before the token of that index, n being the end. (n + k)

    >>> insert(np.array([7, 8]), np.array([2, 0, 2]), 99).tolist()
    [99, 7, 8, 99, 99]
    """
    is_token = np.ones(len(ids) + len(gaps), dtype=bool)
    is_token[np.sort(gaps) + np.arange(len(gaps))] = False
    out = np.full(len(is_token), pause_id, dtype=ids.dtype)
    out[is_token] = ids
    return out


def tokenize(problems: list[dict], tokenizer) -> tuple[list[np.ndarray], list[int], list]:
    """Of every problem: its ids without pauses (start token, prompt, answer, end token; int32), where the answer starts, and the
    tokenizer's encoding of the answer (for the characters its tokens stand for).

    Prompt and answer are tokenized apart and joined as ids, in training and in decoding alike, so no token spans the border.
    Raises ValueError for text that already holds the pause token.
    """
    for problem in problems:
        if PAUSE_TEXT in problem["question"] + problem["answer"]:
            raise InputError(
                f"Problem {problem['problem_id']} already contains {PAUSE_TEXT}: take it out, pauses are injected as ids."
            )
    prompts = tokenizer([PROMPT.format(question=p["question"]) for p in problems])["input_ids"]
    answers = tokenizer([p["answer"] for p in problems], add_special_tokens=False)
    ids = [
        np.array([*prompt, *answer, tokenizer.eos_token_id], dtype=np.int32)
        for prompt, answer in zip(prompts, answers["input_ids"])
    ]
    return ids, [len(prompt) for prompt in prompts], answers.encodings


def inject(problems: list[dict], tokenizer, pause_id: int, settings) -> list[dict]:
    """Every problem `n_copies` times with pauses in its answer, in the order of the problems.

    Rows have `problem_id`, `copy`, `question`, `answer` (without pauses), `input_ids` (prompt, answer, pauses, end token; int32 array),
    `completion_mask` (1 from the answer on; int8 array) and `n_pauses`. Raises ValueError as `tokenize` does.
    """
    rows, none, progress = [], np.empty(0, dtype=int), Progress("problem", len(problems))
    for i, (problem, ids, start, encoding) in enumerate(zip(problems, *tokenize(problems, tokenizer))):
        n_gaps = len(ids) - start  # the end token stays last
        fixed = (
            pattern_gaps(problem["answer"], encoding.offsets, settings.n_pauses_per_patterns)
            if "pattern" in settings.strategy
            else none
        )
        allowed = word_gaps(problem["answer"], encoding.offsets) if settings.unit == "word" else np.arange(n_gaps)
        for copy in range(settings.n_copies):
            gaps = fixed
            if "random" in settings.strategy:
                drawn = random_gaps(
                    allowed, settings.n_random_pauses, settings.variable_number_of_pauses, settings.data_seed, i, copy
                )
                gaps = np.concatenate([fixed, drawn])
            rows.append(as_row(problem, insert(ids, start + gaps, pause_id), start, copy, len(gaps)))
        progress.update(i + 1)
    return rows


def plain_rows(problems: list[dict], tokenizer) -> list[dict]:
    """The rows of `inject` without any pause, one copy each: how the test problems are kept."""
    ids, starts, _ = tokenize(problems, tokenizer)
    return [as_row(*parts) for parts in zip(problems, ids, starts)]


def as_row(problem: dict, ids: np.ndarray, start: int, copy: int = 0, n_pauses: int = 0) -> dict:
    mask = np.ones(len(ids), dtype=np.int8)
    mask[:start] = 0
    return {**problem, "copy": copy, "input_ids": ids, "completion_mask": mask, "n_pauses": n_pauses}


def split(rows: list[dict], by: str, share: float, seed: int) -> tuple[list[dict], list[dict]]:
    """Training and validation rows. `by` problem: no question is in both (a question that comes twice counts as one). `by` row: drawn over the copies, as published, which leaks."""
    keys = [row["question"] if by == "problem" else (row["problem_id"], row["copy"]) for row in rows]
    unique = list(dict.fromkeys(keys))
    drawn = np.random.default_rng([seed, 1]).permutation(len(unique))[: max(1, round(share * len(unique)))]
    held_out = {unique[i] for i in drawn}
    return [row for row, key in zip(rows, keys) if key not in held_out], [
        row for row, key in zip(rows, keys) if key in held_out
    ]


def fit(rows: list[dict], max_length: int, too_long: str, pause_id: int) -> tuple[list[dict], int]:
    """The rows that have at most `max_length` tokens, and how many did not. `too_long`: refuse (ValueError), drop them, or cut them
    (what is past `max_length` goes, the end token too; a row whose prompt alone is longer is dropped)."""
    long = [row for row in rows if len(row["input_ids"]) > max_length]
    if long and too_long == "refuse":
        raise InputError(
            f"{len(long)} of {len(rows)} rows are longer than max_length {max_length} (problem {long[0]['problem_id']} has {len(long[0]['input_ids'])} tokens, "
            f"{long[0]['n_pauses']} of them pauses): raise max_length, inject fewer, or say too_long 'drop' or 'cut'."
        )
    if too_long == "drop":
        return [row for row in rows if len(row["input_ids"]) <= max_length], len(long)
    for row in long:
        for column in ("input_ids", "completion_mask"):
            row[column] = row[column][:max_length]
        row["n_pauses"] = int((row["input_ids"] == pause_id).sum())
    return [row for row in rows if row["completion_mask"].any()], len(long)


def to_text(ids: list[int], tokenizer, pause_id: int) -> str:
    """The text of `ids` for people, each pause shown as `<|pause|>`; to count or score, use the ids."""
    parts, part = [], []
    for token in [*ids, pause_id]:
        if token == pause_id:
            parts.append(tokenizer.decode(part, skip_special_tokens=False))
            part = []
        else:
            part.append(token)
    return PAUSE_TEXT.join(parts)


def token_text(token: int, tokenizer, pause_id: int) -> str:
    """The text of one token with its leading space, which decoding a token alone drops with some tokenizers."""
    if token == pause_id:
        return PAUSE_TEXT
    piece = tokenizer.convert_ids_to_tokens(token)
    return piece.replace("▁", " ") if "▁" in piece else tokenizer.decode([token], skip_special_tokens=False)
