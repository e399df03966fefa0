"""Contrasts and learning curves of insertion trials, by hand: two problems with two results each."""

import numpy as np
import pandas as pd
import pytest
from conftest import save_outcomes

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED
from pauselib.analysis.tables.contrasts import COLUMNS, Trials, outcomes
from pauselib.analysis.tables.curve import Curve
from pauselib.analysis.tables.loading import CHECKPOINT
from pauselib.settings import Settings

START, MATCHED = "baseline_1_epoch", "baseline_matched"
RESULTS = [("test-0", 0), ("test-0", 1), ("test-1", 0), ("test-1", 1)]
NOTHING, PAUSES, MASKED = ("", "nothing", 0), ("step", "pauses", 4), ("step", "masked", 4)
GIVEN = ("result", "given", 0)
LIKELIHOODS = {  # of the four results in turn; those of the start make the second and the fourth hard
    (START, NOTHING): [-1.0, -3.0, -1.0, -3.0],
    ("sft_peft", NOTHING): [-1.0, -2.0, -1.0, -3.0],
    ("sft_peft", PAUSES): [-1.0, -1.0, -1.5, -1.0],
    ("sft_peft", MASKED): [-1.0, -2.5, -1.0, -3.5],
    ("sft_peft", GIVEN): [0.0, 0.0, 0.0, 0.0],
    (MATCHED, NOTHING): [-1.0, -2.0, -1.0, -2.0],
    (MATCHED, PAUSES): [-1.0, -2.0, -1.0, -3.0],
    (MATCHED, MASKED): [-1.0, -2.5, -1.0, -2.5],
}
AT_STEPS = {  # the log likelihoods of the hard result of each problem; the other one is easy for all
    (0, START): {NOTHING: [-3.0, -5.0], PAUSES: [-9.0, -11.0], MASKED: [-4.0, -6.0]},
    (10, "sft_peft"): {NOTHING: [-2.0, -4.0], PAUSES: [-4.0, -8.0], MASKED: [-4.0, -4.0]},
    (10, MATCHED): {NOTHING: [-2.0, -4.0], PAUSES: [-8.0, -9.0], MASKED: [-3.0, -4.0]},
    (20, "sft_peft"): {NOTHING: [-2.0, -3.0], PAUSES: [-1.5, -2.0], MASKED: [-2.0, -3.0]},
    (20, MATCHED): {NOTHING: [-2.0, -4.0], PAUSES: [-8.0, -8.0], MASKED: [-3.0, -3.0]},
}


