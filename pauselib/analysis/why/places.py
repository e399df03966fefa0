"""Where a model pauses: beside which tokens, how far into the reply, at which numbers, and how many pauses in a row."""

import re
from itertools import accumulate

import pandas as pd

from pauselib.analysis.why.positions import token_table
from pauselib.tokens import PAUSE_TEXT

START, END, CUT = "(start)", "(end)", "(cut off)"  # what is beside a pause where no word is
NUMBER_PLACES = INSIDE, BEFORE, AFTER, ELSEWHERE = "inside a number", "before a number", "after a number", "elsewhere"

NUMBER = re.compile(r" ?([0-9]+([.,][0-9]+)*)")
"""Digits, with a dot or a comma between them, and perhaps one space before them, since tokens often bring their own."""


def pause_places(replies: pd.DataFrame, bins: int = 10) -> dict[str, pd.DataFrame]:
    """Where the pauses of each variant are, as four tables; a variant without pauses has no lines.

    - `neighbours`: `variant`, `side` (before, after), the `token` on that side of a run of pauses, most frequent first.
      `n` counts runs.
    - `relative`: `variant`, and bins `low` to `high` of the place in the reply, 0 the start, 1 the end. Replies that
      were cut off are left out.
    - `numbers`: `variant`, `number` (one of NUMBER_PLACES).
    - `runs`: `variant`, `length` (pauses in a row), `n` runs.

    The first three have `n`, its `share` in the variant, the `expected` share if each reply's own pauses were spread
    evenly over its gaps, and `lift` = share / expected.
    """
    table = gaps(replies)
    both = [tally(table, side, "run").rename(columns={side: "token"}).assign(side=side) for side in ("before", "after")]
    neighbours = pd.concat(both)
    neighbours = neighbours[neighbours["n"] > 0].sort_values("n", ascending=False, kind="stable", ignore_index=True)
    whole = table[table["place"].notna()]
    low = (whole["place"] * bins + 1e-9).astype(int).clip(upper=bins - 1) / bins  # 0.29 · 100 is 28.999999999999996
    relative = tally(whole.assign(low=low), "low", "pauses")
    relative.insert(2, "high", relative["low"] + 1 / bins)
    runs = table[table["run"] > 0].groupby(["variant", "pauses"]).size().rename("n").reset_index()
    numbers = tally(table.assign(number=pd.Categorical(table["number"], NUMBER_PLACES)), "number", "pauses")
    return {
        "neighbours": neighbours[["variant", "side", "token", "n", "share", "expected", "lift"]],
        "relative": relative,
        "numbers": numbers.astype({"number": "str"}),
        "runs": runs.rename(columns={"pauses": "length"}),
    }


def gaps(replies: pd.DataFrame) -> pd.DataFrame:
    """The gaps of the replies that pause, one line each: n + 1 for n words.

    `reply` is the number of its reply, from 0, with its `variant`; `gap` how many words are before it, and `length` how
    many the reply has; `before` and `after`, the words beside it, or START, END and CUT; `number`, its place beside
    one; `pauses` in it, and `run` (1 where there are any); `even_pauses` and `even_run`, what it would have if those of
    the reply were spread evenly; and `place`, from 0 at the start to 1 at the end, missing where the reply was cut off
    since its end is unknown.
    """
    chosen = replies[replies["n_pauses"] > 0].reset_index(drop=True)
    words = [[token for token in tokens if token != PAUSE_TEXT] for tokens in chosen["tokens"]]
    columns = {
        "gap": [[*range(len(one) + 1)] for one in words],
        "before": [[START, *one] for one in words],
        "after": [[*one, CUT if is_cut else END] for one, is_cut in zip(words, chosen["truncated"])],
        "number": [number_places(one) for one in words],
    }
    of_reply = chosen[["variant", "truncated"]].assign(reply=range(len(words)), length=[len(one) for one in words])
    table = of_reply.assign(**columns).explode(list(columns), ignore_index=True)
    n_pauses = token_table(chosen).groupby(["reply", "gap"])["pause"].sum().rename("pauses")
    table = table.astype({"gap": int, "reply": int, "length": int}).join(n_pauses, on=["reply", "gap"])
    table = table.fillna({"pauses": 0}).astype({"pauses": int})
    table["run"] = (table["pauses"] > 0).astype(int)
    means = table.groupby("reply")[["pauses", "run"]].transform("mean")
    place = (table["gap"] / table["length"].clip(lower=1)).mask(table["truncated"].astype(bool))
    return table.assign(even_pauses=means["pauses"], even_run=means["run"], place=place)


def number_places(words: list[str]) -> list[str]:
    """Where each gap of a text is, given its words: one of NUMBER_PLACES, n + 1 for n words.

    >>> number_places(["1", ",5", " a"])
    ['before a number', 'inside a number', 'after a number', 'elsewhere']
    """
    text = "".join(words)
    places = [ELSEWHERE] * (len(text) + 1)  # by the characters before the gap
    for number in NUMBER.finditer(text):
        start, end = number.span(1)
        places[number.start()] = places[start] = BEFORE
        places[start + 1 : end] = [INSIDE] * (end - start - 1)
        places[end] = AFTER
    return [places[n] for n in accumulate(map(len, words), initial=0)]


def tally(table: pd.DataFrame, column: str, what: str) -> pd.DataFrame:
    """How much of `what` (pauses or run) the gaps have by `variant` and `column`, as `pause_places` describes it."""
    sums = table.groupby(["variant", column], observed=True)[[what, f"even_{what}"]].sum()
    shares = sums / sums.groupby(level="variant").transform("sum")
    found = pd.DataFrame({"n": sums[what], "share": shares[what], "expected": shares[f"even_{what}"]})
    return found.assign(lift=found["share"] / found["expected"]).reset_index()


def frequent_neighbours(found: dict[str, pd.DataFrame], variant: str | None, most: int = 5) -> pd.DataFrame:
    """The most frequent tokens before and after the pauses of one variant, as text that shows spaces and line breaks.

    `found` are the tables of `pause_places`; of each side there are `most` tokens, first those before.
    """
    mine = found["neighbours"].query("variant == @variant").groupby("side").head(most)
    return mine.assign(token=mine["token"].map(repr)).sort_values(["side", "n"], ascending=[False, False])
