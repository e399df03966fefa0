"""Whether pauses buy computation: planted worlds, of which it is known what a pause does and what the two versions of
the rule say of them, and the rule of version 1 by hand.

In each world the log likelihood of every result has a known effect of each condition, in nats, for each model.
"""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.claims.benefit import benefit, computation, contrast, slope
from pauselib.analysis.claims.judged import judged_claim
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import (
    DEPENDS,
    EQUIVALENT,
    FEW_PROBLEMS,
    LARGER,
    NO_CONTROL,
    NOT_FINISHED,
    OPPOSITE,
    SMALLER,
    UNDECIDED,
    Estimate,
    judge,
)  # fmt: skip
from pauselib.analysis.tables.contrasts import CONTRASTS, DECIDING, ESTIMATE, Trials
from pauselib.variants import FIRST_STEP, MATCHED

OWN = "sft_peft"
CONDITIONS = {
    "nothing": [("", "nothing", 0)],
    "pauses": [("step", "pauses", 1), ("step", "pauses", 4)],
    "masked": [("step", "masked", 1), ("step", "masked", 4)],
    "given": [("result", "given", 0)],
}
MODELS = {OWN: 0, MATCHED: 1, FIRST_STEP: 2}


def trials(effects: dict, problems=300, seeds=3, spread=0.15, at_hard: dict | None = None, draw=0) -> pd.DataFrame:
    """The trials of a world: `effects` are nats by model and content, 0 if not named; `at_hard` is added for the hard
    half of the results and taken away for the easy one.
    """
    rng, frames = np.random.default_rng(draw), []
    n_results = 3
    base = -rng.exponential(0.6, (problems, n_results))
    sign = np.where(base < np.median(base), 1, -1)
    for model in MODELS:
        of_seed = rng.normal(0, 0.002, (seeds, 1, 1))
        for content, places in CONDITIONS.items():
            for site, name, dose in places:
                gain = 2.0 * (content == "given") + effects.get(model, {}).get(content, 0)
                gain = gain + sign * (at_hard or {}).get(model, {}).get(content, 0)
                noise = rng.normal(0, spread, (seeds, problems, n_results)) + of_seed * (content == "pauses")
                values = base + gain + noise * (content != "nothing")
                at = np.indices(values.shape).reshape(3, -1)
                frames.append(
                    pd.DataFrame({"seed": 42 + at[0], "problem_id": [f"test-{i}" for i in at[1]], "result": at[2]})
                    .assign(variant=model, site=site, content=name, dose=dose, n_digits=1)
                    .assign(log_likelihood=values.ravel(), correct=values.ravel() > -0.3)
                )
    return pd.concat(frames, ignore_index=True)


def test_where_one_part_of_a_benefit_is_the_same_for_all_the_other_does_not_decide_alone():
    found = trials({}).assign(correct=lambda one: one["content"] != "masked")
    for rule, version in ((benefit, 2), (computation, 1)):
        gain = rule(Trials(found, plan(version)), "steps", plan(version))
        assert (gain.estimate, np.isnan(gain.low), judge(gain, 0.01).verdict) == (0, True, UNDECIDED)


def verdicts(found: pd.DataFrame) -> tuple[str, str, str]:
    """What is said of a world: by version 1, and by version 2 of a benefit and of a cost."""
    old, new = plan(1), plan(2)
    first = computation(Trials(found, old), "computation", old)
    margin = new.margin("computation")
    gain = benefit(Trials(found), "computation", new)
    cost = contrast(Trials(found), "nothing", new, sign=-1)
    return tuple(judge(one, margin).verdict for one in (first, gain, cost))  # both versions have one margin


@pytest.mark.parametrize(
    ("own", "matched", "version_1", "version_2"),
    [
        # A: a pause gains 1 nat over nothing and over the hidden one, and an unknown vector gains more in the match
        ({"pauses": 1.0}, {"pauses": 1.3}, OPPOSITE, (LARGER, OPPOSITE)),
        ({"pauses": -1.0}, {"pauses": -1.3}, OPPOSITE, (SMALLER, LARGER)),
        # B: a pause does what the hidden one does, and an unknown vector hurts the match
        ({"pauses": 0.12, "masked": 0.12}, {"pauses": -0.2}, LARGER, (SMALLER, OPPOSITE)),
        ({"pauses": -0.12, "masked": -0.12}, {"pauses": 0.2}, OPPOSITE, (SMALLER, LARGER)),
        # C: a pause does worse than the hidden one, which gains by its place
        ({"pauses": 0.12, "masked": 0.2}, {"pauses": -0.2}, LARGER, (SMALLER, OPPOSITE)),
        ({"pauses": -0.12, "masked": -0.2}, {"pauses": 0.2}, OPPOSITE, (SMALLER, LARGER)),
        # and where nothing does anything
        ({}, {}, UNDECIDED, (SMALLER, EQUIVALENT)),
    ],
)
def test_the_worlds_that_fool_version_1_do_not_fool_version_2(own, matched, version_1, version_2):
    found = trials({OWN: own, MATCHED: matched})
    assert verdicts(found) == (version_1, *version_2)


