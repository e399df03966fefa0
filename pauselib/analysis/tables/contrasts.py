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

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED, Estimate, judge
from pauselib.analysis.statistics.intervals import NAN, crossed, holm
from pauselib.analysis.tables.loading import CHECKPOINT, TRIAL, finished, joined
from pauselib.settings import Settings
from pauselib.trials import REGISTERED_DOSE, REGISTERED_SITE
from pauselib.trials.contents import NOTHING, GivenResult
from pauselib.trials.sites import SITES
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

DECIDING = ("beyond masked", "above nothing", "control")
WHAT = {
    "beyond masked": "pauses − masked pauses, of {own} − of {matched}",
    "above nothing": "pauses − nothing, of {own}",
    "control": "the result itself − nothing",
    "beyond masked, own": "pauses − masked pauses, of {own}",
    "beyond masked, matched": "pauses − masked pauses, of {matched}",
    "against the start": "pauses − masked pauses, of {own} − of {start}",
    "dose": "10 pauses − 1 pause",
    "hard − easy": "pauses − nothing, at hard results − at easy ones",
    "trained": "pauses − untrained vectors",
    "chosen": "pauses where the head wants them − at as many random places",
}
"""What each registered contrast compares. The first three decide, the others explain."""

PAUSES, MASKED = ((REGISTERED_SITE, content, REGISTERED_DOSE) for content in ("pauses", "masked"))
NONE = ("", NOTHING, 0)  # the condition with nothing put in
CONTRASTS = pd.DataFrame(
    [
        ("beyond masked", 1.0, "own", "hard", PAUSES, MASKED),
        ("beyond masked", -1.0, "matched", "hard", PAUSES, MASKED),
        ("above nothing", 1.0, "own", "hard", PAUSES, NONE),
        ("control", 1.0, "own", "hard", ("result", GivenResult.name, 0), NONE),
        ("beyond masked, own", 1.0, "own", "hard", PAUSES, MASKED),
        ("beyond masked, matched", 1.0, "matched", "hard", PAUSES, MASKED),
        ("against the start", 1.0, "own", "hard", PAUSES, MASKED),
        ("against the start", -1.0, "start", "hard", PAUSES, MASKED),
        ("dose", 1.0, "own", "hard", (REGISTERED_SITE, "pauses", 10), (REGISTERED_SITE, "pauses", 1)),
        ("hard − easy", 1.0, "own", "hard", PAUSES, NONE),
        ("hard − easy", -1.0, "own", "easy", PAUSES, NONE),
        ("trained", 1.0, "own", "hard", PAUSES, (REGISTERED_SITE, "untrained", REGISTERED_DOSE)),
        ("chosen", 1.0, "own", "hard", ("chosen", "pauses", REGISTERED_DOSE), ("drawn", "pauses", REGISTERED_DOSE)),
    ],
    columns=["contrast", "weight", "model", "results", "condition", "reference"],
)
"""The registered contrasts of a variant, each a sum of weighted differences between two conditions of a model."""


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


def with_verdicts(table: pd.DataFrame, outcome: str = LIKELIHOOD) -> pd.DataFrame:
    """A table of estimates with the `verdict` on each by the plan's margin for the outcome, and the `doubt` if any."""
    margin, least = plan().margin(OUTCOMES[outcome].claim), plan().guard("least_problems")
    doubts = [NOT_FINISHED if n == 0 else FEW_PROBLEMS if n < least else "" for n in table["problems"]]
    found = [Estimate(low=low, high=high, doubt=doubt) for low, high, doubt in zip(table["low"], table["high"], doubts)]
    return table.assign(verdict=[judge(one, margin).verdict for one in found], doubt=doubts)


