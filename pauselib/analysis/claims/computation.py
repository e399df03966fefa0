"""Do pauses buy computation? Contrasts of insertion trials decide it, as one benefit with one interval."""

from pauselib.analysis.claims.accuracy import BEST
from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NO_CONTROL, NOT_FINISHED, Estimate
from pauselib.analysis.tables.contrasts import DECIDING, OUTCOMES, Trials


def computation(trials: Trials, claim: str, plan: Preregistration, variant: str = BEST) -> Estimate:
    """The benefit of pauses in the outcome of a claim: the smaller one of two contrasts of `Trials.contrasts`.

    Pauses buy computation where the pauses of the variant do more than masked ones, and that by more than after as much
    training without pauses (`beyond masked`), and where they do more than nothing (`above nothing`); masking is itself
    a disturbance. Nothing is decided where the positive control does not show (`control`).

    The low end is the smaller low end, which needs no correction (an intersection-union test: Berger 1982,
    doi:10.1080/00401706.1982.10487790). The high end is the smaller high end; either may be too low, so both have the
    level that Bonferroni's inequality asks of two. `detectable` is the smallest benefit that is so in both contrasts.
    """
    (outcome,) = [name for name, one in OUTCOMES.items() if one.claim == claim]
    *both, control = DECIDING
    found = trials.contrasts(variant, outcome, plan.level).set_index("contrast").reindex(DECIDING)
    corrected = trials.contrasts(variant, outcome, 1 - (1 - plan.level) / 2).set_index("contrast").reindex(DECIDING)
    if not (found.loc[both, "problems"] > 0).all():
        return Estimate(doubt=NOT_FINISHED)
    doubt = "" if found.loc[control, "low"] > 0 else NO_CONTROL
    return Estimate(
        estimate=found.loc[both, "estimate"].min(),
        low=found.loc[both, "low"].min(),
        high=corrected.loc[both, "high"].min(),
        detectable=found.loc[both, "detectable"].max(),
        doubt=FEW_PROBLEMS if found["problems"].min() < plan.guard("least_problems") else doubt,
    )
