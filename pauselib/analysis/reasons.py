"""Why a model pauses: the greedy rule, and what correctness adds to the LM's own uncertainty.

Greedy decoding pauses exactly where p_best < p(pause) / p(no pause), with p_best the probability of the LM's best word.
So a model that is less sure when it is wrong pauses more when it is wrong, without the pause being about wrongness.

`replies` is here a table as `loading.with_tokens` gives it, one line a reply: `seed`, `variant`, `problem_id`,
`correct`, `n_pauses`, `truncated`, the `difficulty` of the problem, and for every token of the reply, without the end
token, three lists: `tokens` (its text with its spaces; PAUSE_TEXT for a pause), `p_pause` (the pause head's probability
of a pause there) and `p_best` (the probability of the LM's best word, renormalised without the pause).
"""

from itertools import chain

import numpy as np
import pandas as pd

from pauselib.errors import InputError
from pauselib.tokens import PAUSE_TEXT
from pauselib.variants import parse

COVARIATES = {"uncertainty": "uncertainty", "length": "n_spoken", "difficulty": "difficulty"}
"""The covariates of the regression in the order they enter, and their columns."""

REGRESSION = ["model", "term", "rate_ratio", "low", "high", "p", "n", "problems", "cut"]

FEW_PROBLEMS = 40
"""With fewer clusters a covariance by cluster is too small (Cameron & Miller 2015, doi:10.3368/jhr.50.2.317)."""


def with_part(replies: pd.DataFrame, part: str, columns: list[str]) -> pd.DataFrame:
    """The replies of the variants that have `part` (a field or property of Variant), which need these columns.

    Raises ValueError where a column is missing for some of them.
    """
    chosen = replies[replies["variant"].map(lambda name: getattr(parse(name), part)).astype(bool)]
    if chosen.empty:
        return chosen.reindex(columns=[*chosen.columns.union(columns, sort=False)])
    absent = [name for name in columns if name not in chosen or chosen[name].isna().any()]
    if absent:
        raise InputError(f"The replies have no {', '.join(absent)} (some or all of them): evaluate the variants again.")
    return chosen


def token_values(replies: pd.DataFrame, column: str, dtype: type = float) -> np.ndarray:
    """A column of lists as one array, one reply after the other: (tokens of all replies).

    Raises ValueError where a list is not as long as the reply's `tokens`.
    """
    if (replies[column].map(len) != replies["tokens"].map(len)).any():
        raise InputError(f"Some replies have not as many values in {column} as tokens.")
    return np.array(list(chain.from_iterable(replies[column])), dtype=dtype)


def reply_features(replies: pd.DataFrame) -> pd.DataFrame:
    """`replies` with `n_spoken`, the number of tokens that are no pause, and their `uncertainty`.

    The uncertainty is in bits, the mean of −log2 p_best over these tokens, and missing where there is none.
    """
    n, lengths = len(replies), replies["tokens"].map(len).astype(int)
    is_spoken = token_values(replies, "tokens", object) != PAUSE_TEXT  # (tokens)
    reply = np.repeat(np.arange(n), lengths)[is_spoken]  # the number of each spoken token's reply
    bits = -np.log2(token_values(replies, "p_best"))[is_spoken]
    n_spoken, total = np.bincount(reply, minlength=n), np.bincount(reply, bits, minlength=n)  # (replies)
    with np.errstate(invalid="ignore"):
        return replies.assign(n_spoken=n_spoken, uncertainty=total / n_spoken)


