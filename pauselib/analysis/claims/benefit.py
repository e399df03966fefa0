"""What an insertion trial says of pauses, by version 2 of the rule: a benefit, its cost, and on what it depends.

Every contrast is between conditions of models at the same results, averaged over the results of each problem, and the
problems are crossed with the seeds (`intervals.crossed`). All conditions put one thing before the calculation.

own        visible − hidden pauses, in the variant itself: what seeing them does, at the same places
nothing    visible pauses − nothing: what they do in all, the shift of all that follows included
teaching   own, less the same in matched training: whether training on pauses has taught their use

Pauses buy computation where both *own* and *nothing* are a gain, so the benefit is the smaller one of the two. That
training taught their use is another claim, since *teaching* also rises where a pause hurts models that never saw one.
What pauses cost is said by *nothing* alone.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import DEPENDS, FEW_PROBLEMS, NO_CONTROL, NOT_FINISHED, Estimate
from pauselib.analysis.statistics.intervals import Crossed, crossed
from pauselib.analysis.tables.contrasts import (
    ESTIMATE,
    GIVEN,
    LIKELIHOOD,
    NONE,
    OUTCOMES,
    Trials,
    estimated,
    with_verdicts,
)
from pauselib.trials.contents import NOTHING
from pauselib.variants import FIRST_STEP, matched_baseline

DOSE = 1  # how many are put in: the dose that training shows
VISIBLE, HIDDEN, UNMOVED, REPEATED = (("step", name, DOSE) for name in ("pauses", "masked", "unmoved", "question"))
INJECTED = ("injected", "pauses", 10)

OWN, MATCHED, START = "own", "matched", "start"
Term = tuple[float, str, tuple[str, str, int]]  # a weight, whose trial, and the condition

CONTRASTS: dict[str, tuple[str, list[Term]]] = {
    "own": ("visible − hidden pauses", [(1, OWN, VISIBLE), (-1, OWN, HIDDEN)]),
    "nothing": ("visible pauses − nothing", [(1, OWN, VISIBLE), (-1, OWN, NONE)]),
    "control": ("the result itself − nothing", [(1, OWN, GIVEN), (-1, OWN, NONE)]),
    "teaching": (
        "visible − hidden pauses, less the same after matched training",
        [(1, OWN, VISIBLE), (-1, OWN, HIDDEN), (-1, MATCHED, VISIBLE), (1, MATCHED, HIDDEN)],
    ),
    "places": ("hidden pauses − nothing", [(1, OWN, HIDDEN), (-1, OWN, NONE)]),
    "unmoved": ("visible pauses that move no position − nothing", [(1, OWN, UNMOVED), (-1, OWN, NONE)]),
    "filler": ("visible pauses − as much of the question", [(1, OWN, VISIBLE), (-1, OWN, REPEATED)]),
    "injected": ("the injector's own pauses − nothing", [(1, OWN, INJECTED), (-1, OWN, NONE)]),
    "training": (
        "with the injector's own pauses − matched training with nothing",
        [(1, OWN, INJECTED), (-1, MATCHED, NONE)],
    ),
}
"""Each contrast: what it compares, and its weighted terms."""

BENEFIT = ("own", "nothing")
BY_DIFFICULTY = ["easy_half", "hard_half", "slope", "slope_low", "slope_high"]


class Slope(NamedTuple):
    """How an effect depends on how hard a result is: the `slope` with its interval, and the effect at a result that the
    start's model is sure of (`easy`) and at one that it finds impossible (`hard`), by the line through all of them.
    """

    slope: float
    low: float
    high: float
    easy: float
    hard: float


class Effects:
    """The contrasts of one variant's trial in one outcome, over all that have every condition that they need."""

    def __init__(self, outcomes: pd.DataFrame, variant: str, outcome: str = LIKELIHOOD):
        """`outcomes` are those of `contrasts.outcomes`."""
        self.models = {OWN: variant, MATCHED: matched_baseline(variant), START: FIRST_STEP}
        self.outcomes, self.outcome = outcomes, outcome

    @cached_property
    def wide(self) -> pd.DataFrame:
        """The outcome of every result (rows: seed, problem, result) in every condition of every model (columns)."""
        mine = self.outcomes[self.outcomes["variant"].isin(self.models.values())]
        rows, columns = ["seed", "problem_id", "result"], ["variant", "site", "content", "dose"]
        found = mine.pivot_table(self.outcome, rows, columns, aggfunc="first", observed=True)
        return found.astype(float)

    def whole(self, *names: str) -> pd.DataFrame | None:
        """The effect of each named contrast at every result, a column each, of the problems that all seeds have. None
        where a condition is missing, for one seed or for all.
        """
        terms = {name: CONTRASTS[name][1] for name in names}
        needed = [self.column(term) for some in terms.values() for term in some]
        if not set(needed) <= set(self.wide.columns):
            return None
        complete = self.wide[self.wide[needed].notna().all(axis=1)]
        seeds = complete.index.unique("seed")
        if set(seeds) != set(self.outcomes.loc[self.outcomes["variant"] == self.models[OWN], "seed"]):
            return None
        effects = {name: sum(one[0] * complete[self.column(one)] for one in some) for name, some in terms.items()}
        n_seeds = complete.reset_index().groupby(["problem_id", "result"])["seed"].transform("nunique").to_numpy()
        return pd.DataFrame(effects)[n_seeds == len(seeds)]

    def column(self, term: Term) -> tuple:
        """The column of `wide` of a term."""
        return (self.models[term[1]], *term[2])

    def by_problem(self, effect: pd.Series) -> np.ndarray:
        """The mean effect on the results of each problem, (seeds, problems)."""
        return effect.groupby(["seed", "problem_id"]).mean().unstack("problem_id").to_numpy()

    def estimates(self, *names: str, level: float) -> dict[str, Crossed] | None:
        """The mean of each named contrast with its interval, all of the same seeds and problems; or None."""
        found = self.whole(*names)
        if found is None or found.empty:
            return None
        return {name: crossed(self.by_problem(found[name]), level) for name in names}

    def doubt_of(self, names: Iterable[str], plan: Preregistration) -> str:
        """The doubt about named contrasts that have too few problems, or nothing."""
        n_problems = self.whole(*names).index.unique("problem_id").size
        return FEW_PROBLEMS if n_problems < plan.guard("least_problems") else ""

    def halves(self, name: str) -> tuple[float, float]:
        """The mean effect at the results that are easier than the median one, and at the others."""
        effect = self.whole(name)[name]
        difficulty = pd.Series(self.difficulty.reindex(effect.index.droplevel("seed")).to_numpy(), effect.index)
        is_hard = difficulty > self.difficulty.median()
        return float(effect[~is_hard].mean()), float(effect[is_hard].mean())

    @cached_property
    def difficulty(self) -> pd.Series:
        """How hard each result is, from 0 to 1: 1 − its probability by the first step's model with nothing put in; by
        problem and result, the mean over the seeds.
        """
        start = self.outcomes[(self.outcomes["variant"] == FIRST_STEP) & (self.outcomes["content"] == NOTHING)]
        return 1 - np.exp(start[LIKELIHOOD].astype(float)).groupby([start["problem_id"], start["result"]]).mean()

    def slope(self, name: str, level: float) -> Slope | None:
        """How a contrast depends on how hard a result is, by the least-squares line over all results of all seeds.

        Its error is that of a mean over seeds and problems (`crossed`) of what each adds to the slope b, with R results
        of difficulty x and effect y in all of S seeds and P problems: b + S·P·Σ (x − x̄)(y − ȳ − b(x − x̄)) / Σ (x − x̄)²,
        where the first sum is over the results of one seed and problem. None where there is nothing to go by.
        """
        found = self.whole(name)
        if found is None or found.empty or self.difficulty.empty:
            return None
        keys = found.index.droplevel("seed")
        x = pd.Series(self.difficulty.reindex(keys).to_numpy(), found.index)
        x, y = x[x.notna()], found.loc[x.notna(), name]
        away = x - x.mean()
        spread = float((away**2).sum())
        if not spread > 1e-9 * len(x):
            return None
        b = float((away * y).sum()) / spread
        rest = y - y.mean() - b * away
        added = (away * rest).groupby(["seed", "problem_id"]).sum().unstack("problem_id").to_numpy()
        of_line = crossed(b + added.size / spread * added, level)
        easy = float(y.mean() - b * x.mean())
        return Slope(b, of_line.low, of_line.high, easy, easy + b)


