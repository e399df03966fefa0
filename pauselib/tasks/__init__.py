"""Tasks: the prompt, the gold answer, what counts as right, how hard a problem is, and where its results stand.

A task is one file of this folder, named as the setting `task` names it, with a subclass of `Task` in it.

>>> find("gsm8k").extract("9 + 1003\\n#### 1,012")
'1012'
"""

import functools
import importlib
import pkgutil
import re
from abc import ABC, abstractmethod

from pauselib.declared import shown
from pauselib.errors import InputError, one_of

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


class Task(ABC):
    """One kind of problem, a row with the texts `question` and `answer`, whatever the columns of its source."""

    name: str
    answer_heading = "### Answer:"  # the last line of a prompt
    answer_mark = "####"  # what the final line of an answer begins with
    repeated_after = " = "  # what stands between a result and the same result said again
    final_answer: re.Pattern  # finds the final answer in a text, as its first group
    gold_answer: re.Pattern  # what a gold answer is from there to its end: no half of it is left out
    final_line: str  # what the final line is, in words

    @abstractmethod
    def problem(self, row: dict) -> dict[str, str]:
        """Return a source's row as a problem: its `question` and its `answer`, which ends in the final answer.

        Raises InputError, as a sentence that goes on after the place of the row, where something is missing.
        """

    def prompt(self, question: str) -> str:
        """Return the text before the answer, as published."""
        return f"### INPUT: {question}\n\n {self.answer_heading}"

    def extract(self, text: str) -> str | None:
        """Return the final answer that a text gives: the first match; None where there is none."""
        found = self.final_answer.search(text)
        return self.normalised(found[1]) if found else None

    def check_gold(self, answer: str) -> None:
        """Raise InputError unless a gold answer has one final answer, at its end, that `extract` reads whole."""
        found = list(self.final_answer.finditer(answer))
        if not found:
            raise InputError(f"the answer has no line '{self.final_line}', so no reply could be scored")
        if len(found) > 1:
            raise InputError(
                f"the answer has '{self.final_line}' {len(found)} times, of which the first would count: leave the "
                "final one alone"
            )
        final = answer[found[0].start(1) :].rstrip()
        if not self.gold_answer.fullmatch(final):
            raise InputError(
                f"the final answer {shown(final)} would be read as {shown(self.extract(answer))}: end the answer in "
                f"'{self.final_line}', with at most a unit behind it"
            )

    def normalised(self, final_answer: str) -> str:
        """Return a final answer in the form in which two of them are compared."""
        return final_answer

    def is_correct(self, reply: str, answer: str) -> bool:
        """Return whether a reply has the gold answer's final answer, compared as strings."""
        predicted = self.extract(reply)
        return predicted is not None and predicted == self.extract(answer)

    @abstractmethod
    def difficulty(self, answer: str) -> int:
        """Return how many steps the gold answer takes."""

    @abstractmethod
    def results(self, answer: str) -> list[tuple[int, int]]:
        """Return where the results of its steps stand in a gold answer: their characters, from start to end."""

    def step_start(self, answer: str, result: int) -> int:
        """Return the character at which the calculation begins whose result starts at a character: the line's first."""
        return answer.rfind("\n", 0, result) + 1


def text_of(row: object, column: str) -> str:
    """Return the text in a column of a source's row. Raises InputError where there is none, or it isn't Unicode."""
    if not isinstance(row, dict) or not isinstance(row.get(column), str):
        columns = f", the columns are {shown(list(row))}" if isinstance(row, dict) and column not in row else ""
        raise InputError(f"there is no text in the column '{column}'{columns}")
    half = re.search("[\ud800-\udfff]", row[column])  # no tokenizer takes it
    if half:
        raise InputError(f"the text in the column '{column}' has half a character, {half[0]!r}: take it out")
    return row[column]


@functools.cache
def find(name: str) -> Task:
    """Return the task of a name. Raises InputError for a name that is no file of this folder."""
    one_of("task", name, NAMES)
    module = importlib.import_module(f"{__name__}.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Task)]
    (task,) = [kind for kind in kinds if kind.__module__ == module.__name__]
    return task()
