"""All that an experiment's replies say, computed once when asked for; the analyze notebook and the report show it.

>>> study = Study(settings)
>>> study.claims           # the claims of the plan with estimates, intervals and verdicts
"""

from functools import cached_property
from pathlib import Path

import pandas as pd

from pauselib.analysis.claims.judged import judged_claims, null_by_construction, trial_claims
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.tables import audit, comparisons, loading, record
from pauselib.analysis.tables.contrasts import Trials, outcomes
from pauselib.analysis.tables.curve import Curve, checkpoint_outcomes
from pauselib.analysis.why import certainty, places, reasons
from pauselib.analysis.why.pause_origin import PauseOrigin
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP, parse

PARTIAL = "partial"  # the folder, in that of the experiment, of an analysis that leaves out some of it


class Study:
    """The tables of an experiment, of whatever is finished under its folder.

    A table is an attribute; its columns are described at the function that it comes from.
    """

    def __init__(self, settings: Settings):
        self.settings = settings

    @cached_property
    def left_out(self) -> list[Path]:
        """The finished results of the experiment that the settings don't ask for (`record.left_out`)."""
        return record.left_out(self.settings)

    @cached_property
    def folder(self) -> Path:
        """Where tables and the report are written: the experiment's folder, or `partial` in it if any is left out."""
        return self.settings.folder() / PARTIAL if self.left_out else self.settings.folder()

    @cached_property
    def scope(self) -> str:
        """How many rows are finished (`loading.finished_sentence`), and whether this is a part of the experiment."""
        sentence = loading.finished_sentence(self.settings, self.table)
        if not self.left_out:
            return sentence
        first = self.left_out[0].relative_to(self.settings.folder()).as_posix()
        return (
            f"{sentence} This is a partial look: finished results that it leaves out: {len(self.left_out)} ({first}"
            f"{', …' if len(self.left_out) > 1 else ''}). So its tables, pictures and report are in the folder "
            f"`{PARTIAL}` of the experiment, and those of the whole experiment stay as they are."
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """The result table, one line a seed and variant (`loading.results`)."""
        return loading.results(self.settings)

    @cached_property
    def finished_rows(self) -> list[tuple[int, str]]:
        """The seed and the variant of every row that is finished."""
        return list(loading.finished_folders(self.settings))

    @cached_property
    def replies(self) -> pd.DataFrame:
        """All replies, without interventions (`loading.predictions`)."""
        return loading.predictions(self.settings)

    @cached_property
    def intervened(self) -> pd.DataFrame:
        """The replies under interventions (`loading.intervened`)."""
        return loading.intervened(self.settings)

    @cached_property
    def tokens(self) -> pd.DataFrame:
        """The replies of variants that pause, with what the model gave at each token (`loading.with_tokens`)."""
        return loading.with_tokens(self.settings, loading.of_pausing_variants(self.replies))

    @cached_property
    def over_seeds(self) -> pd.DataFrame:
        """The accuracy and the pauses of every variant over its seeds (`comparisons.over_seeds`)."""
        return comparisons.over_seeds(self.replies)

    @cached_property
    def against_start(self) -> pd.DataFrame:
        """Every variant against the model that it started from (`comparisons.against`): what its training did."""
        return comparisons.against(self.replies, FIRST_STEP)

    @cached_property
    def against_matched(self) -> pd.DataFrame:
        """Every variant against as much training without pauses (`comparisons.against_matched`): what pauses did."""
        return comparisons.against_matched(self.replies)

    @cached_property
    def unmatched(self) -> list[str]:
        """The variants that this comparison leaves out (`comparisons.unmatched`)."""
        return comparisons.unmatched(self.replies)

    @cached_property
    def detectable(self) -> float:
        """The smallest difference in accuracy that these problems can show (`comparisons.detectable`)."""
        return comparisons.detectable(self.replies)

    @cached_property
    def pauses_by_correctness(self) -> pd.DataFrame:
        """How many pauses correct and incorrect replies have (`comparisons.pauses_by_correctness`)."""
        return comparisons.pauses_by_correctness(self.replies)

    @cached_property
    def strategies(self) -> pd.DataFrame:
        """The rows with an injection strategy of their own, beside matched training (`comparisons.strategies`)."""
        return comparisons.strategies(self.replies)

    @cached_property
    def intervention_effects(self) -> pd.DataFrame:
        """What the interventions do to the accuracy (`comparisons.intervention_effects`)."""
        return comparisons.intervention_effects(self.replies, self.intervened)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims of the plan with their verdicts (`judged.judged_claims`).

        Of the registered experiment, only the registered test problems count.
        """
        replies, intervened = (
            plan().registered_part(table, self.settings.experiment) for table in (self.replies, self.intervened)
        )
        return judged_claims(replies, intervened, plan(), trial_claims(self.trials, plan()))

    @cached_property
    def plan_status(self) -> str:
        """Whether this experiment is registered, and finished (`preregistration.Preregistration.status`)."""
        unfinished = set(loading.row_folders(self.settings)) - set(self.finished_rows)
        done = set(self.settings.seeds) - {seed for seed, _ in unfinished}
        return plan().status(self.settings.experiment, done)

    @cached_property
    def built_in(self) -> list[str]:
        """What makes claims null by construction, in sentences (`judged.null_by_construction`)."""
        return null_by_construction(self.settings)

    @cached_property
    def trials(self) -> Trials:
        """The insertion trials, and whether pauses buy computation (`contrasts.Trials`)."""
        return Trials.of(self.settings, outcomes(self.settings))

    @cached_property
    def curve(self) -> Curve:
        """The trials of checkpoints, by the steps of the warm-up (`curve.Curve`)."""
        return Curve.of(self.settings, checkpoint_outcomes(self.settings))

    @cached_property
    def trial_variant(self) -> str:
        """The variant whose trial is shown in pictures: the first that is finished, or else that is asked for."""
        return [*self.trials.variants, *self.settings.trials, self.settings.variant][0]

    @cached_property
    def pause_regression(self) -> pd.DataFrame:
        """What correctness adds to the LM's uncertainty and to the problem (`reasons.pause_regression`)."""
        return reasons.pause_regression(self.tokens)

    @cached_property
    def positions(self) -> pd.DataFrame:
        """The tokens of these replies, one line each (`certainty.positions`)."""
        return certainty.positions(self.tokens)

    @cached_property
    def greedy_agreement(self) -> pd.DataFrame:
        """A check of the code: the pauses are where the greedy rule puts them (`certainty.greedy_agreement`)."""
        return certainty.greedy_agreement(self.positions)

    @cached_property
    def pause_prediction(self) -> pd.DataFrame:
        """How well a pause is told by the LM's certainty and by the head's odds (`certainty.pause_prediction`)."""
        return certainty.pause_prediction(self.positions)

    @cached_property
    def pauses_by_certainty(self) -> pd.DataFrame:
        """How often there is a pause by the certainty of the LM's best word (`certainty.pauses_by_certainty`)."""
        return certainty.pauses_by_certainty(self.positions)

    @cached_property
    def pause_origin(self) -> PauseOrigin:
        """Where the pauses of a row come from (`pause_origin.PauseOrigin`): of that of the settings if it has a trained
        pause head, else of the first that has.
        """
        heads = [name for name in dict.fromkeys(self.tokens["variant"]) if parse(name).pause_head]
        heads.sort(key=lambda name: name != self.settings.variant)
        return PauseOrigin(self.settings, heads[0] if heads else None, self.tokens)

    @cached_property
    def pause_places(self) -> dict[str, pd.DataFrame]:
        """Where the pauses are, as four tables (`places.pause_places`)."""
        return places.pause_places(self.tokens)

    @cached_property
    def example_variant(self) -> str | None:
        """The variant for what is shown of one only: that of the settings if it has pauses, else the first that has."""
        paused = list(dict.fromkeys(self.pause_places["runs"]["variant"]))
        if self.settings.variant in paused:
            return self.settings.variant
        return paused[0] if paused else None

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """The most frequent tokens beside the pauses of the example variant (`places.frequent_neighbours`)."""
        return places.frequent_neighbours(self.pause_places["neighbours"], self.example_variant)

    @cached_property
    def nearest_tokens(self) -> pd.DataFrame:
        """The tokens whose embeddings are most like the pause embedding (`loading.nearest_tokens`)."""
        return loading.nearest_tokens(self.settings)

    @cached_property
    def audit_beside_ours(self) -> pd.DataFrame:
        """The published table with what its own numbers say of it, beside ours (`audit.audit_beside_ours`)."""
        return audit.audit_beside_ours(self.over_seeds)