def benefit(outcomes: pd.DataFrame, variant: str, claim: str, plan: Preregistration) -> Estimate:
    """The benefit of one pause before the calculation, at all results: the smaller one of *own* and *nothing*.

    The low end is the smaller low end, which needs no correction (an intersection-union test: Berger 1982,
    doi:10.1080/00401706.1982.10487790). The high end is the smaller high end; either may be too low, so both have the
    level that Bonferroni's inequality asks of two. It is undecided where a condition is missing for a seed, where there
    are too few problems, and where the positive control does not show. That there is none is doubted where the benefit
    depends on how hard a result is, and exceeds the margin at one end.
    """
    (outcome,) = [name for name, one in OUTCOMES.items() if one.claim == claim]
    effects, names = Effects(outcomes, variant, outcome), (*BENEFIT, "control")
    found = effects.estimates(*names, level=plan.level)
    if found is None:
        return Estimate(doubt=NOT_FINISHED)
    corrected = effects.estimates(*names, level=1 - (1 - plan.level) / 2)
    doubt = effects.doubt_of(names, plan) or ("" if found["control"].low > 0 else NO_CONTROL)
    return Estimate(
        estimate=min(found[name].mean for name in BENEFIT),
        low=min(found[name].low for name in BENEFIT),
        high=min(corrected[name].high for name in BENEFIT),
        detectable=max(found[name].detectable(plan.level) for name in BENEFIT),
        doubt=doubt,
        doubt_of_none=DEPENDS if depends(effects, plan.margin(claim), plan.level) else "",
        one_sided=True,
    )


