"""Do incorrect replies pause in more places than correct ones? A run of pauses is one place."""

import math

import pandas as pd

from pauselib.analysis.claims.claim import listed, published_heads, takeaway
from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.statistics.intervals import POWER
from pauselib.analysis.statistics.rates import rate_ratios
from pauselib.analysis.tables.comparisons import present_variants
from pauselib.variants import VARIANTS


def incorrect_pause_more(replies: pd.DataFrame, plan: Plan) -> dict:
    """Do incorrect replies pause in more places than correct ones, within the variants whose pause head was trained?

    A frozen pause head pauses up to the limit, so its counts would measure the limit, and so do those of replies that
    were cut, which are left out. Only the problems count as a sample: several seeds are no more than several models.
    """
    what = "places with pauses in an incorrect reply : those in a correct one"
    heads = published_heads(present_variants(replies))
    mine = replies[replies["variant"].isin(heads)]
    is_cut = mine["truncated"].astype(bool)
    used = compared(replies)
    if used.empty:
        names = listed(published_heads(list(VARIANTS)))
        lacking = "has correct and incorrect replies, not cut, that pause differently" if heads else "is finished"
        return takeaway(plan, "incorrect", what, f"Not decided: none of {names} {lacking}.")
    ratio, with_cut = site_ratio(used, plan), site_ratio(comparable(mine), plan)
    means = used.pivot_table(index="variant", columns="correct", values="n_sites")
    by_variant = means[False] / means[True]
    largest = "∞" if math.isinf(by_variant.max()) else f"{by_variant.max():.2f}"
    cut = f"{is_cut.sum()} replies that were cut are left out; with them it is {in_words(with_cut)}. "
    reading = (
        f"Incorrect replies pause in {in_words(ratio)} times as many places as correct ones; in the "
        f"{len(by_variant)} variants it is {by_variant.min():.2f} to {largest}. {counted(used, plan)} "
        f"{cut if is_cut.any() else ''}About these trained models, not about training."
    )
    doubt, detectable = doubt_of_sites(used, plan), detectable_ratio(ratio, plan)
    return takeaway(plan, "incorrect", what, reading, ratio, null=1.0, detectable=detectable, doubt=doubt)


def compared(replies: pd.DataFrame) -> pd.DataFrame:
    """The replies that the claim is about: `comparable` ones of the published trained heads, without those cut."""
    mine = replies[replies["variant"].isin(published_heads(present_variants(replies)))]
    return comparable(mine[~mine["truncated"].astype(bool)])


def counted(used: pd.DataFrame, plan: Plan) -> str:
    """How many places the ratio rests on, in `compared` replies, and whether they are few, in words."""
    of_kind, told, problems = used.groupby(used["correct"].astype(bool)), [], []
    for is_correct, words in ((True, "correct"), (False, "incorrect")):
        mine = of_kind.get_group(is_correct)
        problems.append(mine.loc[mine["n_sites"] > 0, "problem_id"].nunique())
        told.append(f"{mine['n_sites'].sum():,} in {len(mine):,} {words} replies (on {problems[-1]} problems)")
    least = plan.guard("least_problems")
    said = f"Places with pauses: {' and '.join(told)}."
    if min(problems) >= least:
        return said
    return (
        f"{said} On fewer than {least:g} problems the interval is only rough, which the guard of the plan does not "
        "see: it counts the problems with replies."
    )


def comparable(replies: pd.DataFrame) -> pd.DataFrame:
    """The replies of those models (variant and seed) that pause and have both correct and incorrect ones.

    None where only one of the two kinds pauses at all, where all replies of a model pause in as many places, or where
    there is one problem: these have no ratio, or no interval of one.
    """
    by_model = replies.assign(correct=replies["correct"].astype(bool)).groupby(["variant", "seed"])
    has_both_kinds = by_model["correct"].transform("nunique") == 2
    used = replies[has_both_kinds & (by_model["n_sites"].transform("sum") > 0)]
    kinds_that_pause = int((used.groupby("correct")["n_sites"].sum() > 0).sum())
    varies = (used.groupby(["variant", "seed"])["n_sites"].nunique() > 1).any()
    return used if kinds_that_pause == 2 and varies and used["problem_id"].nunique() > 1 else used[:0]


def site_ratio(replies: pd.DataFrame, plan: Plan) -> tuple[float, float, float]:
    """How many times as many places with pauses an incorrect reply has within a model, and the ends of its interval."""
    terms = pd.DataFrame({"incorrect": 1.0 - replies["correct"].astype(float)})
    models = replies.groupby(["variant", "seed"]).ngroup()
    found = rate_ratios(replies["n_sites"], terms, models, replies["problem_id"], plan.level)
    return tuple(map(float, found.loc["incorrect", ["ratio", "low", "high"]]))


def in_words(ratio: tuple[float, float, float]) -> str:
    """A ratio with its interval, in words."""
    return "{:.2f} ({:.2f} to {:.2f})".format(*ratio)


def detectable_ratio(ratio: tuple[float, float, float], plan: Plan) -> float:
    """How far above 1 a ratio has to be to be found with probability 80 %, given an interval of the plan's level."""
    from scipy.stats import norm

    _, low, high = ratio
    z = norm.ppf((1 + plan.level) / 2)
    return math.exp((1 + norm.ppf(POWER) / z) * math.log(high / low) / 2) - 1


def doubt_of_sites(replies: pd.DataFrame, plan: Plan) -> str:
    """Why the places of these replies say nothing about their correctness, in words; empty where they may."""
    problems, least = replies["problem_id"].nunique(), plan.guard("least_problems")
    if problems < least:
        return f"these are replies to {problems} problems, fewer than {least:g}"
    usual = replies.groupby(["variant", "seed"])["n_sites"].transform(lambda sites: sites.mode().iloc[0])
    differ, fewest = int((replies["n_sites"] != usual).sum()), plan.guard("least_discordant")
    if differ < fewest:
        return f"only {differ} replies pause in another number of places than the others, fewer than {fewest:g}"
    return ""
