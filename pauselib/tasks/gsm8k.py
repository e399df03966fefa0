"""GSM8K: word problems whose answers tell one calculation a line and end in `#### NUMBER` (Cobbe et al. 2021, arXiv
2110.14168).

    Rosa has 17 shells. A neighbour brings 9 more. How many shells does Rosa have now?

    There are <<17+9=26>>26 shells.
    #### 26
"""

import re

from pauselib.errors import InputError
from pauselib.tasks import Task, text_of


class GSM8K(Task):
    """The columns are `question` and `answer`; a final answer is a number, compared without commas, as published."""

    name = "gsm8k"
    repeated_after = ">>"
    final_answer = re.compile(r"#### (-?[0-9.,]+)")

    def problem(self, row: dict) -> dict[str, str]:
        """Return `question` and `answer` of the row."""
        problem = {column: text_of(row, column) for column in ("question", "answer")}
        if not self.final_answer.search(problem["answer"]):
            raise InputError("the answer has no line '#### NUMBER', so no reply could be scored")
        return problem

    def normalised(self, final_answer: str) -> str:
        """Return the number without its commas."""
        return final_answer.replace(",", "")

    def difficulty(self, answer: str) -> int:
        """Return the number of calculations that are annotated with `<<`."""
        return answer.count("<<")

    def results(self, answer: str) -> list[tuple[int, int]]:
        """Return where the right-hand sides of the annotated calculations stand, as in `<<17+9=26>>`."""
        return [found.span(1) for found in re.finditer(r"<<[^<>]*=([^<>=]+)>>", answer)]

    def step_start(self, answer: str, result: int) -> int:
        """Return where the annotation of a result begins: by then the sentence has said what is calculated."""
        return answer.rindex("<<", 0, result)
