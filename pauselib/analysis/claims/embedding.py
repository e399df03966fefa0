"""Does training the pause embedding matter? In every pair of variants that differ in nothing else."""

import math
from dataclasses import dataclass, replace

import pandas as pd

from pauselib.analysis.claims.claim import listed, margin_in_points, points, seeds_in_words, takeaway
from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.statistics.paired import Comparison, at_the_end, compare, detectable, too_few_discordant
from pauselib.analysis.tables.comparisons import aligned, present_variants, trained_head
from pauselib.variants import VARIANTS


def embedding_pairs() -> list[tuple[str, str]]:
    """The pairs of variants with a trained pause head that differ only in the pause embedding: (trained, frozen)."""
    names = {variant: name for name, variant in VARIANTS.items()}
    pairs = []
    for name in trained_head(list(VARIANTS)):
        frozen = replace(VARIANTS[name], pause_embedding=False)
        if VARIANTS[name].pause_embedding and frozen in names:
            pairs.append((name, names[frozen]))
    return pairs


@dataclass(frozen=True)
class PairEffect:
    """What training the pause embedding does in one pair, the same by a corrected level, and why it may say nothing."""

    pair: str
    seeds: int
    plain: Comparison
    corrected: Comparison
    detectable: float
    doubt: str

    @property
    def reach(self) -> float:
        """How far the effect may be from 0, up or down, by the plain interval."""
        return max(-self.plain.low, self.plain.high)

    @property
    def beyond(self) -> float:
        """How far from 0 the effect is at the least by the corrected interval; 0 where that covers 0 or is doubted."""
        return 0.0 if self.doubt else max(self.corrected.low, -self.corrected.high, 0.0)


def pair_effects(replies: pd.DataFrame, plan: Plan) -> list[PairEffect]:
    """The effects of training the pause embedding, one a finished pair with a seed in common."""
    present, found = present_variants(replies), []
    answers = {pair: aligned(replies, *pair) for pair in embedding_pairs() if set(pair) <= set(present)}
    answers = {pair: both for pair, both in answers.items() if both.size}
    for (trained, frozen), both in answers.items():
        few = too_few_discordant(*both, plan.guard("least_discordant"))
        effect = PairEffect(
            pair=f"{trained} − {frozen}",
            seeds=both.shape[1],
            plain=compare(*both, plan.level),
            corrected=compare(*both, 1 - (1 - plan.level) / len(answers)),
            detectable=detectable(both[0] - both[1], plan.level),
            doubt=few or at_the_end(*both, plan.guard("floor")),
        )
        found.append(effect)
    return found


def embedding_effect(replies: pd.DataFrame, plan: Plan) -> dict:
    """Does training the pause embedding change the accuracy by less than the margin, in every one of the pairs?

    The estimate is the difference of the pair that differs most, with its sign. The near end of its interval is that of
    the pair which is farthest from 0 after correction, the far end that of the pair which may be farthest.
    """
    what = "largest difference in accuracy, up or down, that training the pause embedding makes in a pair"
    effects, wanted = pair_effects(replies, plan), [f"{trained} / {frozen}" for trained, frozen in embedding_pairs()]
    if not effects:
        reading = f"Not decided: no pair of {listed(wanted)} finished for the same seeds."
        return takeaway(plan, "embedding", what, reading)
    most = max(effects, key=lambda one: (one.beyond, abs(one.plain.difference)))
    largest = max(abs(one.plain.difference) for one in effects)
    sign, reach = math.copysign(1, most.plain.difference), max(one.reach for one in effects)
    low, high = sorted([sign * most.beyond, sign * reach])
    beyond = [one.pair for one in effects if one.beyond > plan.margin("embedding")]
    doubted = [f"in {one.pair} {one.doubt}" for one in effects if one.doubt]
    of_pairs = [points(one.plain.difference) for one in sorted(effects, key=lambda one: one.plain.difference)]
    several = f"differences of {of_pairs[0]} to {of_pairs[-1]} points"
    differences = several if len(of_pairs) > 1 else f"a difference of {of_pairs[0]} points"
    reading = (
        f"Of {len(wanted)} pairs {len(effects)} can be compared, with {differences}; "
        f"{listed(beyond) or 'none'} by more than the margin after correction, and at the most by "
        f"{margin_in_points(reach)}. "
        f"{seeds_in_words(min(one.seeds for one in effects))}"
    )
    return takeaway(
        plan,
        "embedding",
        what,
        reading,
        (sign * largest, low, high),
        detectable=max((one.detectable for one in effects if not math.isnan(one.detectable)), default=math.nan),
        doubt_of_none=doubted[0] if doubted else "",
        unit=margin_in_points,
    )
