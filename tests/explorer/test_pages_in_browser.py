"""The first page, the picker and the comparison in JupyterLab, in a real, headless Chromium."""

import pytest

pytest_plugins = ["browser", "small_run"]
FEW = {"experiment": "small", "n_train": 12, "n_test": 4, "n_copies": 2, "eval_steps": 2, "base_eval_steps": 2}
FEW |= {"max_steps": 2, "base_max_steps": 2}


def run_cells(opened, n: int) -> None:
    """Run the notebook's first `n` code cells, one after the other, and wait for them."""
    opened.page.locator(".jp-CodeCell").first.click()
    for _ in range(40):
        counts = [cell["execution_count"] for cell in opened.cells()[:n]]
        if all(counts):
            return
        opened.page.keyboard.press("Shift+Enter")
        opened._wait_until_idle()
    pytest.fail(f"Of the first {n} cells some did not run: {counts}.")


@pytest.fixture
def clean(notebook, lab):
    """clean(name, **parameters): that notebook; at the end nothing may have gone wrong on its page."""
    opened = []

    def open_it(name: str, **parameters):
        lab.parameterize(name, **parameters)
        opened.append(notebook(name))
        return opened[-1]

    yield open_it
    for one in opened:
        assert [*one.errors(), *one.watch.errors, *one.watch.outside] == []


def test_the_picked_variant_is_what_the_cells_below_train(clean, small_run):
    page = clean("warmup.ipynb", variant="sft_peft", runs_dir=small_run.runs_dir, **FEW)
    run_cells(page, 4)
    page.wait_for(3, "sft_peft: kept, made on 20")
    page.output(3).get_by_label("LM head").press("Space")
    page.wait_for(3, "sft_unfr_lm_head_peft: will train")
    page.output(3).get_by_label("LM embeddings").press("Space")
    page.wait_for(3, "sft_unfr_lm_head_embed_peft: will train")
    page.output(3).get_by_label("LM head").press("Space")  # the embeddings go with it
    page.wait_for(3, "sft_peft: kept, made on 20")
    page.output(3).get_by_label("Variant").select_option("sft_fr_phead_peft")
    page.wait_for(3, "sft_fr_phead_peft: kept, made on 20")
    said = page.page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const asked = kernel.requestExecute({code: "", user_expressions: {v: "picked.settings.variant"}});
            return (await asked.done).content.user_expressions.v.data["text/plain"];
        }"""
    )
    assert said == "'sft_fr_phead_peft'"


def test_two_rows_are_compared(clean, small_run):
    page = clean("compare.ipynb", variant="sft_peft", other_variant="sft_fr_phead_peft", runs_dir=small_run.runs_dir,
                 experiment="small")  # fmt: skip
    page.run_all()
    page.wait_for(2, "variant")
    page.wait_for(4, "On the 4 problems that both answered")
    panel = page.output(5)
    page.wait_for(5, "4 of 4 shared problems.")
    assert panel.locator(".pane .facts").count() == 2
    panel.get_by_label("Problem", exact=True).press("ArrowDown")
    panel.get_by_label("Search").fill("test-3")
    page.wait_for(5, "1 of 4 shared problems.")
    panel.get_by_label("Second variant").select_option("sft_peft")
    page.wait_for(5, "Both are the same run, sft_peft.")
    panel.get_by_text("Losses", exact=True).click()
    page.wait_for(5, "Both were trained and validated on the same rows")


def test_the_first_page_shows_what_is_finished_and_names_the_next_command(clean, small_run):
    page = clean("start.ipynb", runs_dir=small_run.runs_dir)
    page.run_all()
    page.wait_for(2, "sft_peft")
    page.wait_for(3, "Experiment tiny: 0 of 25 rows are finished")
    page.wait_for(3, "make run")
