"""What an interval says: larger than the margin, opposite, equivalent, or undecided.

Every claim is judged by one rule. There is one interval, of the plan's level, and one margin, the smallest effect that
would count. All of the interval beyond the margin on the claim's side is `larger than the margin`, beyond it on the
other side `opposite`, within it `equivalent`; whatever else is `undecided`, which is no evidence for either.

>>> judge(0.4, 2.1, margin=1).verdict
'undecided'
>>> print(judge(0.4, 2.1, margin=1).flips())
larger than the margin for every margin below 0.4, equivalent for every margin above 2.1
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

LARGER, OPPOSITE, EQUIVALENT, UNDECIDED = "larger than the margin", "opposite", "equivalent", "undecided"
VERDICTS = (LARGER, OPPOSITE, EQUIVALENT, UNDECIDED)


def plain(number: float) -> str:
    """A number with three digits."""
    return f"{number:.3g}"


@dataclass(frozen=True)
class Judgement:
    """The verdict of an interval by a margin, and where it would be another.

    `beyond` is the distance of the interval from no effect: a smaller margin makes it `larger than the margin` (or
    `opposite`), and it is 0 where the interval covers no effect. `within` is the distance of its farther end: a larger
    margin makes it `equivalent`. Both are in the unit of the interval. They are nan where no margin gives that verdict:
    where there is no interval, a `doubt`, which is then said, or a ratio that would need bounds below 0.
    """

    verdict: str
    margin: float
    beyond: float
    within: float
    side: str
    doubt: str = ""

    def flips(self, unit: Callable[[float], str] = plain) -> str:
        """For which margins the verdict is which, in words; `unit` writes a margin."""
        found = []
        if self.beyond > 0:
            found.append(f"{self.side} for every margin below {unit(self.beyond)}")
        if not math.isnan(self.within):
            found.append(f"{EQUIVALENT} for every margin above {unit(self.within)}")
        return ", ".join(found) or f"{UNDECIDED} by every margin"


def judge(
    low: float, high: float, margin: float, null: float = 0.0, doubt: str = "", doubt_of_none: str = ""
) -> Judgement:
    """Judge the interval `low` to `high` of an effect by a margin around `null`, the value of no effect.

    A ratio has null 1: with a margin of 0.1 its bounds are 0.9 and 1.1. An interval of 95 % leaves 2.5 % on each side,
    so that `larger than the margin` and `opposite` are each a one-sided test at 2.5 %, and `equivalent` is two such
    tests at once (Schuirmann 1987, doi:10.1007/BF01068419): it calls an effect as large as the margin equivalent in
    2.5 % of the cases at the most, half as often as the usual test by a 90 % interval.

    A `doubt` about the data makes the verdict undecided, a `doubt_of_none` one that would be `equivalent`: where two
    models hardly could differ, that they don't is no finding. Raises ValueError for a margin that is not above 0.
    """
    if not margin > 0:
        raise ValueError(f"A margin is above 0, not {margin}.")
    low, high = low - null, high - null
    if doubt or math.isnan(low) or math.isnan(high):
        return Judgement(UNDECIDED, margin, math.nan, math.nan, "", doubt)
    side = LARGER if low > 0 else OPPOSITE
    beyond, within = max(low, -high, 0.0), max(-low, high)
    if null and within >= null:
        within = math.nan  # a ratio is above 0, so there is no such margin
    if beyond > margin:
        return Judgement(side, margin, beyond, math.nan if doubt_of_none else within, side)
    if doubt_of_none:
        return Judgement(UNDECIDED, margin, beyond, math.nan, side, doubt_of_none)
    return Judgement(EQUIVALENT if within < margin else UNDECIDED, margin, beyond, within, side)


def one_sided(low: float, high: float, margin: float) -> str:
    """What the interval of a benefit says of three questions that are not the same, in words.

    Is it above 0 (superior)? Is it above −margin (not inferior)? Is it within the margin (equivalent)? Each answer that
    is not yes is `not shown`, which is not no.
    """
    answers = {
        "superior (above 0)": low > 0,
        "not inferior (above minus the margin)": low > -margin,
        "equivalent (within the margin)": -margin < low and high < margin,
    }
    return ", ".join(f"{name}: {'shown' if shown else 'not shown'}" for name, shown in answers.items())
