"""Why and where a model pauses: what correctness adds to the LM's own uncertainty, the greedy rule, and the places of the pauses.

Greedy decoding pauses exactly where p_best < p(pause) / p(no pause), p_best being the probability of the LM's best word. So a model that
is less sure when it is wrong pauses more when it is wrong, without the pause being about wrongness.

`replies` is a table, one row a reply: `seed`, `variant`, `problem_id`, `correct`, `n_pauses`, `truncated`, `n_steps` (calculations in the
gold answer), and for every token of the reply, without the end token, three lists: `tokens` (its text with its spaces; PAUSE_TEXT for a
pause), `p_pause` (the pause head's probability of a pause there) and `p_best` (the LM's best word's, renormalised without the pause).
"""

from itertools import chain

import numpy as np
import pandas as pd

from pauselib.errors import InputError
from pauselib.injection.rows import PAUSE_TEXT
from pauselib.variants import VARIANTS

COVARIATES = {
    "uncertainty": "uncertainty",
    "length": "n_spoken",
    "difficulty": "n_steps",
}  # in the order they enter, and their columns
FEW_PROBLEMS = (
    40  # a covariance by cluster is too small with fewer clusters: Cameron & Miller 2015, doi:10.3368/jhr.50.2.317
)
START, END, CUT = "(start)", "(end)", "(cut off)"  # what is beside a pause where no token is
NUMBER_PLACES = ["inside a number", "before a number", "after a number", "elsewhere"]


def of_variants(replies: pd.DataFrame, part: str, columns: list[str]) -> pd.DataFrame:
    """The replies of the variants that have `part` (a field of Variant). Raises ValueError where one of `columns` is not there for all of them."""
    chosen = replies[replies["variant"].map(lambda name: getattr(VARIANTS[name], part)).astype(bool)]
    if chosen.empty:
        return chosen.reindex(columns=[*chosen.columns.union(columns, sort=False)])
    if absent := [name for name in columns if name not in chosen or chosen[name].isna().any()]:
        raise InputError(f"The replies have no {', '.join(absent)} (some or all of them): evaluate the variants again.")
    return chosen


def flat(replies: pd.DataFrame, column: str, dtype: type = float) -> np.ndarray:
    """A column of lists as one array, one reply after the other. Raises ValueError where a list is not as long as `tokens`."""
    if (replies[column].map(len) != replies["tokens"].map(len)).any():
        raise InputError(f"Some replies have not as many values in {column} as tokens.")
    return np.array(list(chain.from_iterable(replies[column])), dtype=dtype)


def reply_features(replies: pd.DataFrame) -> pd.DataFrame:
    """`replies` with `n_spoken` (tokens that are no pause) and `uncertainty` (bits: the mean of −log2 p_best over them; missing where there is none)."""
    spoken = flat(replies, "tokens", object) != PAUSE_TEXT
    which = np.repeat(np.arange(len(replies)), replies["tokens"].map(len).astype(int))[spoken]
    n_spoken, bits = np.bincount(which, minlength=len(replies)), -np.log2(flat(replies, "p_best"))[spoken]
    with np.errstate(invalid="ignore"):
        return replies.assign(
            n_spoken=n_spoken, uncertainty=np.bincount(which, bits, minlength=len(replies)) / n_spoken
        )


