"""GSM8K: word problems whose answers tell one calculation a line and end in `#### NUMBER` (Cobbe et al. 2021, arXiv
2110.14168).

    Rosa has 17 shells. A neighbour brings 9 more. How many shells does Rosa have now?

    There are <<17+9=26>>26 shells.
    #### 26
"""

import re

from pauselib.tasks import Task, text_of


class GSM8K(Task):
    """The columns are `question` and `answer`; a final answer is a number, compared without commas, as published.

    Of a reply the first number counts, whatever is behind it. A gold answer ends in a number and perhaps its unit, such
    as `1,234`, `-18`, `12%` or `18 dollars`. What would be half-read is refused: `3/4`, `1 234`, `3 million`.
    """

    name = "gsm8k"
    repeated_after = ">>"
    final_answer = re.compile(r"#### (-?[0-9.,]+)")
    gold_answer = re.compile(
        r"""-?(?:(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)  # commas part groups of three digits
        (?:\s?(?:[%$€£¥¢]|°[CF]?))?
        (?:[ \xa0](?!.*\b(?:hundred|thousand|[mb]illion|dozen|half|and\ a|or|point)s?\b)  # would change the number
           [^\W\d_²³¹¼-¾⅐-⅞](?:[^\W\d²³¹¼-¾⅐-⅞]|[ .'’()/%°-])*)?""",
        re.VERBOSE | re.IGNORECASE,
    )
    final_line = "#### NUMBER"

    def problem(self, row: dict) -> dict[str, str]:
        """Return `question` and `answer` of the row."""
        problem = {column: text_of(row, column) for column in ("question", "answer")}
        self.check_gold(problem["answer"])
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
