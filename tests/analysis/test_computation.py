"""Whether pauses buy computation: the rule by hand."""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.claims.benefit import computation
from pauselib.analysis.claims.judged import judged_claim
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    EQUIVALENT,
    FEW_PROBLEMS,
    LARGER,
    NO_CONTROL,
    NOT_FINISHED,
    OPPOSITE,
    UNDECIDED,
    Estimate,
)
from pauselib.analysis.tables.contrasts import DECIDING, ESTIMATE

MARGIN = plan(1).margin("computation")
SHOWN = (10, 14)


class Given:
    """Trials whose three deciding contrasts are given as intervals in margins, None where there are no problems.

    At a higher level than the plan's an interval reaches a tenth of a margin farther up.
    """

    def __init__(self, *intervals, problems: int):
        self.intervals, self.problems = intervals, problems

    def contrasts(self, variant: str, outcome: str, level: float) -> pd.DataFrame:
        """The contrasts of `Trials.contrasts` that decide."""
        lines, farther = [], 0.1 * (level > plan(1).level)
        for one in self.intervals:
            low, high = one or (np.nan, np.nan)
            numbers = [MARGIN * (low + high) / 2, MARGIN * low, MARGIN * (high + farther), 0.5, 0.1, 1]
            lines.append([*numbers, self.problems if one else 0])
        return pd.DataFrame(lines, columns=ESTIMATE).assign(contrast=DECIDING)


def benefit(*intervals, problems: int = 100) -> Estimate:
    return computation(Given(*intervals, problems=problems), "computation", plan(1))


@pytest.mark.parametrize(
    ("beyond_masked", "above_nothing", "control", "verdict", "doubt"),
    [
        ((1.1, 6), (1.2, 4), SHOWN, LARGER, ""),
        ((1.1, 6), (0.2, 4), SHOWN, UNDECIDED, ""),
        ((1.1, 6), (1.2, 4), (-2, 14), UNDECIDED, NO_CONTROL),  # the measure shows nothing
        ((1.1, 6), (-8, -4), SHOWN, OPPOSITE, ""),  # more than masked pauses, less than nothing
        ((-0.9, 0.5), (2, 18), SHOWN, EQUIVALENT, ""),  # positions alone
        ((-6, 4), (-4, 6), SHOWN, UNDECIDED, ""),
        ((0.2, 0.8), (-0.2, 4), SHOWN, EQUIVALENT, ""),  # too small to count, whatever the other is
    ],
)
def test_a_benefit_needs_both_contrasts_and_a_control_that_shows(beyond_masked, above_nothing, control, verdict, doubt):
    found = judged_claim(plan(1), "computation", benefit(beyond_masked, above_nothing, control))
    assert (found["verdict"], found["doubt"]) == (verdict, doubt)
    few = judged_claim(plan(1), "computation", benefit(beyond_masked, above_nothing, control, problems=39))
    assert (few["verdict"], few["doubt"]) == (UNDECIDED, FEW_PROBLEMS)


def test_the_benefit_is_the_smaller_of_the_two_and_its_high_end_is_corrected():
    assert benefit((0, 4), (1, 2), SHOWN)[:4] == pytest.approx((1.5 * MARGIN, 0, 2.1 * MARGIN, 0.1))
    for missing in ((None, (1, 2), SHOWN), ((1, 2), None, SHOWN), (None, None, None)):
        found = benefit(*missing)
        assert (found.doubt, np.isnan(found.estimate)) == (NOT_FINISHED, True)
