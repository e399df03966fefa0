"""Memory grows with the rows as their own size does, and by no more; the full sizes are in `benchmarks/memory.py`."""

import pytest

from benchmarks.memory import ANALYSIS, measure

FEW, MANY = 2_000, 8_000
MOST = {"clean rows": 14, ANALYSIS: 20}  # KB at the peak for a row of 133 tokens, whose ids and texts take 1 KB


@pytest.mark.parametrize("what", MOST)
def test_a_row_more_takes_few_kilobytes(what, tmp_path):
    few, many = (measure(what, size, tmp_path)["peak"] for size in (FEW, MANY))
    assert (many - few) * 1024 / (MANY - FEW) < MOST[what]
