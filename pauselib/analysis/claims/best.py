"""Is training the pause parts with LoRA the best way? Which of several variants is, and how far ahead of the others."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pauselib.analysis.claims.claim import apart, listed, margin_in_points, points, seeds_in_words, takeaway
from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.statistics.paired import Comparison, at_the_end, compare, detectable, too_few_discordant
from pauselib.analysis.tables.comparisons import aligned, present_variants
from pauselib.variants import VARIANTS

BEST = "sft_peft"
"""What the published takeaways call the best way to train."""


@dataclass(frozen=True)
class Lead:
    """How far a variant is ahead of the best other one, negative where it is behind; see `lead`.

    `rival` is the closest one, `comparison` the variant against it, and `candidates` is the confidence set of the best:
    those that no other one is shown to be better than.
    """

    rival: str
    comparison: Comparison
    low: float
    high: float
    candidates: list[str]


def lead(answers: dict[str, np.ndarray], name: str, level: float = 0.95) -> Lead:
    """The share correct of `name` minus that of the best of the others, with an interval of a level.

    `answers` are the (seeds, problems) arrays of 0 and 1 of all variants, of the same seeds and problems.

    These are the multiple comparisons with the best of Edwards & Hsu (1983, doi:10.1080/01621459.1983.10477047), made
    of paired intervals. The lead is the smallest of the differences to the others. Its low end is the smallest of their
    low ends: too high only where that of the best rival is, so it needs no correction (Berger 1982,
    doi:10.1080/00401706.1982.10487790). Its high end is the smallest of their high ends, any of which may be too low,
    so each has the level that Bonferroni's inequality asks of as many as there are rivals. The same corrected ends give
    the confidence set: a variant is in it unless its difference to another one is below 0. The best one is in it with
    probability (1 + level) / 2 at the least.
    """
    rivals = [other for other in answers if other != name]
    corrected = 1 - (1 - level) / len(rivals)
    compared = {other: compare(answers[name], answers[other], level) for other in rivals}
    closest = min(rivals, key=lambda other: compared[other].difference)
    beaten, highest = set(), {}
    for one, other in itertools.combinations(answers, 2):
        found = compare(answers[one], answers[other], corrected)
        highest[one, other], highest[other, one] = found.high, -found.low
        beaten |= {one} if found.high < 0 else set()
        beaten |= {other} if found.low > 0 else set()
    return Lead(
        rival=closest,
        comparison=compared[closest],
        low=min(found.low for found in compared.values()),
        high=min(highest[name, other] for other in rivals),
        candidates=[one for one in answers if one not in beaten],
    )


def best_variant(replies: pd.DataFrame, plan: Plan) -> dict:
    """Is training both pause parts with LoRA the most accurate of all variants that pause? See `lead`."""
    what, wanted = f"accuracy of {BEST} − that of the best other", [n for n, v in VARIANTS.items() if v.pauses]
    absent = [name for name in wanted if name not in present_variants(replies)]
    if absent:
        return takeaway(plan, "best", what, f"Not decided: it takes {listed(absent)} too.")
    answers = dict(zip(wanted, aligned(replies, *wanted)))
    seeds, problems = answers[BEST].shape
    if not problems:
        return takeaway(plan, "best", what, "Not decided: the variants have no seed in common.")
    found = lead(answers, BEST, plan.level)
    ends = answers[BEST], answers[found.rival]
    margin = plan.margin("best")
    near = "" if found.low > -margin else "not "
    reading = (
        f"{BEST} is {apart(found.comparison.difference, 'ahead of', 'behind')} the best other, {found.rival} "
        f"(lead {points(found.low)} to {points(found.high)}); {len(found.candidates)} of the {len(wanted)} variants "
        f"may be the best ({listed(found.candidates)}), and that {BEST} is within {margin_in_points(margin)} of it is "
        f"{near}shown. {seeds_in_words(seeds)}"
    )
    return takeaway(
        plan,
        "best",
        what,
        reading,
        (found.comparison.difference, found.low, found.high),
        detectable=detectable(ends[0] - ends[1], plan.level),
        doubt=too_few_discordant(*ends, plan.guard("least_discordant")),
        doubt_of_none=at_the_end(*ends, plan.guard("floor")),
        unit=margin_in_points,
    )
