"""Do pauses help, as accuracy shows it? The same models with their pauses and with these forbidden."""

import numpy as np
import pandas as pd

from pauselib.analysis.claims.claim import apart, margin_in_points, points, published_heads, seeds_in_words, takeaway
from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.claims.verdicts import one_sided
from pauselib.analysis.statistics.paired import at_the_end, compare, compare_means, detectable, too_few_discordant
from pauselib.analysis.tables.comparisons import aligned, present_variants


def pauses_help(replies: pd.DataFrame, intervened: pd.DataFrame, plan: Plan) -> dict:
    """Are models with a trained pause head more accurate with their pauses than with the same pauses forbidden?

    They are forbidden under the intervention that allows 0 pauses and changes nothing else. With several models it is
    the mean of their differences.
    """
    what = "accuracy with pauses − that with the pauses forbidden"
    forbidden = intervened[intervened["allowed"] == 0]
    heads = [name for name in published_heads(present_variants(replies)) if name in set(forbidden["variant"])]
    both = pd.concat([replies, forbidden.assign(variant=forbidden["variant"] + " forbidden")])
    answers = aligned(both, *heads, *[f"{name} forbidden" for name in heads]) if heads else np.empty((0, 0, 0))
    if not answers.size:
        lacking = "no variant with a trained pause head has been evaluated with max_pauses 0 for the same seeds"
        return takeaway(plan, "forbidden", what, f"Not decided: {lacking}.")
    plain, changed = answers[: len(heads)], answers[len(heads) :]
    effects = (plain - changed).mean(axis=0)  # (seeds, problems)
    found = compare(plain[0], changed[0], plan.level) if len(heads) == 1 else compare_means(effects, plan.level)
    margin = plan.margin("forbidden")
    possessive, verb = ("its", "is") if len(heads) == 1 else ("their", "are")
    reading = (
        f"With {possessive} pauses {', '.join(heads)} {verb} {apart(found.difference, 'more', 'less')} accurate "
        f"than with them forbidden (benefit {points(found.low)} to {points(found.high)}). As a benefit: "
        f"{one_sided(found.low, found.high, margin)}. Forbidding removes computation and also shifts the distribution, "
        f"so this is not the effect of computation alone. {seeds_in_words(plain.shape[1])}"
    )
    return takeaway(
        plan,
        "forbidden",
        what,
        reading,
        (found.difference, found.low, found.high),
        detectable=detectable(effects, plan.level),
        doubt=too_few_discordant(plain, changed, plan.guard("least_discordant")),
        doubt_of_none=at_the_end(plain, changed, plan.guard("floor")),
        unit=margin_in_points,
    )
