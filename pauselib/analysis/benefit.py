"""Do pauses buy computation? What decides it: three contrasts of insertion trials, one benefit, one margin."""

import math
from typing import NamedTuple

import numpy as np

from pauselib.analysis.statistics import NAN, crossed
from pauselib.conditions import REGISTERED_DOSE

MARGIN = 0.1
"""A benefit in nats that is called none below: it makes the digits of a result a tenth likelier. A choice."""

BENEFIT, NO_BENEFIT, UNDECIDED = "benefit", "no benefit", "undecided"

POWER = 0.8
"""How often a test finds what is called the smallest detectable effect."""


class Estimate(NamedTuple):
    """A mean difference with its 95 % interval and its two-sided p, and the smallest one that is `detectable`: found in
    80 % of the cases, at the spread that was observed. `seeds` and `problems` are those that it is computed from.
    """

    estimate: float
    low: float
    high: float
    p: float
    detectable: float
    seeds: int
    problems: int


def estimated(values: np.ndarray) -> Estimate:
    """The mean of a (seeds, problems) array; nan where there is nothing to go by."""
    from scipy.stats import t

    if values.size == 0:
        return Estimate(NAN, NAN, NAN, NAN, NAN, 0, 0)
    found = crossed(values)
    detectable = found.se * float(t.ppf(0.975, found.df) + t.ppf(POWER, found.df)) if found.se > 0 else NAN
    return Estimate(found.mean, found.low, found.high, found.p, detectable, *values.shape)


class Benefit(NamedTuple):
    """The three contrasts that decide whether pauses buy computation, and the margin: a smaller benefit is none.

    Pauses buy computation where the pauses of the variant do more than masked ones, and that by more than after as much
    training without pauses (`computation`), and where they do more than nothing (`above_nothing`); masking is itself a
    disturbance. Nothing is decided where the positive control does not show (`control`).
    """

    computation: Estimate
    above_nothing: Estimate
    control: Estimate
    margin: float

    @property
    def interval(self) -> tuple[float, float, float]:
        """The benefit, which is the smaller one of the two contrasts, with its interval.

        The test that both are above 0 needs no correction (an intersection-union test: Berger 1982,
        doi:10.1080/00401706.1982.10487790). Both contrasts' intervals are of 95 %, so its low end is too high in at
        most 2.5 % of the cases, and its high end too low in at most 5 %.
        """
        both = self.computation, self.above_nothing
        return tuple(min(getattr(one, end) for one in both) for end in ("estimate", "low", "high"))

    @property
    def shows(self) -> bool:
        """Whether the measure could show something: the positive control is above 0."""
        return self.control.low > 0

    @property
    def detectable(self) -> float:
        """The smallest benefit that is detectable in each of the two contrasts."""
        return max(self.computation.detectable, self.above_nothing.detectable)

    @property
    def verdict(self) -> str:
        """Whether there is a benefit, none that is as large as the margin, or nothing is decided."""
        _, low, high = self.interval
        if not self.shows or math.isnan(low):
            return UNDECIDED
        if low > 0:
            return BENEFIT
        return NO_BENEFIT if high < self.margin else UNDECIDED

    @property
    def reading(self) -> str:
        """The three contrasts and the verdict, in words."""
        if self.computation.problems == 0 or self.above_nothing.problems == 0:
            return "Not decided: the trials that this needs are not there."
        words = f"Beyond what masked pauses and as much training do, {REGISTERED_DOSE} pauses before the calculation "
        words += f"of a hard result change the log likelihood of its digits by {in_nats(self.computation)}, against "
        words += f"nothing by {in_nats(self.above_nothing)}; the result itself by {in_nats(self.control)}. "
        words += f"The smallest detectable benefit is {self.detectable:.3f} nats, the margin {self.margin:g}. "
        said = {
            BENEFIT: "Both are above 0: pauses buy computation here.",
            NO_BENEFIT: "One of them is below the margin: pauses buy nothing here that would count.",
            UNDECIDED: "So nothing is decided.",
        }
        if not self.shows:
            return words + "Even the result itself does not show, so this measure can't decide anything here."
        return words + said[self.verdict]


def in_nats(found: Estimate) -> str:
    """An estimate with its interval, in words."""
    return f"{found.estimate:+.3f} nats ({found.low:+.3f} to {found.high:+.3f})"
