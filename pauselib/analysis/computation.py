"""Do pauses buy computation? What decides it: three contrasts of insertion trials, one benefit, one margin."""

import math
from typing import NamedTuple

import numpy as np

from pauselib.analysis.claims import seeds_in_words, takeaway
from pauselib.analysis.paired import detectable
from pauselib.analysis.plan import Plan
from pauselib.analysis.statistics import NAN, crossed
from pauselib.conditions import REGISTERED_DOSE


class Estimate(NamedTuple):
    """A mean difference with its interval and its two-sided p, and the smallest one that is `detectable`: found in 80 %
    of the cases, at the spread that was observed. `seeds` and `problems` are those that it is computed from.
    """

    estimate: float
    low: float
    high: float
    p: float
    detectable: float
    seeds: int
    problems: int


def estimated(values: np.ndarray, level: float = 0.95) -> Estimate:
    """The mean of a (seeds, problems) array; nan where there is nothing to go by."""
    if values.size == 0:
        return Estimate(NAN, NAN, NAN, NAN, NAN, 0, 0)
    found = crossed(values, level)
    return Estimate(found.mean, found.low, found.high, found.p, detectable(values, level), *values.shape)


class Benefit(NamedTuple):
    """The three contrasts that decide whether pauses buy computation, and the high end of the benefit.

    Pauses buy computation where the pauses of the variant do more than masked ones, and that by more than after as much
    training without pauses (`computation`), and where they do more than nothing (`above_nothing`); masking is itself a
    disturbance. Nothing is decided where the positive control does not show (`control`).
    """

    computation: Estimate
    above_nothing: Estimate
    control: Estimate
    high: float

    @property
    def interval(self) -> tuple[float, float, float]:
        """The benefit, which is the smaller one of the two contrasts, with its interval.

        The low end is the lower one of both, without a correction (an intersection-union test: Berger 1982,
        doi:10.1080/00401706.1982.10487790). The high end is the lower one of both after Bonferroni's correction, since
        either of the two may be the smaller one.
        """
        both = self.computation, self.above_nothing
        return min(one.estimate for one in both), min(one.low for one in both), self.high

    @property
    def doubt(self) -> str:
        """Why nothing is decided whatever the contrasts say, in words; empty where the positive control shows."""
        return "" if self.control.low > 0 else "even the result itself, given in the context, does not show"

    @property
    def detectable(self) -> float:
        """The smallest benefit that is detectable in each of the two contrasts."""
        return max(self.computation.detectable, self.above_nothing.detectable)

    @property
    def is_missing(self) -> bool:
        """Whether one of the contrasts has nothing to go by."""
        return math.isnan(self.computation.estimate) or math.isnan(self.above_nothing.estimate)


def benefit(computation: np.ndarray, above_nothing: np.ndarray, control: np.ndarray, level: float = 0.95) -> Benefit:
    """The benefit by its three contrasts, each a (seeds, problems) array."""
    both = [computation, above_nothing]
    corrected = [estimated(values, 1 - (1 - level) / len(both)).high for values in both]
    return Benefit(*(estimated(values, level) for values in (*both, control)), min(corrected))


class Outcome(NamedTuple):
    """An outcome of a trial: its `column`, what it is in `words`, its `unit`, and how many of that make one of the
    column's numbers.
    """

    column: str
    words: str
    unit: str
    scale: int

    def in_words(self, found: Estimate) -> str:
        """An estimate with its interval, in words."""
        estimate, low, high = (f"{self.scale * value:+.3g}" for value in found[:3])
        return f"{estimate} {self.unit} ({low} to {high})"

    def margin_in_words(self, margin: float) -> str:
        """A margin in words."""
        return f"{self.scale * margin:.3g} {self.unit}"


OUTCOME_OF = {
    "computation": Outcome("log_likelihood", "the log likelihood of its digits", "nats", 1),
    "steps": Outcome("correct", "how often all its digits are the model's best words", "points", 100),
}
"""The claims of the plan that a trial decides, each with its outcome."""


def line(found: Benefit, variant: str, claim: str, plan: Plan) -> dict:
    """A line of `takeaways.takeaways` about a claim of OUTCOME_OF, by the trial of a variant."""
    outcome = OUTCOME_OF[claim]
    what = f"{outcome.unit} that pauses of {variant} gain: against nothing, or against masked ones and matched training"
    if found.is_missing:
        return takeaway(plan, claim, what, f"Not decided: the trials that {variant} needs are not finished.")
    computation, above_nothing, control = (outcome.in_words(one) for one in found[:3])
    reading = (
        f"{REGISTERED_DOSE} pauses of {variant} before the calculation of a hard result change {outcome.words} by "
        f"{computation} beyond what masked pauses and as much training do, and by {above_nothing} against nothing. The "
        f"result itself, given in the context, changes it by {control}. {seeds_in_words(found.computation.seeds)}"
    )
    return takeaway(
        plan,
        claim,
        what,
        reading,
        found.interval,
        detectable=found.detectable,
        doubt=found.doubt,
        unit=outcome.margin_in_words,
    )
