"""The claims about accuracy: the best way to train, the pause embedding, and whether pauses help.

Each is an `Estimate` of differences between models that answered the same problems.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import NOT_FINISHED, Estimate, doubts_of_answers
from pauselib.analysis.statistics.paired import compare, compare_means, detectable
from pauselib.analysis.tables.comparisons import aligned, published_heads, trained_head
from pauselib.variants import VARIANTS, matched_baseline

BEST = "sft_peft"
"""What the published claims call the best way to train."""
DRAWN = "draw_pauses"  # the intervention


def lead(answers: dict[str, np.ndarray], name: str, level: float = 0.95) -> tuple[str, float, float, float]:
    """The closest rival of `name`, and the share correct of `name` minus that of the best other, with an interval.

    `answers` are the (seeds, problems) arrays of 0 and 1 of all variants, of the same seeds and problems.

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


def as_drawn(replies: pd.DataFrame, intervened: pd.DataFrame, names: list[str], plan: Preregistration) -> pd.DataFrame:
    """The replies, those of `names` with drawn pauses where all have such with every seed; by version 1 greedy."""
    of_names = replies["variant"].isin(names)
    drawn = intervened[(intervened["intervention"] == DRAWN) & intervened["variant"].isin(names)]
    rows, greedy = (set(zip(table["variant"], table["seed"])) for table in (drawn, replies[of_names]))
    all_drawn = plan.version > 1 and rows == greedy != set()
    return pd.concat([replies[~of_names], drawn], ignore_index=True) if all_drawn else replies


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
    doubts = doubts_of_answers(*both, plan)
    return Estimate(*interval, detectable(both[0] - both[1], plan.level), **doubts)


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
        doubts = doubts_of_answers(*both, plan)
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


def pauses_help(replies: pd.DataFrame, intervened: pd.DataFrame, plan: Preregistration) -> Estimate:
    """How much more accurate are models with a trained pause head with their pauses than with the same forbidden?

    They are forbidden under the intervention that allows 0 pauses and changes nothing else. `replies` are `as_drawn`.
    With several models it is the mean of their differences. Forbidding removes computation and also shifts the
    distribution, so this is not the effect of computation alone.
    """
    forbidden = intervened[intervened["allowed"] == 0]
    heads = [name for name in published_heads(replies) if name in set(forbidden["variant"])]
    both = pd.concat([replies, forbidden.assign(variant=forbidden["variant"] + " forbidden")])
    answers = aligned(both, *heads, *[f"{name} forbidden" for name in heads])
    both_ways = replies[replies["variant"].isin(heads)], forbidden
    allowed, forbidden = (set(zip(table["variant"], table["seed"])) for table in both_ways)
    if not answers.size or (plan.version > 1 and allowed - forbidden):
        return Estimate(doubt=NOT_FINISHED)
    plain, changed = answers[: len(heads)], answers[len(heads) :]
    effects = (plain - changed).mean(axis=0)  # (seeds, problems)
    found = compare(plain[0], changed[0], plan.level) if len(heads) == 1 else compare_means(effects, plan.level)
    doubts = doubts_of_answers(plain, changed, plan)
    return Estimate(found.difference, found.low, found.high, detectable(effects, plan.level), **doubts)


def pauses_in_training(replies: pd.DataFrame, plan: Preregistration) -> Estimate:
    """How much more accurate is training with pauses than as much training of the same parts without?"""
    answers = aligned(replies, BEST, matched_baseline(BEST))
    if not answers.size:
        return Estimate(doubt=NOT_FINISHED)
    found = compare(*answers, plan.level)
    doubts = doubts_of_answers(*answers, plan)
    return Estimate(found.difference, found.low, found.high, detectable(answers[0] - answers[1], plan.level), **doubts)