def reasons(replies: pd.DataFrame) -> pd.DataFrame:
    """How many times as many pauses incorrect replies have as correct ones: alone, and with one more covariate held equal at a time.

    One row a `model` and `term`: `rate_ratio`, its 95 % interval `low` to `high`, and `p`; of `incorrect` it is incorrect : correct, of a
    covariate per standard deviation (over all replies used). `n` replies to `problems` problems; `cut`: how many others were left out
    as they were cut off, which caps pauses and length alike. A Poisson regression of the number of pauses with a constant for each
    variant and seed, over the trained pause heads that have pauses and both kinds of replies; covariance clustered by problem (t with
    problems − 1), so the counts need not vary as a Poisson's. Rate ratios, unlike odds ratios, don't move when a covariate is added
    that is unrelated to correctness (collapsibility: Greenland, Robins & Pearl 1999, doi:10.1214/ss/1009211805).
    A covariate that is constant, follows from the terms before it or has no finite ratio is left out; the table is empty where nothing can be compared.
    """
    import statsmodels.api as sm

    heads = of_variants(replies, "pause_head", ["problem_id", "tokens", "p_best", "n_steps"])
    cut = heads["truncated"].astype(bool)
    data = reply_features(heads[~cut]).dropna(subset="uncertainty")
    by = data.groupby(["variant", "seed"])
    data = data[(by["correct"].transform("nunique") == 2) & (by["n_pauses"].transform("sum") > 0)].reset_index(
        drop=True
    )
    group, problem = data.groupby(["variant", "seed"]).ngroup(), pd.factorize(data["problem_id"])[0]
    problems = data["problem_id"].nunique()
    both_pause = (data.groupby("correct")["n_pauses"].sum() > 0).sum() == 2
    comparable = both_pause and problems > 1 and len(data) > group.nunique() + 1 + len(COVARIATES)
    terms, rows = pd.DataFrame({"incorrect": 1.0 - data["correct"].astype(float)}), []
    for name in ["incorrect", *COVARIATES] if comparable else []:
        tried = terms
        if name in COVARIATES:
            values = data[COVARIATES[name]].astype(float)
            tried = terms.assign(**{name: (values - values.mean()) / (values.std() or 1)})
            within = tried - tried.groupby(group).transform("mean")
            if values.std() <= 1e-9 * values.abs().max() or np.linalg.matrix_rank(within, rtol=1e-8) < within.shape[1]:
                continue
        design = pd.concat([tried, pd.get_dummies(group, dtype=float)], axis=1)
        fit = sm.GLM(data["n_pauses"], design, family=sm.families.Poisson()).fit(
            cov_type="cluster", cov_kwds={"groups": problem}, use_t=True
        )
        found = pd.concat([np.exp(fit.params), np.exp(fit.conf_int()), fit.pvalues], axis=1)
        if not np.isfinite(found.loc[tried.columns]).all(axis=None):
            continue  # every pause is on one side of it, so its ratio grows without end
        terms, model = tried, f"+ {name}" if name in COVARIATES else "incorrect alone"
        rows += [[model, term, *found.loc[term], len(data), problems, int(cut.sum())] for term in terms]
    return pd.DataFrame(rows, columns=["model", "term", "rate_ratio", "low", "high", "p", "n", "problems", "cut"])


def reading(table: pd.DataFrame) -> str:
    """What a table of `reasons` says about the claim that incorrect replies pause more, in words."""
    if table.empty:
        return "Nothing to compare: it takes a trained pause head whose replies, those cut off aside, are both correct and incorrect, with pauses in both."
    first, last = (table[table["term"] == "incorrect"].iloc[i] for i in (0, -1))
    before, after = (
        f"{row.rate_ratio:.2f} times (95 % interval {row.low:.2f} to {row.high:.2f})" for row in (first, last)
    )
    effect, remains = (not row.low <= 1 <= row.high for row in (first, last))
    left = np.log(last.rate_ratio) / np.log(first.rate_ratio) if effect else np.nan
    if not effect:
        verdict = "no effect before, one now" if remains else "no effect to explain, before or now"
    elif left <= 0:
        verdict = "the effect is reversed" if remains else "nothing of the effect is left"
    else:
        share = (
            "none of the effect is explained" if left >= 1 else f"{left:.0%} of the effect (of its logarithm) is left"
        )
        verdict = share + (", and the interval is clear of 1" if remains else ", and the interval covers 1")
    held = [name for name in COVARIATES if name in set(table["term"])]
    told = [
        f"In {first.n} replies to {first.problems} problems, incorrect ones have {before} as many pauses as correct ones."
    ]
    if held:
        told += [f"With {', '.join(held)} held equal it is {after}: {verdict}."]
    if missing := [name for name in COVARIATES if name not in held]:
        told += [f"Not told apart here: {', '.join(missing)}."]
    if first.cut:
        told += [f"{first.cut} replies that were cut off are left out."]
    if first.problems < FEW_PROBLEMS:
        told += [f"With fewer than {FEW_PROBLEMS} problems the intervals are too narrow."]
    return " ".join(told)


