"""Gold texts: where the heading, the answer, the calculations and their results stand, read back as text."""

import pytest

from pauselib.injection.rows import tokenize
from pauselib.tasks.gsm8k import GSM8K
from pauselib.trials.trial import gold_texts

OWN_PROMPT = type("OwnPrompt", (GSM8K,), {"prompt": lambda _, question: f"Q: {question}\nA:"})()
SPACE = type("Space", (GSM8K,), {"answer_heading": "Answer: ", "prompt": lambda _, question: f"{question} Answer: "})()
PROBLEM = {
    "problem_id": "test-0",
    "question": "Rosa has 17 shells. A neighbour brings 9 more. Half get lost. How many are left?",
    "answer": "So there are 17 + 9 = <<17+9=26>>26 shells.\nThen there are <<26/2=13>>13.\n#### 13",
}


def pieces(text, tokenizer) -> list[tuple[str, str]]:
    """Of every result what stands between the start of its calculation and the result, and the result."""
    return [
        (tokenizer.decode(text.ids[one.step : one.start]).strip(), tokenizer.decode(text.ids[one.start : one.end]))
        for one in text.results
    ]


@pytest.mark.parametrize(("between", "task"), [([], GSM8K()), ([400, 400], GSM8K()), ([], OWN_PROMPT), ([], SPACE)])
def test_the_places_of_a_gold_text(between, task, tokenizer):
    heading = {OWN_PROMPT: "A:", SPACE: "Answer:"}.get(task, "### Answer:")
    (text,) = gold_texts(tokenize([PROBLEM], tokenizer, task), tokenizer, task, between)
    assert pieces(text, tokenizer) == [("<<17+9=", "26"), ("<<26/2=", "13")]
    assert tokenizer.decode(text.ids[text.heading : text.start - len(between)]).strip() == heading
    assert text.ids[text.start - len(between) : text.start] == between
    assert tokenizer.decode(text.ids[text.start :]) == PROBLEM["answer"] + "</s>"
    assert [one.index for one in text.results] == [0, 1]
