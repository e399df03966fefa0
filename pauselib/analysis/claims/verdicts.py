"""The verdict rule, version 1: larger than the margin, opposite, equivalent, or undecided.

There is one interval, of the plan's level, and one margin, the smallest effect that would count. All of the interval
beyond the margin on the claim's side is `larger than the margin`, beyond it on the other side `opposite`, within it
`equivalent`; whatever else is `undecided`, which is no evidence for either.

>>> judge(Estimate(low=0.4, high=2.1), margin=1).verdict
'undecided'
>>> judge(Estimate(low=0.4, high=2.1), margin=0.3)
Judgement(verdict='larger than the margin', beyond_below=0.4, equivalent_above=2.1, doubt='')
"""

import math
from typing import NamedTuple

import numpy as np

LARGER, OPPOSITE, EQUIVALENT, UNDECIDED = "larger than the margin", "opposite", "equivalent", "undecided"

NOT_FINISHED = "Not all that this claim needs is finished."
TOO_ALIKE = "The two models answer too few problems differently."
AT_THE_END = "Both models are right on almost none of the problems, or on almost all."
FEW_PROBLEMS = "There are too few problems."
SAME_COUNTS = "Too few replies pause in another number of places than the others."
NO_CONTROL = "The positive control does not show."
"""The doubts: what makes a verdict undecided whatever the interval says. The limits are the guards of the plan."""


class Estimate(NamedTuple):
    """What the data say of a claim: an estimate, the ends of its interval, and what would have been `detectable`, as
    far from no effect. `null` is the value of no effect, 1 for a ratio.

    A `doubt` about the data makes the verdict undecided, a `doubt_of_none` one that would be `equivalent`: where two
    models hardly could differ, that they don't is no finding.
    """

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    detectable: float = math.nan
    null: float = 0.0
    doubt: str = ""
    doubt_of_none: str = ""


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
    beyond, within = max(low, -high, 0.0), max(-low, high)
    if found.doubt_of_none or (found.null and within >= found.null):
        within = math.nan  # a ratio is above 0, so there is no such margin
    if beyond > margin:
        return Judgement(LARGER if low > 0 else OPPOSITE, beyond, within)
    return Judgement(EQUIVALENT if within < margin else UNDECIDED, beyond, within, found.doubt_of_none)


def doubts_of_answers(first, second, least: float, floor: float) -> dict[str, str]:
    """The doubts about a difference between two models, by their answers: arrays of 0 and 1 of one shape.

    It is doubted where fewer than `least` answers are right in just one of the two. That there is no difference is
    doubted where both are right in fewer than `floor` of the problems, or both wrong.
    """
    first, second = np.asarray(first), np.asarray(second)
    shares = float(first.mean()), float(second.mean())
    at_the_end = max(shares) < floor or min(shares) > 1 - floor
    return {
        "doubt": TOO_ALIKE if np.sum(first != second) < least else "",
        "doubt_of_none": AT_THE_END if at_the_end else "",
    }
