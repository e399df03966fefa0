"""What insertion trials say: do pauses buy computation?

A contrast is between conditions, or models, at the same results. It is averaged over the results of each problem, and
the problems are crossed with the seeds (`intervals.crossed`). How hard a result is says the first step's model, with
nothing put in; so it is the same for all models. By version 1 of the plan only the hard ones count, which it finds less
likely than the median result; by version 2 all of them.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration, plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED, Estimate, judge
from pauselib.analysis.statistics.intervals import NAN, crossed
from pauselib.analysis.tables.loading import CHECKPOINT, TRIAL, finished, joined
from pauselib.settings import Settings
from pauselib.trials import REGISTERED_DOSE, REGISTERED_SITE
from pauselib.trials.contents import NOTHING, GivenResult
from pauselib.variants import FIRST_STEP, matched_baseline, parse


class Outcome(NamedTuple):
    """What is measured of a result: the name of its claim in the plan, its unit, and how many of this unit a 1 is."""

    claim: str
    unit: str
    scale: float


LIKELIHOOD, CORRECT = "log_likelihood", "correct"
OUTCOMES = {LIKELIHOOD: Outcome("computation", "nats", 1), CORRECT: Outcome("steps", "points", 100)}
"""The outcomes by their column: the log likelihood of a result's digits, and whether these are the best words."""

CONDITION = ["variant", "site", "content", "dose"]
COLUMNS = ["seed", "problem_id", "result", *CONDITION, *OUTCOMES, "n_digits"]
"""What a table of outcomes has at the least, also an empty one."""

ESTIMATE = ["estimate", "low", "high", "p", "detectable", "seeds", "problems"]  # what `estimated` gives

DECIDING = ("beyond masked", "above nothing", "control")  # of version 1
VISIBLE, HIDDEN = "pauses", "masked"
PAUSES, MASKED, UNTRAINED = ((REGISTERED_SITE, content, REGISTERED_DOSE) for content in (VISIBLE, HIDDEN, "untrained"))
ONE, TEN = ((REGISTERED_SITE, VISIBLE, dose) for dose in (1, 10))
HIDDEN_ONE, UNMOVED, QUESTION = ((REGISTERED_SITE, content, 1) for content in (HIDDEN, "unmoved", "question"))
CHOSEN, DRAWN = ((site, VISIBLE, REGISTERED_DOSE) for site in ("chosen", "drawn"))
INJECTED = ("injected", VISIBLE, 10)
GIVEN = ("result", GivenResult.name, 0)
NONE = ("", NOTHING, 0)  # the condition with nothing put in


def between(condition: tuple, reference: tuple, *of: str) -> list[tuple]:
    """The terms (weight, model, condition) of what a condition changes against a reference in a model, less the same in
    a second one.
    """
    ends = ((1, condition), (-1, reference))
    return [(weight * sign, one, place) for weight, one in zip((1, -1), of) for sign, place in ends]


CONTRASTS = {
    1: {
        "beyond masked": ("pauses − masked pauses, of {own} − of {matched}", between(PAUSES, MASKED, "own", "matched")),
        "above nothing": ("pauses − nothing, of {own}", between(PAUSES, NONE, "own")),
        "control": ("the result itself − nothing", between(GIVEN, NONE, "own")),
        "beyond masked, own": ("pauses − masked pauses, of {own}", between(PAUSES, MASKED, "own")),
        "beyond masked, matched": ("pauses − masked pauses, of {matched}", between(PAUSES, MASKED, "matched")),
        "against the start": ("pauses − masked pauses, of {own} − of {start}", between(PAUSES, MASKED, "own", "start")),
        "dose": ("10 pauses − 1 pause", between(TEN, ONE, "own")),
        "hard − easy": (
            "pauses − nothing, at hard results − at easy ones", between(PAUSES, NONE, "own", "own at easy results")
        ),
        "trained": ("pauses − untrained vectors", between(PAUSES, UNTRAINED, "own")),
        "chosen": ("pauses where the head wants them − at as many random places", between(CHOSEN, DRAWN, "own")),
    },
    2: {
        "own": ("a pause − the same hidden", between(ONE, HIDDEN_ONE, "own")),
        "nothing": ("a pause − nothing", between(ONE, NONE, "own")),
        "control": ("the result itself − nothing", between(GIVEN, NONE, "own")),
        "teaching": (
            "a pause − the same hidden, less that after matched training", between(ONE, HIDDEN_ONE, "own", "matched")
        ),
        "places": ("a hidden pause − nothing", between(HIDDEN_ONE, NONE, "own")),
        "unmoved": ("a pause that moves no position − nothing", between(UNMOVED, NONE, "own")),
        "filler": ("a pause − as much of the question", between(ONE, QUESTION, "own")),
        "injected": ("the injector's own pauses − nothing", between(INJECTED, NONE, "own")),
        "training": (
            "with the injector's own pauses − matched training with nothing",
            [(1, "own", INJECTED), (-1, "matched", NONE)],
        ),
    },
}  # fmt: skip
"""The contrasts by the version of the plan: what each compares, and its weighted terms."""

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