def depends(effects: Effects, margin: float, level: float) -> bool:
    """Whether a part of the benefit changes with how hard a result is, and one end has a benefit above the margin."""
    lines = [effects.slope(name, level) for name in BENEFIT]
    if any(line is None for line in lines):
        return False
    varies = any(line.low > 0 or line.high < 0 for line in lines)
    return varies and max(min(line.easy for line in lines), min(line.hard for line in lines)) > margin


def contrast(outcomes: pd.DataFrame, variant: str, name: str, plan: Preregistration, sign: int = 1) -> Estimate:
    """One contrast by itself, in the log likelihood, or its opposite with the `sign` −1."""
    effects = Effects(outcomes, variant)
    found = effects.estimates(name, level=plan.level)
    if found is None:
        return Estimate(doubt=NOT_FINISHED)
    one, doubt = found[name], effects.doubt_of([name], plan)
    low, high = sorted([sign * one.low, sign * one.high])
    return Estimate(sign * one.mean, low, high, one.detectable(plan.level), doubt=doubt)


def slope(outcomes: pd.DataFrame, variant: str, plan: Preregistration) -> Estimate:
    """How (visible pauses − nothing) depends on how hard a result is, in the log likelihood (`Effects.slope`)."""
    effects = Effects(outcomes, variant)
    line = effects.slope("nothing", plan.level)
    if line is None:
        return Estimate(doubt=NOT_FINISHED)
    return Estimate(line.slope, line.low, line.high, doubt=effects.doubt_of(["nothing"], plan))


def contrast_table(trials: Trials, variant: str, outcome: str = LIKELIHOOD) -> pd.DataFrame:
    """All contrasts of a variant, one line each: the `contrast`, `what` is compared, and what `estimated` gives with
    the `verdict` and `doubt`; the effect at the easier half of the results and at the harder one, `easy_half` and
    `hard_half`; and the `slope` by difficulty with its interval. By version 1 of the plan it is `Trials.contrasts`.
    """
    if trials.plan.version == 1:
        return trials.contrasts(variant, outcome)
    effects, plan, lines = Effects(trials.outcomes, variant, outcome), trials.plan, []
    for name, (what, _) in CONTRASTS.items():
        found, line = effects.whole(name), effects.slope(name, plan.level)
        values = np.empty((0, 0)) if found is None else effects.by_problem(found[name])
        halves = effects.halves(name) if values.size else (np.nan, np.nan)
        numbers = [*halves, *((line.slope, line.low, line.high) if line else [np.nan] * 3)]
        lines.append(
            {"contrast": name, "what": what, **estimated(values, plan.level), **dict(zip(BY_DIFFICULTY, numbers))}
        )
    columns = ["contrast", "what", *ESTIMATE, *BY_DIFFICULTY]
    return with_verdicts(pd.DataFrame(lines, columns=columns), plan, outcome)
