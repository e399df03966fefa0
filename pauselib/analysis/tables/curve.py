"""Learning curves of insertion trials: what pauses do to the likelihood of results, by the steps of the warm-up.

Does what pauses cost after a short warm-up go away with more of it, with other places of the pauses in training, with
more of the LM trained? The results are the same at every step, and so is which of them are hard: those that are for the
first step's model. That model is step 0, with the pause embedding that a variant's training starts from.

>>> study.curve.gains          # what every condition changes against nothing, by step
"""

from functools import cached_property

import pandas as pd

from pauselib.analysis.claims.computation import LIKELIHOOD, Estimate
from pauselib.analysis.claims.plan import plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, judge
from pauselib.analysis.tables.loading import finished_checkpoints, of_pausing_variants
from pauselib.analysis.tables.trials import COLUMNS, DECIDING, Trials
from pauselib.injection.strategies import find_strategies
from pauselib.settings import Settings
from pauselib.trials.sites import SITES
from pauselib.variants import parse

PLACE = ["variant", "site", "content", "dose"]
SAID = {LARGER: "a gain", OPPOSITE: "a cost", EQUIVALENT: "neither gain nor cost"}  # by verdict; else not decided


def checkpoint_outcomes(settings: Settings) -> pd.DataFrame:
    """The finished trials of an experiment's checkpoints: as `trials.outcomes`, with the `step` of each."""
    frames = [
        pd.read_parquet(folder / "trials.parquet").assign(seed=seed, variant=name, step=step)
        for (seed, name, step), folder in finished_checkpoints(settings).items()
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*COLUMNS, "step"])


class Curve:
    """The outcomes of an experiment's checkpoints, and what they say."""

    def __init__(self, found: pd.DataFrame, without_start: tuple[str, ...] = ()):
        """`found` is `checkpoint_outcomes`, or what `steps.learning_curve` returns. The variants `without_start` have
        no step 0, since the first step's model was not given their prompts.
        """
        self.outcomes, self.without_start = found, without_start

    @classmethod
    def of(cls, settings: Settings, found: pd.DataFrame) -> "Curve":
        """The checkpoints of an experiment; of the registered one, only the registered test problems count."""
        of_rows = {name: settings.but(variant=name).row_strategy for name in set(found["variant"])}
        in_prompt = [name for name, names in of_rows.items() if any(one.in_prompt for one in find_strategies(names))]
        others = [name for name in in_prompt if parse(name).pauses]
        return cls(plan().registered_part(found, settings.experiment), tuple(others))

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
        return {step: Trials(table) for step, table in found.items()}

    @cached_property
    def gains(self) -> pd.DataFrame:
        """What every condition changes against nothing, in nats at hard results: as `Trials.gains`, by `step`."""
        found = [trials.gains().assign(step=step) for step, trials in self.trials.items()]
        table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*PLACE, *Estimate._fields])
        mine = table[table["variant"].isin(self.variants)]
        return mine.reindex(columns=["step", *PLACE, *Estimate._fields])

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """The contrasts that decide (`Trials.contrasts`) of every variant that pauses, by `step` from the first
        checkpoint on: against as much training without pauses at the same step, and against nothing.
        """
        found = [
            trials.contrasts(name).assign(variant=name, step=step)
            for step, trials in self.trials.items()
            for name in self.variants
            if parse(name).pauses and step
        ]
        columns = ["variant", "contrast", "step", *Estimate._fields]
        table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
        decide = table[table["contrast"].isin(DECIDING) & (table["problems"] > 0)]
        return decide.sort_values(["variant", "contrast", "step"], kind="stable").reindex(columns=columns)

    @cached_property
    def ends(self) -> pd.DataFrame:
        """Where each curve of pauses begins and ends: a line for every variant, site and dose.

        There are the first and the last step, the gain at each, and at the last one its interval and what it is by the
        plan's margin of the likelihood: a gain, a cost, neither, or not decided.
        """
        pauses = of_pausing_variants(self.gains[self.gains["content"] == "pauses"])
        margin, fewest = plan().margin(LIKELIHOOD.claim), plan().guard("least_problems")
        lines = []
        for (name, site, dose), mine in pauses.groupby(["variant", "site", "dose"], sort=False):
            first, last = mine.iloc[0], mine.iloc[-1]
            doubt = "few problems" if last["problems"] < fewest else ""
            verdict = judge(last["low"], last["high"], margin, doubt=doubt).verdict
            lines.append(
                {
                    **{"variant": name, "site": site, "dose": dose, "first_step": first["step"]},
                    **{"first_gain": first["estimate"], "last_step": last["step"], "last_gain": last["estimate"]},
                    **{"low": last["low"], "high": last["high"], "is": SAID.get(verdict, "not decided")},
                }
            )
        columns = ["variant", "site", "dose", "first_step", "first_gain", "last_step", "last_gain", "low", "high", "is"]
        return pd.DataFrame(lines, columns=columns)

    @property
    def reading(self) -> str:
        """What the curves of pauses say, a sentence a site: where they begin, where they end, and what they end as."""
        if self.ends.empty:
            return "No checkpoint has a trial: `trial_checkpoints` names steps at which the weights are kept."
        number, margin = LIKELIHOOD.number, LIKELIHOOD.margin(plan().margin(LIKELIHOOD.claim))
        sentences = []
        for site, mine in self.ends.groupby("site", sort=False):
            counts = ", ".join(f"{n} {what}" for what, n in mine["is"].value_counts(sort=False).items())
            begin, end = (
                f"{number(mine[column].min())} to {number(mine[column].max())}"
                for column in ("first_gain", "last_gain")
            )
            sentences.append(
                f"Pauses {SITES[site].meaning}: {len(mine)} curves begin at {begin} nats and end at {end} nats, by the "
                f"margin of {margin} {counts}."
            )
        return " ".join(sentences)
