"""The tokens of replies, one line each: what a reply has said and where it has paused when a token is chosen.

`replies` is here, and in the other modules of this room, a table as `loading.with_tokens` gives it of variants that
pause, one line a reply: `seed`, `variant`, `problem_id`, `correct`, `n_pauses`, `truncated`, and for every token of the
reply, without the end token, three lists: `tokens` (its text with its spaces; PAUSE_TEXT for a pause), and `p_pause`
(the pause head's probability of a pause) and `p_best` (that of the LM's best word, renormalised without the pause)
where the token was chosen.

A word is a token that is no pause. A reply of n words has n + 1 gaps, one before each word and one at its end. The
pauses of a gap are a run; a gap that has any is a *site*.
"""

import pandas as pd

from pauselib.tokens import PAUSE_TEXT


def token_table(replies: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The tokens of some replies, one line each, with `columns` of numbers that have one for every token.

    `reply` is the number of its reply, from 0; `token` its text; `pause` whether it is one; `gap` how many words are
    before it; `before` the pauses in the gaps before its own, `in_gap` those before it in its own, and `so_far` both;
    `length` the words of the reply. Raises ValueError where a list is not as long as the reply's tokens.

    >>> table = token_table(pd.DataFrame({"tokens": [["a", PAUSE_TEXT, PAUSE_TEXT, "b"]]}))
    >>> table[["gap", "in_gap"]].to_numpy().T.tolist()
    [[0, 1, 1, 1], [0, 0, 1, 2]]
    """
    lists = replies[["tokens", *columns]].reset_index(drop=True).rename_axis("reply")
    lists = lists[lists["tokens"].map(len) > 0]
    table = lists.explode(list(lists)).rename(columns={"tokens": "token"}).reset_index()
    table = table.astype({name: float for name in columns})
    table["pause"] = table["token"] == PAUSE_TEXT
    of_reply = table.assign(word=~table["pause"]).groupby("reply")
    table["length"] = of_reply["word"].transform("sum").astype(int)
    table["gap"] = of_reply["word"].cumsum().astype(int) - ~table["pause"]
    table["so_far"] = of_reply["pause"].cumsum().astype(int) - table["pause"]
    table["in_gap"] = table.groupby(["reply", "gap"]).cumcount()
    return table.assign(before=table["so_far"] - table["in_gap"])
