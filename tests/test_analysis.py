"""The table, the pictures and the report, from three hand-written replies a variant."""

import json

import pandas as pd
import pytest
from conftest import SCRIPT

from pauselib.analysis import loading
from pauselib.analysis.study import Study
from pauselib.report import document as report
from pauselib.report import figures
from pauselib.report import style as drawing
from pauselib.settings import Settings


@pytest.fixture
def settings(by_hand):
    return by_hand


def test_with_nothing_finished_the_pictures_are_empty(tmp_path):
    replies = loading.predictions(Settings(runs_dir=str(tmp_path)))
    assert not figures.accuracy_by_pauses(loading.of_pausing_variants(replies)).axes
    assert not figures.pause_histograms(replies).axes


def test_interventions_have_two_panels(intervened):
    assert len(figures.interventions(Study(intervened).intervention_effects).axes) == 2


def test_pause_counts_are_binned_alone_up_to_eight_then_in_doubling_ranges():
    which, labels = figures.bins(pd.Series([0, 8, 9, 15, 16, 40]), most=8)
    assert labels == ["0", "1", "2", "3", "4", "5", "6", "7", "8–15", "16–31", "32–63"]
    assert which.tolist() == [0, 8, 8, 8, 9, 10]


def test_the_bars_are_the_counts_of_correct_and_incorrect_replies(settings):
    replies = loading.predictions(settings)
    figure = figures.accuracy_by_pauses(replies[replies["variant"] == "sft"])
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    n = len(heights) // 2
    assert heights[:n] == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert heights[n:] == [0, 0, 0, 0, 0, 0, 0, 0, 1]
    line = figure.axes[1].lines[0]
    assert line.get_ydata().tolist() == [1.0, 1.0, 0.0]


def test_a_study_of_nothing_has_all_its_pictures(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
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
        folder = settings.but(variant=name).variant_folder() / "model"
        folder.mkdir()
        (folder / "made_from.json").write_text(json.dumps({"settings": {"variant": name, "learning_rate": rate}}))
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
