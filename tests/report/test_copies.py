"""Copies of a table in LaTeX and Markdown, written out."""

import pandas as pd

from pauselib.figures.columns import Column, columns_of
from pauselib.report.copies import latex, markdown, tex

TABLE = pd.DataFrame({"variant": ["sft_peft"], "difference": [-0.25], "low": [-0.5], "high": [0.125], "n": [500]})


def test_a_column_of_sentences_is_broken_into_lines_in_latex():
    table = pd.DataFrame({"claim": ["Pauses help.", "word " * 20], "estimate": [1.0, 2.0]})
    assert "\\begin{tabular}{p{0.33\\linewidth}r}" in latex(columns_of(table))


def test_latex_has_the_main_columns_and_minus_signs():
    assert latex(columns_of(TABLE), "50 % of a_b", "found") == (
        "\\begin{table}[htbp]\n\\centering\n\\caption{50 \\% of a\\_b}\n\\label{tab:found}\n"
        "\\begin{tabular}{lrr}\n\\toprule\nVariant & Difference & 95 \\% interval \\\\\n\\midrule\n"
        "sft\\_peft & $-$0.250 & $-$0.500 to 0.125 \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def test_markdown_has_the_main_columns():
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown(columns_of(TABLE)).splitlines()]
    assert rows[0] == ["Variant", "Difference", "95 % interval"]
    assert rows[2] == ["sft_peft", "-0.250", "-0.500 to 0.125"]


def test_what_is_marked_is_bold():
    columns = [Column("a", "Accuracy", ["**0.7**", "0.5"], [0.7, 0.5], detail=False)]
    assert "\\textbf{0.7} \\\\\n0.5 \\\\" in latex(columns)
    assert "**0.7**" in markdown(columns)


def test_text_that_latex_would_read_is_escaped():
    assert tex("a\\b {#1} x^2 ~ <0.1 & ∞") == (
        r"a\textbackslash{}b \{\#1\} x\textasciicircum{}2 \textasciitilde{} $<$0.1 \& $\infty$"
    )
    assert tex("sft - 5") == "sft - 5"


def test_a_table_without_rows_has_its_headings():
    assert "Variant" in latex(columns_of(TABLE[:0]))
    assert "Variant" in markdown(columns_of(TABLE[:0]))


def test_a_text_stays_in_its_row_and_is_no_html():
    columns = [Column("token", "Token", ["a\nb\x1b|<b>", "p <0.001"], [float("nan")] * 2, detail=False)]
    assert [line.strip("| ") for line in markdown(columns).splitlines()[2:]] == ["a b \\|&lt;b>", "p <0.001"]
    assert "a b |$<$b$>$ \\\\\np $<$0.001 \\\\" in latex(columns)
