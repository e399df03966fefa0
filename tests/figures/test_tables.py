"""The table in the published layout, from three hand-written replies a variant; and tables rounded for reading."""

import pandas as pd
import pytest

from pauselib.analysis.tables.loading import results
from pauselib.figures import tables
from pauselib.figures.reply_html import NO_MATH
from pauselib.figures.tables import table_html
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


def test_an_eval_loss_on_answers_with_other_pauses_is_not_bold(by_hand):
    table = results(by_hand).replace({"variant": {"sft_peft": "sft_peft@word"}})
    assert tables.as_published(table)["Eval loss"].to_list() == ["**0.5000**", "0.2500", "–", "0.1000"]


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
    assert text.columns[:2].to_list() == ["variant", "seed"]
    assert text["seed"].to_list() == [42] * 4 + [43] * 4


def test_what_is_marked_is_bold_and_text_is_escaped(by_hand):
    columns = tables.results_columns(results(by_hand))
    columns[0].texts[0] = "<b>"
    html = tables.columns_html(columns)
    assert "&lt;b&gt;" in html
    assert "**" not in html
    assert html.count("<strong>") == 3  # two best accuracies, one best loss


def test_of_the_results_the_main_ones_are_no_details_and_can_be_sorted(by_hand):
    columns = {column.heading: column for column in tables.results_columns(results(by_hand))}
    assert [heading for heading, column in columns.items() if not column.detail] == [
        "Variant",
        "Test accuracy",
        "95 % interval",
        "Eval loss",
        "Pauses per reply",
    ]
    assert columns["Test accuracy"].numbers[:2] == [0.667, 0.333]
    assert columns["LoRA"].texts == ["", "×", "", "×"]


def test_a_table_s_cells_are_escaped_and_keep_their_exact_numbers():
    html = table_html(pd.DataFrame({"what_it_is": ["<i>"], "n": [0.12345]}), "a & b")
    assert html == (
        "<table><caption>a &amp; b</caption>"
        '<thead><tr><th scope="col">What it is</th><th scope="col" class="number detail">n</th></tr></thead>'
        '<tbody><tr><td>&lt;i&gt;</td><td class="number detail" data-value="0.12345">0.123</td></tr></tbody></table>'
    )


def test_a_notebook_shows_text_from_the_left_and_numbers_from_the_right(displayed):
    tables.show_table(pd.DataFrame({"claim": ["<i>"], "verdict": ["so"]}))
    left, ground = "text-align: left", "background: var(--jp-layout-color0, #fff)"
    fixed = f"{left}; position: sticky; left: 0; {ground}"
    assert displayed == [
        f'<div class="{NO_MATH}" style="overflow-x: auto"><table><thead><tr style="{ground}">'
        f'<th style="{fixed}" scope="col">Claim</th><th scope="col" style="{left}">Verdict</th></tr></thead>'
        f'<tbody><tr style="{ground}"><td style="{fixed}">&lt;i&gt;</td><td style="{left}">so</td></tr></tbody></table>'
        "</div>"
    ]


def test_a_notebook_has_the_details_behind_one_click(displayed):
    tables.show_table(pd.DataFrame({"variant": ["sft"], "difference": [0.5], "n": [500]}))
    main, _, everything = displayed[0].partition("<details><summary>All 3 columns</summary>")
    assert ">500<" not in main
    assert ">500<" in everything


def test_takeaways_are_prose(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda text: shown.append(text.data))
    takeaways = {"claim": ["Pauses help."], "verdict": ["undecided"], "doubt": ["By 0.1 points."], "low": [0.0]}
    tables.show_takeaways(pd.DataFrame(takeaways))
    assert shown == ["**Pauses help.** *Undecided.* By 0.1 points."]


def test_a_notebook_says_where_a_table_has_no_rows(displayed):
    tables.show_table(pd.DataFrame({"claim": []}))
    assert displayed == ["<p>There are no rows.</p>"]
