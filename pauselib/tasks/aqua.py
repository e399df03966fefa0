"""AQuA-RAT: algebra problems with five options and a rationale (Ling et al. 2017, arXiv 1705.04146), as multiple
choice.

    How many hours does a trip of 120 km take at 40 km an hour?
    Options: A)2 B)3 C)4 D)5 E)6

    120 / 40 = 3
    #### B
"""

import re

from pauselib.declared import shown
from pauselib.errors import InputError
from pauselib.tasks import Task, text_of, unicode


class AQuA(Task):
    """The columns are `question`, `options` (texts such as `A)21`), `rationale` and `correct`, a letter."""

    name = "aqua"
    final_answer = re.compile(r"#### ([A-E])\b")
    gold_answer = re.compile("[A-E]")
    final_line = "#### LETTER"

    def problem(self, row: dict) -> dict[str, str]:
        """Return the question with its options, and the rationale with the letter of the correct one behind it."""
        question, rationale, correct = (text_of(row, column) for column in ("question", "rationale", "correct"))
        options = row.get("options")
        if not isinstance(options, list) or not options or not all(isinstance(option, str) for option in options):
            raise InputError("there is no list of texts in the column 'options'")
        unlettered = next((option for option in options if not re.match(r"[A-E]\s*\)", option)), None)
        if unlettered is not None:
            raise InputError(f"the option {shown(unlettered)} has no letter from A to E before it, as in 'A)21'")
        letters = [option[0] for option in options]
        if correct not in letters:
            raise InputError(f"the correct option {shown(correct)} is none of {', '.join(letters)}")
        answer = f"{rationale.strip()}\n{self.answer_mark} {correct}"
        self.check_gold(answer)
        return {"question": unicode(f"{question}\nOptions: {' '.join(options)}", "options"), "answer": answer}

    def difficulty(self, answer: str) -> int:
        """Return the number of equations in the rationale: there are no annotations to count."""
        return len(self.results(answer))

    def results(self, answer: str) -> list[tuple[int, int]]:
        """Return where the numbers behind an equals sign stand."""
        return [found.span(1) for found in re.finditer(r"=\s*(-?\d[\d.,]*(?<=\d))", answer)]
