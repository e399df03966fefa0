"""Where a model pauses: beside which tokens, how far into the reply, at which numbers, and how many pauses in a row.

`replies` is here a table as `loading.with_tokens` gives it, see `reasons`.
"""

import functools
import math
import re

import pandas as pd

from pauselib.analysis.reasons import lower_edge, with_part
from pauselib.tokens import PAUSE_TEXT

START, END, CUT = "(start)", "(end)", "(cut off)"
"""What is beside a pause where no token is."""

NUMBER_PLACES = ["inside a number", "before a number", "after a number", "elsewhere"]
INSIDE, BEFORE, AFTER, ELSEWHERE = NUMBER_PLACES

GAPS = ["variant", "pauses", "run", "even_pauses", "even_run", "before", "after", "place", "number"]


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
    before = tally(table, "before", "run").rename(columns={"before": "token"}).assign(side="before")
    after = tally(table, "after", "run").rename(columns={"after": "token"}).assign(side="after")
    neighbours = pd.concat([before, after])
    neighbours = neighbours[neighbours["n"] > 0].sort_values("n", ascending=False, kind="stable", ignore_index=True)
    whole = table[table["place"].notna()]
    relative = tally(whole.assign(low=lower_edge(whole["place"], bins)), "low", "pauses")
    relative.insert(2, "high", relative["low"] + 1 / bins)
    lengths = table[table["run"] > 0].rename(columns={"pauses": "length"})
    return {
        "neighbours": neighbours[["variant", "side", "token", "n", "share", "expected", "lift"]],
        "relative": relative,
        "numbers": tally(table, "number", "pauses"),
        "runs": lengths.groupby(["variant", "length"]).size().rename("n").reset_index(),
    }


def gaps(replies: pd.DataFrame) -> pd.DataFrame:
    """The gaps between the spoken tokens of the replies that pause, one line a gap: n + 1 for n spoken tokens.

    `variant`, and the columns of `reply_gaps`.
    """
    chosen = with_part(replies, "pauses", ["tokens"])
    chosen = chosen[chosen["n_pauses"] > 0]
    columns = {name: [] for name in GAPS}
    for variant, tokens, cut in zip(chosen["variant"], chosen["tokens"], chosen["truncated"]):
        found = reply_gaps(tokens, cut)
        for name, values in found.items():
            columns[name].extend(values)
        columns["variant"].extend([variant] * len(found["pauses"]))
    return pd.DataFrame(columns)


def reply_gaps(tokens: list[str], cut: bool) -> dict[str, list]:
    """The gaps between the n spoken tokens of one reply, as columns of n + 1 values.

    `pauses` in the gap, and `run` (1 where there is any); `even_pauses` and `even_run`, what it would have if those of
    the reply were spread evenly; `before` and `after`, the tokens beside it, or (start), (end), (cut off); `place`,
    from 0 at the start to 1 at the end, missing where the reply was cut off since its end is unknown; `number`, one of
    NUMBER_PLACES.

    >>> reply_gaps(["a", PAUSE_TEXT, PAUSE_TEXT, "b"], cut=False)["pauses"]
    [0, 2, 0]
    """
    spoken, pauses = [], [0]
    for token in tokens:
        if token == PAUSE_TEXT:
            pauses[-1] += 1
        else:
            spoken.append(token)
            pauses.append(0)
    n_gaps, run = len(pauses), [int(n > 0) for n in pauses]
    return {
        "pauses": pauses,
        "run": run,
        "even_pauses": [sum(pauses) / n_gaps] * n_gaps,
        "even_run": [sum(run) / n_gaps] * n_gaps,
        "before": [START, *spoken],
        "after": [*spoken, CUT if cut else END],
        "place": [math.nan if cut else gap / max(n_gaps - 1, 1) for gap in range(n_gaps)],
        "number": number_places(spoken),
    }


def number_places(spoken: list[str]) -> list[str]:
    """Where each of the n + 1 gaps between n pieces of one text is: inside a number, before or after one, or elsewhere.

    A number is of digits, with a dot or a comma between them, and may have one space before it, since tokens often
    bring their own.

    >>> number_places(["1", ",5", " a"])
    ['before a number', 'inside a number', 'after a number', 'elsewhere']
    """
    text, end, places = "".join(spoken), 0, []
    for length in [0, *map(len, spoken)]:
        end += length
        places.append(number_place(text[max(end - 2, 0) : end], text[end : end + 2]))
    return places


@functools.cache  # it is asked for every gap of every reply, and few of these are different
def number_place(left: str, right: str) -> str:
    """Where the gap between the two characters on its left and the two on its right is; fewer at the ends of a text."""
    ends_digit, begins_digit = re.search(r"[0-9]\Z", left), re.match(r"[0-9]", right)
    ends_point, begins_point = re.search(r"[0-9][.,]\Z", left), re.match(r"[.,][0-9]", right)
    if (ends_digit and (begins_digit or begins_point)) or (ends_point and begins_digit):
        return INSIDE
    if re.match(r" ?[0-9]", right):
        return BEFORE
    return AFTER if ends_digit else ELSEWHERE


def tally(table: pd.DataFrame, column: str, what: str) -> pd.DataFrame:
    """How much of `what` (pauses or run) the gaps have by `variant` and `column`: `n`, `share`, `expected`, `lift`.

    What the numbers are is said in `pause_places`.
    """
    sums = table.groupby(["variant", column])[[what, f"even_{what}"]].sum()
    shares = sums / sums.groupby(level="variant").transform("sum")
    found = pd.DataFrame({"n": sums[what], "share": shares[what], "expected": shares[f"even_{what}"]})
    return found.assign(lift=found["share"] / found["expected"]).reset_index()


def frequent_neighbours(neighbours: pd.DataFrame, variant: str | None, most: int = 5) -> pd.DataFrame:
    """The most frequent tokens before and after the pauses of one variant, as text that shows spaces and line breaks.

    `neighbours` is that of `pause_places`; of each side there are `most` tokens, first those before.
    """
    mine = neighbours[neighbours["variant"] == variant].groupby("side").head(most)
    return mine.assign(token=mine["token"].map(repr)).sort_values(["side", "n"], ascending=[False, False])
