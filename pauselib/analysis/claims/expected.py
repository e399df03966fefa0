"""Do incorrect replies pause more than correct ones? By the expected number of pauses: version 2 of the claim.

Greedy decoding shows a pause only where the pause head's probability exceeds that of the LM's best word, so it hides
most of what the head expects. The sum of the head's probabilities over a reply has all of it.
"""

import pandas as pd

from pauselib.analysis.claims.pause_sites import MODEL, detectable_ratio, incorrect_ratio
from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED, Estimate
from pauselib.analysis.tables.comparisons import published_heads


def incorrect_expect_more(replies: pd.DataFrame, plan: Preregistration, per_word: bool = False) -> Estimate:
    """How many times as many pauses are expected in an incorrect reply as in a correct one, within a model whose pause
    head was trained; with `per_word` for each spoken token.

    Replies that were cut are left out, since the limit caps what they pause. This is a quasi-Poisson regression with a
    constant for every variant and seed, clustered by problem. It is undecided where too few problems have a correct
    reply that pauses, or an incorrect one: then the few that do decide, and their interval is too narrow.
    """
    whole = replies[replies["variant"].isin(published_heads(replies)) & ~replies["truncated"].astype(bool)]
    whole = whole[whole["expected_pauses"].notna()].assign(correct=whole["correct"].astype(bool))
    used = whole[whole.groupby(MODEL)["correct"].transform("nunique") == 2]
    if used.empty or not used["expected_pauses"].sum():
        return Estimate(doubt=NOT_FINISHED)
    pausing = used[used["n_pauses"] > 0].groupby("correct")["problem_id"].nunique().reindex([True, False], fill_value=0)
    if pausing.min() < plan.guard("least_pausing"):
        return Estimate(doubt=FEW_PROBLEMS)
    words = (used["n_tokens"] - used["n_pauses"] + 1).astype(float) if per_word else None  # its end token is one too
    ratio = incorrect_ratio(used, "expected_pauses", plan.level, words)
    return Estimate(*ratio, detectable_ratio(ratio, plan), null=1.0)
