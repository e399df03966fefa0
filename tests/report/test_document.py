"""The report as a file, from three hand-written replies a variant."""

import json
import re
import shutil

import nbformat
import pandas as pd
import pytest
from conftest import SCRIPT, pictures_of_report, save

from pauselib import runs
from pauselib.analysis.study import Study
from pauselib.report import document
from pauselib.settings import Settings


@pytest.fixture
def with_strategy(by_hand):
    """One row more, `sft_peft@word`, with the replies of `sft_peft`."""
    folder = by_hand.but(variant="sft_peft").variant_folder()
    shutil.copytree(folder, folder.with_name("sft_peft@word"))
    save(by_hand.but(variant="sft_peft@word"), runs.read_json_lines(folder / "predictions.jsonl"), 0.25)
    return by_hand.but(variants=(*by_hand.variants, "sft_peft@word"))


def test_a_report_of_nothing_has_all_its_pictures(tmp_path):
    html = document.write_report(Study(Settings(runs_dir=str(tmp_path)))).read_text()
    assert "0 of 25 rows are finished" in html
    assert html.count("<svg") == pictures_of_report(n_variants=0)


def test_the_report_is_one_file_that_needs_no_network_and_escapes_what_it_shows(intervened):
    html = document.write_report(Study(intervened.but(model=SCRIPT))).read_text()
    assert "<script>alert" not in html
    assert html.count("<script>") == 1
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5  # in questions, replies, nearest tokens, settings
    assert 'href="seed-42/sft/predictions.jsonl"' in html
    assert "src=" not in html
    assert "url(http" not in html
    assert 'role="img" aria-label="Accuracy of each variant' in html
    assert html.count("<svg") == pictures_of_report(n_variants=3)


def test_a_report_that_is_read_alone_names_its_files_and_links_only_to_addresses(by_hand):
    training = by_hand.but(variant="sft").variant_folder() / "training.json"
    training.write_text(json.dumps(json.loads(training.read_text()) | {"tracking": "https://example.org/run"}))
    html = document.report_html(Study(by_hand), alone=True)
    assert "<td>predictions.jsonl (not included)</td>" in html
    assert '<p class="alone" id="alone">' in html
    assert "figures/" not in html
    assert 'href="seed-' not in html
    assert 'href="https://example.org/run"' in html


def test_only_an_address_of_the_web_is_a_link_and_the_record_in_the_model_counts(by_hand):
    for name, address in (("sft", "javascript://a/%0aalert(1)"), ("sft_peft", "data:text/html,a/b")):
        copy = by_hand.but(variant=name).variant_folder() / "training.json"
        copy.write_text(json.dumps(json.loads(copy.read_text()) | {"tracking": address}))
    html = document.report_html(Study(by_hand))
    assert set(re.findall(r'<a [^>]*href="(\w+):', html)) == set()
    assert "<td>javascript://a/%0aalert(1)</td>" in re.sub(r'<td class="[^"]*">', "<td>", html)
    (copy.parent / "model").mkdir()
    (copy.parent / "model" / "training.json").write_text(json.dumps({"history": [], "nearest_tokens": []}))
    assert "data:text/html" not in document.report_html(Study(by_hand))


def test_no_path_of_the_machine_is_in_what_is_shared(by_hand):
    data = {"settings": {"model": "/home/somebody/llm", "dataset": "../somebody/mine"}}
    digests = {"train.jsonl": "0123", "test.jsonl": "4567", "tokenizer of": "89ab"}
    (by_hand.folder() / "data" / "made_from.json").write_text(
        json.dumps({**data, "inputs": digests, "outputs": {"a": "b"}})
    )
    base = by_hand.but(variant="baseline_1_epoch").variant_folder() / "model"
    base.mkdir()
    (base / "made_from.json").write_text(
        json.dumps({"settings": {}, "inputs": {"data": "1", "base": "cdef"}, "outputs": {"a": "b"}})
    )
    document.write_report(Study(by_hand.but(model="/home/somebody/llm", dataset="../somebody/mine")))
    for path in [by_hand.folder() / "report.html", *(by_hand.folder() / "tables").iterdir()]:
        assert "somebody" not in path.read_text(), path
        assert by_hand.runs_dir not in path.read_text(), path
    settings = pd.read_csv(by_hand.folder() / "tables" / "settings.csv", index_col="setting")["value"]
    assert settings[["model", "dataset"]].to_list() == ["llm (digest cdef)", "mine (digest 0123, 4567)"]


def test_backticks_are_code_and_nothing_in_them_is_html():
    assert document.with_code("With `a<b>` so & `c`") == "With <code>a&lt;b&gt;</code> so &amp; <code>c</code>"


def test_strategies_have_a_section_where_a_row_has_one_of_its_own(by_hand, with_strategy):
    heading = '<h2 id="strategies-title">Strategies</h2>'
    assert heading not in document.report_html(Study(by_hand))
    html = document.report_html(Study(with_strategy))
    assert heading in html
    assert "<td>sft_<wbr>peft@word</td><td>word</td>" in html


