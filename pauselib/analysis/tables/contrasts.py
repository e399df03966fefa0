"""What insertion trials say: do pauses buy computation?

A contrast is between conditions, or models, at the same results. It is averaged over the results of each problem, and
the problems are crossed with the seeds (`intervals.crossed`). A result is hard where the first step's model finds its
digits less likely than the median result's, with nothing put in; so the same results are hard for all models.

>>> study.trials.contrasts("sft_peft")
"""

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


LIKELIHOOD, STEP = "log_likelihood", "correct"
OUTCOMES = {LIKELIHOOD: Outcome("computation", "nats", 1), STEP: Outcome("steps", "points", 100)}
"""The outcomes by their column: the log likelihood of a result's digits, and whether these are the best words."""

CONDITION = ["variant", "site", "content", "dose"]
COLUMNS = ["seed", "problem_id", "result", *CONDITION, *OUTCOMES]
"""What a table of outcomes has at the least, also an empty one."""

ESTIMATE = ["estimate", "low", "high", "p", "detectable", "seeds", "problems"]  # what `estimated` gives

DECIDING = ("beyond masked", "above nothing", "control")  # of CONTRASTS; the others explain
CONTENTS = ("pauses", "masked", "untrained")
PAUSES, MASKED, UNTRAINED = ((REGISTERED_SITE, content, REGISTERED_DOSE) for content in CONTENTS)
ONE, TEN = ((REGISTERED_SITE, "pauses", dose) for dose in (1, 10))
CHOSEN, DRAWN = ((site, "pauses", REGISTERED_DOSE) for site in ("chosen", "drawn"))
GIVEN = ("result", GivenResult.name, 0)
NONE = ("", NOTHING, 0)  # the condition with nothing put in
CONTRASTS = {
    "beyond masked": ("pauses − masked pauses, of {own} − of {matched}", PAUSES, MASKED, "own", "matched"),
    "above nothing": ("pauses − nothing, of {own}", PAUSES, NONE, "own"),
    "control": ("the result itself − nothing", GIVEN, NONE, "own"),
    "beyond masked, own": ("pauses − masked pauses, of {own}", PAUSES, MASKED, "own"),
    "beyond masked, matched": ("pauses − masked pauses, of {matched}", PAUSES, MASKED, "matched"),
    "against the start": ("pauses − masked pauses, of {own} − of {start}", PAUSES, MASKED, "own", "start"),
    "dose": ("10 pauses − 1 pause", TEN, ONE, "own"),
    "hard − easy": ("pauses − nothing, at hard results − at easy ones", PAUSES, NONE, "own", "own, easy"),
    "trained": ("pauses − untrained vectors", PAUSES, UNTRAINED, "own"),
    "chosen": ("pauses where the head wants them − at as many random places", CHOSEN, DRAWN, "own"),
}
"""The registered contrasts of a variant: what is compared, a condition and the one that it is compared with, of which
model, at hard results, and of which other one this is taken away.
"""


def outcomes(settings: Settings, kind: str = TRIAL) -> pd.DataFrame:
    """The finished trials of an experiment: one line for every seed, model, result and condition (`trial.COLUMNS`).

    Those of the kind `loading.CHECKPOINT` have a column `step`, 0 for the first step's model.
    """
    frames = []
    for one in finished(settings, kind):
        step = {"step": one.step or 0} if kind == CHECKPOINT else {}
        found = pd.read_parquet(one.folder / "trials.parquet")
        frames.append(found.assign(seed=one.seed, variant=one.variant, **step))
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