def outcomes(settings: Settings, kind: str = TRIAL) -> pd.DataFrame:
    """The finished trials of an experiment: one line for every seed, model, result and condition (`trial.COLUMNS`);
    those of the kind `loading.CHECKPOINT` have a column `step`, 0 for the first step's model.
    """
    frames = []
    for one in finished(settings, kind):
        table = pd.read_parquet(one.folder / "trials.parquet").assign(seed=one.row.seed, variant=one.row.variant)
        frames.append(table.assign(step=one.step or 0) if kind == CHECKPOINT else table)
    return joined(frames, [*COLUMNS, "step"] if kind == CHECKPOINT else COLUMNS)


def estimated(values: np.ndarray, level: float) -> dict:
    """The mean of a (seeds, problems) array with its interval and its two-sided p (`intervals.crossed`), the smallest
    mean that is `detectable`, and the numbers of `seeds` and `problems`. Nan and 0 where there is nothing to go by.
    """
    if values.size == 0:
        return dict(zip(ESTIMATE, [*[NAN] * 5, 0, 0]))
    found = crossed(values, level)
    return dict(zip(ESTIMATE, [found.mean, found.low, found.high, found.p, found.detectable(level), *values.shape]))


def with_verdicts(table: pd.DataFrame, plan: Preregistration, outcome: str = LIKELIHOOD) -> pd.DataFrame:
    """A table of estimates with the `verdict` on each by the plan's margin for the outcome, and the `doubt` if any."""
    margin, least = plan.margin(OUTCOMES[outcome].claim), plan.guard("least_problems")
    doubts = [NOT_FINISHED if n == 0 else FEW_PROBLEMS if n < least else "" for n in table["problems"]]
    found = [Estimate(low=low, high=high, doubt=doubt) for low, high, doubt in zip(table["low"], table["high"], doubts)]
    return table.assign(verdict=[judge(one, margin).verdict for one in found], doubt=doubts)


def model_of(whose: str, variant: str) -> str:
    """The model of a term: `own` is the variant, `matched` its matched baseline, `start` that of the first step."""
    return {"own": variant, "start": FIRST_STEP}.get(whose) or matched_baseline(variant)