def pause_regression(replies: pd.DataFrame) -> pd.DataFrame:
    """How many times as many pauses incorrect replies have as correct ones, alone and with covariates held equal.

    The covariates enter one after the other, so there is one line a `model` and `term`: the `rate_ratio`, its 95 %
    interval `low` to `high`, and `p`. The ratio of `incorrect` is incorrect : correct, that of a covariate is per
    standard deviation over all replies used. These are `n` replies to `problems` problems; `cut` others were left out
    since they were cut off, which caps pauses and length alike.

    This is a Poisson regression of the number of pauses with a constant for each variant and seed, over the trained
    pause heads that have pauses and both kinds of replies. The covariance is clustered by problem (t with problems −
    1), so the counts need not vary as a Poisson's. Rate ratios, unlike odds ratios, do not move when a covariate is
    added that is unrelated to correctness (collapsibility: Greenland, Robins & Pearl 1999, doi:10.1214/ss/1009211805).

    A covariate that is constant, follows from the terms before it or has no finite ratio is left out. The table is
    empty where nothing can be compared.
    """
    heads = with_part(replies, "pause_head", ["problem_id", "tokens", "p_best", "difficulty"])
    is_cut = heads["truncated"].astype(bool)
    used = _comparable(heads[~is_cut])
    if used.empty:
        return pd.DataFrame(columns=REGRESSION)
    model_number = used.groupby(["variant", "seed"]).ngroup()
    counts = [len(used), used["problem_id"].nunique(), int(is_cut.sum())]
    terms, rows = pd.DataFrame({"incorrect": 1.0 - used["correct"].astype(float)}), []
    for name in ["incorrect", *COVARIATES]:
        tried, model = terms, "incorrect alone"
        if name in COVARIATES:
            tried, model = _with_covariate(terms, name, used[COVARIATES[name]].astype(float), model_number), f"+ {name}"
        if tried is None:
            continue
        found = _rate_ratios(used, tried, model_number)
        if not np.isfinite(found).all(axis=None):
            continue  # every pause is on one side of it, so its ratio grows without end
        terms = tried
        rows += [[model, term, *found.loc[term], *counts] for term in terms]
    return pd.DataFrame(rows, columns=REGRESSION)


def _comparable(replies: pd.DataFrame) -> pd.DataFrame:
    """The replies, with `reply_features`, whose pauses can be compared by correctness; none where they are too few.

    They are those of the models (variant and seed) that have pauses and both correct and incorrect replies. They are
    too few where only one kind has pauses, where there is one problem, or where there are no more replies than numbers
    to estimate.
    """
    known = reply_features(replies).dropna(subset="uncertainty")
    by_model = known.groupby(["variant", "seed"])
    has_both_kinds = by_model["correct"].transform("nunique") == 2
    has_pauses = by_model["n_pauses"].transform("sum") > 0
    used = known[has_both_kinds & has_pauses].reset_index(drop=True)
    both_kinds_pause = (used.groupby("correct")["n_pauses"].sum() > 0).sum() == 2
    n_constants = used.groupby(["variant", "seed"]).ngroups
    enough = used["problem_id"].nunique() > 1 and len(used) > n_constants + 1 + len(COVARIATES)
    return used if both_kinds_pause and enough else used[:0]


def _with_covariate(terms: pd.DataFrame, name: str, values: pd.Series, model_number: pd.Series) -> pd.DataFrame | None:
    """The `terms` (replies, terms) with one more, a covariate's values in standard deviations.

    None where the covariate is constant or follows from the terms before it and the constants of the models.
    """
    if values.std() <= 1e-9 * values.abs().max():
        return None
    more = terms.assign(**{name: (values - values.mean()) / values.std()})
    within = more - more.groupby(model_number).transform("mean")
    return more if np.linalg.matrix_rank(within, rtol=1e-8) == within.shape[1] else None


def _rate_ratios(replies: pd.DataFrame, terms: pd.DataFrame, model_number: pd.Series) -> pd.DataFrame:
    """The Poisson regression of the pauses on `terms` (replies, terms) with a constant for each model.

    One line a term, with four columns: the rate ratio, the two ends of its interval, p.
    """
    import statsmodels.api as sm

    design = pd.concat([terms, pd.get_dummies(model_number, dtype=float)], axis=1)
    problem = pd.factorize(replies["problem_id"])[0]
    model = sm.GLM(replies["n_pauses"], design, family=sm.families.Poisson())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": problem}, use_t=True)
    return pd.concat([np.exp(fit.params), np.exp(fit.conf_int()), fit.pvalues], axis=1).loc[terms.columns]


def regression_reading(table: pd.DataFrame) -> str:
    """What a table of `pause_regression` says about the claim that incorrect replies pause more, in words."""
    if table.empty:
        needed = "a trained pause head whose replies, those cut off aside, are both correct and incorrect"
        return f"Nothing to compare: it takes {needed}, with pauses in both."
    incorrect = table[table["term"] == "incorrect"]
    first, last = incorrect.iloc[0], incorrect.iloc[-1]
    held = [name for name in COVARIATES if name in set(table["term"])]
    not_held = [name for name in COVARIATES if name not in held]
    sentences = [
        f"In {first['n']} replies to {first['problems']} problems, incorrect ones have {_times(first)} as many pauses "
        "as correct ones."
    ]
    if held:
        sentences.append(f"With {', '.join(held)} held equal it is {_times(last)}: {_what_is_left(first, last)}.")
    if not_held:
        sentences.append(f"Not told apart here: {', '.join(not_held)}.")
    if first["cut"]:
        sentences.append(f"{first['cut']} replies that were cut off are left out.")
    if first["problems"] < FEW_PROBLEMS:
        sentences.append(f"With fewer than {FEW_PROBLEMS} problems the intervals are too narrow.")
    return " ".join(sentences)


