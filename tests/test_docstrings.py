"""The examples in the docstrings of the core are true."""

import doctest
import importlib

import pytest

CLAIMS = ["analysis.claims.verdicts", "analysis.claims.preregistration", "analysis.statistics.paired"]
WHY = ["analysis.why.places", "analysis.why.positions"]


@pytest.mark.parametrize("name", ["variants", "tasks", "injection.rows", "decoding.interventions", *CLAIMS, *WHY])
def test_an_example_gives_what_it_says(name):
    result = doctest.testmod(importlib.import_module(f"pauselib.{name}"))
    assert result.failed == 0 < result.attempted
