"""How tables are shown: words, one precision, intervals as one column, details; as HTML, text and LaTeX."""

import math

import pandas as pd
import pytest

from pauselib.figures.headline import claims_as_read
from pauselib.figures.tables import columns_of, latex, main_columns, table_html, with_details

TABLE = pd.DataFrame({"variant": ["sft_peft"], "difference": [-0.25], "low": [-0.5], "high": [0.125], "n": [500]})


def test_an_estimate_and_its_interval_have_one_precision_and_the_interval_is_one_column():
    table = pd.DataFrame({"variant": ["sft", "b"], "difference": [0.0, None], "low": [-0.02, None], "high": [1, None]})
    variant, difference, interval = columns_of(table)
    assert variant.texts == ["sft", "b"]
    assert (difference.heading, difference.texts) == ("Difference", ["0.000", "–"])
    assert (interval.heading, interval.texts) == ("95 % interval", ["-0.020 to 1.000", "–"])
    assert [column.is_number for column in columns_of(table)] == [False, True, True]
    beside = pd.DataFrame({"accuracy": [0.5], "n": [10], "accuracy_low": [0.2], "accuracy_high": [0.8]})
    assert [column.name for column in columns_of(beside)] == ["accuracy", "accuracy_low", "n"]
    apart = pd.DataFrame({"variant": ["sft"], "low": [0.0], "high": [0.05]})
    assert [column.texts for column in columns_of(apart)] == [["sft"], ["0.000 to 0.050"]]


@pytest.mark.parametrize(
    ("name", "values", "shown"),
    [
        ("value", [500.0, None, 1000.0], ["500", "–", "1,000"]),
        ("value", [0.12345, -0.5, 12.34, math.inf], ["0.123", "-0.500", "12.340", "∞"]),
        ("value", [10.5, 1234.56], ["10.5", "1,234.6"]),
        ("value", [-0.0001, 0.5], ["-0.000", "0.500"]),  # its sign is left
        ("value", [-1e-18, 0.25], ["0.000", "0.250"]),
        ("value", [True, False], ["yes", "no"]),
        ("seed", [20261128], ["20261128"]),  # a name
        ("value", ["a_b", None], ["a_b", "–"]),
        ("p_holm", [1e-19, 0.25, 1.0], ["<0.001", "0.250", "1.000"]),  # never zero
    ],
)
def test_the_numbers_of_a_column_have_one_precision(name, values, shown):
    (column,) = columns_of(pd.DataFrame({name: values}))
    assert column.texts == shown


def test_what_most_readers_do_not_need_is_a_detail():
    columns = ["seed", "variant", "reference", "n", "difference", "low", "high", "p", "p_holm"]
    table = pd.DataFrame([[42, "sft", "b", 500, 0.1, 0.0, 0.2, 0.01, 0.02]], columns=columns)
    expected = ["Variant", "Difference", "95 % interval", "p, corrected (Holm)"]
    assert [column.heading for column in main_columns(table)] == expected
    several = pd.concat([table, table.assign(seed=43)])
    assert [column.heading for column in main_columns(several)] == ["Seed", *expected]


def test_cells_are_escaped_names_are_not_broken_and_numbers_are_set_from_the_right():
    html = table_html(pd.DataFrame({"what_it_is": ["<i> a_b"], "variant": ["a_b"], "n": [0.123], "accuracy": ["0.50"]}))
    assert '<td style="text-align: left">&lt;i&gt; a_<wbr>b</td><td style="text-align: left">a_b</td>' in html
    assert '<td class="number">0.123</td><td class="number">0.50</td>' in html


def test_the_details_are_behind_one_click_and_a_table_without_rows_is_a_sentence():
    main, _, everything = with_details(TABLE).partition("<details><summary>All 4 columns</summary>")
    assert ">500<" not in main
    assert ">500<" in everything
    assert with_details(TABLE[:0]) == "<p>There are no rows.</p>"


def test_latex_has_the_main_columns_and_minus_signs_and_escapes_text():
    lines = latex(TABLE.assign(variant="sft_peft & 50 %"), "over_seeds").splitlines()
    assert {"\\caption{Over seeds}", "\\label{tab:over_seeds}", "\\toprule"} <= set(lines)
    assert "\\begin{tabular}{lrr}" in lines
    assert "sft\\_peft \\& 50 \\% & $-$0.250 & $-$0.500 to 0.125 \\\\" in lines


def test_claims_are_read_decided_first_each_in_its_unit_with_a_colour_for_its_verdict():
    lines = [
        ("undecided", math.nan, math.nan, math.nan, "points", "There are too few problems."),
        ("undecided", 0.96, 0.88, 1.05, "", ""),
        ("opposite", -0.02, -0.03, -0.015, "points", ""),
        ("equivalent", 0.001, -0.0, 0.002, "nats", ""),
    ]
    table = pd.DataFrame(lines, columns=["verdict", "estimate", "low", "high", "unit", "doubt"])
    found = claims_as_read(table.assign(claim="a", what="w", says="equivalent", margin=0.01))
    assert found["verdict"].to_list() == ["opposite", "equivalent", "undecided", "undecided"]
    assert found["estimate and 95 % interval"].to_list() == [
        "-2.0 points (-3.0 to -1.5)",
        "+0.001 nats (+0.000 to +0.002)",
        "–",
        "0.96 (0.88 to 1.05)",
    ]
    assert found["margin"].to_list() == ["1.0 points", "0.010 nats", "1.0 points", "0.01"]
    assert found["doubt"].to_list() == ["", "", "There are too few problems.", ""]
    html = table_html(found)
    assert html.count("background") == 4  # the column of what a claim says has none
    assert len({html.split(f">{verdict}<")[0][-60:] for verdict in ("opposite", "equivalent", "undecided")}) == 3
