"""The explorer in JupyterLab, in a real, headless Chromium: moved by keyboard, stopped, and text stays text."""

pytest_plugins = ["browser", "small_run"]

SCRIPT = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
ASK, BROWSE = 3, 4  # their cells, behind the one that papermill's parameters are injected into
CUT = "labels => labels.filter(label => label.scrollWidth > label.clientWidth).map(label => label.textContent)"


def test_a_model_is_asked_and_replies_are_browsed_by_keyboard(notebook, small_run):
    from playwright.sync_api import expect

    opened = notebook("explore.ipynb", experiment="small", variant="sft_fr_phead_peft", runs_dir=small_run.runs_dir)
    ask, browse = opened.output(ASK), opened.output(BROWSE)
    expect(ask).to_contain_text("Finished.")
    ask.get_by_label("Second variant").select_option("sft_peft")
    slider = ask.locator(".widget-slider", has_text="Cap on pauses").get_by_role("slider")
    slider.press("Home")
    expect(ask.get_by_text(" 0 of them pauses")).to_have_count(2)
    slider.press("ArrowRight")
    expect(ask.get_by_text(" 1 of them pauses")).to_have_count(2)
    expect(ask.get_by_role("slider", name="Cap on pauses")).to_have_count(1)
    ask.get_by_label("Own question").fill(SCRIPT)
    ask.get_by_label("Own question").press("Tab")
    expect(ask.get_by_text("gold answer unknown")).to_have_count(2)
    expect(ask.get_by_role("region", name="Question", exact=True)).to_have_text(SCRIPT)
    ask.get_by_role("button", name="Stop").press("Enter")
    expect(ask).to_contain_text("Stopped.")
    browse.get_by_label("Reply").press("ArrowDown")
    expect(browse.locator(".reply")).to_contain_text("test-1")
    browse.get_by_label("Search").fill("test-2")
    expect(browse).to_contain_text("1 of 4 replies pass the filters")
    browse.get_by_label("Judged").press("c")
    expect(browse).to_contain_text("0 of 4 replies pass the filters")
    assert opened.page.locator(".widget-label").evaluate_all(CUT) == []
    assert opened.page.evaluate("window.hacked === undefined")
    assert (opened.watch.errors, opened.watch.outside) == ([], [])
