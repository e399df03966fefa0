"""Contrasts of insertion trials, by hand: two problems with two results each."""

import numpy as np
import pandas as pd
import pytest
from conftest import save_outcomes

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import FEW_PROBLEMS, NOT_FINISHED
from pauselib.analysis.tables.contrasts import Trials, outcomes
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


def table(likelihoods: dict, seed: int = 42) -> pd.DataFrame:
    """The outcomes as `trials.outcomes` has them; a result is correct where its log likelihood is above -1.5."""
    lines = [
        (seed, *result, variant, *condition, likelihood, 1, likelihood > -1.5)
        for (variant, condition), values in likelihoods.items()
        for result, likelihood in zip(RESULTS, values)
    ]
    columns = ["seed", "problem_id", "result", "variant", "site", "content", "dose"]
    return pd.DataFrame(lines, columns=[*columns, "log_likelihood", "n_digits", "correct"])


@pytest.fixture
def trials() -> Trials:
    return Trials(table(LIKELIHOODS))


def estimates(found: pd.DataFrame) -> dict[str, float]:
    return dict(zip(found["contrast"], found["estimate"].round(6)))


def test_hard_results_are_those_that_the_first_step_s_model_finds_less_likely_than_the_median(trials):
    assert trials.hard.to_dict() == dict(zip(RESULTS, [False, True, False, True]))
    assert (trials.variants, trials.contrasts(MATCHED).empty) == (["sft_peft"], True)  # a baseline has no contrast
    at_the_median = Trials(table({(START, NOTHING): [-1.0, -3.0, -2.0, -2.0]}))
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
    of_steps = estimates(trials.contrasts("sft_peft", "correct"))
    assert of_steps["above nothing"] == 1.0  # of hard results, from none right to all


def test_a_seed_that_lacks_a_model_is_left_out():
    other = {key: values for key, values in LIKELIHOODS.items() if key[0] != MATCHED}
    found = Trials(pd.concat([table(LIKELIHOODS), table(other, seed=43)], ignore_index=True))
    lines = found.contrasts("sft_peft").set_index("contrast")
    assert lines.loc["beyond masked", "seeds"] == 1
    assert lines.loc["above nothing", "seeds"] == 2


def test_the_tables_of_gains_sites_and_nothing_put_in(trials):
    gains = trials.gains().set_index(["variant", "content"])["estimate"]  # against nothing, at the same results
    assert (gains["sft_peft", "pauses"], gains[MATCHED, "masked"]) == (np.mean([1.0, 2.0]), -0.5)
    assert ("sft_peft", "nothing") not in gains
    sites = trials.by_site("sft_peft")
    assert sites[["contrast", "site"]].to_numpy().tolist() == [["beyond masked", "step"], ["above nothing", "step"]]
    assert sites["p_holm"].to_list() == sites["p"].to_list()
    without = trials.without.set_index(["variant", "results"])
    assert without.loc[("sft_peft", "hard"), "log_likelihood"] == -2.5
    assert without.loc[("sft_peft", "all"), "step_accuracy"] == 0.5


@pytest.mark.parametrize("left", [{}, {("sft_peft", NOTHING): LIKELIHOODS["sft_peft", NOTHING]}])
def test_where_a_trial_is_missing_the_tables_are_there_and_nothing_is_decided(left):
    found = Trials(table(left))
    assert found.contrasts("sft_peft")["estimate"].isna().all()
    assert found.by_site("sft_peft").empty
    assert found.gains().empty
    assert set(found.without["results"]) == ({"all"} if left else set())


def test_the_finished_trials_are_read_and_stale_ones_are_not(tmp_path):
    settings = Settings(runs_dir=str(tmp_path), variants=["sft_peft", "sft"], trials=["sft_peft", "sft_fr_phead"])
    assert outcomes(settings).empty
    for name in ("sft_peft", START, "sft"):
        mine = table({("sft_peft", NOTHING): [0.0, 0.0, 0.0, 0.0]}).drop(columns=["seed", "variant"])
        save_outcomes(settings.but(variant=name), mine)
    found = outcomes(settings)
    assert found.groupby(["seed", "variant"]).size().to_dict() == {(42, START): 4, (42, "sft_peft"): 4}
    (settings.but(variant=START).variant_folder() / "trial" / "trials.parquet").write_bytes(b"")
    assert set(outcomes(settings)["variant"]) == {"sft_peft"}


def test_of_the_registered_experiment_only_the_registered_problems_count():
    found = table(LIKELIHOODS).replace({"problem_id": {"test-1": "test-25"}})
    registered = Trials.of(Settings(experiment=plan().experiment), found)
    assert set(registered.outcomes["problem_id"]) == {"test-25"}
    assert set(Trials.of(Settings(), found).outcomes["problem_id"]) == {"test-0", "test-25"}
