"""Do pauses help, as accuracy shows it? The same models with their pauses and with these forbidden."""

import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import NOT_FINISHED, Estimate, doubts_of_answers
from pauselib.analysis.statistics.paired import compare, compare_means, detectable
from pauselib.analysis.tables.comparisons import aligned, published_heads


def pauses_help(replies: pd.DataFrame, intervened: pd.DataFrame, plan: Preregistration) -> Estimate:
    """How much more accurate are models with a trained pause head with their pauses than with the same forbidden?

    They are forbidden under the intervention that allows 0 pauses and changes nothing else. With several models it is
    the mean of their differences. Forbidding removes computation and also shifts the distribution, so this is not the
    effect of computation alone.
    """
    forbidden = intervened[intervened["allowed"] == 0]
    heads = [name for name in published_heads(replies) if name in set(forbidden["variant"])]
    both = pd.concat([replies, forbidden.assign(variant=forbidden["variant"] + " forbidden")])
    answers = aligned(both, *heads, *[f"{name} forbidden" for name in heads])
    if not answers.size:
        return Estimate(doubt=NOT_FINISHED)
    plain, changed = answers[: len(heads)], answers[len(heads) :]
    effects = (plain - changed).mean(axis=0)  # (seeds, problems)
    found = compare(plain[0], changed[0], plan.level) if len(heads) == 1 else compare_means(effects, plan.level)
    doubts = doubts_of_answers(plain, changed, plan.guard("least_discordant"), plan.guard("floor"))
    return Estimate(found.difference, found.low, found.high, detectable(effects, plan.level), **doubts)
