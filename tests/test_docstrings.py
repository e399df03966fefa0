"""The examples in the docstrings of the core are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("pauselib.variants", 4),
        ("pauselib.analysis.claims.verdicts", 2),
        ("pauselib.analysis.statistics.paired", 1),
        ("pauselib.analysis.claims.preregistration", 1),
        ("pauselib.tasks", 1),
        ("pauselib.injection.rows", 1),
        ("pauselib.decoding.interventions", 2),
        ("pauselib.analysis.why.places", 1),
        ("pauselib.analysis.why.positions", 2),
    ],
)
def test_an_example_gives_what_it_says(name, n):
    result = doctest.testmod(importlib.import_module(name))
    assert (result.failed, result.attempted) == (0, n)
