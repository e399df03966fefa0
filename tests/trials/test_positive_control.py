"""The trial on the models of the notebook `positive_control`, in one of which a pause is known to compute."""

from collections import Counter

import nbformat
import numpy as np
import pytest
from conftest import ROOT

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import LARGER, SMALLER

pytestmark = pytest.mark.long
DRAWS, SIZE, PROBLEMS = 100, 400, 1000


@pytest.fixture(scope="module")
def page() -> dict:
    """What the notebook has defined by the time it comes to its picture, with the trial of more problems."""
    notebook, names = nbformat.read(ROOT / "notebooks" / "positive_control.ipynb", as_version=4), {}
    for cell in notebook.cells:
        if cell.source.startswith("## The picture"):
            return names
        if cell.cell_type == "code":
            exec(cell.source, names)
            names["n_problems"] = PROBLEMS


def verdicts(page: dict, variant: str) -> Counter:
    """How often each verdict on the pause of a model comes in draws of problems."""
    outcomes = page["outcomes"]
    problems, rng, found = outcomes["problem_id"].unique(), np.random.default_rng(0), Counter()
    for _ in range(DRAWS):
        drawn = outcomes[outcomes["problem_id"].isin(rng.choice(problems, SIZE, replace=False))]
        found[page["verdict"](page["read"](drawn, variant), variant)["verdict"]] += 1
    return found


def test_a_benefit_is_seen_where_a_pause_computes_and_none_where_it_was_hidden(page):
    assert verdicts(page, "model")[LARGER] >= 95
    of_twin = verdicts(page, "twin")
    assert of_twin[SMALLER] >= 90
    assert of_twin[LARGER] == 0


def test_the_model_reads_the_question_through_its_pause_and_the_twin_is_as_accurate_without(page):
    right = page["outcomes"].groupby(["variant", "content"])["correct"].mean()
    assert page["through_the_pause"] > 0.75
    assert right["model"]["pauses"] > right["model"][["masked", "nothing"]].max() + 0.3
    assert abs(right["twin"]["masked"] - right["model"]["pauses"]) < 0.1


def test_against_nothing_alone_the_twin_would_seem_to_gain(page):
    assert page["table"]["twin"].loc["nothing", "low"] > plan().margin("computation")
