"""The replies to the test problems: what is extracted and counted, and the measures of three replies by hand."""

import pytest

from pauselib import tasks
from pauselib.decoding.evaluation import judged, reply_metrics
from pauselib.decoding.greedy import Reply

P = 400  # the pause: one past the tokenizer's vocabulary


def reply(correct: bool, n_pauses: int, truncated: bool = False) -> dict:
    return {"correct": correct, "n_pauses": n_pauses, "truncated": truncated}


def test_the_measures_of_three_replies():
    assert reply_metrics([reply(True, 1), reply(True, 2), reply(False, 9, truncated=True)]) == {
        "accuracy": pytest.approx(2 / 3),
        "pauses_mean": 4,
        "pauses_mean_correct": 1.5,
        "pauses_mean_incorrect": 9,
        "truncated_rate": pytest.approx(1 / 3),
        "n": 3,
    }


def test_a_mean_over_no_replies_is_none_not_zero():
    wrong, right, none = reply_metrics([reply(False, 0)]), reply_metrics([reply(True, 0)]), reply_metrics([])
    assert (wrong["accuracy"], wrong["pauses_mean_correct"], wrong["pauses_mean_incorrect"]) == (0, None, 0)
    assert (right["accuracy"], right["pauses_mean_correct"], right["pauses_mean_incorrect"]) == (1, 0, None)
    assert (none["accuracy"], none["pauses_mean"], none["truncated_rate"], none["n"]) == (None, None, None, 0)


def say(tokenizer, text: str, truncated: bool = False) -> Reply:
    """A reply whose pauses are written as `~`."""
    ids = [tokenizer(part, add_special_tokens=False)["input_ids"] for part in text.split("~")]
    return Reply([*ids[0], *(token for part in ids[1:] for token in (P, *part))], truncated)


def test_a_reply_is_judged_without_its_pauses(tokenizer):
    reply = say(tokenizer, "It is 12.\n####~ 1~2")
    assert judged(reply, "6+6\n#### 12", tasks.find("gsm8k"), tokenizer, P) == {
        "gold": "12",
        "reply": "It is 12.\n####<|pause|> 1<|pause|>2",
        "predicted": "12",
        "correct": True,
        "n_pauses": 2,
        "n_tokens": len(reply.ids),
        "truncated": False,
    }


def test_a_reply_to_a_question_without_a_gold_answer_is_neither_right_nor_wrong(tokenizer):
    said = judged(say(tokenizer, "#### 7", truncated=True), None, tasks.find("gsm8k"), tokenizer, P)
    assert (said["gold"], said["predicted"], said["correct"], said["truncated"]) == (None, "7", None, True)
