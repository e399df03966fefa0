"""What insertion trials say of pauses: by version 2 of the rule a benefit, a cost, and on what they depend.

own        a pause − the same pause hidden, in the variant itself: what seeing it does, at the same places
nothing    a pause − nothing: what it does in all, the shift of all that follows included
teaching   own, less the same after matched training: whether training on pauses has taught their use

Pauses buy computation where both *own* and *nothing* are a gain, so the benefit is the smaller one of the two. That
training taught their use is another claim, since *teaching* also rises where a pause hurts models that never saw one.
What pauses cost is said by *nothing* alone. By version 1 a benefit is made of other contrasts (`computation`).
"""

import numpy as np

from pauselib.analysis.claims.accuracy import BEST
from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import DEPENDS, FEW_PROBLEMS, NO_CONTROL, NOT_FINISHED, Estimate
from pauselib.analysis.statistics.intervals import crossed
from pauselib.analysis.tables.contrasts import DECIDING, LIKELIHOOD, OUTCOMES, Trials

PARTS = ("own", "nothing")  # of the benefit


def benefit(trials: Trials, claim: str, plan: Preregistration, variant: str = BEST) -> Estimate:
    """The benefit of one pause before the calculation, in the outcome of a claim: the smaller one of its `PARTS`.

    The low end is the smaller low end, which needs no correction (an intersection-union test: Berger 1982,
    doi:10.1080/00401706.1982.10487790). The high end is the smaller high end; either may be too low, so both have the
    level that Bonferroni's inequality asks of two. It is undecided where a condition is missing for a seed, where there
    are too few problems, and where the positive control does not show. That there is none is doubted where the benefit
    depends on how hard a result is, and exceeds the margin at one end.
    """
    (outcome,) = [name for name, one in OUTCOMES.items() if one.claim == claim]
    values = trials.together([*PARTS, "control"], variant, outcome)
    if values is None or trials.start.empty:
        return Estimate(doubt=NOT_FINISHED)
    found = {name: crossed(one, plan.level) for name, one in values.items()}
    corrected = [crossed(values[name], 1 - (1 - plan.level) / len(PARTS)).high for name in PARTS]
    doubt = "" if found["control"].low > 0 else NO_CONTROL
    return Estimate(
        estimate=min(found[name].mean for name in PARTS),
        low=np.min([found[name].low for name in PARTS]),  # nan where one is: nothing to go by
        high=np.min(corrected),
        detectable=max(found[name].detectable(plan.level) for name in PARTS),
        doubt=FEW_PROBLEMS if values["own"].shape[1] < plan.guard("least_problems") else doubt,
        doubt_of_none=DEPENDS if depends(trials, variant, outcome, plan.margin(claim)) else "",
        one_sided=True,
    )


def depends(trials: Trials, variant: str, outcome: str, margin: float) -> bool:
    """Whether a part of the benefit changes with how hard a result is, and one end has a benefit above the margin."""
    lines = [trials.slope(name, variant, outcome) for name in PARTS]
    if any(line is None for line in lines):
        return False
    varies = any(line.low > 0 or line.high < 0 for line in lines)
    return varies and max(min(line.easy for line in lines), min(line.hard for line in lines)) > margin


def contrast(trials: Trials, name: str, plan: Preregistration, sign: int = 1) -> Estimate:
    """One contrast by itself, in the log likelihood, or its opposite with the `sign` −1."""
    values = trials.together([name], BEST, LIKELIHOOD)
    if values is None:
        return Estimate(doubt=NOT_FINISHED)
    one = crossed(sign * values[name], plan.level)
    doubt = FEW_PROBLEMS if values[name].shape[1] < plan.guard("least_problems") else ""
    return Estimate(one.mean, one.low, one.high, one.detectable(plan.level), doubt=doubt)


def slope(trials: Trials, plan: Preregistration) -> Estimate:
    """How the log likelihood depends on how hard a result is (`Trials.slope`): the smaller one of the `PARTS`' slopes.

    The ends of the interval are found as those of `benefit`. What disturbs all words alike makes results flatter, so
    that hard ones seem to gain; the hidden pause has that too.
    """
    levels = plan.level, 1 - (1 - plan.level) / len(PARTS)
    lines, corrected = ([trials.slope(name, BEST, level=level) for name in PARTS] for level in levels)
    if None in lines:
        return Estimate(doubt=NOT_FINISHED)
    ends = np.min([line.low for line in lines]), np.min([line.high for line in corrected])
    doubt = contrast(trials, "nothing", plan).doubt
    return Estimate(min(line.slope for line in lines), *ends, doubt=doubt, one_sided=True)


def computation(trials: Trials, claim: str, plan: Preregistration) -> Estimate:
    """The benefit by version 1, in the outcome of a claim: the smaller one of two contrasts of `Trials.contrasts`.

    Pauses buy computation where the pauses of the variant do more than masked ones, and that by more than after as much
    training without pauses (`beyond masked`), and where they do more than nothing (`above nothing`); masking is itself
    a disturbance. Nothing is decided where the positive control does not show (`control`). The ends of the interval are
    found as those of `benefit`; `detectable` is the smallest benefit that is so in both contrasts.
    """
    (outcome,) = [name for name, one in OUTCOMES.items() if one.claim == claim]
    *both, control = DECIDING
    found = trials.contrasts(BEST, outcome, plan.level).set_index("contrast").reindex(DECIDING)
    corrected = trials.contrasts(BEST, outcome, 1 - (1 - plan.level) / 2).set_index("contrast").reindex(DECIDING)
    if not (found.loc[both, "problems"] > 0).all():
        return Estimate(doubt=NOT_FINISHED)
    doubt = "" if found.loc[control, "low"] > 0 else NO_CONTROL
    return Estimate(
        estimate=found.loc[both, "estimate"].min(),
        low=found.loc[both, "low"].min(skipna=False),
        high=corrected.loc[both, "high"].min(skipna=False),
        detectable=found.loc[both, "detectable"].max(),
        doubt=FEW_PROBLEMS if found["problems"].min() < plan.guard("least_problems") else doubt,
    )