def test_the_report_shows_replies_with_few_and_many_pauses_correct_and_not(intervened):
    (sft,) = [part for part in document.sections(Study(intervened)) if part["name"] == "sft"]
    assert [(example["correct"], example["n_pauses"]) for example in sft["examples"]] == [
        (True, 1),
        (True, 2),
        (False, 9),
    ]
    assert sft["examples"][2]["html"].count('aria-label="pause"') == 9
    assert sft["title"] == "sft, seed 42: accuracy 0.667, 4.00 pauses a reply, 0% cut"


def test_an_executed_notebook_becomes_a_page_without_scripts_that_is_made_once(by_hand):
    path = by_hand.but(variant="sft").variant_folder() / "warmup.ipynb"
    output = nbformat.v4.new_output("stream", name="stdout", text=SCRIPT)
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output], execution_count=1)]), path
    )
    html = document.write_report(Study(by_hand)).read_text()
    page = path.with_suffix(".html")
    assert 'href="seed-42/sft/warmup.html"' in html
    assert "<script" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()
    written = page.stat().st_mtime_ns
    assert document.notebook_page(path) == page
    assert page.stat().st_mtime_ns == written


def test_the_report_shows_the_settings_that_the_files_were_made_from_not_the_defaults(by_hand):
    whole = {"inputs": {}, "outputs": {"a": "b"}}
    (by_hand.folder() / "data" / "made_from.json").write_text(
        json.dumps({"settings": {"n_copies": 7, "dataset": "theirs"}, "versions": {"numpy": "1.2.3"}, **whole})
    )
    for name, rate in (("sft", 0.25), ("sft_peft", 0.5)):
        folder = by_hand.but(variant=name).variant_folder() / "model"
        folder.mkdir()
        made_from = {"settings": {"variant": name, "learning_rate": rate}, **whole}
        (folder / "made_from.json").write_text(json.dumps(made_from))
    html = document.write_report(Study(by_hand)).read_text()
    assert "<td>0.25, 0.5</td>" in html
    assert "tested on 'theirs'," in html


def test_the_same_results_give_the_same_report(by_hand):
    assert document.write_report(Study(by_hand)).read_bytes() == document.write_report(Study(by_hand)).read_bytes()


@pytest.mark.parametrize("has_config", [True, False])
def test_a_damaged_notebook_is_named_in_the_report_with_what_makes_it_again(by_hand, has_config):
    path = by_hand.but(variant="sft").variant_folder() / "warmup.ipynb"
    path.write_text('{"cells": [')
    if has_config:
        (by_hand.folder() / "config.yaml").write_text("experiment: by_hand")
    html = document.write_report(Study(by_hand)).read_text()
    assert ">warmup.ipynb (damaged)</td>" in html
    cure = "<code>python -m pauselib.workflow</code> with the config.yaml of this folder"
    cure = cure if has_config else "papermill, with the settings of the row,"
    sentence = f"seed-42/sft/warmup.ipynb is damaged: {cure} executes it again, from what is finished."
    assert f'<p class="note">{sentence}</p>' in html


def test_every_table_of_the_report_is_a_csv_file_beside_it_with_whole_numbers(intervened):
    study = Study(intervened)
    path = document.write_report(study)
    html, folder = path.read_text(), path.with_name("tables")
    linked = set(re.findall(r'href="tables/(\w+)\.csv"', html))
    assert linked == {file.stem for file in folder.glob("*.csv")}
    assert {
        "results",
        "takeaways",
        "interventions",
        "pause_prediction",
        "pause_regression",
        "audit",
        "settings",
    } <= linked
    assert html.count("<table") == len(linked)
    assert {file.name for file in folder.iterdir()} == {f"{n}.{end}" for n in linked for end in ("csv", "tex", "md")}
    copied = json.loads(re.search(r'<script type="application/json" id="copies">(.*?)</script>', html)[1])
    assert copied["interventions"]["csv"] == (folder / "interventions.csv").read_text()
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "interventions.csv"),
        study.intervention_effects.reset_index(drop=True),
        check_dtype=False,
    )


def test_a_table_of_an_older_report_is_removed_and_what_a_person_put_there_stays(by_hand, with_strategy):
    document.write_report(Study(with_strategy))
    old = by_hand.folder() / "tables" / "strategies.csv"
    assert old.exists()
    mine = [old.with_name("my_table.csv"), old.with_name("mine") / "table.csv", by_hand.folder() / "figures" / "my.png"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    (by_hand.folder() / "config.yaml").write_text(f"variants: {[*by_hand.variants]}")
    document.write_report(Study(by_hand))
    assert not old.exists()
    assert (old.parent / "results.csv").exists()
    assert [path.read_text() for path in mine] == ["mine"] * 3


def test_the_code_check_is_a_line_and_no_finding(intervened):
    html = document.report_html(Study(intervened))
    assert '<p class="note">Code check: the greedy rule, at ' in html
    assert "of the positions of every variant" not in html


def test_the_methods_are_a_section(intervened):
    html = document.report_html(Study(intervened))
    assert '<h2 id="methods-title">Methods</h2>' in html
    assert html.index("<h3>Plan</h3>") < html.index("<h3>Exclusions</h3>")
