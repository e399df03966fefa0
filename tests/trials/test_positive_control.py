"""The trial on trained models of which it is known whether pauses compute in them: those of the notebook
`positive_control`, on many draws of problems.
"""

import nbformat
import numpy as np
import pytest
from conftest import ROOT

from pauselib.analysis.claims.preregistration import plan

DRAWS, SIZE, PROBLEMS = 100, 100, 1000
MARGIN = plan().margin("computation")


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


def benefits(page: dict, variant: str) -> int:
    """In how many draws of problems the trial calls the pauses of a model a benefit."""
    outcomes = page["outcomes"]
    problems, rng, n = outcomes["problem_id"].unique(), np.random.default_rng(0), 0
    for _ in range(DRAWS):
        drawn = outcomes[outcomes["problem_id"].isin(rng.choice(problems, SIZE, replace=False))]
        n += page["verdict"](page["read"](drawn), variant)["verdict"] == "benefit"
    return n


@pytest.mark.long
def test_a_benefit_is_seen_where_a_pause_computes_and_none_where_it_was_hidden(page):
    assert benefits(page, "model") >= 95
    assert benefits(page, "twin") <= 5


@pytest.mark.long
def test_the_model_needs_to_see_its_pause_and_the_twin_only_its_place(page):
    right = page["outcomes"].groupby(["variant", "content"])["correct"].mean()
    assert right["model"]["pauses"] > right["model"][["masked", "nothing"]].max() + 0.3
    assert right["twin"][["masked", "pauses"]].min() > right["twin"]["nothing"] + 0.05


@pytest.mark.long
def test_against_nothing_alone_the_twin_would_seem_to_gain(page):
    assert page["table"]["twin"].loc["nothing", "low"] > MARGIN
    assert page["table"]["twin"].loc["own", "high"] < MARGIN
