"""The table in the published layout, from three hand-written replies a variant."""

from pauselib.analysis.loading import results
from pauselib.report import tables
from pauselib.settings import Settings


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
    assert (text[list(tables.HEADINGS.values())] == "–").all(axis=None)


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
