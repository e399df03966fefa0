"""All tables of an experiment, each computed once when it is asked for; `notebooks/analyze.ipynb` shows them.

>>> study = Study(settings)
>>> study.claims        # the claims of the plan with estimates, intervals and verdicts
"""

from functools import cached_property
from pathlib import Path

import pandas as pd

from pauselib.analysis.claims import judged
from pauselib.analysis.claims.preregistration import plan, settings_digest
from pauselib.analysis.tables import comparisons, loading
from pauselib.analysis.tables.contrasts import Trials, outcomes
from pauselib.analysis.tables.curve import Curve
from pauselib.analysis.why import places
from pauselib.analysis.why.pause_origin import pause_rates
from pauselib.manifests import MANIFEST, is_path, manifest
from pauselib.settings import Settings
from pauselib.variants import parse

REGISTERED = {  # by `Study.plan_status`
    "registered": "The claims and margins were registered before the results. All else is exploratory.",
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
        self.settings, self.plan = settings, plan(settings.plan)

    # What is on disk: the result table, the rows that are finished, their replies and tokens.
    table = cached_property(lambda self: loading.results(self.settings))
    finished_rows = cached_property(lambda self: loading.finished(self.settings, loading.REPLIES))
    replies = cached_property(lambda self: loading.predictions(self.settings))
    intervened = cached_property(lambda self: loading.intervened(self.settings))
    tokens = cached_property(lambda self: loading.with_tokens(self.settings, loading.of_pausing_variants(self.replies)))

    # Accuracy and pauses: of every row, beside as much training without pauses, under interventions.
    over_seeds = cached_property(lambda self: comparisons.over_seeds(self.replies))
    against_matched = cached_property(lambda self: comparisons.against_matched(self.replies))
    strategies = cached_property(lambda self: comparisons.strategies(self.replies))
    intervention_effects = cached_property(lambda self: comparisons.intervention_effects(self.replies, self.intervened))

    # Insertion trials: at the end of the training, and by its steps.
    trials = cached_property(lambda self: Trials.of(self.settings, outcomes(self.settings), self.settings.seeds))
    curve = cached_property(lambda self: Curve.of(self.settings, outcomes(self.settings, loading.CHECKPOINT)))

    # Why and where replies pause, token by token.
    pause_origin = cached_property(lambda self: pause_rates(self.settings, self.example_variant, self.tokens))
    calibration = cached_property(lambda self: loading.calibration(self.finished_rows))
    pause_places = cached_property(lambda self: places.pause_places(self.tokens))
    neighbours = cached_property(lambda self: places.frequent_neighbours(self.pause_places, self.example_variant))

    @cached_property
    def limits(self) -> list[str]:
        """What the experiment can't say, in sentences: always, by what is built in, not registered or not finished."""
        built_in = judged.null_by_construction(self.settings)
        return [*ALWAYS, *built_in, REGISTERED[self.plan_status], *self.scope]

    @cached_property
    def about(self) -> str:
        """Its name, model, problems and training in a sentence; the plan names those of the registered experiment."""
        named = self.settings if self.plan_status == "not registered" else self.plan
        model, dataset = Path(named.model).name, Path(named.dataset).name
        pausing = [one.row.variant_folder() for one in self.finished_rows if parse(one.row.variant).pauses]
        steps = [loading.training_record(folder).get("steps", 0) for folder in pausing]
        trained = f", at most {max(steps):,} optimizer steps of warm-up with pauses" if any(steps) else ""
        return f"Experiment {self.settings.experiment}: model {model}, problems {dataset}{trained}."

    @cached_property
    def scope(self) -> list[str]:
        """How much of the experiment this is, in sentences: rows and seeds, and what is left out since it is stale."""
        seeds, names = ", ".join(map(str, self.settings.seeds)), self.table["variant"].nunique()
        finished = f"{len(self.finished_rows)} of {len(self.table)} trainings are finished"
        said = [f"{finished}, of {names} rows with these training seeds: {seeds}."]
        others = [one.why_unfinished is None for one in loading.asked_for(self.settings) if one.kind != loading.REPLIES]
        if not all(others):
            said.append(f"{sum(others)} of {len(others)} trials and replies under interventions are finished.")
        for folder, reason in loading.stale_folders(self.settings).items():
            said.append(f"{folder.relative_to(self.settings.folder()).as_posix()} is left out: {reason}.")
        return said

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims of the plan with their verdicts (`judged.judged_claims`)."""
        tables = self.replies, self.intervened
        replies, intervened = (self.plan.registered_part(table, self.settings) for table in tables)
        return judged.judged_claims(replies, intervened, self.trials, self.plan)

    @cached_property
    def plan_status(self) -> str:
        """Whether this experiment is registered, and whether all of it is finished (`plan.status`)."""
        unfinished = {one.row.seed for one in loading.asked_for(self.settings) if one.why_unfinished}
        finished = set(self.settings.seeds) - unfinished
        made = filter(None, (manifest(path.parent) for path in self.settings.folder().rglob(MANIFEST)))
        inputs = {one for found in made for one in found["inputs"].items()}  # names and digests
        return self.plan.status(self.settings.experiment, finished, settings_digest(self.settings), inputs)

    @cached_property
    def trial_variant(self) -> str:
        """The variant whose trial is shown in pictures: the first that is finished, or else that is asked for."""
        return [*self.trials.variants, *self.settings.trials, self.settings.variant][0]

    @cached_property
    def example_variant(self) -> str | None:
        """The variant for what is shown of one only: that of the settings if it is one of those with a trained pause
        head whose tokens are there, else the first of these; None where there is none.
        """
        heads = [name for name in dict.fromkeys(self.tokens["variant"]) if parse(name).pause_head]
        return self.settings.variant if self.settings.variant in heads else next(iter(heads), None)

    @cached_property
    def used(self) -> pd.DataFrame:
        """The settings and versions that the files were made with, several values joined by commas; of a model or
        dataset in a folder its name alone. The variant and the seed, which differ by row, are left out.
        """
        used = {name: [value] for name, value in self.settings.of("model", "dataset").items()}
        used |= loading.values_used(self.settings)
        for name in ("model", "dataset"):
            used[name] = [Path(value).name if is_path(value) else value for value in used[name]]
        texts = {name: ", ".join(map(str, values)) for name, values in used.items() if name not in ("variant", "seed")}
        return pd.DataFrame({"setting": texts.keys(), "value": texts.values()})
