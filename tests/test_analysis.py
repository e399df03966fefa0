"""The table, the pictures and the report, from three hand-written replies a variant."""

import json

import pandas as pd
import pytest

from pauselib import analysis, figures, report, scoring
from pauselib.settings import Settings


def reply(i: int, correct: bool, n_pauses: int, text: str = "#### 1") -> dict:
    return {
        "problem_id": f"test-{i}",
        "question": "1?",
        "gold": "1",
        "reply": text,
        "predicted": "1",
        "correct": correct,
        "n_pauses": n_pauses,
        "n_tokens": 3,
        "truncated": False,
    }


@pytest.fixture
def settings(tmp_path):
    """Three of four rows are finished: sft is right in 2 of 3, sft_peft in 1, the baseline in 2."""
    settings = Settings(runs_dir=str(tmp_path), experiment="by_hand", variants=["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"])
    finished = {
        "sft": ([reply(0, True, 1), reply(1, True, 2), reply(2, False, 9)], 0.5),
        "sft_peft": ([reply(0, True, 0), reply(1, False, 4), reply(2, False, 20)], 0.25),
        "baseline_1_epoch": ([reply(0, True, 0), reply(1, True, 0), reply(2, False, 0)], 0.1),
    }
    for name, (replies, eval_loss) in finished.items():
        folder = settings.but(variant=name).variant_folder()
        folder.mkdir(parents=True)
        (folder / "predictions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in replies))
        (folder / "metrics.json").write_text(json.dumps({**scoring.metrics(replies), "eval_loss": eval_loss, "made_from": {"inputs": {"model": "abc"}}}))
    return settings


def test_the_table_has_a_row_for_every_variant_and_shows_what_is_missing(settings):
    text = analysis.as_text(analysis.results(settings)).set_index("variant")
    assert text.loc["sft", "Pauses per reply"] == "4.00"
    assert text.loc["sft", "Pauses (correct)"] == "1.50"
    assert text.loc["sft", "Pauses (incorrect)"] == "9.00"
    assert text.loc["sft_peft", "lora"] == "×"
    assert text.loc["sft", "lora"] == ""
    assert (text.loc["sft_fr_phead", ["Test accuracy", "Eval loss", "Replies"]] == "–").all()


def test_the_best_accuracy_and_the_best_eval_loss_of_the_pausing_variants_are_bold(settings):
    text = analysis.as_text(analysis.results(settings)).set_index("variant")
    assert text["Test accuracy"].to_dict() == {"sft": "**0.667**", "sft_peft": "0.333", "sft_fr_phead": "–", "baseline_1_epoch": "**0.667**"}
    assert text["Eval loss"].to_dict() == {"sft": "0.5000", "sft_peft": "**0.2500**", "sft_fr_phead": "–", "baseline_1_epoch": "0.1000"}


def test_with_nothing_finished_all_rows_are_missing_and_the_command_is_named(tmp_path):
    settings = Settings(runs_dir=str(tmp_path))
    table, replies = analysis.results(settings), analysis.predictions(settings)
    assert analysis.finished(settings, table).startswith("0 of 20 rows are finished under tiny. `papermill notebooks/evaluate.ipynb out.ipynb -p variant sft ")
    assert (analysis.as_text(table)["Test accuracy"] == "–").all()
    assert not figures.accuracy_by_pauses(analysis.pausing(replies)).axes
    assert not figures.pause_histograms(replies).axes


def test_the_baselines_are_not_among_the_pausing_rows(settings):
    assert analysis.pausing(analysis.predictions(settings))["variant"].unique().tolist() == ["sft", "sft_peft"]


def test_artifacts_are_relative_paths_of_what_exists(settings):
    files = analysis.artifacts(settings).set_index("variant")
    assert files.loc["sft", "predictions"] == "seed-42/sft/predictions.jsonl"
    assert files.loc["sft", "model"] == "–"
    assert files.loc["sft_fr_phead", "predictions"] == "–"


def test_pause_counts_are_binned_alone_up_to_eight_then_in_doubling_ranges():
    which, labels = figures.bins(pd.Series([0, 8, 9, 15, 16, 40]), most=8)
    assert labels == ["0", "1", "2", "3", "4", "5", "6", "7", "8–15", "16–31", "32–63"]
    assert which.tolist() == [0, 8, 8, 8, 9, 10]


def test_the_bars_are_the_counts_of_correct_and_incorrect_replies(settings):
    replies = analysis.predictions(settings)
    figure = figures.accuracy_by_pauses(replies[replies["variant"] == "sft"])
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    n = len(heights) // 2
    assert heights[:n] == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert heights[n:] == [0, 0, 0, 0, 0, 0, 0, 0, 1]
    line = figure.axes[1].lines[0]
    assert line.get_ydata().tolist() == [1.0, 1.0, 0.0]


def test_the_report_is_one_file_that_needs_no_network_and_escapes_what_it_shows(settings):
    settings = settings.but(model="<script>alert(1)</script>")
    replies = analysis.predictions(settings)
    path = report.write(settings, analysis.results(settings), [{"title": "A <b>", "figure": figures.pause_histograms(replies), "caption": "c"}])
    html = path.read_text()
    assert "<script" not in html
    assert "A &lt;b&gt;" in html
    assert 'href="seed-42/sft/predictions.jsonl"' in html
    assert "src=" not in html
    assert "url(http" not in html


def test_the_report_shows_the_settings_that_the_files_were_made_from_not_the_defaults(settings):
    (settings.folder() / "data").mkdir()
    (settings.folder() / "data" / "made_from.json").write_text(json.dumps({"settings": {"n_copies": 7, "dataset": "theirs"}, "versions": {"numpy": "1.2.3"}}))
    for name, rate in (("sft", 0.25), ("sft_peft", 0.5)):
        (settings.but(variant=name).variant_folder() / "training.json").write_text(
            json.dumps({"made_from": {"settings": {"variant": name, "learning_rate": rate}}})
        )
    assert analysis.used(settings) == {"n_copies": "7", "dataset": "theirs", "numpy": "1.2.3", "learning_rate": "0.25, 0.5"}
    html = report.write(settings, analysis.results(settings), []).read_text()
    assert "<td>0.25, 0.5</td>" in html
    assert "test problems of &#39;theirs&#39;" in html


def test_the_same_results_give_the_same_report(settings):
    replies, table = analysis.predictions(settings), analysis.results(settings)
    first, second = (
        report.write(settings, table, [{"title": "t", "figure": figures.accuracy_by_pauses(replies), "caption": "c"}]).read_bytes() for _ in range(2)
    )
    assert first == second
