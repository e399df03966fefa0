"""The verdict rule: larger than the margin, opposite, equivalent, or undecided.

There is one interval, of the plan's level, and one margin, the smallest effect that would count. All of the interval
beyond the margin on the claim's side is `larger than the margin`, beyond it on the other side `opposite`, within it
`equivalent`; whatever else is `undecided`, which is no evidence for either. An effect that is a minimum has one side:
it is `larger than the margin`, or all of its interval below that is `smaller than the margin`.

>>> judge(Estimate(low=0.4, high=2.1), margin=1).verdict
'undecided'
>>> judge(Estimate(low=0.4, high=2.1), margin=0.3)
Judgement(verdict='larger than the margin', beyond_below=0.4, equivalent_above=2.1, doubt='')
"""

import math
from typing import NamedTuple

import numpy as np

from pauselib.analysis.claims.preregistration import Preregistration

LARGER, OPPOSITE, EQUIVALENT, UNDECIDED = "larger than the margin", "opposite", "equivalent", "undecided"
SMALLER = "smaller than the margin"

NOT_FINISHED = "Not all that this claim needs is finished."
TOO_ALIKE = "The two models answer too few problems differently."
AT_THE_END = "Both models are right on almost none of the problems, or on almost all."
FEW_PROBLEMS = "There are too few problems."
SAME_COUNTS = "Too few replies pause in another number of places than the others."
NO_CONTROL = "The positive control does not show."
DEPENDS = "It depends on how hard a result is: at one end there is a benefit."
"""The doubts: what makes a verdict undecided whatever the interval says. The limits are the guards of the plan."""


class Estimate(NamedTuple):
    """What the data say of a claim: an estimate, the ends of its interval, and what would have been `detectable`, as
    far from no effect. `null` is the value of no effect, 1 for a ratio.

    A `doubt` about the data makes the verdict undecided, a `doubt_of_none` one that would be `equivalent`: where two
    models hardly could differ, that they don't is no finding. A `one_sided` effect is the smaller one of two gains: it
    can be below 0 where nothing is lost, so it is never `opposite`.
    """

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    detectable: float = math.nan
    null: float = 0.0
    doubt: str = ""
    doubt_of_none: str = ""
    one_sided: bool = False


class Judgement(NamedTuple):
    """The verdict of an interval by a margin, the margins at which it would be another, and the doubt that decided.

    A margin below `beyond_below`, the distance of the interval from no effect, makes it `larger than the margin` (or
    `opposite`); this is 0 where the interval covers no effect. A margin above `equivalent_above`, the distance of its
    farther end, makes it `equivalent`. Both are in the unit of the interval. They are nan where no margin gives that
    verdict: where there is no interval, a doubt, or a ratio that would need bounds below 0.
    """

    verdict: str
    beyond_below: float
    equivalent_above: float
    doubt: str = ""


def judge(found: Estimate, margin: float) -> Judgement:
    """Judge the interval of an estimate by a margin above 0 on both sides of no effect.

    An interval of 95 % leaves 2.5 % on each side, so that `larger than the margin` and `opposite` are each a one-sided
    test at 2.5 %, and `equivalent` is two such tests at once (Schuirmann 1987, doi:10.1007/BF01068419): it calls an
    effect as large as the margin equivalent in 2.5 % of the cases at the most, half as often as the usual test by a
    90 % interval.
    """
    low, high = found.low - found.null, found.high - found.null
    if found.doubt or math.isnan(low) or math.isnan(high):
        return Judgement(UNDECIDED, math.nan, math.nan, found.doubt)
    beyond, within = (max(low, 0.0), max(high, 0.0)) if found.one_sided else (max(low, -high, 0.0), max(-low, high))
    if found.doubt_of_none or (found.null and within >= found.null):
        within = math.nan  # a ratio is above 0, so there is no such margin
    if beyond > margin:
        return Judgement(LARGER if low > 0 else OPPOSITE, beyond, within)
    none = SMALLER if found.one_sided else EQUIVALENT
    return Judgement(none if within < margin else UNDECIDED, beyond, within, found.doubt_of_none)


def doubts_of_answers(first, second, plan: Preregistration) -> dict[str, str]:
    """The doubts about a difference between two models, by their answers: arrays of 0 and 1, (..., seeds, problems).

    It is doubted where fewer problems than the guard `least_discordant` have an answer that is right in just one of the
    two; version 1 of the plan counts the answers. That there is no difference is doubted where both are right in fewer
    than the guard `floor` of the problems, or both wrong.
    """
    first, second = np.asarray(first), np.asarray(second)
    shares = float(first.mean()), float(second.mean())
    floor, differ = plan.guard("floor"), first != second
    discordant = differ.sum() if plan.version == 1 else differ.any(axis=tuple(range(differ.ndim - 1))).sum()
    at_the_end = max(shares) < floor or min(shares) > 1 - floor
    return {
        "doubt": TOO_ALIKE if discordant < plan.guard("least_discordant") else "",
        "doubt_of_none": AT_THE_END if at_the_end else "",
    }
