"""Memory grows with the rows as their own size does, and by no more; the full sizes are in `benchmarks/memory.py`."""

import pytest

from benchmarks.memory import ANALYSIS, measure

FEW, MANY = 500, 4_500


@pytest.mark.parametrize(("what", "most"), [("clean rows", 10), (ANALYSIS, 40)])
def test_a_row_more_takes_few_kilobytes(what, most, tmp_path):
    few, many = (measure(what, size, tmp_path)["peak"] for size in (FEW, MANY))
    assert (many - few) * 1024 / (MANY - FEW) < most
