"""Is training the pause parts with LoRA the best way? How far ahead of the best of all other variants that is."""

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import NOT_FINISHED, Estimate, doubts_of_answers
from pauselib.analysis.statistics.paired import compare, detectable
from pauselib.analysis.tables.comparisons import aligned
from pauselib.variants import VARIANTS

BEST = "sft_peft"
"""What the published claims call the best way to train."""


def lead(answers: dict[str, np.ndarray], name: str, level: float = 0.95) -> tuple[str, float, float, float]:
    """The closest rival of `name`, and the share correct of `name` minus that of the best other, with an interval.

    `answers` are the (seeds, problems) arrays of 0 and 1 of all variants, of the same seeds and problems. The numbers
    are the lead, negative where `name` is behind, and the low and the high end of its interval.

    These are the multiple comparisons with the best of Edwards & Hsu (1983, doi:10.1080/01621459.1983.10477047), made
    of paired intervals. The lead is the smallest of the differences to the others. Its low end is the smallest of their
    low ends: too high only where that of the best rival is, so it needs no correction (Berger 1982,
    doi:10.1080/00401706.1982.10487790). Its high end is the smallest of their high ends, any of which may be too low,
    so each has the level that Bonferroni's inequality asks of as many as there are rivals.
    """
    rivals = {rival: theirs for rival, theirs in answers.items() if rival != name}
    compared = {rival: compare(answers[name], theirs, level) for rival, theirs in rivals.items()}
    corrected = [compare(answers[name], theirs, 1 - (1 - level) / len(rivals)) for theirs in rivals.values()]
    closest = min(rivals, key=lambda rival: compared[rival].difference)
    low, high = min(one.low for one in compared.values()), min(one.high for one in corrected)
    return closest, compared[closest].difference, low, high


def best_variant(replies: pd.DataFrame, plan: Preregistration) -> Estimate:
    """How much more accurate is training both pause parts with LoRA than the best other variant that pauses?

    See `lead`. It takes all of these variants, with a seed in common.
    """
    wanted = [name for name, variant in VARIANTS.items() if variant.pauses]
    answers = dict(zip(wanted, aligned(replies, *wanted)))
    if not answers[BEST].size:
        return Estimate(doubt=NOT_FINISHED)
    rival, *interval = lead(answers, BEST, plan.level)
    both = answers[BEST], answers[rival]
    doubts = doubts_of_answers(*both, plan.guard("least_discordant"), plan.guard("floor"))
    return Estimate(*interval, detectable(both[0] - both[1], plan.level), **doubts)