def positions(replies: pd.DataFrame) -> pd.DataFrame:
    """One row a token of the variants with a pause token: `variant`, `p_best`, `p_pause`, `odds` (p_pause / (1 − p_pause)), `pause` (whether it is one)."""
    pausing = of_variants(replies, "pauses", ["tokens", "p_pause", "p_best"])
    pause, p_pause, p_best = (
        flat(pausing, "tokens", object) == PAUSE_TEXT,
        flat(pausing, "p_pause"),
        flat(pausing, "p_best"),
    )
    variant = pausing["variant"].repeat(pausing["tokens"].map(len).astype(int)).to_numpy()
    with np.errstate(divide="ignore"):
        return pd.DataFrame(
            {"variant": variant, "p_best": p_best, "p_pause": p_pause, "odds": p_pause / (1 - p_pause), "pause": pause}
        )


def rule(replies: pd.DataFrame, tie: float = 1e-3) -> pd.DataFrame:
    """Whether pauses are where the greedy rule puts them, one row a variant: `n` tokens, `pauses`, `ties`, `agree`.

    `agree` is the share of tokens, ties aside, where (p_best < odds) says whether it is a pause. A tie is a p_best within the share `tie`
    of the odds: numbers that are rounded, or computed in another batch, can't decide it.
    """
    table = positions(replies)
    word, pause = table["p_best"] * (1 - table["p_pause"]), table["p_pause"]
    ties = (word - pause).abs() <= tie * pause
    table = table.assign(ties=ties, agree=((word < pause) == table["pause"]).where(~ties).astype(float))
    by = table.groupby("variant", sort=False)
    return by.agg(
        n=("pause", "size"), pauses=("pause", "sum"), ties=("ties", "sum"), agree=("agree", "mean")
    ).reset_index()


def by_certainty(replies: pd.DataFrame, bins: int = 20) -> pd.DataFrame:
    """The rule as a picture, one row a variant and bin of p_best (`low` to `high`): `n` tokens, the `share` that are pauses, the median `odds` of a pause."""
    table = positions(replies)
    by = table.assign(low=lower_edge(table["p_best"], bins)).groupby(["variant", "low"])
    found = by.agg(n=("pause", "size"), share=("pause", "mean"), odds=("odds", "median")).reset_index()
    return found.assign(high=found["low"] + 1 / bins)[["variant", "low", "high", "n", "share", "odds"]]


def lower_edge(values: pd.Series, bins: int) -> pd.Series:
    """The lower edge of each value's bin, of `bins` equal ones from 0 to 1; 1 is in the last."""
    return (values * bins + 1e-9).astype(int).clip(upper=bins - 1) / bins


def gaps(replies: pd.DataFrame) -> pd.DataFrame:
    """The gaps between the spoken tokens of the replies that pause, one row a gap, n + 1 for n spoken tokens.

    `variant`; `pauses` in the gap, and `run` (1 where there is any); `even_pauses`, `even_run`: what it would have if those of its reply
    were spread evenly; `before`, `after` (the tokens beside it, or (start), (end), (cut off)); `place`, from 0 at the start to 1 at the end
    (missing where the reply was cut off: its end is unknown); `number` (one of NUMBER_PLACES).
    """
    paused = of_variants(replies, "pauses", ["tokens"])
    paused = paused[paused["n_pauses"] > 0]
    lengths = paused["tokens"].map(len).to_numpy(dtype=int)
    first = np.cumsum(lengths) - lengths
    tokens = np.insert(
        flat(paused, "tokens", object), first, START
    )  # gap k is after a reply's k-th spoken token, gap 0 after this
    is_start = np.insert(np.zeros(lengths.sum(), dtype=bool), first, True)
    spoken = tokens != PAUSE_TEXT
    pauses = np.bincount(np.cumsum(spoken)[~spoken] - 1, minlength=spoken.sum())
    reply, before, is_start = np.repeat(np.arange(len(paused)), lengths + 1)[spoken], tokens[spoken], is_start[spoken]
    n_gaps, run = np.bincount(reply)[reply], (pauses > 0).astype(int)
    cut = paused["truncated"].to_numpy(dtype=bool)[reply]
    nth = np.arange(len(reply)) - np.flatnonzero(is_start)[reply]
    columns = {
        "variant": paused["variant"].to_numpy()[reply],
        "pauses": pauses,
        "run": run,
        "even_pauses": np.bincount(reply, pauses)[reply] / n_gaps,
        "even_run": np.bincount(reply, run)[reply] / n_gaps,
        "before": before,
        "after": np.where(np.roll(is_start, -1), np.where(cut, CUT, END), np.roll(before, -1)),
        "place": np.where(cut, np.nan, nth / np.maximum(n_gaps - 1, 1)),
        "number": number_places(np.where(is_start, "||", before)),
    }
    return pd.DataFrame(columns)


