"""Where a model pauses: beside which tokens, how far into the reply, at which numbers, and how many pauses in a row.

`replies` is here a table as `loading.with_tokens` gives it, see `positions`.
"""

import numpy as np
import pandas as pd

from pauselib.analysis.why.positions import Gaps, lower_edge, with_part

START, END, CUT = "(start)", "(end)", "(cut off)"
"""What is beside a pause where no token is."""

NUMBER_PLACES = ["inside a number", "before a number", "after a number", "elsewhere"]
INSIDE, BEFORE, AFTER, ELSEWHERE = range(4)

CATEGORIES = pd.CategoricalDtype

AT_START, AT_LINE = 4, 5
"""Kinds of gaps beside these: at the start of the reply, and of a further line of it."""

NOTHING = "\0\0"
"""Two characters that are no part of a number: what stands beside a text."""


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
        "runs": lengths.astype({"variant": "str"}).groupby(["variant", "length"]).size().rename("n").reset_index(),
    }


def gaps(replies: pd.DataFrame) -> pd.DataFrame:
    """The gaps between the spoken tokens of the replies that pause, one line a gap: n + 1 for n spoken tokens.

    `variant`; `pauses` in the gap, and `run` (1 where there is any); `even_pauses` and `even_run`, what it would have
    if those of the reply were spread evenly; `before` and `after`, the tokens beside it, or (start), (end), (cut off);
    `place`, from 0 at the start to 1 at the end, missing where the reply was cut off since its end is unknown;
    `number`, one of NUMBER_PLACES.
    """
    chosen = with_part(replies, "pauses", ["tokens"])
    chosen = chosen[chosen["n_pauses"] > 0]
    found, is_cut = Gaps(chosen), chosen["truncated"].to_numpy(bool)
    starts, run = found.ends - found.n_spoken, (found.n_pauses > 0).astype(int)
    spoken = found.tokens[~found.is_pause]
    place = (np.arange(found.n) - starts[found.reply]) / np.maximum(found.n_spoken, 1)[found.reply]
    columns = {
        "variant": pd.Categorical(chosen["variant"].to_numpy()[found.reply]),
        "pauses": found.n_pauses,
        "run": run,
        "even_pauses": (found.sum_over_replies(found.n_pauses) / found.of_reply)[found.reply],
        "even_run": (found.sum_over_replies(run) / found.of_reply)[found.reply],
        "before": beside(spoken, starts, START),
        "after": beside(spoken, found.ends, np.where(is_cut, CUT, END).astype(object)),
        "place": np.where(is_cut[found.reply], np.nan, place),
        "number": pd.Categorical.from_codes(number_places(spoken, found.n_spoken), NUMBER_PLACES),
    }
    return pd.DataFrame(columns)


def beside(spoken: np.ndarray, edges: np.ndarray, texts: str | np.ndarray) -> pd.Categorical:
    """The tokens on one side of all gaps: the `spoken` ones in their order, but `texts` at the gaps at the `edges`."""
    tokens = np.empty(len(spoken) + len(edges), object)
    is_edge = np.zeros(len(tokens), bool)
    is_edge[edges] = True
    tokens[is_edge], tokens[~is_edge] = texts, spoken
    return pd.Categorical(tokens)


def kinds(gaps: Gaps) -> np.ndarray:
    """The kind of each gap: AT_START, AT_LINE, or its index in NUMBER_PLACES; (gaps)."""
    spoken, starts = gaps.tokens[~gaps.is_pause], gaps.ends - gaps.n_spoken
    before = beside(spoken, starts, START)
    ends_line = np.array([text.endswith("\n") for text in before.categories], bool)
    found = np.where(ends_line[before.codes], AT_LINE, number_places(spoken, gaps.n_spoken))
    found[starts] = AT_START
    return found


def number_places(spoken: np.ndarray, n_spoken: np.ndarray) -> np.ndarray:
    """Where each gap between the pieces of some texts is, as its index in NUMBER_PLACES: (gaps), n + 1 for n pieces.

    `spoken` are the pieces, one text after the other, and `n_spoken` says how many each text has. A number is of
    digits, with a dot or a comma between them, and may have one space before it, since tokens often bring their own.

    >>> [NUMBER_PLACES[place] for place in number_places(np.array(["1", ",5", " a"], object), np.array([3]))]
    ['before a number', 'inside a number', 'after a number', 'elsewhere']
    """
    firsts = np.cumsum(n_spoken) - n_spoken
    pieces = np.insert(np.asarray(spoken, object), firsts, NOTHING)  # before each text: it has n + 1 pieces now
    text = np.frombuffer(("".join(pieces) + NOTHING).encode("utf-32-le", "surrogatepass"), np.uint32)
    gap = np.cumsum(np.fromiter(map(len, pieces), int, len(pieces)))  # behind each piece, in characters
    is_digit, is_point = (text >= ord("0")) & (text <= ord("9")), np.isin(text, [ord("."), ord(",")])
    before, after = is_digit[gap - 1], is_digit[gap]
    inside = (before & (after | is_point[gap] & is_digit[gap + 1])) | (is_digit[gap - 2] & is_point[gap - 1] & after)
    comes = after | (text[gap] == ord(" ")) & is_digit[gap + 1]
    return np.select([inside, comes, before], [INSIDE, BEFORE, AFTER], ELSEWHERE)


def tally(table: pd.DataFrame, column: str, what: str) -> pd.DataFrame:
    """How much of `what` (pauses or run) the gaps have by `variant` and `column`: `n`, `share`, `expected`, `lift`.

    What the numbers are is said in `pause_places`.
    """
    sums = table.groupby(["variant", column], observed=True)[[what, f"even_{what}"]].sum()
    shares = sums / sums.groupby(level="variant").transform("sum")
    found = pd.DataFrame({"n": sums[what], "share": shares[what], "expected": shares[f"even_{what}"]})
    found = found.assign(lift=found["share"] / found["expected"]).reset_index()
    return found.astype({name: "str" for name in ("variant", column) if isinstance(found[name].dtype, CATEGORIES)})


def frequent_neighbours(neighbours: pd.DataFrame, variant: str | None, most: int = 5) -> pd.DataFrame:
    """The most frequent tokens before and after the pauses of one variant, as text that shows spaces and line breaks.

    `neighbours` is that of `pause_places`; of each side there are `most` tokens, first those before.
    """
    mine = neighbours[neighbours["variant"] == variant].groupby("side").head(most)
    return mine.assign(token=mine["token"].map(repr)).sort_values(["side", "n"], ascending=[False, False])
