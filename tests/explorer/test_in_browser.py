"""The explorer in JupyterLab, in a real, headless Chromium: moved by keyboard, stopped, and text stays text."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["browser", "small_run"]

SCRIPT = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
ASK, BROWSE = 3, 4  # their cells, behind the one that papermill's parameters are injected into


def test_a_model_is_asked_and_replies_are_browsed_by_keyboard(notebook, lab, small_run):
    lab.parameterize("explore.ipynb", experiment="small", variant="sft_fr_phead_peft", runs_dir=small_run.runs_dir)
    opened = notebook("explore.ipynb")
    opened.run_all()
    opened.wait_for(ASK, "Finished.")
    ask, browse = opened.output(ASK), opened.output(BROWSE)
    ask.get_by_label("Second variant").select_option("sft_peft")
    opened.slider("Cap on pauses").press("Home")
    for n in (0, 1):
        opened.expect(ask.locator(".reply").nth(n)).to_contain_text(" 0 of them pauses")
    opened.slider("Cap on pauses").press("ArrowRight")
    opened.expect(ask.get_by_role("img", name="pause", exact=True)).to_have_count(2)
    assert ask.get_by_role("slider", name="Cap on pauses").count() == 1
    ask.get_by_label("Own question").fill(SCRIPT)
    ask.get_by_label("Own question").press("Tab")
    opened.wait_for(ASK, "gold answer unknown")
    opened.expect(ask.get_by_text(SCRIPT, exact=True).locator("visible=true")).to_have_count(2)
    ask.get_by_role("button", name="Stop").press("Enter")
    opened.wait_for(ASK, "Stopped.")
    browse.get_by_label("Reply").press("ArrowDown")
    opened.expect(browse.locator(".reply")).to_contain_text("test-1")
    browse.get_by_label("Search").fill("test-2")
    opened.wait_for(BROWSE, "1 of 4 replies pass the filters")
    browse.get_by_label("Judged").press("c")
    opened.wait_for(BROWSE, "0 of 4 replies pass the filters")
    cut = "labels => labels.filter(label => label.scrollWidth > label.clientWidth).map(label => label.textContent)"
    assert opened.page.locator(".widget-label").evaluate_all(cut) == []
    assert opened.page.evaluate("window.hacked === undefined")
    assert [*opened.errors(), *opened.watch.errors, *opened.watch.outside] == []


@pytest.mark.skipif("PAUSELIB_SCREENSHOTS" not in os.environ, reason="PAUSELIB_SCREENSHOTS=docs takes explore.png")
def test_the_picture_of_the_explorer(notebook, lab):
    """Of the finished run in runs/ (or PAUSELIB_RUNS), as wide as a page."""
    lab.parameterize("explore.ipynb", runs_dir=os.environ.get("PAUSELIB_RUNS", "runs"))
    opened = notebook("explore.ipynb")
    opened.page.set_viewport_size({"width": 1400, "height": 3000})
    opened.run_all()
    ask = opened.output(ASK)
    ask.get_by_label("Second variant").select_option("sft_fr_phead_peft")
    ask.get_by_label("Problem").select_option(index=6)
    opened.wait_for(ASK, "cut at the limit")
    opened.wait_for(ASK, "Finished.")
    opened.page.mouse.move(0, 0)
    ask.screenshot(path=Path(os.environ["PAUSELIB_SCREENSHOTS"]) / "explore.png")