def test_that_training_teaches_the_use_of_pauses_is_a_claim_beside_the_benefit():
    world_b = trials({OWN: {"pauses": 0.12, "masked": 0.12}, MATCHED: {"pauses": -0.2}})
    taught = contrast(Trials(world_b), "teaching", plan(2))
    assert taught.low > 0.1
    assert taught.estimate == pytest.approx(0.2, abs=0.05)


def test_opposite_effects_at_easy_and_hard_results_are_seen_and_not_averaged_to_none():
    found = trials({}, at_hard={OWN: {"pauses": 0.3}})
    margin = plan(2).margin("computation")
    gain = benefit(Trials(found), "computation", plan(2))
    assert abs(gain.estimate) < 0.05
    judgement = judge(gain, margin)
    assert (judgement.verdict, judgement.doubt) == (UNDECIDED, DEPENDS)
    line = Trials(found).slope("nothing", OWN)
    assert line.low > 0.3
    assert line.easy < -0.1 < 0.1 < line.hard
    same = Trials(trials({OWN: {"pauses": 0.3}})).slope("nothing", OWN)
    assert same.low < 0 < same.high
    assert judge(slope(Trials(found), plan(2)), plan(2).margin("slope")).verdict == LARGER
    flatter = Trials(trials({}, spread=0.03, at_hard={OWN: {"pauses": 0.3, "masked": 0.3}}))  # both disturb
    assert flatter.slope("nothing", OWN).low > 0.3
    assert judge(slope(flatter, plan(2)), plan(2).margin("slope")).verdict == SMALLER
    unknown = Trials(found[found["variant"] != FIRST_STEP])  # how hard a result is
    estimates = benefit(unknown, "computation", plan(2)), slope(unknown, plan(2))
    assert [one.doubt for one in estimates] == [NOT_FINISHED] * 2


def test_a_slope_is_that_of_the_line_that_was_planted():
    found = trials({}, problems=60)
    difficulty = Trials(found).difficulty
    pause = (found["variant"] == OWN) & (found["content"] == "pauses")
    nothing = (found["variant"] == OWN) & (found["content"] == "nothing")
    keys = pd.MultiIndex.from_frame(found.loc[pause, ["problem_id", "result"]])
    base = found[nothing].set_index(["seed", "problem_id", "result"])["log_likelihood"]
    of_pause = base.reindex(pd.MultiIndex.from_frame(found.loc[pause, ["seed", "problem_id", "result"]])).to_numpy()
    found.loc[pause, "log_likelihood"] = of_pause - 0.1 + 0.5 * difficulty.reindex(keys).to_numpy()
    line = Trials(found).slope("nothing", OWN)
    assert line.slope == pytest.approx(0.5)
    assert (line.easy, line.hard) == pytest.approx((-0.1, 0.4))


def test_a_condition_that_one_seed_lacks_leaves_the_claim_undecided():
    found = trials({OWN: {"pauses": 1.0}})
    lacking = found[~((found["seed"] == 43) & (found["variant"] == OWN) & (found["content"] == "masked"))]
    incomplete = map(Trials, (lacking, found[found["content"] != "masked"], found[found["variant"] != OWN]))
    start_of_one, seeds = found[(found["variant"] != FIRST_STEP) | (found["seed"] == 43)], set(found["seed"])
    for some in (*incomplete, Trials(found, seeds=seeds | {99}), Trials(start_of_one, seeds=seeds)):
        assert benefit(some, "computation", plan(2)).doubt == NOT_FINISHED
    others = found[~((found["seed"] == 43) & (found["variant"] == MATCHED) & (found["content"] == "masked"))]
    assert benefit(Trials(others), "computation", plan(2)).low > 0.9  # the match is no part of it
    assert contrast(Trials(others), "teaching", plan(2)).doubt == NOT_FINISHED


def test_a_benefit_is_doubted_with_few_problems_or_without_a_control_that_shows():
    few = trials({OWN: {"pauses": 1.0}}, problems=39)
    assert benefit(Trials(few), "computation", plan(2)).doubt == FEW_PROBLEMS
    blind = trials({OWN: {"pauses": 1.0, "given": -2.0}})
    assert benefit(Trials(blind), "computation", plan(2)).doubt == NO_CONTROL


def test_every_contrast_sums_to_nothing():
    for what, terms in [*CONTRASTS[1].values(), *CONTRASTS[2].values()]:
        assert sum(weight for weight, _, _ in terms) == 0, what


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


def of_version_1(*intervals, problems: int = 100) -> Estimate:
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
    found = judged_claim(plan(1), "computation", of_version_1(beyond_masked, above_nothing, control))
    assert (found["verdict"], found["doubt"]) == (verdict, doubt)
    few = judged_claim(plan(1), "computation", of_version_1(beyond_masked, above_nothing, control, problems=39))
    assert (few["verdict"], few["doubt"]) == (UNDECIDED, FEW_PROBLEMS)


def test_the_benefit_is_the_smaller_of_the_two_and_its_high_end_is_corrected():
    assert of_version_1((0, 4), (1, 2), SHOWN)[:4] == pytest.approx((1.5 * MARGIN, 0, 2.1 * MARGIN, 0.1))
    for missing in ((None, (1, 2), SHOWN), ((1, 2), None, SHOWN), (None, None, None)):
        found = of_version_1(*missing)
        assert (found.doubt, np.isnan(found.estimate)) == (NOT_FINISHED, True)
