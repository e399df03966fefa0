"""The registered plan: what it has, what is refused, and which replies count."""

import re
import subprocess

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from pauselib.analysis.claims import plan as module
from pauselib.analysis.claims.plan import FILE, commit_in_words, plan, read


def test_the_margins_are_those_that_were_chosen_each_with_a_reason():
    margins = {name: (one.value, one.reason) for name, one in plan().margins.items()}
    assert {name: value for name, (value, _) in margins.items()} == {
        "accuracy": 0.01,
        "sites": 0.1,
        "log_likelihood": 0.05,
        "step_accuracy": 0.01,
    }
    assert all(reason.startswith("A choice. ") for _, reason in margins.values())
    assert plan().margin("forbidden") == plan().margin("best") == 0.01
    assert plan().level == 0.95


def test_every_claim_says_what_is_estimated_and_the_primary_one_is_among_them():
    assert list(plan().claims) == ["best", "embedding", "incorrect", "forbidden", "computation", "steps"]
    assert plan().primary == "computation"
    assert {claim.says for name, claim in plan().claims.items() if name != "embedding"} == {"larger than the margin"}
    assert plan().claims["embedding"].says == "equivalent"


def test_the_registered_experiment_is_the_one_that_is_shipped():
    config = yaml.safe_load((ROOT / "configs" / f"{plan().experiment}.yaml").read_text())
    first, last = plan().test_problems
    assert (config["n_train"], tuple(config["seeds"])) == (plan().n_train, plan().seeds)
    assert (config["skip_test"], config["skip_test"] + config["n_test"] - 1) == (first, last)
    assert plan().is_registered(config["experiment"])


def test_no_margin_is_typed_anywhere_else():
    """The numbers of the plan stand in the plan: nothing in the package has a constant that is named a margin."""
    typed = re.compile(r"^\s*\w*(margin|threshold)\w*\s*(: float)?\s*=\s*[0-9.]", re.IGNORECASE | re.MULTILINE)
    assert [path.name for path in (ROOT / "pauselib").rglob("*.py") if typed.search(path.read_text())] == []


def given(**changes) -> dict:
    """The plan as it is written, with some of it changed."""
    return {**yaml.safe_load(FILE.read_text()), **changes}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"level": 0.3}, "prereg.yaml is no plan: level: Input should be greater than 0.5"),
        ({"margins": {}}, "the claim 'best' has the margin 'accuracy', which is not one of the margins"),
        ({"primary": "none"}, "the primary outcome 'none' is not one of the claims"),
        ({"another": 1}, "prereg.yaml is no plan: another: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_plan_is_refused_in_a_sentence(changes, says, tmp_path):
    path = tmp_path / "prereg.yaml"
    path.write_text(yaml.safe_dump(given(**changes)))
    with pytest.raises(ValueError, match=re.escape(says)):
        read(path)


def test_a_plan_that_is_missing_or_no_yaml_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"The plan of the analysis is not at .*: it comes with"):
        read(tmp_path / "prereg.yaml")
    for text in ("a: [", "- 1", ""):
        (tmp_path / "prereg.yaml").write_text(text)
        with pytest.raises(ValueError, match=r"prereg\.yaml is no plan"):
            read(tmp_path / "prereg.yaml")


def test_only_the_registered_problems_count_and_only_in_the_registered_experiment():
    replies = pd.DataFrame({"problem_id": [f"test-{i}" for i in (0, 24, 25, 524, 525)]})
    kept = plan().registered_part(replies, plan().experiment)
    assert kept["problem_id"].to_list() == ["test-25", "test-524"]
    assert plan().registered_part(replies, "tiny").equals(replies)
    empty = pd.DataFrame(columns=["problem_id"])
    assert plan().registered_part(empty, plan().experiment).empty


def test_the_status_says_what_is_registered_and_what_is_not():
    registered, seeds = plan().experiment, plan().seeds
    assert plan().status("tiny", seeds).startswith("All of this is exploratory: prereg.yaml (digest ")
    assert plan().status(registered, seeds).startswith("These outcomes are registered in prereg.yaml (digest ")


def test_the_registered_experiment_without_one_of_its_seeds_is_an_interim_look():
    said = plan().status(plan().experiment, plan().seeds[:-1])
    assert said.startswith("This is an interim look at the experiment that is registered in prereg.yaml (digest ")
    assert f"these are not finished: {plan().seeds[-1]}. No verdict here is the registered one" in said


def test_the_commit_is_that_of_the_file_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "prereg.yaml"
    path.write_text("a: 1\n")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_in_words(path) == "its commit unknown"

    def git(*words):
        who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    git("add", "prereg.yaml")
    git("commit", "-qm", "the plan")
    assert re.fullmatch(r"commit [0-9a-f]{7,} of \d{4}-\d\d-\d\d", commit_in_words(path))
    path.write_text("a: 2\n")
    assert commit_in_words(path) == "not yet committed as it is"
    monkeypatch.setattr(module.subprocess, "run", lambda *args, **kwargs: (_ for _ in ()).throw(OSError))
    assert commit_in_words(path) == "its commit unknown"