class Trials:
    """The outcomes of an experiment's trials, and what they say."""

    def __init__(self, found: pd.DataFrame, by: Preregistration | None = None):
        """`found` is `outcomes`, or what `steps.trials` returns; `by` is the plan, without one the newest."""
        self.outcomes, self.plan = found, by or plan()

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame) -> "Trials":
        """The trials of an experiment; of the registered one, only the registered test problems count."""
        by = plan(settings.plan)
        return cls(by.registered_part(found, settings.experiment), by)

    @cached_property
    def variants(self) -> list[str]:
        """The variants that have a trial and pause."""
        return [name for name in dict.fromkeys(self.outcomes["variant"]) if parse(name).pauses]

    @cached_property
    def hard(self) -> pd.Series:
        """Whether each result is hard, by `problem_id` and `result`; with several seeds by their mean."""
        start = self.outcomes[self.outcomes["variant"].isin([FIRST_STEP]) & (self.outcomes["content"] == NOTHING)]
        likelihood = start.groupby(["problem_id", "result"])[LIKELIHOOD].mean()
        return likelihood < likelihood.median()

    @cached_property
    def by_kind(self) -> pd.DataFrame:
        """The outcomes with a column `results`: hard or easy, and all of them once more as all."""
        keys = pd.MultiIndex.from_frame(self.outcomes[["problem_id", "result"]])
        kind = self.hard.reindex(keys).map({True: "hard", False: "easy"})
        halves = self.outcomes.assign(results=kind.to_numpy()).dropna(subset=["results"])
        return pd.concat([halves, self.outcomes.assign(results="all")])

    @cached_property
    def means(self) -> dict[str, pd.DataFrame]:
        """For each outcome its mean over the results of a problem: a row for every kind of results (hard, easy, all)
        and condition, a column for every seed and problem.
        """
        found = self.by_kind.groupby(["results", *CONDITION, "seed", "problem_id"])[list(OUTCOMES)].mean()
        return {outcome: found[outcome].astype(float).unstack(["seed", "problem_id"]) for outcome in OUTCOMES}

    def effect(self, condition: tuple, reference: tuple, *models: tuple, outcome: str = LIKELIHOOD) -> np.ndarray:
        """What a condition changes against a reference, (seeds, problems), of those that have both; empty where there
        are none. The first of `models`, as (kind of results, variant), counts, and a second one is taken away.
        """
        means, terms = self.means[outcome], []
        for weight, model in zip((1, -1), models):
            terms += [(weight, (*model, *condition)), (-weight, (*model, *reference))]
        if any(row not in means.index for _, row in terms):
            return np.empty((0, 0))
        total = sum(weight * means.loc[row] for weight, row in terms)
        by_problem = total.unstack("seed").dropna(axis=1, how="all").dropna()
        return by_problem.to_numpy().T

    def contrasts(self, variant: str, outcome: str = LIKELIHOOD, level: float | None = None) -> pd.DataFrame:
        """The registered contrasts of a variant that pauses, one line each; none for another variant.

        A line has the name of the `contrast`, `what` is compared, what `estimated` gives by the plan's level (or by
        another), and the `verdict` and `doubt` of `with_verdicts`.
        """
        names = {"own": variant, "matched": matched_baseline(variant), "start": FIRST_STEP}
        models = {name: ("hard", model) for name, model in names.items()} | {"own, easy": ("easy", variant)}
        lines = []
        for name, (what, condition, reference, *of) in CONTRASTS.items() if parse(variant).pauses else ():
            values = self.effect(condition, reference, *(models[one] for one in of), outcome=outcome)
            lines.append(
                {"contrast": name, "what": what.format(**names), **estimated(values, level or self.plan.level)}
            )
        return with_verdicts(pd.DataFrame(lines, columns=["contrast", "what", *ESTIMATE]), self.plan, outcome)

    def gains(self, outcome: str = LIKELIHOOD) -> pd.DataFrame:
        """What every condition of every model changes against nothing, at all results (by version 1 of the plan at hard
        ones): `CONDITION` and `ESTIMATE`.
        """
        lines, counted = [], "hard" if self.plan.version == 1 else "all"
        for kind, variant, *condition in self.means[outcome].index:
            if kind == counted and tuple(condition) != NONE:
                values = self.effect(condition, NONE, (kind, variant), outcome=outcome)
                lines.append({**dict(zip(CONDITION, (variant, *condition))), **estimated(values, self.plan.level)})
        return pd.DataFrame(lines, columns=[*CONDITION, *ESTIMATE])

    @cached_property
    def without(self) -> pd.DataFrame:
        """Every model with nothing put in: its `log_likelihood` and `step_accuracy` by seed and kind of results."""
        nothing = self.by_kind[self.by_kind["content"] == NOTHING]
        found = nothing.groupby(["variant", "seed", "results"])[list(OUTCOMES)].mean()
        return found.rename(columns={STEP: "step_accuracy"}).reset_index()
