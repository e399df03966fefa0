"""Three answers short enough to count gaps by hand, and where the pauses of injected rows are."""

import numpy as np

from pauselib import tasks
from pauselib.injection.rows import inject, tokenize

PROBLEMS = [
    {
        "problem_id": "train-0",
        "question": "Ada has 2 pens and buys 3. How many?",
        "answer": "So 2+3 = <<2+3=5>>5 pens.\n#### 5",
    },
    {
        "problem_id": "train-1",
        "question": "Éva pays €5, twice. How much?",
        "answer": "Éva pays 2*5 =\n€<<2*5=10>>10 in all.\n#### 10",
    },
    {"problem_id": "train-2", "question": "Ben has 4 coins. How many?", "answer": "#### 4"},
]
P = 400  # the pause: one past the tokenizer's vocabulary
GSM8K = tasks.find("gsm8k")


OF_STRATEGIES = {
    "n_random_pauses": 10,
    "variable_number_of_pauses": True,
    "n_pauses_per_patterns": {},
    "n_prefix_pauses": 10,
}


def injected(problems: list[dict], tokenizer, log_likelihoods: list | None = None, **how) -> list[dict]:
    """The injected rows of problems."""
    clean = tokenize(problems, tokenizer, GSM8K)
    return inject(clean, tokenizer, P, log_likelihoods, **{**OF_STRATEGIES, **how}).to_dict("records")


def without_pauses(ids: np.ndarray, pause_id: int = P) -> np.ndarray:
    """Ids with the pauses taken out."""
    return ids[ids != pause_id]


def answer_of(row: dict) -> np.ndarray:
    """The answer of a row with its pauses and its end token, whatever is labelled."""
    return row["input_ids"][row["prompt_length"] :]


def gaps_of(row: dict) -> list[int]:
    """The gap of every pause of a row: how many tokens of the answer are before it."""
    answer = answer_of(row)
    return np.cumsum(answer != P)[answer == P].tolist()


def answer_length(row: dict) -> int:
    """Tokens of the answer, without pauses and end token."""
    return len(without_pauses(answer_of(row))) - 1
