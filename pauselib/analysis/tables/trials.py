"""What insertion trials say: do pauses buy computation?

A contrast is between conditions, or models, at the same results. It is averaged over the results of each problem, and
the problems are crossed with the seeds (`statistics.crossed`). A result is hard where the first step's model finds its
digits less likely than the median result's, with nothing put in; so the same results are hard for all models.

>>> study.trials.computation("sft_peft").interval
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from pauselib.analysis.claims.best import BEST
from pauselib.analysis.claims.computation import LIKELIHOOD, STEP, Computation, Estimate, computed, estimated
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.statistics.intervals import holm
from pauselib.analysis.tables.loading import finished_trials
from pauselib.settings import Settings
from pauselib.trials import REGISTERED_DOSE, REGISTERED_SITE
from pauselib.trials.contents import NOTHING, GivenResult
from pauselib.trials.sites import SITES
from pauselib.variants import FIRST_STEP, matched_baseline, parse

DECIDING = ("beyond masked", "above nothing", "control")
PARTS = ("beyond masked, own", "beyond masked, matched")  # their difference is the first one that decides
CONDITION = ["variant", "site", "content", "dose"]
OUTCOMES = {one.column: one for one in (LIKELIHOOD, STEP)}
COLUMNS = ["seed", "problem_id", "result", *CONDITION, *OUTCOMES]
"""What a table of outcomes has at the least, also an empty one."""


def outcomes(settings: Settings) -> pd.DataFrame:
    """The finished trials of an experiment: one line for every seed, model, result and condition (`trial.COLUMNS`).

    They are those of `loading.finished_trials`.
    """
    frames = [
        pd.read_parquet(folder / "trials.parquet").assign(seed=seed, variant=name)
        for (seed, name), folder in finished_trials(settings).items()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


class Term(NamedTuple):
    """A condition of a model, at the results of a kind: hard, easy or all."""

    variant: str
    content: str
    site: str = REGISTERED_SITE
    dose: int = REGISTERED_DOSE
    results: str = "hard"

    @property
    def row(self) -> tuple:
        """Its row of `Trials.means`."""
        place = ("", 0) if self.content == NOTHING else (self.site, self.dose)
        return (self.results, self.variant, place[0], self.content, place[1])


class Trials:
    """The outcomes of an experiment's trials, and what they say."""

    def __init__(self, found: pd.DataFrame):
        """`found` is `outcomes`, or what `steps.trials` returns."""
        self.outcomes = found

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame) -> "Trials":
        """The trials of an experiment; of the registered one, only the registered test problems count."""
        return cls(plan().registered_part(found, settings.experiment))

    def takeaways(self) -> list[dict]:
        """The lines of the table of takeaways: of the plan's variant, in both outcomes."""
        return [self.line(BEST, outcome) for outcome in OUTCOMES]

    def line(self, variant: str, outcome: str = LIKELIHOOD.column) -> dict:
        """What the trial of a variant says, as a line of the table of takeaways."""
        return self.computation(variant, outcome).line(plan(), variant)

    @cached_property
    def variants(self) -> list[str]:
        """The variants that have a trial and pause."""
        return [name for name in dict.fromkeys(self.outcomes["variant"]) if parse(name).pauses]

    @cached_property
    def hard(self) -> pd.Series:
        """Whether each result is hard, by `problem_id` and `result`; with several seeds by their mean."""
        nothing = self.outcomes[self.outcomes["content"] == NOTHING]
        start = dict(list(nothing.groupby("variant"))).get(FIRST_STEP, nothing[:0])
        likelihood = start.groupby(["problem_id", "result"])[LIKELIHOOD.column].mean()
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

    def reading(self, variant: str) -> str:
        """What the trial of a variant says, in words."""
        if parse(variant).pauses:
            return self.line(variant)["reading"]
        return f"{variant} was trained without pauses: the trials of variants that pause are compared with its own."

    def effect(self, weights: dict[Term, float], outcome: str = LIKELIHOOD.column) -> np.ndarray:
        """The weighted sum of some conditions, (seeds, problems), of those that have all of them; empty where there are
        none.
        """
        means = self.means[outcome]
        if not weights or any(term.row not in means.index for term in weights):
            return np.empty((0, 0))
        total = sum(weight * means.loc[term.row] for term, weight in weights.items())
        by_problem = total.unstack("seed").dropna(axis=1, how="all").dropna()
        return by_problem.to_numpy().T

    def estimate(self, weights: dict[Term, float], outcome: str) -> Estimate:
        """The mean of `effect`, with an interval of the plan's level."""
        return estimated(self.effect(weights, outcome), plan().level)

    @cached_property
    def about(self) -> str:
        """What the trials are of, in a sentence."""
        if self.outcomes.empty:
            return "There is no trial here: none is finished, or the gold answers of this task have no results."
        nothing = self.outcomes[self.outcomes["content"] == NOTHING]
        results = nothing.drop_duplicates(["problem_id", "result"])
        said = f"{len(results)} results of {results['problem_id'].nunique()} problems, {self.hard.sum()} of them hard"
        return f"{said} for {FIRST_STEP}; models: {', '.join(nothing['variant'].unique())}."

    def contrasts(self, variant: str, outcome: str = LIKELIHOOD.column) -> pd.DataFrame:
        """The registered contrasts of a variant that pauses, one line each.

        A line has the name of the `contrast`, `what` is compared, and an `Estimate`. The first three decide, see
        `Computation`; the others explain.
        """
        lines = [
            {"contrast": name, "what": what, **self.estimate(weights, outcome)._asdict()}
            for name, (what, weights) in registered(variant).items()
            if parse(variant).pauses
        ]
        return pd.DataFrame(lines, columns=["contrast", "what", *Estimate._fields])

    def by_site(self, variant: str, outcome: str = LIKELIHOOD.column) -> pd.DataFrame:
        """The two contrasts that decide, at every site with the registered dose: exploratory but for one site.

        `p_holm` is corrected over the sites.
        """
        tables = []
        for contrast in DECIDING[:2]:
            found = {site: registered(variant, site)[contrast][1] for site in SITES}
            lines = [
                {"contrast": contrast, "site": site, **self.estimate(weights, outcome)._asdict()}
                for site, weights in found.items()
            ]
            table = pd.DataFrame(lines)
            tables.append(table.assign(p_holm=holm(table["p"])))
        found = pd.concat(tables, ignore_index=True)
        return found[found["problems"] > 0].reset_index(drop=True)

    def gains(self, outcome: str = LIKELIHOOD.column, results: str = "hard") -> pd.DataFrame:
        """What every condition of every model changes against nothing: `variant`, `site`, `content`, `dose` and an
        `Estimate`.
        """
        means, lines = self.means[outcome], []
        for kind, variant, site, content, dose in means.index:
            if kind == results and content != NOTHING:
                term = Term(variant, content, site, dose, results)
                found = self.estimate({term: 1, term._replace(content=NOTHING): -1}, outcome)
                lines.append({**dict(zip(CONDITION, (variant, site, content, dose))), **found._asdict()})
        return pd.DataFrame(lines, columns=[*CONDITION, *Estimate._fields])

    def computation(self, variant: str, outcome: str = LIKELIHOOD.column) -> Computation:
        """What the trial of a variant says of the question whether pauses buy computation."""
        contrasts = registered(variant) if parse(variant).pauses else {}
        weights = [contrasts[name][1] if contrasts else {} for name in (*DECIDING, *PARTS)]
        return computed(OUTCOMES[outcome], [self.effect(one, outcome) for one in weights], plan().level)

    @cached_property
    def without(self) -> pd.DataFrame:
        """Every model with nothing put in: its `log_likelihood` and `step_accuracy` by seed and kind of results."""
        nothing = self.by_kind[self.by_kind["content"] == NOTHING]
        found = nothing.groupby(["variant", "seed", "results"])[list(OUTCOMES)].mean()
        return found.rename(columns={STEP.column: "step_accuracy"}).reset_index()