def _times(row: pd.Series) -> str:
    """A rate ratio with its interval, in words."""
    return f"{row['rate_ratio']:.2f} times (95 % interval {row['low']:.2f} to {row['high']:.2f})"


def _what_is_left(first: pd.Series, last: pd.Series) -> str:
    """What the covariates leave of the effect of being incorrect, from its lines without and with them, in words."""
    was_clear, is_clear = (not row["low"] <= 1 <= row["high"] for row in (first, last))
    if not was_clear:
        return "no effect before, one now" if is_clear else "no effect to explain, before or now"
    left = np.log(last["rate_ratio"]) / np.log(first["rate_ratio"])
    if left <= 0:
        return "the effect is reversed" if is_clear else "nothing of the effect is left"
    share = "none of the effect is explained"
    if left < 1:
        share = f"{left:.0%} of the effect (of its logarithm) is left"
    return f"{share}, and the interval {'is clear of' if is_clear else 'covers'} 1"


def positions(replies: pd.DataFrame) -> pd.DataFrame:
    """The tokens of the variants with a pause token, one line each.

    `variant`, `p_best`, `p_pause`, the `odds` of a pause (p_pause / (1 − p_pause)), and whether it is a `pause`.
    """
    chosen = with_part(replies, "pauses", ["tokens", "p_pause", "p_best"])
    p_pause = token_values(chosen, "p_pause")
    with np.errstate(divide="ignore"):
        odds = p_pause / (1 - p_pause)
    columns = {
        "variant": chosen["variant"].repeat(chosen["tokens"].map(len).astype(int)).to_numpy(),
        "p_best": token_values(chosen, "p_best"),
        "p_pause": p_pause,
        "odds": odds,
        "pause": token_values(chosen, "tokens", object) == PAUSE_TEXT,
    }
    return pd.DataFrame(columns)


def greedy_agreement(replies: pd.DataFrame, tie: float = 1e-3) -> pd.DataFrame:
    """Whether pauses are where the greedy rule puts them, one line a variant: `n` tokens, `pauses`, `ties`, `agree`.

    `agree` is the share of tokens, ties aside, where p_best < odds says whether it is a pause. A tie is a token where
    the two differ by the share `tie` at most: numbers that are rounded, or computed in another batch, can't decide it.
    """
    table = positions(replies)
    word, pause = table["p_best"] * (1 - table["p_pause"]), table["p_pause"]
    is_tie = (word - pause).abs() <= tie * pause
    agree = ((word < pause) == table["pause"]).where(~is_tie).astype(float)
    by_variant = table.assign(ties=is_tie, agree=agree).groupby("variant", sort=False)
    found = by_variant.agg(n=("pause", "size"), pauses=("pause", "sum"), ties=("ties", "sum"), agree=("agree", "mean"))
    return found.reset_index()


def pauses_by_certainty(replies: pd.DataFrame, bins: int = 20) -> pd.DataFrame:
    """How often there is a pause by the probability of the LM's best word, one line a variant and bin of p_best.

    A bin is from `low` to `high` and has `n` tokens, the `share` of them that are pauses, and the median `odds` of a
    pause.
    """
    table = positions(replies)
    by_bin = table.assign(low=lower_edge(table["p_best"], bins)).groupby(["variant", "low"])
    found = by_bin.agg(n=("pause", "size"), share=("pause", "mean"), odds=("odds", "median")).reset_index()
    return found.assign(high=found["low"] + 1 / bins)[["variant", "low", "high", "n", "share", "odds"]]


def lower_edge(values: pd.Series, bins: int) -> pd.Series:
    """The lower edge of each value's bin, of `bins` equal ones from 0 to 1; 1 is in the last."""
    return (values * bins + 1e-9).astype(int).clip(upper=bins - 1) / bins  # 0.29 · 100 is 28.999999999999996
