"""Learning curves of insertion trials, by hand: two problems with one hard result each, at steps 0, 10 and 20."""

import numpy as np
import pandas as pd
import pytest
from conftest import save_outcomes

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS
from pauselib.analysis.tables.contrasts import COLUMNS, outcomes
from pauselib.analysis.tables.curve import Curve
from pauselib.analysis.tables.loading import CHECKPOINT
from pauselib.settings import Settings

START, MATCHED = "baseline_1_epoch", "baseline_matched"
NOTHING, PAUSES, MASKED = ("", "nothing", 0), ("step", "pauses", 4), ("step", "masked", 4)
HARD = {  # the log likelihoods of the hard result of each of two problems
    (0, START): {NOTHING: [-3.0, -5.0], PAUSES: [-9.0, -11.0], MASKED: [-4.0, -6.0]},
    (10, "sft_peft"): {NOTHING: [-2.0, -4.0], PAUSES: [-4.0, -8.0], MASKED: [-4.0, -4.0]},
    (10, MATCHED): {NOTHING: [-2.0, -4.0], PAUSES: [-8.0, -9.0], MASKED: [-3.0, -4.0]},
    (20, "sft_peft"): {NOTHING: [-2.0, -3.0], PAUSES: [-1.5, -2.0], MASKED: [-2.0, -3.0]},
    (20, MATCHED): {NOTHING: [-2.0, -4.0], PAUSES: [-8.0, -8.0], MASKED: [-3.0, -3.0]},
}


def table(copies: int = 1) -> pd.DataFrame:
    """The outcomes as `contrasts.outcomes` has them; each problem also has a result that is easy for all."""
    lines = [
        (42, f"test-{problem}", result, variant, *condition, likelihood, result == 1, step)
        for (step, variant), conditions in HARD.items()
        for condition, values in conditions.items()
        for problem, value in enumerate(values * copies)
        for result, likelihood in enumerate((value, -0.5))
    ]
    return pd.DataFrame(lines, columns=[*COLUMNS, "step"])


@pytest.fixture
def curve() -> Curve:
    return Curve(table())


def test_gains_are_against_nothing_at_the_results_that_are_hard_for_the_start(curve):
    found = curve.gains.set_index(["variant", "content", "step"])["estimate"].sort_index()
    assert found["sft_peft", "pauses"].to_dict() == {0: -6.0, 10: -3.0, 20: np.mean([0.5, 1.0])}
    assert found["sft_peft", "masked"].to_dict() == {0: -1.0, 10: -1.0, 20: 0.0}
    assert found[MATCHED, "pauses"].to_dict() == {0: -6.0, 10: -5.5, 20: -5.0}
    assert curve.variants == ["sft_peft", MATCHED]


def test_where_a_curve_ends_is_judged_by_the_plan_s_margin_where_there_are_problems_enough(curve):
    (end,) = curve.ends.to_dict("records")
    assert (end["first_step"], end["first_gain"], end["last_step"], end["last_gain"]) == (0, -6.0, 20, 0.75)
    assert (end["outcome"], end["doubt"]) == ("undecided", FEW_PROBLEMS)
    many = Curve(table(copies=int(plan().guard("least_problems"))))
    (end,) = many.ends.to_dict("records")
    assert 0.6 < end["low"] < 0.75 < end["high"] < 0.9
    assert (end["outcome"], end["doubt"]) == ("gain", "")


def test_a_row_whose_prompts_have_pauses_has_no_step_0():
    found = table().replace({"variant": {"sft_peft": "sft_peft@prefix"}})
    mine = Curve.of(Settings(), found).gains.query("variant == 'sft_peft@prefix' and content == 'pauses'")
    assert mine["step"].tolist() == [10, 20]
    assert mine["estimate"].tolist() == [-3.0, 0.75]


@pytest.mark.parametrize("left", [[], [0]])
def test_without_checkpoints_the_tables_are_there_and_empty(left):
    curve = Curve.of(Settings(), table().query("step in @left"))
    assert (curve.gains.empty, curve.ends.empty) == (True, True)


def test_the_finished_trials_are_read_and_those_not_asked_for_are_not(tmp_path):
    settings = Settings(runs_dir=str(tmp_path), variants=["sft_peft"], trial_checkpoints=[10, 20])
    for step, name in HARD:
        mine = table().query("step == @step and variant == @name")
        save_outcomes(settings.but(variant=name), mine.drop(columns=["seed", "variant", "step"]), step or None)
    assert set(outcomes(settings, CHECKPOINT)[["step", "variant"]].itertuples(index=False, name=None)) == set(HARD)
    assert set(outcomes(settings.but(trial_checkpoints=[20]), CHECKPOINT)["step"]) == {0, 20}
    assert outcomes(settings.but(trial_checkpoints=[]), CHECKPOINT).empty
    assert set(outcomes(settings)["variant"]) == {START}  # of the last step