def table(likelihoods: dict, seed: int = 42) -> pd.DataFrame:
    """The outcomes as `trials.outcomes` has them; a result is correct where its log likelihood is above -1.5."""
    lines = [
        (seed, *result, variant, *condition, likelihood, likelihood > -1.5, 1)
        for (variant, condition), values in likelihoods.items()
        for result, likelihood in zip(RESULTS, values)
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def table_of(step: int, variant: str) -> pd.DataFrame:
    """The outcomes of a checkpoint in AT_STEPS, at 0 of the start."""
    by_condition = AT_STEPS[step, variant].items()
    likelihoods = {(variant, condition): [a, -0.5, b, -0.5] for condition, (a, b) in by_condition}
    return table(likelihoods).assign(step=step)


def curve_of(*steps: int) -> Curve:
    """The learning curve of some of the steps in AT_STEPS."""
    return Curve.of(Settings(plan=1), pd.concat([table_of(*one) for one in AT_STEPS if one[0] in steps]))


@pytest.fixture
def trials() -> Trials:
    return Trials(table(LIKELIHOODS), plan(1))


def estimates(found: pd.DataFrame) -> dict[str, float]:
    return dict(zip(found["contrast"], found["estimate"].round(6)))


def test_hard_results_are_those_that_the_first_step_s_model_finds_less_likely_than_the_median(trials):
    assert trials.hard.to_dict() == dict(zip(RESULTS, [False, True, False, True]))
    assert (trials.variants, trials.contrasts(MATCHED).empty) == (["sft_peft"], True)  # a baseline has no contrast
    at_the_median = Trials(table({(START, NOTHING): [-1.0, -3.0, -2.0, -2.0]}), plan(1))
    assert at_the_median.hard.to_list() == [False, True, False, False]


def test_the_registered_contrasts_by_hand(trials):
    found = trials.contrasts("sft_peft")
    by_hand = estimates(found)
    # pauses − masked: 1.5 and 2.5 in the variant, 0.5 and -0.5 after matched training
    assert by_hand["beyond masked"] == np.mean([1.5 - 0.5, 2.5 + 0.5])
    assert by_hand["above nothing"] == np.mean([1.0, 2.0])
    assert by_hand["control"] == np.mean([2.0, 3.0])
    assert by_hand["hard − easy"] == np.mean([1.0 - 0.0, 2.0 + 0.5])
    not_made = found.loc[found["doubt"] == NOT_FINISHED]  # their conditions were not
    assert not_made["contrast"].to_list() == ["against the start", "dose", "trained", "chosen"]
    assert not_made["estimate"].isna().all()
    line = found.set_index("contrast").loc["above nothing"]
    assert (line["seeds"], line["problems"], line["what"]) == (1, 2, "pauses − nothing, of sft_peft")
    assert (line["low"] < 1.5 < line["high"], line["verdict"], line["doubt"]) == (True, "undecided", FEW_PROBLEMS)
    assert estimates(trials.contrasts("sft_peft", "correct"))["above nothing"] == 1.0  # from no hard one right to all


def test_a_seed_that_lacks_a_model_is_left_out():
    other = {key: values for key, values in LIKELIHOODS.items() if key[0] != MATCHED}
    found = Trials(pd.concat([table(LIKELIHOODS), table(other, seed=43)], ignore_index=True), plan(1))
    lines = found.contrasts("sft_peft").set_index("contrast")
    assert lines.loc["beyond masked", "seeds"] == 1
    assert lines.loc["above nothing", "seeds"] == 2


def test_results_before_the_first_injected_pause_have_no_line_and_count_in_none_of_the_terms():
    injected, seen = ("injected", "pauses", 10), LIKELIHOODS["sft_peft", NOTHING]  # without any effect
    made = table({**LIKELIHOODS, ("sft_peft", injected): seen, (MATCHED, NOTHING): seen})
    found = Trials(made[(made["site"] != "injected") | (made["result"] == 1)], plan(2)).contrasts("sft_peft")
    assert [estimates(found)[name] for name in ("injected", "training")] == [0.0, 0.0]


def test_digits_behind_an_injected_pause_are_no_result():
    made = table({("", NOTHING): [-1.0] * 4, ("", PAUSES): [-1.0] * 4}).assign(n_digits=[3, 3, 3, 3, 3, 2, 3, 3])
    assert Trials(made).outcomes.groupby(["content", "result"]).size().to_list() == [2, 2, 2, 1]


def test_the_tables_of_gains_and_nothing_put_in(trials):
    gains = trials.gains().set_index(["variant", "content"])["estimate"]  # against nothing, at the same results
    assert (gains["sft_peft", "pauses"], gains[MATCHED, "masked"]) == (np.mean([1.0, 2.0]), -0.5)
    assert ("sft_peft", "nothing") not in gains
    without = trials.without.set_index(["variant", "results"])
    assert without.loc[("sft_peft", "hard"), "log_likelihood"] == -2.5
    assert without.loc[("sft_peft", "all"), "step_accuracy"] == 0.5


@pytest.mark.parametrize("left", [{}, {("sft_peft", NOTHING): LIKELIHOODS["sft_peft", NOTHING]}])
def test_where_a_trial_is_missing_the_tables_are_there_and_nothing_is_decided(left):
    found = Trials(table(left), plan(1))
    assert found.contrasts("sft_peft")["estimate"].isna().all()
    assert found.gains().empty
    assert set(found.without["results"]) == ({"all"} if left else set())


def test_of_the_registered_experiment_only_the_registered_problems_count():
    found = table(LIKELIHOODS).replace({"problem_id": {"test-1": "test-25"}})
    registered = Trials.of(Settings(experiment=plan(1).experiment, plan=1), found)
    assert set(registered.outcomes["problem_id"]) == {"test-25"}
    assert set(Trials.of(Settings(), found).outcomes["problem_id"]) == {"test-0", "test-25"}


def test_gains_of_a_curve_are_against_nothing_at_the_results_that_are_hard_for_the_start():
    curve = curve_of(0, 10, 20)
    found = curve.gains.set_index(["variant", "content", "step"])["estimate"].sort_index()
    assert found["sft_peft", "pauses"].to_dict() == {0: -6.0, 10: -3.0, 20: np.mean([0.5, 1.0])}
    assert found["sft_peft", "masked"].to_dict() == {0: -1.0, 10: -1.0, 20: 0.0}
    assert found[MATCHED, "pauses"].to_dict() == {0: -6.0, 10: -5.5, 20: -5.0}
    assert curve.variants == ["sft_peft", MATCHED]


def test_where_a_curve_ends_is_judged_by_the_plan_s_margin_where_there_are_problems_enough():
    curve = curve_of(0, 10, 20)
    (end,) = curve.ends.to_dict("records")
    assert (end["first_step"], end["first_gain"], end["last_step"], end["last_gain"]) == (0, -6.0, 20, 0.75)
    assert (end["outcome"], end["doubt"]) == ("undecided", FEW_PROBLEMS)
    copies = range(int(plan(1).guard("least_problems")))
    many = [curve.outcomes.assign(problem_id=curve.outcomes["problem_id"] + f"-{i}") for i in copies]
    (end,) = Curve(pd.concat(many), by=plan(1)).ends.to_dict("records")
    assert 0.6 < end["low"] < 0.75 < end["high"] < 0.9
    assert (end["outcome"], end["doubt"]) == ("gain", "")


def test_a_row_whose_prompts_have_pauses_has_no_step_0():
    found = curve_of(0, 10, 20).outcomes.replace({"variant": {"sft_peft": "sft_peft@prefix"}})
    mine = Curve.of(Settings(plan=1), found).gains.query("variant == 'sft_peft@prefix' and content == 'pauses'")
    assert list(zip(mine["step"], mine["estimate"])) == [(10, -3.0), (20, 0.75)]


def test_without_checkpoints_the_tables_of_a_curve_are_there_and_empty():
    for curve in (curve_of(0), Curve(curve_of(0).outcomes[:0], by=plan(1))):
        assert (curve.gains.empty, curve.ends.empty) == (True, True)


def test_the_finished_trials_are_read_and_those_not_asked_for_are_not(tmp_path):
    settings = Settings(runs_dir=str(tmp_path), variants=["sft_peft"], trial_checkpoints=[10, 20])
    for step, name in AT_STEPS:
        mine = table_of(step, name).drop(columns=["seed", "variant", "step"]).assign(n_digits=2)
        save_outcomes(settings.but(variant=name), mine, step or None)
    assert set(zip(outcomes(settings, CHECKPOINT)["step"], outcomes(settings, CHECKPOINT)["variant"])) == set(AT_STEPS)
    assert set(outcomes(settings.but(trial_checkpoints=[20]), CHECKPOINT)["step"]) == {0, 20}
    assert outcomes(settings.but(trial_checkpoints=[]), CHECKPOINT).empty
    assert set(outcomes(settings)["variant"]) == {START}  # of the last step
