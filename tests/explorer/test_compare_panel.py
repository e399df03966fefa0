"""The panel that compares two rows, without a browser, and what takes its place where nobody can use widgets."""

import pytest
from reading import SCRIPT, choose

from pauselib import explorer
from pauselib.explorer.compare_panel import ComparePanel

pytest_plugins = ["small_run"]


@pytest.fixture
def panel(asked) -> ComparePanel:
    """sft_fr_phead_peft beside sft_peft, since the matched baseline has no replies."""
    panel = ComparePanel(asked)
    choose(panel.other_variant, "sft_peft")
    return panel


def test_two_variants_are_paired_and_their_replies_stand_side_by_side(panel):
    assert "On the 4 problems that both answered, sft_fr_phead_peft is right in 0.0 %," in panel.reading.value
    assert "both wrong" in panel.tables.value
    assert bytes(panel.picture.value[:4]) == b"\x89PNG"
    assert "learning_rate" not in panel.settings_table.value
    assert panel.status.value == "4 of 4 shared problems."
    panel.listing.index = 2
    assert "sft_fr_phead_peft" in panel.panes[0].reply
    assert "sft_peft" in panel.panes[1].reply
    panel.search.value = "TEST-3"
    assert panel.status.value == "1 of 4 shared problems."
    choose(panel.which, "only the first right")
    assert panel.status.value == "0 of 4 shared problems."
    assert [pane.reply for pane in panel.panes] == ["", ""]


def test_a_row_beside_itself_says_so(panel):
    choose(panel.other_variant, "sft_fr_phead_peft")
    assert "Both are the same run" in panel.reading.value
    assert "Nothing differs in what they were made from." in panel.settings_table.value


def test_stale_replies_are_told_and_nothing_else_is_shown(own_copy):
    path = own_copy.but(variant="sft_peft").variant_folder() / "predictions.jsonl"
    path.write_text(path.read_text().replace("reply", SCRIPT))
    panel = ComparePanel(own_copy.but(other_variant="sft_peft"))
    assert "predictions.jsonl is not as it was made" in panel.reading.value
    assert (panel.tables.value, panel.listing.options) == ("", ())


def test_without_widgets_the_paired_table_and_two_replies_are_shown(asked):
    html = explorer.compare(asked.but(other_variant="sft_peft")).data
    assert "first − second" in html
    assert html.count('class="facts"') == 2
    assert "are not finished" in explorer.compare(asked).data  # the matched baseline
