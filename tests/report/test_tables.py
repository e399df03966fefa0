"""The table in the published layout, from three hand-written replies a variant; and tables rounded for reading."""

import math

import pandas as pd
import pytest

from pauselib.analysis.loading import results
from pauselib.report import tables
from pauselib.report.tables import rounded, table_html
from pauselib.settings import Settings


@pytest.fixture
def displayed(monkeypatch):
    """The HTML that a notebook was given to show."""
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda html: shown.append(html.data))
    return shown


def test_the_table_has_a_row_for_every_variant_and_shows_what_is_missing(by_hand):
    text = tables.as_published(results(by_hand)).set_index("variant")
    assert text.loc["sft", "Pauses per reply"] == "4.00"
    assert text.loc["sft", "Pauses (correct)"] == "1.50"
    assert text.loc["sft", "Pauses (incorrect)"] == "9.00"
    assert text.loc["sft_peft", "lora"] == "×"
    assert text.loc["sft", "lora"] == ""
    assert (text.loc["sft_fr_phead", ["Test accuracy", "Eval loss", "Replies"]] == "–").all()
    assert "seed" not in text


def test_the_best_accuracy_and_the_best_eval_loss_of_the_pausing_variants_are_bold(by_hand):
    text = tables.as_published(results(by_hand)).set_index("variant")
    assert text["Test accuracy"].to_dict() == {
        "sft": "**0.667**",
        "sft_peft": "0.333",
        "sft_fr_phead": "–",
        "baseline_1_epoch": "**0.667**",
    }
    assert text["Eval loss"].to_dict() == {
        "sft": "0.5000",
        "sft_peft": "**0.2500**",
        "sft_fr_phead": "–",
        "baseline_1_epoch": "0.1000",
    }


def test_the_intervals_of_one_and_two_of_three(by_hand):
    assert tables.as_published(results(by_hand)).set_index("variant")["95 % interval"].to_dict() == {
        "sft": "0.208–0.939",
        "sft_peft": "0.061–0.792",
        "sft_fr_phead": "–",
        "baseline_1_epoch": "0.208–0.939",
    }


def test_with_nothing_finished_every_number_is_a_dash(tmp_path):
    text = tables.as_published(results(Settings(runs_dir=str(tmp_path))))
    numbers = [heading for heading, _ in tables.LAYOUT.values()]
    assert (text[numbers] == "–").all(axis=None)


def test_several_seeds_have_a_column(by_hand):
    text = tables.as_published(results(by_hand.but(seeds=(42, 43))))
    assert text.columns[:2].to_list() == ["seed", "variant"]
    assert text["seed"].to_list() == [42] * 4 + [43] * 4


def test_what_is_marked_is_bold_and_text_is_escaped(by_hand):
    text = tables.as_published(results(by_hand))
    html = tables.styled(text.assign(variant="<b>")).to_html()
    assert "&lt;b&gt;" in html
    assert "**" not in html
    assert html.count("font-weight: bold") == 1  # of the cells that share it


def test_numbers_are_rounded_for_reading():
    assert rounded(pd.Series([500.0, None, 1000.0])) == ["500", "–", "1,000"]
    assert rounded(pd.Series([0.12345, -0.5, 12.34, 0.00012, math.inf])) == ["0.123", "-0.500", "12.3", "0.00012", "∞"]
    assert rounded(pd.Series([1e-19, 0.25])) == ["0.000", "0.250"]
    assert rounded(pd.Series([1e-19, 0.25], name="p_holm")) == ["<0.001", "0.250"]
    assert rounded(pd.Series([True, False])) == ["yes", "no"]
    assert rounded(pd.Series(["a", None])) == ["a", "–"]


def test_a_table_s_cells_are_escaped_and_keep_their_exact_numbers():
    html = table_html(pd.DataFrame({"what_it_is": ["<i>"], "n": [0.12345]}), "a & b")
    assert html == (
        "<table><caption>a &amp; b</caption>"
        '<thead><tr><th scope="col">what it is</th><th scope="col" class="number">n</th></tr></thead>'
        '<tbody><tr><td>&lt;i&gt;</td><td class="number" data-value="0.12345">0.123</td></tr></tbody></table>'
    )


def test_a_notebook_shows_text_from_the_left_and_numbers_from_the_right(displayed):
    tables.show_table(pd.DataFrame({"claim": ["<i>"], "n": [1]}))
    left = ' style="text-align: left"'
    assert displayed == [
        f'<table><thead><tr><th scope="col"{left}>claim</th><th scope="col" class="number">n</th></tr></thead>'
        f'<tbody><tr><td{left}>&lt;i&gt;</td><td class="number" data-value="1.0">1</td></tr></tbody></table>'
    ]


def test_a_notebook_says_where_a_table_has_no_rows(displayed):
    tables.show_table(pd.DataFrame({"claim": []}))
    assert displayed == ["<p>There are no rows.</p>"]
