"""The registered plan: what it has, what is refused, and which replies count."""

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from pauselib.analysis.claims.preregistration import FILE, plan


def test_the_plan_is_the_one_that_was_registered():
    margins = {"accuracy": 0.01, "sites": 0.1, "log_likelihood": 0.05, "step_accuracy": 0.01}
    assert {name: one.value for name, one in plan().margins.items()} == margins
    assert all(one.reason.startswith("A choice. ") for one in plan().margins.values())
    assert list(plan().claims) == ["best", "embedding", "incorrect", "forbidden", "computation", "steps"]
    assert (plan().primary, plan().level) == ("computation", 0.95)
    assert [name for name, claim in plan().claims.items() if claim.says == "equivalent"] == ["embedding"]
    assert plan().margin("forbidden") == plan().margin("best") == 0.01


def test_the_registered_experiment_is_the_one_that_is_shipped():
    config = yaml.safe_load((ROOT / "configs" / f"{plan().experiment}.yaml").read_text())
    first, last = plan().test_problems
    assert (config["n_train"], tuple(config["seeds"])) == (plan().n_train, plan().seeds)
    assert (config["skip_test"], config["skip_test"] + config["n_test"] - 1) == (first, last)
    assert config["experiment"] == plan().experiment


@pytest.mark.parametrize("entry", [{"level": 0.3}, {"more": 1}])
def test_what_is_no_plan_is_refused(entry, tmp_path):
    path = tmp_path / "prereg.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(FILE.read_text()) | entry))
    with pytest.raises(ValueError, match="1 validation error"):
        plan(path)


def test_only_the_registered_problems_count_and_only_in_the_registered_experiment():
    replies = pd.DataFrame({"problem_id": [f"test-{i}" for i in (0, 24, 25, 524, 525)]})
    kept = plan().registered_part(replies, plan().experiment)
    assert kept["problem_id"].to_list() == ["test-25", "test-524"]
    assert plan().registered_part(replies, "tiny").equals(replies)
    assert plan().registered_part(replies[:0], plan().experiment).empty


def test_the_status_is_that_of_the_experiment_and_its_seeds():
    assert plan().status("tiny", plan().seeds) == "not registered"
    assert plan().status(plan().experiment, plan().seeds) == "registered"
    assert plan().status(plan().experiment, plan().seeds[:-1]) == "registered, unfinished"
