"""How columns are shown: words, one precision a column, intervals as one column, details."""

import math

import pandas as pd
import pytest

from pauselib.figures.columns import columns_of


def texts(values: list, name: str = "value") -> list[str]:
    """The cells of a column of this name."""
    (column,) = columns_of(pd.DataFrame({name: values}))
    return column.texts


def test_an_estimate_and_its_interval_have_one_precision_and_the_interval_is_one_column():
    table = pd.DataFrame(
        {"variant": ["sft", "b"], "difference": [0.5, None], "low": [-0.0002, None], "high": [1, None]}
    )
    variant, difference, interval = columns_of(table)
    assert variant.texts == ["sft", "b"]
    assert (difference.heading, difference.texts) == ("Difference", ["0.5000", "–"])
    assert (interval.heading, interval.texts) == ("95 % interval", ["-0.0002 to 1.0000", "–"])
    assert interval.numbers[0] == -0.0002
    assert math.isnan(interval.numbers[1])


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([500.0, None, 1000.0], ["500", "–", "1,000"]),
        ([0.12345, -0.5, 12.34, math.inf], ["0.123", "-0.500", "12.340", "∞"]),
        ([10.5, 1234.56], ["10.5", "1,234.6"]),
        ([-0.00022, 0.5], ["-0.0002", "0.5000"]),
        ([-0.00001, 0.5], ["-0.0000", "0.5000"]),  # its sign is left
        ([0.00022, 0.5], ["0.000", "0.500"]),
        ([-1e-18, 0.25], ["0.000", "0.250"]),
        ([True, False], ["yes", "no"]),
        (["a_b", None], ["a_b", "–"]),
    ],
)
def test_the_numbers_of_a_column_have_one_precision(values, shown):
    assert texts(values) == shown


def test_a_p_value_has_three_decimals_and_is_never_zero():
    assert texts([1e-19, 0.25, 1.0], "p_holm") == ["<0.001", "0.250", "1.000"]


def test_what_most_readers_do_not_need_is_a_detail():
    columns = ["variant", "reference", "seeds", "n", "difference", "low", "high", "p", "p_holm"]
    shown = columns_of(pd.DataFrame([["sft", "b", 1, 500, 0.1, 0.0, 0.2, 0.01, 0.02]], columns=columns))
    main = [column.heading for column in shown if not column.detail]
    assert main == ["Variant", "Difference", "95 % interval", "p, corrected (Holm)"]
    seeds = pd.DataFrame({"variant": ["a", "b"], "seed": [42, 43]})
    assert [column.detail for column in columns_of(seeds)] == [False, False]
    assert [column.detail for column in columns_of(seeds[:1])] == [False, True]


def test_what_is_published_beside_ours_says_so():
    table = pd.DataFrame({"variant": ["sft"], "pauses_mean": ["1.57"], "pauses_mean_ours": [4.0]})
    assert [column.heading for column in columns_of(table)][1:] == [
        "Pauses per reply, published",
        "Pauses per reply, ours",
    ]