def registered(
    variant: str, site: str = REGISTERED_SITE, dose: int = REGISTERED_DOSE
) -> dict[str, tuple[str, dict[Term, float]]]:
    """The contrasts of a variant by name: what is compared, in words, and the weights of the conditions."""
    mine, matched, start = (
        Term(name, "pauses", site, dose) for name in (variant, matched_baseline(variant), FIRST_STEP)
    )

    def against(term: Term, **changes) -> dict[Term, float]:
        return {term: 1.0, term._replace(**changes): -1.0}

    def beyond(one: dict[Term, float], other: dict[Term, float]) -> dict[Term, float]:
        return {**one, **{term: -weight for term, weight in other.items()}}

    masked, nothing = {"content": "masked"}, {"content": NOTHING}
    own, other = against(mine, **masked), against(matched, **masked)
    easy = mine._replace(results="easy")
    return {
        "beyond masked": (
            f"pauses − masked pauses, of {variant} − of {matched.variant}",
            beyond(own, other),
        ),
        "above nothing": (f"pauses − nothing, of {variant}", against(mine, **nothing)),
        "control": (
            "the result itself − nothing",
            against(Term(variant, GivenResult.name, "result", 0), **nothing),
        ),
        PARTS[0]: (f"pauses − masked pauses, of {variant}", own),
        PARTS[1]: (f"pauses − masked pauses, of {matched.variant}", other),
        "against the start": (
            f"pauses − masked pauses, of {variant} − of {start.variant}",
            beyond(own, against(start, **masked)),
        ),
        "dose": ("10 pauses − 1 pause", against(mine._replace(dose=10), dose=1)),
        "hard − easy": (
            "pauses − nothing, at hard results − at easy ones",
            beyond(against(mine, **nothing), against(easy, **nothing)),
        ),
        "trained": ("pauses − untrained vectors", against(mine, content="untrained")),
        "chosen": (
            "pauses where the head wants them − at as many random places",
            against(mine._replace(site="chosen"), site="drawn"),
        ),
    }
