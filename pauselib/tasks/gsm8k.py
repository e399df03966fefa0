"""What counts as a correct reply, and the measures of a set of replies."""

import re

ANSWER = re.compile(r"#### (-?[0-9.,]+)")


def extract_answer(text: str) -> str | None:
    """The number after the first `#### `, without commas, as a string; None where there is none.

    >>> extract_answer("9 + 1003\\n#### 1,012")
    '1012'
    """
    match = ANSWER.search(text)
    return match[1].replace(",", "") if match else None


def is_correct(reply: str, gold_answer: str) -> bool:
    """Exact match of the two extracted numbers, compared as strings as published; a reply without one is wrong."""
    predicted = extract_answer(reply)
    return predicted is not None and predicted == extract_answer(gold_answer)


def metrics(predictions: list[dict]) -> dict:
    """Accuracy, mean pauses per reply (all, correct, incorrect; None where there is no such reply), share of cut replies, and n."""

    def mean(values: list) -> float | None:
        return sum(values) / len(values) if values else None

    def pauses(*which: bool) -> float | None:
        return mean([p["n_pauses"] for p in predictions if p["correct"] in which])

    return {
        "accuracy": mean([p["correct"] for p in predictions]),
        "pauses_mean": pauses(True, False),
        "pauses_mean_correct": pauses(True),
        "pauses_mean_incorrect": pauses(False),
        "truncated_rate": mean([p["truncated"] for p in predictions]),
        "n": len(predictions),
    }
