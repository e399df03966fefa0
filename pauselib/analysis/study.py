"""All tables of an experiment, each computed once when it is asked for; `notebooks/analyze.ipynb` shows them.

>>> study = Study(settings)
>>> study.claims        # the claims of the plan with estimates, intervals and verdicts
"""

from functools import cached_property
from pathlib import Path

import pandas as pd

from pauselib.analysis.claims import judged, pause_sites
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.tables import comparisons, loading, record
from pauselib.analysis.tables.contrasts import Trials, outcomes
from pauselib.analysis.tables.curve import Curve
from pauselib.analysis.why import certainty, pause_origin, places, reasons
from pauselib.manifests import is_path
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP, parse

PARTIAL = "partial"  # the folder, in that of the experiment, of an analysis that leaves out some of it
REGISTERED = {  # by `Study.plan_status`
    "registered": "The claims and margins were registered in prereg.yaml before the results. All else is exploratory.",
    "registered, unfinished": "This is an interim look: not all registered seeds are finished, so no verdict is final.",
    "not registered": "Nothing here was registered before the results were known: all of it is exploratory.",
}
ALWAYS = (
    "It is about this model, these problems and this length of training. Others may differ.",
    "Undecided is no evidence, neither for a claim nor against it.",
)


class Study:
    """The tables of an experiment, of whatever is finished under its folder.

    A table is an attribute; its columns are described at the function that it comes from.
    """

    def __init__(self, settings: Settings):
        self.settings = settings

    # What is on disk: the result table, the rows that are finished, their replies and tokens.
    table = cached_property(lambda self: loading.results(self.settings))
    finished_rows = cached_property(lambda self: list(loading.finished_folders(self.settings)))
    replies = cached_property(lambda self: loading.predictions(self.settings))
    intervened = cached_property(lambda self: loading.intervened(self.settings))
    tokens = cached_property(lambda self: loading.with_tokens(self.settings, loading.of_pausing_variants(self.replies)))

    # Accuracy and pauses: of every row, beside its start, beside as much training without pauses, under interventions.
    over_seeds = cached_property(lambda self: comparisons.over_seeds(self.replies))
    against_start = cached_property(lambda self: comparisons.against(self.replies, FIRST_STEP))
    against_matched = cached_property(lambda self: comparisons.against_matched(self.replies))
    pauses_by_correctness = cached_property(lambda self: comparisons.pauses_by_correctness(self.replies))
    strategies = cached_property(lambda self: comparisons.strategies(self.replies))
    intervention_effects = cached_property(lambda self: comparisons.intervention_effects(self.replies, self.intervened))

    # Insertion trials: at the end of the training, and by its steps.
    trials = cached_property(lambda self: Trials.of(self.settings, outcomes(self.settings)))
    curve = cached_property(lambda self: Curve.of(self.settings, outcomes(self.settings, loading.CHECKPOINT)))

    # Why and where replies pause, token by token.
    positions = cached_property(lambda self: certainty.positions(self.tokens))
    pause_prediction = cached_property(lambda self: certainty.pause_prediction(self.positions))
    pauses_by_certainty = cached_property(lambda self: certainty.pauses_by_certainty(self.positions))
    pause_site_ratios = cached_property(lambda self: pause_sites.ratios(self.registered(self.replies), plan()))
    pause_regression = cached_property(lambda self: reasons.pause_regression(self.tokens))
    pause_origin = cached_property(lambda self: pause_origin.pause_rates(self.settings, self.head_variant, self.tokens))
    pause_places = cached_property(lambda self: places.pause_places(self.tokens))
    nearest_tokens = cached_property(lambda self: loading.nearest_tokens(self.settings))

    @cached_property
    def limits(self) -> list[str]:
        """What the experiment can't say, in sentences: always, by what is built in, not registered or not finished."""
        built_in = judged.null_by_construction(self.settings)
        return [*ALWAYS, *built_in, REGISTERED[self.plan_status], *self.scope]

    @cached_property
    def about(self) -> str:
        """Its name, model, problems and training in a sentence; the plan names those of the registered experiment."""
        named = plan() if self.plan_status != "not registered" else loading.settings_used(self.settings)
        given = self.settings.of("model", "dataset") | dict(named)
        model, dataset = Path(given["model"]).name, Path(given["dataset"]).name
        steps = f", at most {max(self.steps):,} optimizer steps of warm-up with pauses" if any(self.steps) else ""
        return f"Experiment {self.settings.experiment}: model {model}, problems {dataset}{steps}."

    @cached_property
    def left_out(self) -> list[Path]:
        """The folders of the experiment's finished results that the settings don't ask for."""
        asked = {one.folder for one in loading.asked_for(self.settings)}
        more = [one for one in loading.asked_for(record.whole(self.settings)) if one.folder not in asked]
        return sorted({one.folder for one in more if one.why_unfinished is None})

    @cached_property
    def folder(self) -> Path:
        """Where tables and the report are written: the experiment's folder, or `partial` in it if any is left out."""
        return self.settings.folder() / PARTIAL if self.left_out else self.settings.folder()

    @cached_property
    def scope(self) -> list[str]:
        """How much of the experiment this is, in sentences: rows and seeds, and what is left out and why."""
        seeds = ", ".join(map(str, self.settings.seeds))
        rows = f"{len(self.finished_rows)} of {len(self.table)} rows"
        said = [f"{rows} are finished, with these training seeds: {seeds}."]
        for folder, reason in loading.stale_folders(self.settings).items():
            said.append(f"{folder.relative_to(self.settings.folder()).as_posix()} is left out: {reason}.")
        if self.left_out:
            said.append(f"This is a partial look, in the folder {PARTIAL}: it leaves out {len(self.left_out)} results.")
        return said

    @cached_property
    def steps(self) -> list[int]:
        """The optimizer steps of the second step's training of all finished rows that pause."""
        rows = [self.settings.but(seed=seed, variant=name) for seed, name in self.finished_rows if parse(name).pauses]
        return [loading.training_record(row.variant_folder()).get("steps", 0) for row in rows]

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims of the plan with their verdicts (`judged.judged_claims`)."""
        replies, intervened = self.registered(self.replies), self.registered(self.intervened)
        return judged.judged_claims(replies, intervened, self.trials, plan())

    def registered(self, table: pd.DataFrame) -> pd.DataFrame:
        """The lines of a table that count in the claims (`plan.registered_part`)."""
        return plan().registered_part(table, self.settings.experiment)

    @cached_property
    def plan_status(self) -> str:
        """Whether this experiment is registered, and whether all of it is finished (`plan.status`)."""
        unfinished = self.table.loc[self.table["n"].isna(), "seed"]
        return plan().status(self.settings.experiment, set(self.settings.seeds) - set(unfinished))

    @cached_property
    def trial_variant(self) -> str:
        """The variant whose trial is shown in pictures: the first that is finished, or else that is asked for."""
        return [*self.trials.variants, *self.settings.trials, self.settings.variant][0]

    @cached_property
    def head_variant(self) -> str | None:
        """The variant whose pause head is shown: that of the settings if it has a trained one, else the first."""
        return self.of_settings([name for name in dict.fromkeys(self.tokens["variant"]) if parse(name).pause_head])

    @cached_property
    def example_variant(self) -> str | None:
        """The variant for what is shown of one only: that of the settings if it has pauses, else the first that has."""
        return self.of_settings(list(dict.fromkeys(self.pause_places["runs"]["variant"])))

    def of_settings(self, names: list[str]) -> str | None:
        """The variant of the settings if it is among some names, else the first of them; None of no names."""
        return self.settings.variant if self.settings.variant in names else next(iter(names), None)

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """The most frequent tokens beside the pauses of the example variant (`places.frequent_neighbours`)."""
        return places.frequent_neighbours(self.pause_places["neighbours"], self.example_variant)

    @cached_property
    def used(self) -> pd.DataFrame:
        """The settings and versions that the files were made with; of a model or dataset in a folder its name alone."""
        used = self.settings.of("model", "dataset") | loading.settings_used(self.settings)
        for name in ("model", "dataset"):
            used[name] = Path(used[name]).name if is_path(used[name]) else used[name]
        return pd.DataFrame({"setting": used.keys(), "value": used.values()})