def number_places(pieces: np.ndarray) -> np.ndarray:
    """Where the gap after each piece of text is: inside a number (digits, or a dot or comma between them), before one, after one, or elsewhere.

    A number may have one space before it, as tokens often bring their own. `||` parts one text from the next.
    """
    text = np.frombuffer(("".join(pieces) + "||").encode("utf-32-le", "surrogatepass"), dtype="<u4")
    at = np.cumsum(np.fromiter(map(len, pieces), int, len(pieces)))
    digit, point = (text >= ord("0")) & (text <= ord("9")), np.isin(text, [ord("."), ord(",")])
    ends, begins = digit[at - 1], digit[at]
    inside = (ends & begins) | (digit[at - 2] & point[at - 1] & begins) | (ends & point[at] & digit[at + 1])
    return np.select(
        [inside, begins | ((text[at] == ord(" ")) & digit[at + 1]), ends], NUMBER_PLACES[:3], NUMBER_PLACES[3]
    )


def places(replies: pd.DataFrame, bins: int = 10) -> dict[str, pd.DataFrame]:
    """Where the pauses of each variant are, as four tables; a variant without pauses has no rows.

    - `neighbours`: `variant`, `side` (before, after), the `token` on that side of a run of pauses, most frequent first; `n` counts runs.
    - `relative`: `variant`, `low`, `high`: bins of the place in the reply, 0 the start, 1 the end; without the replies that were cut off.
    - `numbers`: `variant`, `number` (one of NUMBER_PLACES).
    - `runs`: `variant`, `length` (pauses in a row), `n` runs.
    The first three have `n`, its `share` in the variant, the `expected` share if each reply's own were spread evenly over its gaps, and
    `lift` = share / expected.
    """
    table = gaps(replies)
    whole = table[table["place"].notna()]
    relative = tally(whole.assign(low=lower_edge(whole["place"], bins)), "low", "pauses")
    relative.insert(2, "high", relative["low"] + 1 / bins)
    neighbours = pd.concat(
        [tally(table, side, "run").rename(columns={side: "token"}).assign(side=side) for side in ("before", "after")]
    )
    neighbours = neighbours[neighbours["n"] > 0].sort_values("n", ascending=False, kind="stable", ignore_index=True)
    runs = (
        table[table["run"] > 0]
        .groupby(["variant", "pauses"])
        .size()
        .rename("n")
        .rename_axis(["variant", "length"])
        .reset_index()
    )
    neighbours = neighbours[["variant", "side", "token", "n", "share", "expected", "lift"]]
    return {"neighbours": neighbours, "relative": relative, "numbers": tally(table, "number", "pauses"), "runs": runs}


def tally(table: pd.DataFrame, column: str, what: str) -> pd.DataFrame:
    """`variant`, `column`, and the `n`, `share`, `expected` and `lift` of `what` (pauses or run) as in `places`."""
    sums = table.groupby(["variant", column])[[what, f"even_{what}"]].sum()
    shares = sums / sums.groupby(level="variant").transform("sum")
    found = pd.DataFrame({"n": sums[what], "share": shares[what], "expected": shares[f"even_{what}"]})
    return found.assign(lift=found["share"] / found["expected"]).reset_index()