class Trials:
    """The outcomes of an experiment's trials, and what they say."""

    def __init__(self, found: pd.DataFrame):
        """`found` is `outcomes`, or what `steps.trials` returns."""
        self.outcomes = found

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame) -> "Trials":
        """The trials of an experiment; of the registered one, only the registered test problems count."""
        return cls(plan().registered_part(found, settings.experiment))

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

    def effect(self, differences: pd.DataFrame, outcome: str = LIKELIHOOD) -> np.ndarray:
        """The weighted sum of some `differences`, (seeds, problems), of those that have all of their conditions; empty
        where there are none. They have the columns of `CONTRASTS`, and the name of the model as `variant`.
        """
        means, terms = self.means[outcome], []
        for one in differences.itertuples():
            terms.append((one.weight, (one.results, one.variant, *one.condition)))
            terms.append((-one.weight, (one.results, one.variant, *one.reference)))
        if any(row not in means.index for _, row in terms):
            return np.empty((0, 0))
        total = sum(weight * means.loc[row] for weight, row in terms)
        by_problem = total.unstack("seed").dropna(axis=1, how="all").dropna()
        return by_problem.to_numpy().T

    def contrasts(
        self, variant: str, outcome: str = LIKELIHOOD, level: float | None = None, site: str = REGISTERED_SITE
    ) -> pd.DataFrame:
        """The registered contrasts of a variant that pauses, one line each; none for another variant.

        A line has the name of the `contrast`, `what` is compared, what `estimated` gives by the plan's level (or by
        another), and the `verdict` and `doubt` of `with_verdicts`. A `site` takes the place of the registered one.
        """
        models = {"own": variant, "matched": matched_baseline(variant), "start": FIRST_STEP}
        differences = CONTRASTS.assign(variant=CONTRASTS["model"].map(models))
        for end in ("condition", "reference"):
            differences[end] = [(site, *one[1:]) if one[0] == REGISTERED_SITE else one for one in differences[end]]
        lines = []
        for name, what in WHAT.items() if parse(variant).pauses else ():
            values = self.effect(differences[differences["contrast"] == name], outcome)
            lines.append({"contrast": name, "what": what.format(**models), **estimated(values, level or plan().level)})
        return with_verdicts(pd.DataFrame(lines, columns=["contrast", "what", *ESTIMATE]), outcome)

    def by_site(self, variant: str, outcome: str = LIKELIHOOD) -> pd.DataFrame:
        """The two contrasts that decide, at every site with the registered dose: exploratory but for one site.

        `p_holm` is corrected over the sites.
        """
        table = pd.concat([self.contrasts(variant, outcome, site=site).assign(site=site) for site in SITES])
        tables = [table[table["contrast"] == contrast] for contrast in DECIDING[:2]]
        found = pd.concat([one.assign(p_holm=holm(one["p"])) for one in tables])
        columns = ["contrast", "site", *ESTIMATE, "p_holm"]
        return found.loc[found["problems"] > 0, columns].reset_index(drop=True)

    def gains(self, outcome: str = LIKELIHOOD) -> pd.DataFrame:
        """What every condition of every model changes against nothing at hard results: `CONDITION` and `ESTIMATE`."""
        lines = []
        for kind, variant, *condition in self.means[outcome].index:
            if kind == "hard" and tuple(condition) != NONE:
                one = {"weight": 1.0, "results": kind, "variant": variant, "condition": condition, "reference": NONE}
                values = self.effect(pd.DataFrame([one]), outcome)
                lines.append({**dict(zip(CONDITION, (variant, *condition))), **estimated(values, plan().level)})
        return pd.DataFrame(lines, columns=[*CONDITION, *ESTIMATE])

    @cached_property
    def without(self) -> pd.DataFrame:
        """Every model with nothing put in: its `log_likelihood` and `step_accuracy` by seed and kind of results."""
        nothing = self.by_kind[self.by_kind["content"] == NOTHING]
        found = nothing.groupby(["variant", "seed", "results"])[list(OUTCOMES)].mean()
        return found.rename(columns={STEP: "step_accuracy"}).reset_index()
