"""The panel that browses, without a browser: its widgets are moved as a reader moves them."""

import json

from reading import SCRIPT, first, pauses

from pauselib import runs
from pauselib.explorer import browse_panel
from pauselib.explorer.browse_panel import BrowsePanel

pytest_plugins = ["small_run"]


def test_a_page_of_replies_is_listed_and_the_chosen_one_is_shown(asked, monkeypatch):
    monkeypatch.setattr(browse_panel, "PAGE", 3)
    panel = BrowsePanel(asked)
    assert panel.status.value == "4 of 4 replies pass the filters; 1 to 3 are listed."
    assert "test-0" in panel.pane.value
    assert "pause probability" in panel.pane.value
    assert (panel.back.disabled, panel.forth.disabled) == (True, False)
    panel.listing.index = 2
    assert "test-2" in panel.pane.value
    panel.forth.click()
    assert panel.status.value == "4 of 4 replies pass the filters; 4 to 4 are listed."
    assert "test-3" in panel.pane.value
    assert (panel.back.disabled, panel.forth.disabled) == (False, True)
    panel.back.click()
    assert panel.status.value == "4 of 4 replies pass the filters; 1 to 3 are listed."
    panel.search.value = "no such text"
    assert panel.status.value == "0 of 4 replies pass the filters."
    assert (panel.listing.options, panel.pane.value) == ((), "")
    panel.search.value = "TEST-2"
    assert panel.status.value.startswith("1 of 4 replies pass the filters")
    assert "test-2" in panel.pane.value
    panel.judged.value, panel.pauses.value = "correct", (0, 0)
    panel.clear.click()
    assert panel.status.value == "4 of 4 replies pass the filters; 1 to 3 are listed."
    panel.end.value = "ended by itself"
    assert panel.status.value == "0 of 4 replies pass the filters."
    panel.decoded.index = 1
    assert panel.decoded.label == "no pauses of its own"
    assert pauses(panel.pane.value) == 0


def test_only_variants_with_replies_are_offered(asked):
    assert [name for name, _ in BrowsePanel(asked).variant.options] == ["sft_peft", "sft_fr_phead_peft"]


def test_html_in_stored_problems_and_replies_is_listed_and_shown_as_text(own_copy):
    path = own_copy.variant_folder() / "predictions.jsonl"
    said = [json.loads(line) for line in path.read_text().splitlines()]
    harmful = {"question": SCRIPT, "reply": f"<|pause|>{SCRIPT}", "problem_id": SCRIPT}
    runs.write(path, "".join(json.dumps({**one, **harmful}) + "\n" for one in said))
    panel = BrowsePanel(own_copy)
    html = panel.asked.value + panel.pane.value + panel.status.value
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 3


def test_replies_without_their_tokens_are_browsed_unshaded(own_copy):
    (own_copy.variant_folder() / "tokens.parquet").unlink()
    panel = BrowsePanel(own_copy)
    assert pauses(panel.pane.value) == first(own_copy)["n_pauses"] > 5
    assert "There is no tokens.parquet beside these replies" in panel.pane.value
