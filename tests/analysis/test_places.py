"""Where models pause: the tokens and the places of short replies, worked out by hand."""

import pandas as pd
import pytest
from made_up import P, reply, rows

from pauselib.analysis.why.places import frequent_neighbours, gaps, number_places, pause_places
from pauselib.analysis.why.positions import token_table


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
    }
    assert token_table(replies, "p_best")["p_best"].tolist() == [0.5] * 7
    assert token_table(replies[:0], "p_best").empty


@pytest.fixture
def two_replies() -> pd.DataFrame:
    """`1 2 + 3` with 2, 1, 0, 1, 0 pauses in its five gaps, and `a` with 0 and 1 in its two, which was cut off.

    A reply without pauses does not count.
    """
    cut = reply(["a", P], truncated=True)
    return pd.DataFrame([reply([P, P, "1", P, "2", "+", P, "3"]), cut, reply(["z"])])


def test_the_gaps_of_two_replies(two_replies):
    table = gaps(two_replies)
    assert table["pauses"].tolist() == [2, 1, 0, 1, 0, 0, 1]
    assert table["before"].tolist() == ["(start)", "1", "2", "+", "3", "(start)", "a"]
    assert table["after"].tolist() == ["1", "2", "+", "3", "(end)", "a", "(cut off)"]
    assert table["place"].tolist()[:5] == [0, 0.25, 0.5, 0.75, 1]
    assert table["place"][5:].isna().all()


def test_neighbours_of_the_runs(two_replies):
    """Four runs; spread evenly there are 3/5 in each gap of the first reply, 1/2 in each of the second's."""
    table = pause_places(two_replies)["neighbours"].set_index(["side", "token"])
    expected = {"before": ["(start)", "1", "+", "a"], "after": ["1", "2", "3", "(cut off)"]}
    assert set(table.index) == {(side, token) for side, tokens in expected.items() for token in tokens}
    assert (table["n"].to_list(), table["share"].to_list()) == ([1] * 8, [0.25] * 8)
    assert table.loc[("before", "(start)"), "expected"] == pytest.approx((3 / 5 + 1 / 2) / 4)
    assert table.loc[("after", "1"), "lift"] == pytest.approx(0.25 / (3 / 5 / 4))
    assert table.loc[("after", "(cut off)"), "lift"] == pytest.approx(2)


def test_the_place_in_the_reply_the_numbers_and_the_runs(two_replies):
    """There are 4/5 of a pause in each of the first reply's gaps; the last of four bins has those at 0.75 and at 1.

    The reply that was cut off has no end to measure by.
    """
    found = pause_places(two_replies, bins=4)
    relative = found["relative"]
    assert rows(relative, "low", "high", "n") == [(0, 0.25, 2), (0.25, 0.5, 1), (0.5, 0.75, 0), (0.75, 1, 1)]
    assert relative["expected"].tolist() == pytest.approx([0.2, 0.2, 0.2, 0.4])
    places = ["before a number", "inside a number", "after a number", "elsewhere"]
    table = found["numbers"].set_index("number").loc[places]
    assert (table["n"].tolist(), table["share"].tolist()) == ([3, 1, 0, 1], [0.6, 0.2, 0, 0.2])
    assert table["expected"].tolist() == pytest.approx([1.6 / 5, 0.8 / 5, 1.6 / 5, 1 / 5])
    assert rows(found["runs"], "variant", "length", "n") == [("sft", 1, 3), ("sft", 2, 1)]


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        (["12"], ["34"], "inside a number"),
        (["3"], [",000"], "inside a number"),
        (["3", ","], ["000"], "inside a number"),
        (["3"], [",", " 4"], "after a number"),
        (["9"], [], "after a number"),
        ([], ["9"], "before a number"),
        (["3"], [" 4"], "before a number"),
        (["3."], [" So"], "elsewhere"),
        ([","], ["", "a"], "elsewhere"),
        (["é", "\U0001f34e"], ["3"], "before a number"),
        ([], [], "elsewhere"),
        (["1\n"], ["2"], "before a number"),
    ],
)
def test_what_is_inside_a_number(before, after, place):
    assert number_places([*before, *after])[len(before)] == place


def test_the_most_frequent_neighbours_of_a_variant_are_shown_with_their_spaces():
    replies = [reply([P, " 1", P, "\n"]), reply([P, " 1"], problem_id="b"), reply([P, "x"], variant="sft_peft")]
    table = frequent_neighbours(pause_places(pd.DataFrame(replies)), "sft", most=1)
    assert rows(table, "side", "token", "n") == [("before", "'(start)'", 2), ("after", "' 1'", 2)]
    assert frequent_neighbours(pause_places(pd.DataFrame(replies)), None).empty
