"""The registered plan: what it has, what is refused, and which replies count."""

import math

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from pauselib.analysis.claims.preregistration import FILES, Preregistration, plan, settings_digest
from pauselib.manifests import manifest_digest
from pauselib.settings import Settings, of_experiment
from pauselib.settings.yaml_text import read_config


def test_the_plan_is_the_one_that_was_registered():
    margins = {"accuracy": 0.01, "sites": 0.1, "log_likelihood": 0.05, "step_accuracy": 0.01}
    assert {name: one.value for name, one in plan(1).margins.items()} == margins
    assert all(one.reason.startswith("A choice. ") for one in plan(1).margins.values())
    assert list(plan(1).claims) == ["best", "embedding", "incorrect", "forbidden", "computation", "steps"]
    assert (plan(1).primary, plan(1).level) == ("computation", 0.95)
    assert [name for name, claim in plan(1).claims.items() if claim.says == "equivalent"] == ["embedding"]
    assert plan(1).margin("forbidden") == plan(1).margin("best") == 0.01


@pytest.mark.parametrize("version", [1, 2])
def test_the_registered_experiment_is_the_one_that_is_shipped(version):
    registered = plan(version)
    shipped = of_experiment(read_config(ROOT / "configs" / f"{registered.experiment}.yaml"))
    named = (registered.experiment, registered.n_train, registered.seeds)
    assert (shipped.experiment, shipped.n_train, shipped.seeds) == named
    assert (shipped.skip_test, shipped.skip_test + shipped.n_test - 1) == registered.test_problems
    if version > 1:
        assert settings_digest(shipped) == registered.digest
        assert (shipped.model, shipped.dataset) == (registered.model, registered.dataset)
        assert manifest_digest(ROOT / shipped.start_from) == registered.inputs["given"]


@pytest.mark.parametrize("entry", [{"level": 0.3}, {"more": 1}])
def test_what_is_no_plan_is_refused(entry):
    with pytest.raises(ValueError, match="1 validation error"):
        Preregistration(**yaml.safe_load(FILES[1].read_text()) | entry)


def test_version_2_has_one_primary_claim_and_each_claim_a_margin():
    second = plan(2)
    assert (second.version, second.primary, next(iter(second.claims))) == (2, "computation", "computation")
    assert all(second.margin(name) > 0 for name in second.claims)
    assert second.status("tiny", [42]) == second.status("", [42]) == "not registered"
    right = 0.3  # of the problems, by three results in a row and a bit: 0.05 nats of half of them are 2.5 points
    gained = right * math.exp(3.2 * second.margin("computation") / 2) - right
    assert gained == pytest.approx(second.margin("training"), abs=0.001)


def test_registered_means_the_same_settings_and_not_just_the_same_name(tmp_path):
    settings = Settings(experiment="mine", seeds=[42])
    digest = settings_digest(settings)
    mine = plan(2).model_copy(update={"experiment": "mine", "seeds": (42,), "digest": digest})
    assert mine.status("mine", [42], digest) == "registered"
    assert mine.status("mine", [], digest) == "registered, unfinished"
    for other in ({"max_steps": 7}, {"n_train": 9}, {"learning_rate": 1e-5}, {"seeds": [42, 43]}):
        assert mine.status("mine", [42], settings_digest(settings.but(**other))) == "not registered"
    for same in ({"runs_dir": str(tmp_path)}, {"variant": "sft"}, {"seed": 7}, {"max_pauses": 0}):
        assert settings_digest(settings.but(**same)) == digest
    elsewhere = [settings_digest(settings.but(dataset=str(tmp_path / place / "gsm8k"))) for place in "ab"]
    assert elsewhere[0] == elsewhere[1] != digest


def test_only_the_registered_problems_count_and_only_in_the_registered_experiment():
    replies = pd.DataFrame({"problem_id": [f"test-{i}" for i in (0, 24, 25, 524, 525)]})
    registered = Settings(experiment=plan(1).experiment)
    assert plan(1).registered_part(replies, registered)["problem_id"].to_list() == ["test-25", "test-524"]
    assert plan(1).registered_part(replies[:0], registered).empty
    for by, other in ((1, "tiny"), (2, plan(2).experiment)):  # the second has the registered name alone
        assert plan(by).registered_part(replies, Settings(experiment=other)).equals(replies)


def test_the_status_is_that_of_the_experiment_and_its_seeds():
    assert plan(1).status("tiny", plan(1).seeds) == "not registered"
    assert plan(1).status(plan(1).experiment, plan(1).seeds) == "registered"
    assert plan(1).status(plan(1).experiment, plan(1).seeds[:-1]) == "registered, unfinished"
