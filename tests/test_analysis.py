"""The table, the pictures and the report, from three hand-written replies a variant."""

import json

import pandas as pd
import pytest
from conftest import SCRIPT

from pauselib.analysis import results as analysis
from pauselib.analysis.study import Study
from pauselib.report import document as report
from pauselib.report import figures, tables
from pauselib.report import style as drawing
from pauselib.settings import Settings


@pytest.fixture
def settings(by_hand):
    return by_hand


def test_the_table_has_a_row_for_every_variant_and_shows_what_is_missing(settings):
    text = tables.as_published(analysis.results(settings)).set_index("variant")
    assert text.loc["sft", "Pauses per reply"] == "4.00"
    assert text.loc["sft", "Pauses (correct)"] == "1.50"
    assert text.loc["sft", "Pauses (incorrect)"] == "9.00"
    assert text.loc["sft_peft", "lora"] == "×"
    assert text.loc["sft", "lora"] == ""
    assert (text.loc["sft_fr_phead", ["Test accuracy", "Eval loss", "Replies"]] == "–").all()


def test_the_best_accuracy_and_the_best_eval_loss_of_the_pausing_variants_are_bold(settings):
    text = tables.as_published(analysis.results(settings)).set_index("variant")
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


def test_with_nothing_finished_all_rows_are_missing_and_the_command_is_named(tmp_path):
    settings = Settings(runs_dir=str(tmp_path))
    table, replies = analysis.results(settings), analysis.predictions(settings)
    assert analysis.finished(settings, table).startswith(
        "0 of 21 rows are finished under tiny. `papermill notebooks/evaluate.ipynb out.ipynb -p variant sft "
    )
    assert (tables.as_published(table)["Test accuracy"] == "–").all()
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


def test_a_reply_s_tokens_and_the_steps_of_its_problem_stand_beside_it(settings):
    replies = analysis.with_tokens(settings, analysis.pausing(analysis.predictions(settings)))
    assert replies["variant"].tolist() == ["sft"] * 3 + ["sft_peft"] * 3
    assert replies["n_steps"].tolist() == [1, 0, 2] * 2
    assert replies["tokens"].map(len).tolist() == [3, 4, 11, 2, 6, 22]
    (settings.but(variant="sft").variant_folder() / "tokens.parquet").unlink()
    assert analysis.with_tokens(settings, analysis.predictions(settings))["variant"].unique().tolist() == [
        "sft_peft",
        "baseline_1_epoch",
    ]


def test_the_interval_of_two_of_three_is_wilson_s(settings):
    row = analysis.results(settings).set_index("variant").loc["sft"]
    z, p, n = 1.959964, 2 / 3, 3
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5,
    )
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert tables.as_published(analysis.results(settings)).set_index("variant")["95 % interval"].to_dict() == {
        "sft": "0.208–0.939",
        "sft_peft": "0.061–0.792",
        "sft_fr_phead": "–",
        "baseline_1_epoch": "0.208–0.939",
    }


def test_interventions_are_compared_with_the_plain_replies_of_the_same_model(intervened):
    table = Study(intervened).effects.set_index("intervention")
    assert table.index.tolist() == ["none", "max_pauses-0", "forced_pauses-2_forced_at-answer"]
    assert table["variant"].unique().tolist() == ["sft"]
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1, 0])
    assert table["difference"].tolist()[1:] == pytest.approx([1 / 3, -2 / 3])
    assert table["p"].tolist()[1:] == [1.0, 0.5]  # exact McNemar: one discordant problem, two discordant problems
    assert table["allowed"].tolist()[:2] == [float("inf"), 0]
    assert table["allowed"].isna().tolist() == [False, False, True]
    assert table["pauses_mean"].tolist() == [4, 0, 2]
    assert len(figures.interventions(table.reset_index()).axes) == 2


def test_a_study_of_nothing_has_all_its_tables_and_pictures(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
    for name in (
        "over_seeds",
        "against_start",
        "against_matched",
        "pauses",
        "effects",
        "reasons",
        "rule",
        "neighbours",
        "nearest",
    ):
        assert len(getattr(study, name)) == 0, name
    assert set(study.takeaways["verdict"]) == {"cannot tell"}
    assert len(study.audit) == 20
    for name in study.pictures.draw:
        assert study.pictures[name] is not None
    assert "0 of 21 rows are finished" in report.write(study).read_text()


def test_a_variant_has_one_look_and_no_two_have_the_same():
    from pauselib.variants import VARIANTS

    looks = [tuple(drawing.look(name).values()) for name in VARIANTS]
    assert len(set(looks)) == len(VARIANTS)


def test_the_report_is_one_file_that_needs_no_network_and_escapes_what_it_shows(intervened):
    html = report.write(Study(intervened.but(model=SCRIPT))).read_text()
    assert "<script>alert" not in html
    assert html.count("<script>") == 1
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5  # in questions, replies, nearest tokens, settings
    assert 'href="seed-42/sft/predictions.jsonl"' in html
    assert "src=" not in html
    assert "url(http" not in html
    assert 'role="img" aria-label="Accuracy of each variant' in html


def test_the_report_shows_replies_with_few_and_many_pauses_correct_and_not(intervened):
    study = Study(intervened)
    (sft,) = [part for part in report.sections(study) if part["name"] == "sft"]
    assert [(example["correct"], example["n_pauses"]) for example in sft["examples"]] == [
        (True, 1),
        (True, 2),
        (False, 9),
    ]
    assert sft["examples"][2]["html"].count('aria-label="pause"') == 9
    assert sft["title"] == "sft, seed 42: accuracy 0.667, 4.00 pauses a reply, 0% cut"


def test_an_executed_notebook_becomes_a_page_without_scripts_that_is_made_once(settings):
    import nbformat

    path = settings.but(variant="sft").variant_folder() / "warmup.ipynb"
    output = nbformat.v4.new_output("stream", name="stdout", text=SCRIPT)
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output], execution_count=1)]), path
    )
    html = report.write(Study(settings)).read_text()
    page = path.with_suffix(".html")
    assert 'href="seed-42/sft/warmup.html"' in html
    assert "<script" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()
    written = page.stat().st_mtime_ns
    assert report.notebook_page(path) == page
    assert page.stat().st_mtime_ns == written


def test_the_report_shows_the_settings_that_the_files_were_made_from_not_the_defaults(settings):
    (settings.folder() / "data" / "made_from.json").write_text(
        json.dumps({"settings": {"n_copies": 7, "dataset": "theirs"}, "versions": {"numpy": "1.2.3"}})
    )
    for name, rate in (("sft", 0.25), ("sft_peft", 0.5)):
        path = settings.but(variant=name).variant_folder() / "training.json"
        path.write_text(
            json.dumps(
                json.loads(path.read_text()) | {"made_from": {"settings": {"variant": name, "learning_rate": rate}}}
            )
        )
    assert analysis.used(settings) == {
        "n_copies": "7",
        "dataset": "theirs",
        "numpy": "1.2.3",
        "learning_rate": "0.25, 0.5",
    }
    html = report.write(Study(settings)).read_text()
    assert "<td>0.25, 0.5</td>" in html
    assert "tested on 'theirs'," in html


def test_the_same_results_give_the_same_report(settings):
    assert report.write(Study(settings)).read_bytes() == report.write(Study(settings)).read_bytes()


def test_an_interval_that_ends_a_last_bit_beyond_its_share_can_be_drawn():
    assert drawing.whiskers([0.0, 0.5], [1e-18, 0.4], [0.1, 0.7]).tolist() == [
        [0.0, pytest.approx(0.1)],
        [0.1, pytest.approx(0.2)],
    ]
