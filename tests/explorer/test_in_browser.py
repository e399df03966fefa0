"""The explorer in JupyterLab, in a real, headless Chromium: sliders moved by keyboard, text that stays text, Stop."""

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from pauselib import runs
from pauselib.settings import Settings

pytest_plugins = ["browser", "small_run"]

SCRIPT = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
ASK, BROWSE = 3, 4  # their cells, behind the one that papermill's parameters are injected into
OLD = re.compile(r"\bold\b")
PAUSE = "[role=img][aria-label=pause]"
FOCUSED = """() => {
    const focused = document.activeElement;
    return focused.closest(".jupyter-widgets")?.textContent.trim() || focused.textContent;
}"""


@pytest.fixture(scope="module")
def run_with_a_script(small_run, tmp_path_factory) -> Settings:
    """A run whose first problem and the first reply to it hold a script, and whose replies may be very long."""
    runs_dir = tmp_path_factory.mktemp("with a script") / "runs"
    shutil.copytree(small_run.runs_dir, runs_dir)
    settings = small_run.but(runs_dir=str(runs_dir))
    put_script_in_first_problem(settings)
    let_replies_be_long(settings)
    return settings


def put_script_in_first_problem(settings: Settings) -> None:
    folder, test = settings.variant_folder(), settings.folder() / "data" / "test.parquet"
    problems, tokens = pd.read_parquet(test), pd.read_parquet(folder / "tokens.parquet")
    problems.loc[0, "question"] = SCRIPT
    tokens.at[0, "tokens"] = [*tokens.at[0, "tokens"][:-1], SCRIPT]
    problems.to_parquet(test)
    tokens.to_parquet(folder / "tokens.parquet")
    first, *others = (folder / "predictions.jsonl").read_text().splitlines()
    harmful = json.dumps({**json.loads(first), "question": SCRIPT, "reply": SCRIPT})
    runs.write(folder / "predictions.jsonl", "\n".join([harmful, *others]))


def let_replies_be_long(settings: Settings) -> None:
    """Write into the replies' manifest that they were decoded with another limit."""
    manifest = runs.manifest(settings.variant_folder())
    manifest["settings"]["max_new_tokens"] = 100_000
    runs.write_json(settings.variant_folder() / runs.MANIFEST, manifest)


@pytest.fixture
def explorer(notebook, lab, run_with_a_script):
    """The notebook on that run, with all cells run."""
    runs_dir = run_with_a_script.runs_dir
    lab.parameterize("explore.ipynb", experiment="small", variant="sft_fr_phead_peft", runs_dir=runs_dir)
    opened = notebook("explore.ipynb")
    opened.run_all()
    opened.wait_for(ASK, "Finished.")
    return opened


def expect(locator):
    """Playwright's expectation, as patient as the rest."""
    from browser import PATIENCE
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE * 1000)
    return expect(locator)


def pane(explorer, n: int = 0):
    return explorer.output(ASK).locator(".pane").nth(n)


def height_above(explorer) -> float:
    """How far the first pane is below the top of its panel."""
    return pane(explorer).bounding_box()["y"] - explorer.output(ASK).bounding_box()["y"]


def unharmed(explorer) -> bool:
    return explorer.page.evaluate("window.hacked === undefined") and not (
        explorer.errors() or explorer.watch.errors or explorer.watch.outside
    )


def test_a_slider_moved_by_keyboard_changes_the_reply(explorer):
    ask = explorer.output(ASK)
    ask.get_by_label("Second variant").select_option("sft_peft")
    ask.get_by_label("Problem").select_option(index=2)
    expect(pane(explorer, 1)).to_contain_text("sft_peft")
    explorer.wait_for(ASK, "Finished.")
    expect(pane(explorer).locator(PAUSE).nth(5)).to_be_visible()
    explorer.slider("Cap on pauses").press("Home")
    for n in (0, 1):
        expect(pane(explorer, n)).to_contain_text(" 0 of them pauses")
        expect(pane(explorer, n).locator(PAUSE)).to_have_count(0)
    explorer.slider("Cap on pauses").press("ArrowRight")
    for n in (0, 1):
        expect(pane(explorer, n)).to_contain_text(" 1 of them pauses")
        expect(pane(explorer, n).locator(PAUSE)).to_have_count(1)
    assert unharmed(explorer)


def test_a_script_in_a_problem_or_a_reply_is_text(explorer):
    for part in (ASK, BROWSE):
        expect(explorer.output(part).get_by_text(SCRIPT, exact=True).locator("visible=true")).to_have_count(2)
    assert unharmed(explorer)


def test_decoding_that_takes_long_is_watched_and_stopped(explorer):
    explorer.slider("Pause bias").press("End")
    expect(pane(explorer)).to_contain_text("so far")
    stop = explorer.output(ASK).get_by_role("button", name="Stop")
    stop.press("Enter")
    explorer.wait_for(ASK, "Stopped.")
    expect(stop).to_be_disabled()
    explorer.output(ASK).get_by_label("Problem").select_option("(own question)")
    explorer.wait_for(ASK, "Type a question")
    explorer.output(ASK).get_by_label("Own question").fill(SCRIPT)
    explorer.output(ASK).get_by_label("Own question").press("Tab")
    explorer.wait_for(ASK, "tokens so far.")  # in the status: the pane still has the reply that was stopped
    expect(stop).to_be_enabled()
    stop.press("Enter")
    explorer.wait_for(ASK, "Stopped.")
    assert unharmed(explorer)


