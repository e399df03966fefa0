"""Does training the pause embedding matter? In every pair of variants that differ in nothing else."""

import math
from dataclasses import replace

import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import NOT_FINISHED, Estimate, doubts_of_answers
from pauselib.analysis.statistics.paired import compare, detectable
from pauselib.analysis.tables.comparisons import aligned, trained_head
from pauselib.variants import VARIANTS


def embedding_pairs() -> list[tuple[str, str]]:
    """The pairs of variants with a trained pause head that differ only in the pause embedding: (trained, frozen)."""
    names = {variant: name for name, variant in VARIANTS.items()}
    trained = [name for name in trained_head(VARIANTS) if VARIANTS[name].pause_embedding]
    frozen = [names.get(replace(VARIANTS[name], pause_embedding=False)) for name in trained]
    return [(name, other) for name, other in zip(trained, frozen) if other]


def embedding_effect(replies: pd.DataFrame, plan: Preregistration) -> Estimate:
    """How much does training the pause embedding change the accuracy, in the finished pair where it changes it most?

    The estimate is the largest difference of all pairs. The far end of its interval is that of the pair whose interval
    reaches farthest from 0, up or down. The near end and the sign are those of the pair that is farthest from 0 by an
    interval of a level that is corrected for the number of pairs; it is 0 where all of them cover 0 or are doubted. A
    pair that hardly could differ leaves all of them undecided where they would be equivalent.
    """
    answers = [aligned(replies, *pair) for pair in embedding_pairs()]
    answers = [both for both in answers if both.size]
    if not answers:
        return Estimate(doubt=NOT_FINISHED)
    lines = []
    for both in answers:
        plain, corrected = compare(*both, plan.level), compare(*both, 1 - (1 - plan.level) / len(answers))
        doubts = doubts_of_answers(*both, plan.guard("least_discordant"), plan.guard("floor"))
        doubt = doubts["doubt"] or doubts["doubt_of_none"]
        near, far = max(corrected.low, -corrected.high, 0.0), max(-plain.low, plain.high)
        smallest = detectable(both[0] - both[1], plan.level)
        lines.append([0.0 if doubt else near, abs(plain.difference), plain.difference, far, smallest, doubt])
    effects = pd.DataFrame(lines, columns=["near", "size", "difference", "far", "detectable", "doubt"])
    most = effects.sort_values(["near", "size"], ascending=False, kind="stable").iloc[0]
    sign = math.copysign(1, most["difference"])
    low, high = sorted([sign * most["near"], sign * effects["far"].max()])
    doubt = next(filter(None, effects["doubt"]), "")
    return Estimate(sign * effects["size"].max(), low, high, effects["detectable"].max(), doubt_of_none=doubt)
