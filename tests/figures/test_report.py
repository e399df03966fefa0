"""The report: the notebook analyze, executed once on three hand-written replies a row, as its reader has it."""

import json
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, SCRIPT, reply, save, save_outcomes

from pauselib.analysis.study import Study
from pauselib.figures.report import Report, page
from pauselib.settings import Settings

pytest_plugins = ["browser"]
FINISHED = {  # row -> the pauses of its right and of its wrong replies
    "sft": ([1, 2], [9]),
    "sft_peft": ([0], [4, 20]),
    "baseline_1_epoch": ([0, 0], [0]),
    "baseline_matched": ([0, 0], [0]),
}
CONDITIONS = [  # site, content, dose, and what it adds to the log likelihood
    ("", "nothing", 0, 0.0), ("step", "pauses", 1, 0.5), ("step", "masked", 1, 0.1),
    ("step", "pauses", 4, 0.5), ("step", "masked", 4, 0.1),
    ("result", "given", 0, 2.0), ("result", "pauses", 4, 0.2),
]  # fmt: skip


def trial_of(variant: str) -> pd.DataFrame:
    """Outcomes of 120 problems: a pause adds half a nat in sft_peft, and nothing in the other models."""
    rng, lines = np.random.default_rng(0), []
    for i in range(120):
        for site, content, dose, gain in CONDITIONS:
            gain = gain if variant == "sft_peft" or content == "nothing" else 0.0
            likelihood = gain - 1 - i / 120 + rng.normal(0, 0.05)
            lines.append((f"test-{i}", 0, site, content, dose, likelihood, 1, likelihood > -1))
    columns = ["problem_id", "result", "site", "content", "dose", "log_likelihood", "n_digits", "correct"]
    return pd.DataFrame(lines, columns=columns)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The settings of an experiment whose report papermill has made, and the executed notebook."""
    place = tmp_path_factory.mktemp("runs")
    changed = {"variant": "sft", "max_pauses": 0}
    settings = Settings(runs_dir=str(place), experiment="by_hand", variants=[*FINISHED, "sft_fr_phead"])
    settings = settings.but(interventions=[changed])
    for name, (right, wrong) in FINISHED.items():
        row = settings.but(variant=name)
        counts = [(True, n) for n in right] + [(False, n) for n in wrong]
        folder = save(row, [reply(i, correct, n) for i, (correct, n) in enumerate(counts)], 0.5)
        tokens = {"tokens": ["<|pause|>", SCRIPT, "1"], "p_pause": [0.5] * 3, "p_best": [0.25, 0.9, 0.9]}
        of_replies = pd.DataFrame([{"problem_id": f"test-{i}", **tokens} for i in range(len(counts))])
        of_replies.to_parquet(folder / "tokens.parquet")
        record = {"history": [{"step": 1, "loss": 1.0}], "steps": 160}
        (folder / "training.json").write_text(json.dumps(record))
    for name in ("sft_peft", "baseline_1_epoch", "baseline_matched"):
        save_outcomes(settings.but(variant=name), trial_of(name))
    save(settings.but(**changed), [reply(i, True, 0) for i in range(3)], 0.5)
    given = {"experiment": "by_hand", "runs_dir": str(place), "variants": list(settings.variants)}
    given |= {"interventions": [changed], "dataset": "/home/somebody/mine"}
    command = [sys.executable, "-m", "papermill", "-k", "python3", "notebooks/analyze.ipynb", place / "out.ipynb"]
    run = subprocess.run([*command, "-y", json.dumps(given)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return settings.but(dataset="/home/somebody/mine"), nbformat.read(place / "out.ipynb", as_version=4)


@pytest.fixture
def html(executed) -> str:
    return (executed[0].folder() / "report.html").read_text()


def test_papermill_leaves_the_report_with_all_that_the_notebook_shows_and_none_of_its_code(executed, html):
    notebook = executed[1]
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    pictures = [output for output in shown if "image/png" in output["data"]]
    assert html.count("<img") == len(pictures) > 6
    assert "<p>Learning curves: nothing to show in this experiment.</p>" in html
    assert "From cells that are not saved" not in html
    assert html.count("<h1") == 1
    assert not any(code in html for code in ("report.table", "experiment: str", "papermill"))
    assert 'alt="Accuracy of each variant with its 95 % interval' in html


def test_the_first_sentence_is_the_primary_claim_in_numbers(html):
    sentence = html.split('<p class="finding">')[1].split("</p>")[0]
    assert sentence.startswith("“A pause before a calculation makes its result likelier.” Verdict: <mark")
    assert ">larger than the margin</mark>. Estimate and 95 % interval: +0." in sentence
    assert sentence.endswith(" Margin: 0.050 nats.")
    assert "model tiny, problems mine, at most 160 optimizer steps of warm-up with pauses." in html
    assert "<li>4 of 5 trainings are finished, of 5 rows with these training seeds: 42.</li>" in html
    assert "Nothing here was registered" in html


def test_nothing_in_it_runs_and_no_path_of_the_machine_is_shared(executed, html):
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html  # beside a pause
    folder = executed[0].folder()
    for path in [folder / "report.html", *(folder / "tables").iterdir()]:
        assert "somebody" not in path.read_text(), path
        assert executed[0].runs_dir not in path.read_text(), path


def test_every_table_is_a_csv_file_with_all_digits_and_a_latex_file_and_every_picture_svg_and_png(executed):
    settings, _ = executed
    tables, pictures, study = settings.folder() / "tables", settings.folder() / "figures", Study(settings)
    names = {path.stem for path in tables.glob("*.csv")}
    assert {"results", "claims", "against_matched", "settings"} <= names
    assert {path.stem for path in tables.glob("*.tex")} == names
    kept = pd.read_csv(tables / "trial_sft_peft_likelihood.csv")
    expected = study.trials.contrasts("sft_peft").replace("", None).reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, expected, check_dtype=False, rtol=1e-12)
    line = next(line for line in (tables / "results.tex").read_text().splitlines() if line.startswith("sft\\_peft &"))
    assert line.split(" & ")[1:3] == ["0.333", "0.061 to 0.792"]
    assert (settings.folder() / "results.csv").read_bytes() == (tables / "results.csv").read_bytes()
    drawn = {path.stem for path in pictures.glob("*.svg")}
    assert {"main_finding", "accuracies", "accuracy_under_interventions", "trial_gains_likelihood"} <= drawn
    assert {path.stem for path in pictures.glob("*.png")} == drawn


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_screen_and_a_phone_begin_with_the_finding_and_do_not_scroll_sideways(document, executed, width, height):
    opened = document(executed[0].folder() / "report.html")
    page = opened.page
    page.set_viewport_size({"width": width, "height": height})
    assert page.locator("img").first.bounding_box()["y"] < 600
    for part in (page.locator(".finding"), page.locator("img").first, page.locator(".limits")):
        box = part.bounding_box()
        assert box["y"] + box["height"] <= height or width == 390
    assert page.locator("summary", has_text="All claims").is_visible()
    assert page.locator("img[alt^='Where in the reply']").is_hidden()
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (opened.watch.errors, opened.watch.outside) == ([], [])


def test_a_table_of_one_s_own_may_have_a_dot_and_a_slash_in_its_name(tmp_path):
    for margin in (0.05, 0.1):
        Report(Study(Settings(runs_dir=str(tmp_path)))).table(f"mine/margin_{margin}", pd.DataFrame({"n": [1]}))
    assert {path.name for path in tmp_path.rglob("tables/mine/*.csv")} == {"margin_0.05.csv", "margin_0.1.csv"}


def test_sections_open_by_a_click_hidden_cells_are_left_out_and_what_has_no_cell_is_at_the_end():
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Title"),
        new.new_markdown_cell("How to run this", metadata={"tags": ["setup"]}),
        new.new_markdown_cell("## A < B\n\nProse.", metadata={"tags": ["folded"]}),
        new.new_code_cell("code()"),
    ]
    html = page(cells, [("code()", "<b>shown</b>"), ("mine()", "<i>mine</i>")])
    assert "How to run" not in html
    assert "code()" not in html
    folded = html.split("<details><summary>A &lt; B</summary>")[1].split("</details>")[0]
    assert "Prose." in folded
    assert "<b>shown</b>" in folded
    assert html.split("not saved as they were run</summary>")[1].startswith("\n<i>mine</i></details>")
