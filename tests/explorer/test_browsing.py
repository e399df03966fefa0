"""Browsing stored replies, without a browser, and what the notebooks show where nobody can use widgets."""

import json
import os
import shutil

from conftest import SCRIPT

from pauselib import explorer
from pauselib.explorer.asking import stored_replies
from pauselib.explorer.browsing import Browser, folders_with_replies
from pauselib.explorer.choosing import NO_WEIGHTS, finished_table
from pauselib.files import write
from pauselib.manifests import MANIFEST
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


def test_replies_are_filtered_searched_and_shown(asked):
    folders = folders_with_replies(asked)
    assert list(folders) == ["sft_peft", "sft_fr_phead_peft", "sft_fr_phead_peft, no pauses of its own"]
    browser = Browser(folders, "sft_fr_phead_peft")
    assert browser.status.value == "4 of 4 replies pass the filters."
    assert "test-0" in browser.shown.value
    browser.listing.index = 2
    assert "test-2" in browser.shown.value
    browser.search.value = "TEST-2"
    assert browser.status.value == "1 of 4 replies pass the filters."
    for control, label in ((browser.end, "ended by itself"), (browser.judged, "correct")):
        control.label = label
        assert (browser.status.value, browser.shown.value) == ("0 of 4 replies pass the filters.", "")
        control.index = 0
        assert browser.status.value == "1 of 4 replies pass the filters."
    browser.search.value = ""
    browser.folder.index = 2
    assert 'aria-label="pause"' not in browser.shown.value


def test_interventions_that_mean_the_same_are_listed_with_their_folders(own_copy):
    same = own_copy.variant_folder() / "interventions" / "max_pauses_in_a_row-0"
    shutil.copytree(same.with_name("max_pauses-0"), same)
    assert (len(folders_with_replies(own_copy)), same in folders_with_replies(own_copy).values()) == (4, True)


def test_replies_without_tokens_are_unshaded_and_what_they_hold_is_text(own_copy):
    folder = own_copy.variant_folder()
    (folder / "tokens.parquet").unlink()
    said = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    harmful = {"question": SCRIPT, "reply": f"<|pause|>one {SCRIPT}", "problem_id": SCRIPT}
    write(folder / "predictions.jsonl", "".join(json.dumps({**one, **harmful}) + "\n" for one in said))
    browser = Browser(folders_with_replies(own_copy), "sft_fr_phead_peft")
    assert (browser.shown.value.count('aria-label="pause"'), browser.shown.value.count("&lt;script&gt;")) == (1, 3)
    assert "<script" not in browser.shown.value
    assert "shade" not in browser.shown.value


def test_an_unpacked_archive_can_be_browsed_and_not_asked(own_copy):
    """Its files are of second 0, and it has no weights."""
    for path in own_copy.folder().rglob("*"):
        if path.parent.name == "model" and path.name != MANIFEST:
            path.unlink()
        elif path.is_file():
            os.utime(path, (0, 0))
    assert len(folders_with_replies(own_copy)) == 3
    assert 'class="reply"' in explorer.browse(own_copy).data
    assert NO_WEIGHTS in explorer.ask(own_copy).data
    assert finished_table(own_copy)["models (warmup)"].tolist() == [0]


def test_where_nobody_can_use_widgets_the_first_reply_is_shown(asked, tmp_path):
    first = stored_replies(asked.variant_folder(), 0)[0]
    html = explorer.browse(asked).data
    assert first["question"] in html
    assert html.count('aria-label="pause"') == first["n_pauses"]
    for show in (explorer.finished, explorer.ask, explorer.browse):
        assert "<code>make run</code>" in show(Settings(runs_dir=str(tmp_path))).data
