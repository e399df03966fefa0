"""Gold texts: the prompts and answers of clean rows as tokens, with the places where something may be put in."""

import numpy as np
import pandas as pd

from pauselib.injection.rows import prompt_lengths
from pauselib.tasks import Task
from pauselib.tokens import token_spans
from pauselib.trials.sites import GoldText, Result


def gold_texts(rows: pd.DataFrame, tokenizer, task: Task, prompt_pauses: list[int] | None = None) -> list[GoldText]:
    """Return the gold texts of clean rows, in their order.

    `prompt_pauses` are the tokens that a model was trained to find between every prompt and its answer.
    """
    between = prompt_pauses or []
    if rows.empty:
        return []
    prompts = token_spans([task.prompt(question) for question in rows["question"]], tokenizer)
    answers = token_spans(rows["answer"].tolist(), tokenizer, add_special_tokens=False)
    texts = []
    columns = zip(rows.itertuples(), prompt_lengths(rows), prompts, answers)
    for row, n_prompt, of_prompt, of_answer in columns:
        ids = row.input_ids.tolist()
        start = n_prompt + len(between)
        heading = token_at(of_prompt, task.prompt(row.question).rindex(task.answer_heading))
        results = [
            Result(
                index,
                step=start + token_at(of_answer, task.step_start(row.answer, first)),
                start=start + token_at(of_answer, first),
                end=start + token_at(of_answer, last - 1) + 1,
            )
            for index, (first, last) in enumerate(task.results(row.answer))
        ]
        ids = [*ids[:n_prompt], *between, *ids[n_prompt:]]
        texts.append(GoldText(row.problem_id, ids, heading, start, results))
    return texts


def token_at(offsets: list[tuple[int, int]], character: int) -> int:
    """Return the token that a character of the text stands in, given the first and last bounds of each.

    >>> token_at([(0, 0), (0, 3), (3, 5)], 3)
    2
    """
    return int(np.argmax(np.array(offsets)[:, 1] > character))
