"""Learning curves of insertion trials: what pauses do to the likelihood of results, by the steps of the warm-up.

Does what pauses cost after a short warm-up go away with more of it, with other places of the pauses in training, with
more of the LM trained? The results are the same at every step, and so is which of them are hard: those that are for the
first step's model. That model is step 0, with the pause embedding that a variant's training starts from.

>>> study.curve.gains          # what every condition changes against nothing, by step
"""

from functools import cached_property

import pandas as pd

from pauselib.analysis.claims.preregistration import Preregistration, plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED
from pauselib.analysis.tables.contrasts import CONDITION, ESTIMATE, Trials, with_verdicts
from pauselib.analysis.tables.loading import joined, of_pausing_variants
from pauselib.artifacts import pauses_of_prompt
from pauselib.settings import Settings
from pauselib.variants import parse

GAINS = {LARGER: "gain", OPPOSITE: "cost", EQUIVALENT: "neither", UNDECIDED: "undecided"}
"""What a curve ends as, by the verdict on its last gain."""

ENDS = ["variant", "site", "dose", "first_step", "first_gain", "last_step", "last_gain"]
ENDS += ["low", "high", "outcome", "doubt"]


class Curve:
    """The outcomes of an experiment's checkpoints, and what they say."""

    def __init__(self, found: pd.DataFrame, without_start: tuple[str, ...] = (), by: Preregistration | None = None):
        """`found` is `contrasts.outcomes` of checkpoints, or what `steps.learning_curve` returns. The variants
        `without_start` have no step 0, since the first step's model was not given their prompts.
        """
        self.outcomes, self.without_start, self.plan = found, without_start, by or plan()

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame) -> "Curve":
        """The checkpoints of an experiment; of the registered one, only the registered test problems count."""
        rows = {name: settings.but(variant=name).of_row() for name in set(found["variant"]) if parse(name).pauses}
        in_prompt = tuple(name for name, row in rows.items() if pauses_of_prompt(row))
        by = plan(settings.plan)
        return cls(by.registered_part(found, settings), in_prompt, by)

    @cached_property
    def variants(self) -> list[str]:
        """The models that have checkpoints, those that pause first."""
        found = dict.fromkeys(self.outcomes.loc[self.outcomes["step"] > 0, "variant"])
        return sorted(found, key=lambda name: not parse(name).pauses)

    @cached_property
    def trials(self) -> dict[int, Trials]:
        """The trials at each step: those of the variants, and those of the first step's model."""
        start = self.outcomes[self.outcomes["step"] == 0]
        begun = [start.assign(variant=name) for name in self.variants if name not in self.without_start]
        found = {0: pd.concat([start, *begun], ignore_index=True)} if begun and len(start) else {}
        for step in sorted(set(self.outcomes["step"]) - {0}):
            found[step] = pd.concat([self.outcomes[self.outcomes["step"] == step], start], ignore_index=True)
        return {step: Trials(table, self.plan) for step, table in found.items()}

    @cached_property
    def gains(self) -> pd.DataFrame:
        """What every condition changes against nothing, in nats: as `Trials.gains`, by `step`."""
        columns = ["step", *CONDITION, *ESTIMATE]
        found = [trials.gains().assign(step=step) for step, trials in self.trials.items()]
        table = joined(found, columns)
        return table.loc[table["variant"].isin(self.variants), columns]

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Where each curve of pauses begins and ends: a line for every variant, site and dose.

        There are the first and the last step, the gain at each, and the interval of the last one. The `outcome` is what
        that is by the plan's margin of the likelihood: a gain, a cost, neither, or undecided; the `doubt` says why.
        """
        pauses = of_pausing_variants(self.gains[self.gains["content"] == "pauses"])
        curves = with_verdicts(pauses, self.plan).groupby(["variant", "site", "dose"], sort=False)
        first, last = curves.first(skipna=False), curves.last(skipna=False)
        ends = last.assign(first_step=first["step"], first_gain=first["estimate"], outcome=last["verdict"].map(GAINS))
        return ends.rename(columns={"step": "last_step", "estimate": "last_gain"}).reset_index()[ENDS]
