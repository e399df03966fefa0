"""Do pauses buy computation? Three contrasts of insertion trials decide it, as one benefit with one interval."""

import math
from typing import NamedTuple

import numpy as np

from pauselib.analysis.claims.claim import seeds_in_words, signed, takeaway
from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.claims.verdicts import Judgement, judge
from pauselib.analysis.statistics.intervals import NAN, crossed
from pauselib.trials import REGISTERED_DOSE


class Estimate(NamedTuple):
    """A mean difference with its interval and its two-sided p, and the smallest one that is `detectable`: found in
    80 % of the cases, at the spread that was observed. `seeds` and `problems` are those that it is computed from.
    """

    estimate: float
    low: float
    high: float
    p: float
    detectable: float
    seeds: int
    problems: int

    def said(self, outcome: "Outcome") -> str:
        """The estimate with its interval, in the words of an outcome."""
        estimate, low, high = (outcome.number(value) for value in (self.estimate, self.low, self.high))
        return f"{estimate} {outcome.unit} ({low} to {high})"


class Outcome(NamedTuple):
    """What is measured of a result: the column of `trial.COLUMNS`, the name of its claim in the plan, what it is in
    words, its unit, and how many of this unit a 1 is.
    """

    column: str
    claim: str
    words: str
    unit: str
    scale: float
    decimals: int

    def number(self, value: float) -> str:
        """A difference in the unit, with its sign."""
        return signed(self.scale * value, self.decimals)

    def margin(self, value: float) -> str:
        """A margin in words."""
        return f"{self.scale * value:.3g} {self.unit}"


LIKELIHOOD = Outcome("log_likelihood", "computation", "the log likelihood of its digits", "nats", 1, 3)
STEP = Outcome("correct", "steps", "how often its digits are the best words", "points", 100, 1)


def estimated(values: np.ndarray, level: float = 0.95) -> Estimate:
    """The mean of a (seeds, problems) array; nan where there is nothing to go by."""
    if values.size == 0:
        return Estimate(NAN, NAN, NAN, NAN, NAN, 0, 0)
    found = crossed(values, level)
    return Estimate(found.mean, found.low, found.high, found.p, found.detectable(level), *values.shape)


def computed(outcome: Outcome, contrasts: list[np.ndarray], level: float = 0.95) -> "Computation":
    """What five contrasts, (seeds, problems) arrays, say: beyond masked, above nothing, the positive control, and the
    two differences that `beyond_masked` is the difference of.
    """
    beyond_masked, above_nothing, *_ = contrasts
    found = [estimated(values, level) for values in contrasts]
    highest = min(crossed(values, 1 - (1 - level) / 2).high for values in (beyond_masked, above_nothing))
    return Computation(outcome, *found, highest)


class Computation(NamedTuple):
    """The three contrasts that decide, in one outcome, and what the first of them is made of.

    Pauses buy computation where the pauses of the variant do more than masked ones, and that by more than after as much
    training without pauses (`beyond_masked`), and where they do more than nothing (`above_nothing`); masking is itself
    a disturbance. Nothing is decided where the positive control does not show (`control`). `own` is pauses − masked
    pauses of the variant, `matched` the same after matched training, whose pause embedding was never trained; the first
    contrast is their difference. `highest` is the high end of the benefit.
    """

    outcome: Outcome
    beyond_masked: Estimate
    above_nothing: Estimate
    control: Estimate
    own: Estimate
    matched: Estimate
    highest: float

    @property
    def interval(self) -> tuple[float, float, float]:
        """The benefit, which is the smaller one of the two contrasts, with its interval.

        The low end is the smaller low end, which needs no correction (an intersection-union test: Berger 1982,
        doi:10.1080/00401706.1982.10487790). The high end is the smaller high end; either may be too low, so both have
        the level that Bonferroni's inequality asks of two.
        """
        both = self.beyond_masked, self.above_nothing
        return min(one.estimate for one in both), min(one.low for one in both), self.highest

    @property
    def detectable(self) -> float:
        """The smallest benefit that is detectable in each of the two contrasts."""
        return max(self.beyond_masked.detectable, self.above_nothing.detectable)

    def doubt(self, plan: Plan) -> str:
        """Why these data decide nothing, in words; empty where they may."""
        problems = min(one.problems for one in (self.beyond_masked, self.above_nothing, self.control))
        if problems < plan.guard("least_problems"):
            return f"there are {problems} problems with hard results"
        if not self.control.low > 0:
            return "not even the result itself, the positive control, shows in this measure"
        return ""

    def judged(self, plan: Plan) -> Judgement:
        """The verdict on the benefit by the plan's margin."""
        _, low, high = self.interval
        return judge(low, high, plan.margin(self.outcome.claim), doubt=self.doubt(plan))

    def answer(self, plan: Plan) -> str:
        """Whether pauses buy as much as the plan's margin, in words: shown, excluded, or undecided.

        It is excluded wherever the interval of the benefit ends below the margin, also where the benefit may be smaller
        than nothing; where all of it is below minus the margin, they cost that much.
        """
        _, low, high = self.interval
        margin = plan.margin(self.outcome.claim)
        if self.doubt(plan) or math.isnan(low) or low <= margin <= high:
            return "undecided"
        cost = "; they cost more than that" if high < -margin else ""
        return "shown" if low > margin else f"excluded{cost}"

    @property
    def benefit(self) -> str:
        """The benefit with its interval, in words."""
        estimate, low, high = (self.outcome.number(value) for value in self.interval)
        return f"{estimate} {self.outcome.unit} ({low} to {high}, the high end corrected for two)"

    @property
    def reading(self) -> str:
        """The three contrasts in words."""
        if math.isnan(self.interval[0]):
            return "Not decided: the trials that this needs are not there."
        return (
            f"{REGISTERED_DOSE} pauses before the calculation of a hard result change {self.outcome.words} by "
            f"{self.beyond_masked.said(self.outcome)} more than masked pauses do, beyond what they do after as much "
            f"training without pauses, and by {self.above_nothing.said(self.outcome)} against nothing. The benefit is "
            f"the smaller of the two: {self.benefit}. {self.parts} The result itself changes it by "
            f"{self.control.said(self.outcome)}. {seeds_in_words(self.above_nothing.seeds)}"
        )

    @property
    def parts(self) -> str:
        """What the first contrast is made of, in a sentence."""
        return (
            f"Pauses against masked ones: {self.own.said(self.outcome)} in the variant itself, "
            f"{self.matched.said(self.outcome)} after matched training, whose pause embedding was never trained."
        )

    def line(self, plan: Plan, variant: str) -> dict:
        """The line of the table of takeaways, from the trial of a variant."""
        what = (
            f"{self.outcome.words}: pauses of {variant}, beyond masked ones and matched training, and against nothing"
        )
        given = {"estimate": self.interval, "detectable": self.detectable, "doubt": self.doubt(plan)}
        return takeaway(plan, self.outcome.claim, what, self.reading, unit=self.outcome.margin, **given)
