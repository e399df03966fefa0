"""The tokens of replies, one line each, on three replies counted by hand."""

import pandas as pd
import pytest
from made_up import P, reply

from pauselib.analysis.why.positions import token_table
from pauselib.errors import InputError


def test_what_a_reply_has_said_and_where_it_has_paused_when_a_token_is_chosen():
    replies = pd.DataFrame([reply([P, P, "a", P, "b"]), reply([]), reply([P, "c"])], index=[7, 3, 3])
    assert token_table(replies).to_dict("list") == {
        "reply": [0, 0, 0, 0, 0, 2, 2],
        "token": [P, P, "a", P, "b", P, "c"],
        "pause": [True, True, False, True, False, True, False],
        "length": [2, 2, 2, 2, 2, 1, 1],
        "gap": [0, 0, 0, 1, 1, 0, 0],
        "so_far": [0, 1, 2, 2, 3, 0, 1],
        "in_gap": [0, 1, 2, 0, 1, 0, 1],
        "before": [0, 0, 0, 2, 2, 0, 0],
        "opens": [True, False, False, True, False, True, False],
    }
    assert token_table(replies, "p_best")["p_best"].tolist() == [0.5] * 7
    assert token_table(replies[:0], "p_best").empty


def test_lists_of_unequal_lengths_are_refused():
    with pytest.raises(InputError, match="not as many values in p_best as tokens"):
        token_table(pd.DataFrame([reply(["a", P], p_best=[0.5])]), "p_best")
