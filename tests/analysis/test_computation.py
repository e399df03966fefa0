"""Whether pauses buy computation: the rule by hand, and how often it is wrong."""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.claims.computation import computation
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
from pauselib.analysis.tables.contrasts import DECIDING, ESTIMATE, estimated

MARGIN = plan().margin("computation")
SHOWN = (10, 14)


class Given:
    """Trials whose three deciding contrasts are given: as intervals in margins, or as arrays of differences."""

    def __init__(self, *contrasts, problems: int = 100):
        self.given, self.problems = contrasts, problems

    def contrasts(self, variant: str, outcome: str, level: float) -> pd.DataFrame:
        """The contrasts of `Trials.contrasts` that decide."""
        lines = [self.line(one, level) for one in self.given]
        return pd.DataFrame(lines).assign(contrast=DECIDING)

    def line(self, one, level: float) -> dict:
        """What `estimated` gives."""
        if isinstance(one, np.ndarray):
            return estimated(one, level)
        low, high = one
        numbers = [MARGIN * (low + high) / 2, MARGIN * low, MARGIN * high, 0.5, 0.1, 1, self.problems]
        return dict(zip(ESTIMATE, numbers))


def benefit(*contrasts, problems: int = 100) -> Estimate:
    return computation(Given(*contrasts, problems=problems), "computation", plan())


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
    found = judged_claim(plan(), "computation", benefit(beyond_masked, above_nothing, control))
    assert (found["verdict"], found["doubt"]) == (verdict, doubt)
    few = judged_claim(plan(), "computation", benefit(beyond_masked, above_nothing, control, problems=39))
    assert (few["verdict"], few["doubt"]) == (UNDECIDED, FEW_PROBLEMS)


def test_the_benefit_is_the_smaller_of_the_two():
    assert benefit((0, 4), (1, 2), SHOWN)[:4] == pytest.approx((1.5 * MARGIN, 0, 2 * MARGIN, 0.1))
    empty = np.empty((0, 0))
    for missing in ((empty, (1, 2), SHOWN), ((1, 2), empty, SHOWN), (empty, empty, empty)):
        found = benefit(*missing)
        assert (found.doubt, np.isnan(found.estimate)) == (NOT_FINISHED, True)


def intervals(beyond_masked: float, above_nothing: float, seeds: int, draws: int) -> np.ndarray:
    """The low and the high ends of the benefit in many experiments on 80 problems, (draws, 2).

    The differences are skewed as those of log likelihoods are: most are near 0, some are large.
    """
    rng, shape = np.random.default_rng(seeds), (seeds, 80)

    def drawn(mean: float) -> np.ndarray:
        of_problem = rng.exponential(1.0, (1, 80)) * rng.choice([-1, 1], (1, 80))
        return mean + 0.3 * of_problem + 0.1 * rng.normal(size=shape)

    return np.array([benefit(drawn(beyond_masked), drawn(above_nothing), SHOWN)[1:3] for _ in range(draws)])


def at_most(share: float, draws: int) -> float:
    """What a share that is no larger hardly ever exceeds in so many draws."""
    return share + 3 * np.sqrt(share * (1 - share) / draws)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(("beyond_masked", "above_nothing"), [(0, 2), (2, 0)])
def test_a_benefit_that_is_not_there_is_found_in_at_most_one_of_forty_experiments(beyond_masked, above_nothing, seeds):
    low = intervals(beyond_masked, above_nothing, seeds, draws=200)[:, 0]
    assert np.mean(low > 0) <= at_most(0.025, draws=200)