class Trials:
    """The outcomes of an experiment's trials, without digits behind an injected pause, and what they say."""

    def __init__(self, found: pd.DataFrame, by: Preregistration | None = None, seeds: Iterable[int] = ()):
        """`found` is of `outcomes` or `steps.trials`, `by` the plan or else the newest; claims need all `seeds`."""
        digits = found.groupby(["problem_id", "result"])["n_digits"].transform("max")
        self.outcomes, self.plan, self.seeds = found[found["n_digits"] == digits], by or plan(), seeds
        self.counted = "hard" if self.plan.version == 1 else "all"  # of the results

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame, seeds: Iterable[int] = ()) -> "Trials":
        """The trials of an experiment; of the registered one, only the registered test problems count."""
        by = plan(settings.plan)
        return cls(by.registered_part(found, settings), by, seeds)

    @cached_property
    def variants(self) -> list[str]:
        """The variants that have a trial and pause."""
        return [name for name in dict.fromkeys(self.outcomes["variant"]) if parse(name).pauses]

    @cached_property
    def start(self) -> pd.Series:
        """The log likelihood of each result, by problem and result, of the first step's model with nothing put in."""
        start = self.outcomes[self.outcomes["variant"].isin([FIRST_STEP]) & (self.outcomes["content"] == NOTHING)]
        start = start if set(self.seeds) <= set(start["seed"]) else start[:0]  # none where a seed lacks it
        return start.set_index(["problem_id", "result"])[LIKELIHOOD].astype(float)

    @cached_property
    def hard(self) -> pd.Series:
        """Whether each result is hard, by `problem_id` and `result`; with several seeds by their mean."""
        likelihood = self.start.groupby(level=[0, 1]).mean()
        return likelihood < likelihood.median()

    @cached_property
    def difficulty(self) -> pd.Series:
        """How hard each result is, from 0 to 1: 1 − its probability by the first step's model, mean of the seeds."""
        return 1 - np.exp(self.start).groupby(level=[0, 1]).mean()

    @cached_property
    def wide(self) -> dict[str, pd.DataFrame]:
        """For each outcome a table of all results (rows: seed, problem, result) in every condition of every model."""
        table = self.outcomes.set_index(["seed", "problem_id", "result", *CONDITION])[list(OUTCOMES)].astype(float)
        return {outcome: table[outcome].unstack(CONDITION) for outcome in OUTCOMES}

    def kinds(self, index: pd.MultiIndex) -> dict[str, np.ndarray]:
        """Which rows of a table by seed, problem and result are hard, easy, or any (all)."""
        kind = self.hard.reindex(index.droplevel("seed")).to_numpy(object)
        return {"hard": kind == True, "easy": kind == False, "all": np.full(len(index), True)}  # noqa: E712

    @cached_property
    def kinds_of_wide(self) -> dict[str, np.ndarray]:
        """The kinds of the rows of `wide`, which are the same for all outcomes."""
        return self.kinds(self.wide[LIKELIHOOD].index)

    def by_problem(self, terms: list[tuple], variant: str, outcome: str) -> pd.Series | None:
        """The sum of weighted terms, by seed and problem: the means over the results that count and have all terms, as
        one before the first injected pause has not. None where a condition is not there.
        """
        wide, total, kinds = self.wide[outcome], 0.0, self.kinds_of_wide
        columns = [(model_of(whose.partition(" at ")[0], variant), *place) for _, whose, place in terms]
        if not set(columns) <= set(wide):
            return None
        there = wide[columns].notna().all(axis=1).to_numpy()
        for (weight, whose, _), column in zip(terms, columns):
            counted = there & kinds[whose.partition(" at ")[2].removesuffix(" results") or self.counted]
            total = total + weight * wide.loc[counted, column].groupby(["seed", "problem_id"]).mean()
        return total.dropna()

    def together(self, names: Iterable[str], variant: str, outcome: str) -> dict[str, np.ndarray] | None:
        """The named contrasts of a variant, (seeds, problems) each, all of the same ones: those that have all that is
        needed. None where something is missing, for one of the variant's seeds or for all.
        """
        found = {name: self.by_problem(CONTRASTS[2][name][1], variant, outcome) for name in names}
        if any(one is None for one in found.values()):
            return None
        table = pd.DataFrame(found).dropna()
        of_seeds = {name: table[name].unstack("seed").dropna() for name in found}
        seeds = self.seeds or self.outcomes.loc[self.outcomes["variant"] == variant, "seed"]
        if table.empty or set(table.index.unique("seed")) != set(seeds):
            return None
        return {name: one.to_numpy().T for name, one in of_seeds.items()}

    def effect(self, terms: list[tuple], variant: str, outcome: str = LIKELIHOOD) -> np.ndarray:
        """The sum of weighted terms, (seeds, problems), of those that have all of them; empty where there are none."""
        found = self.by_problem(terms, variant, outcome)
        return np.empty((0, 0)) if found is None or found.empty else found.unstack("seed").dropna().to_numpy().T

    def by_result(self, name: str, variant: str, outcome: str) -> pd.DataFrame:
        """A contrast of version 2 at every result of every seed: its `effect`, and the result's `difficulty`."""
        wide, terms = self.wide[outcome], CONTRASTS[2][name][1]
        effect = sum(weight * wide[(model_of(whose, variant), *place)] for weight, whose, place in terms)
        difficulty = self.difficulty.reindex(wide.index.droplevel("seed")).to_numpy()
        return pd.DataFrame({"effect": effect, "difficulty": difficulty}).dropna()

    def slope(self, name: str, variant: str, outcome: str = LIKELIHOOD, level: float | None = None) -> Slope | None:
        """How a contrast of version 2 depends on how hard a result is, by the least-squares line over all results.

        Its error is that of a mean over seeds and problems (`crossed`) of what each adds to the slope b, with all
        results of difficulty x and effect y in S seeds and P problems: b + S·P·Σ (x − x̄)(y − ȳ − b(x − x̄)) / Σ (x −
        x̄)², where the first sum is over the results of one seed and problem. None where there is nothing to go by.
        """
        if self.together([name], variant, outcome) is None:
            return None
        table = self.by_result(name, variant, outcome)
        away, y = table["difficulty"] - table["difficulty"].mean(), table["effect"]
        spread = float((away**2).sum())
        if not spread > 1e-9 * len(table):
            return None
        b = float((away * y).sum()) / spread
        added = (away * (y - y.mean() - b * away)).groupby(["seed", "problem_id"]).sum().unstack("seed").dropna()
        of_line = crossed(b + added.size / spread * added.to_numpy().T, level or self.plan.level)
        easy = float(y.mean() - b * table["difficulty"].mean())
        return Slope(b, of_line.low, of_line.high, easy, easy + b)

    def contrasts(self, variant: str, outcome: str = LIKELIHOOD, level: float | None = None) -> pd.DataFrame:
        """The contrasts of a variant that pauses by the version of the plan, one line each; none for another variant.

        A line has the name of the `contrast`, `what` is compared, what `estimated` gives by the plan's level (or by
        another), and the `verdict` and `doubt` of `with_verdicts`. By version 2 it also has the effect at the easier
        half of the results and at the harder one, and the slope by difficulty with its interval.
        """
        lines, by_difficulty = [], BY_DIFFICULTY if self.plan.version > 1 else []
        for name, (what, terms) in CONTRASTS[self.plan.version].items() if parse(variant).pauses else ():
            found = estimated(self.effect(terms, variant, outcome), level or self.plan.level)
            names = {whose: model_of(whose, variant) for whose in ("own", "matched", "start")}
            line = {"contrast": name, "what": what.format(**names), **found}
            if by_difficulty and found["problems"]:
                at = self.by_result(name, variant, outcome)["effect"]
                kinds, slope = self.kinds(at.index), self.slope(name, variant, outcome)
                numbers = [at[kinds["easy"]].mean(), at[kinds["hard"]].mean(), *(slope[:3] if slope else [NAN] * 3)]
                line |= dict(zip(BY_DIFFICULTY, numbers))
            lines.append(line)
        columns = ["contrast", "what", *ESTIMATE, *by_difficulty]
        return with_verdicts(pd.DataFrame(lines, columns=columns), self.plan, outcome)

    def gains(self, outcome: str = LIKELIHOOD) -> pd.DataFrame:
        """What every condition of every model changes against nothing at the results that count: `CONDITION` and
        `ESTIMATE`.
        """
        lines = []
        for variant, *condition in sorted(self.wide[outcome].columns):
            if tuple(condition) != NONE:
                values = self.effect(between(tuple(condition), NONE, "own"), variant, outcome)
                lines.append({**dict(zip(CONDITION, (variant, *condition))), **estimated(values, self.plan.level)})
        return pd.DataFrame(lines, columns=[*CONDITION, *ESTIMATE])

    @cached_property
    def without(self) -> pd.DataFrame:
        """Every model with nothing put in: its `log_likelihood` and `step_accuracy` by seed and kind of results."""
        nothing = self.outcomes[self.outcomes["content"] == NOTHING].set_index(["seed", "problem_id", "result"])
        frames = [nothing[rows].assign(results=kind) for kind, rows in self.kinds(nothing.index).items()]
        found = pd.concat(frames).astype(dict.fromkeys(OUTCOMES, float))
        means = found.groupby(["variant", "seed", "results"])[list(OUTCOMES)].mean()
        return means.rename(columns={CORRECT: "step_accuracy"}).reset_index()