def test_a_reply_to_something_else_is_greyed_and_nothing_moves_when_the_status_says_why(explorer):
    shown = pane(explorer).locator("div >> text=/tokens/")
    expect(pane(explorer)).not_to_have_class(OLD)
    place = height_above(explorer)
    explorer.output(ASK).get_by_label("Problem").select_option("(own question)")
    explorer.wait_for(ASK, "Type a question")
    expect(pane(explorer)).to_have_class(OLD)
    expect(pane(explorer)).to_contain_text("this is not the reply to what is chosen now")
    faded = "node => getComputedStyle(node.closest('.facts')).opacity < 0.5"
    explorer.page.wait_for_function(faded, arg=shown.first.element_handle())
    explorer.output(ASK).get_by_label("Own question").fill("Is this <|pause|> refused?")
    explorer.output(ASK).get_by_label("Own question").press("Tab")
    explorer.wait_for(ASK, "This did not work.")
    expect(pane(explorer)).to_have_class(OLD)
    assert height_above(explorer) == place
    assert unharmed(explorer)


def test_a_long_question_scrolls_and_an_example_is_asked_at_once(explorer):
    ask = explorer.output(ASK)
    ask.get_by_label("Own question").fill("What is 2 + 3?\n" * 100)
    ask.get_by_label("Own question").press("Tab")
    expect(ask.get_by_role("region", name="Question", exact=True)).to_contain_text("What is 2 + 3?")
    assert ask.get_by_role("region", name="Question", exact=True).bounding_box()["height"] < 250
    explorer.wait_for(ASK, "pairs of neighbouring words are in no training question")
    ask.locator(".example").first.click()
    expect(ask.locator(".hint")).not_to_contain_text("neighbouring")
    expect(pane(explorer)).to_contain_text("so far")
    expect(pane(explorer)).not_to_have_class(OLD)
    ask.get_by_role("button", name="Stop").press("Enter")
    expect(pane(explorer)).to_contain_text("Stopped before its end.")
    assert unharmed(explorer)


def test_every_control_is_reached_by_tab_and_its_label_is_whole(explorer):
    explorer.output(ASK).get_by_label("Run").focus()
    reached = []
    for _ in range(16):
        reached.append(" ".join(explorer.page.evaluate(FOCUSED).split()))
        explorer.page.keyboard.press("Tab")
    labels = (
        "Run",
        "Shade",
        "Variant",
        "Second variant",
        "Problem",
        "Head temperature",
        "Pause bias",
        "Cap on pauses",
        "Cap in a row",
        "Answer",
        "Reset sliders",
    )
    for label in labels:
        assert any(label in text for text in reached), (label, reached)
    for label in labels[5:9]:
        assert explorer.output(ASK).get_by_role("slider", name=label).count() == 1
    cut = "labels => labels.filter(label => label.scrollWidth > label.clientWidth).map(label => label.textContent)"
    assert explorer.page.locator(".widget-label").evaluate_all(cut) == []


def test_the_list_of_replies_is_filtered_searched_and_gone_through_by_keyboard(explorer):
    browse = explorer.output(BROWSE)
    explorer.wait_for(BROWSE, "4 of 4 replies pass the filters")
    browse.get_by_label("Reply").press("ArrowDown")
    expect(browse.locator(".pane")).to_contain_text("test-1")
    browse.get_by_label("Search").fill("onerror")
    explorer.wait_for(BROWSE, "1 of 4 replies pass the filters")
    browse.get_by_label("Judged").press("c")
    explorer.wait_for(BROWSE, "0 of 4 replies pass the filters")
    browse.get_by_label("Judged").press("ArrowUp")
    explorer.wait_for(BROWSE, "1 of 4 replies pass the filters")
    browse.get_by_role("checkbox").press("Space")
    expect(browse.get_by_role("region", name="numbers of each token")).to_be_visible()
    assert len(explorer.cells()) == 6
    assert unharmed(explorer)


def test_where_nothing_is_finished_the_notebook_says_what_to_run(notebook, lab, tmp_path):
    lab.parameterize("explore.ipynb", experiment="tiny", runs_dir=str(tmp_path))
    opened = notebook("explore.ipynb")
    opened.run_all()
    opened.wait_for(ASK, "make run")
    opened.wait_for(BROWSE, "papermill notebooks/evaluate.ipynb out.ipynb -p variant sft_peft")
    assert unharmed(opened)


@pytest.mark.skipif(
    "PAUSELIB_SCREENSHOTS" not in os.environ, reason="takes docs/explore.png where PAUSELIB_SCREENSHOTS=docs"
)
def test_the_picture_of_the_explorer(notebook, lab):
    """Of the finished run in runs/ (or PAUSELIB_RUNS), as wide as a page."""
    lab.parameterize(
        "explore.ipynb", experiment="tiny", variant="sft_peft", runs_dir=os.environ.get("PAUSELIB_RUNS", "runs")
    )
    opened = notebook("explore.ipynb")
    opened.page.set_viewport_size({"width": 1400, "height": 3000})
    opened.run_all()
    opened.output(ASK).get_by_label("Second variant").select_option("sft_fr_phead_peft")
    opened.output(ASK).get_by_label("Problem").select_option(index=6)
    pane(opened, 1).get_by_text("cut at the limit").wait_for()
    opened.wait_for(ASK, "Finished.")
    opened.page.mouse.move(0, 0)
    boxes = [opened.output(part).bounding_box() for part in (ASK, BROWSE)]
    clip = {
        "x": boxes[0]["x"],
        "y": boxes[0]["y"] - 8,
        "width": boxes[0]["width"],
        "height": boxes[1]["y"] + boxes[1]["height"] - boxes[0]["y"] + 8,
    }
    opened.page.screenshot(path=Path(os.environ["PAUSELIB_SCREENSHOTS"]) / "explore.png", clip=clip)
