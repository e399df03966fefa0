"""Problems of one's own, typed a line each, as a dataset that every notebook takes.

Mia has 30 cards and loses 4. How many cards are left? | 30-4=26
Ben has 9 pens. Ben buys 2 packs of 6 pens. How many pens does Ben have? | 2*6=12 | 9+12=21
"""

import json
import re
from pathlib import Path
from tokenize import TokenError

from pauselib import runs
from pauselib.errors import InputError

OPENINGS = ("Now that gives", "So that makes")  # as the embedded model's answers are told
CALCULATION = re.compile(r"((?:(?!\*\*)[-+*/().\d\s])+)=\s*(-?\d+(?:\.\d+)?)")
ROUNDED = 0.01  # how far a result may be from the exact one: 10/3=3.33


def write_own_problems(folder: Path | str, text: str, n_test: int) -> Path:
    """Write the problems of a text as train.jsonl and, the last `n_test` of them, test.jsonl; return the folder.

    A line is a question and behind it, each after a `|`, the calculations of its answer; the last result is the gold
    answer. Raises InputError, with the line, for one that is not written like this or calculates something wrong, and
    for too few lines.
    """
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if len(lines) < n_test + 2:  # one is for validation
        raise InputError(f"There are {len(lines)} problems: write at least {n_test + 2}, as {n_test} are for the test.")
    problems = [as_problem(line) for line in lines]
    first_of_test = len(problems) - n_test
    folder = Path(folder)
    for split, part in (("train", problems[:first_of_test]), ("test", problems[first_of_test:])):
        runs.write(folder / f"{split}.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in part))
    return folder


def as_problem(line: str) -> dict[str, str]:
    """Return a line as `question` and `answer`, in the format of GSM8K: a calculation a line, then `#### result`."""
    question, *calculations = [part.strip() for part in line.split("|")]
    results = [CALCULATION.fullmatch(one) for one in calculations]
    if not question or not calculations or not all(results):
        raise InputError(
            f"The problem {line!r} is not a question with calculations behind it: write it like "
            "'Mia has 3 cards and finds 4. How many has she? | 3+4=7'."
        )
    for calculation, result in zip(calculations, results):
        if not is_right(*result.groups()):
            raise InputError(f"The problem {line!r} calculates something wrong: mend {calculation!r}.")
    told = []
    for i, (calculation, result) in enumerate(zip(calculations, results)):
        told.append(f"{OPENINGS[i % len(OPENINGS)]} <<{''.join(calculation.split())}>>{result[2]}.")
    return {"question": question, "answer": "\n".join([*told, f"#### {results[-1][2]}"])}


def is_right(calculation: str, result: str) -> bool:
    """Return whether a calculation gives a result, which may be rounded."""
    import pandas as pd

    try:
        return abs(float(pd.eval(calculation.strip())) - float(result)) < ROUNDED
    except (SyntaxError, TokenError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
        return False
