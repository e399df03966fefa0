"""The examples in the docstrings of the core are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("pauselib.variants", 4),
        ("pauselib.analysis.verdicts", 2),
        ("pauselib.analysis.paired", 1),
        ("pauselib.analysis.plan", 1),
        ("pauselib.tasks", 1),
        ("pauselib.rows", 1),
        ("pauselib.interventions", 2),
        ("pauselib.analysis.places", 1),
        ("pauselib.analysis.positions", 2),
    ],
)
def test_an_example_gives_what_it_says(name, n):
    result = doctest.testmod(importlib.import_module(name))
    assert (result.failed, result.attempted) == (0, n)
