"""The explorer without a browser: its widgets are moved as a reader moves them, on a run of two variants and four problems."""

import json
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest

from pauselib import runs
from pauselib.decoding import greedy as generation
from pauselib.decoding.interventions import Intervention
from pauselib.explorer import contents as exploring
from pauselib.explorer import widgets
from pauselib.explorer.contents import Replies, matching, reply_block
from pauselib.settings import Settings

SMALL = {
    "experiment": "small", "n_train": 12, "n_test": 4, "n_copies": 2, "eval_steps": 2, "base_eval_steps": 2, "max_steps": 2, "base_max_steps": 2,
    "max_new_tokens": 20, "variant": "sft_fr_phead_peft",
}  # fmt: skip
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "explore.ipynb"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def small_run(folder) -> Settings:
    """A run with two variants, one of them with an intervention too, and the first step's model without replies."""
    from pauselib.decoding.evaluation import evaluate

    settings = Settings(**SMALL, runs_dir=str(folder))
    for variant, changes in (("sft_peft", {}), ("sft_fr_phead_peft", {}), ("sft_fr_phead_peft", {"max_pauses": 0})):
        evaluate(settings.but(variant=variant, **changes))
    return settings


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def asked(made):
    """What a notebook that knows the folder and nothing else asks for."""
    return Settings(experiment="small", variant="sft_fr_phead_peft", runs_dir=made.runs_dir)


@pytest.fixture
def copy(made, tmp_path):
    """The same run, to be changed by one test."""
    shutil.copytree(made.runs_dir, tmp_path / "runs")
    return Settings(experiment="small", variant="sft_fr_phead_peft", runs_dir=str(tmp_path / "runs"))


@pytest.fixture
def decoded(monkeypatch):
    """Counts what is decoded."""
    calls, generate = [], generation.generate
    monkeypatch.setattr(generation, "generate", lambda *args, **kwargs: calls.append(1) or generate(*args, **kwargs))
    return calls


def pauses(html: str) -> int:
    """How many pauses are marked."""
    return html.count('aria-label="pause"')


def settle(explorer) -> str:
    """Wait for the explorer's work; return what it says then."""
    if explorer.work.thread:
        explorer.work.thread.join(60)
    return explorer.status.value


def told(explorer, pane: int = 0) -> str:
    assert settle(explorer) == "Finished."
    return explorer.panes[pane].value


def first(settings) -> dict:
    """The first stored reply."""
    return exploring.stored(settings.variant_folder())[0]


def choose(widget, label: str):
    widget.index = [option if isinstance(option, str) else option[0] for option in widget.options].index(label)


def test_a_reply_so_far_is_given_after_every_token_and_an_exception_ends_it(made):
    model, tokenizer = Replies().model(made)
    seen = []

    def each(said):
        seen.append(len(said[0].ids))
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generation.generate(
            model, [tokenizer("What is 2 + 3?")["input_ids"]], tokenizer.eos_token_id, 20, show=False, each=each
        )
    assert seen == [1, 2, 3]


def test_a_stored_reply_is_shown_as_it_is_and_the_same_as_decoded_now(asked, copy, decoded):
    question = exploring.problems(asked)["question"][1]
    stored = Replies().get(asked, question, None, Intervention())
    assert (stored["problem_id"], stored["note"], decoded) == ("test-1", "from predictions.jsonl", [])
    forbidden = Replies().get(asked, question, None, Intervention(max_pauses=0))
    assert (forbidden["n_pauses"], forbidden["note"], decoded) == (0, "from predictions.jsonl", [])
    (copy.variant_folder() / "tokens.parquet").unlink()
    again = Replies().get(copy, question, stored["gold"], Intervention())
    assert again["note"] == "decoded now"
    assert again["p_pause"] == pytest.approx(stored["p_pause"], rel=1e-3)
    same = ("tokens", "n_pauses", "n_tokens", "predicted", "correct", "truncated")
    assert [again[name] for name in same] == [stored[name] for name in same]


def test_replies_older_than_the_model_are_not_taken_for_its_own(copy):
    manifest = copy.variant_folder() / "model" / runs.MANIFEST
    manifest.write_text(manifest.read_text())
    assert Replies().get(copy, exploring.problems(copy)["question"][1], None, Intervention())["note"] == "decoded now"


def test_a_moved_slider_changes_the_reply_and_nothing_is_decoded_twice(asked, decoded):
    explorer = widgets.Explorer(asked)
    assert "test-0" in explorer.problem.label
    plain = told(explorer)
    assert (pauses(plain), decoded) == (first(asked)["n_pauses"], [])
    explorer.cap.value = 3
    capped = told(explorer)
    assert (pauses(capped), len(decoded)) == (3, 1)
    choose(explorer.variant, "sft_peft")
    explorer.cap.value = -1
    many = pauses(told(explorer))
    explorer.bias.value = -3.0
    assert pauses(told(explorer)) < many
    explorer.temperature.value = 0.3
    assert explorer.how() == Intervention(pause_temperature=0.3, pause_bias=-3.0)
    settle(explorer)
    choose(explorer.variant, "sft_fr_phead_peft")
    n = len(decoded)
    explorer.reset.click()
    assert told(explorer) == plain
    explorer.cap.value = 3
    assert told(explorer) == capped
    assert len(decoded) == n


def test_two_variants_stand_side_by_side_and_one_without_pauses_says_so(asked):
    explorer = widgets.Explorer(asked)
    assert explorer.panes[1].layout.display == "none"
    choose(explorer.beside, "baseline_1_epoch")
    assert "sft_fr_phead_peft" in told(explorer, 0)
    assert "has no pause token: the sliders change nothing" in told(explorer, 1)
    assert [pane.layout.width for pane in explorer.panes] == ["50%", "50%"]
    explorer.cap.value = 0
    assert pauses(told(explorer, 1)) == 0


def test_a_question_of_one_s_own_has_no_gold_answer(asked):
    explorer = widgets.Explorer(asked)
    choose(explorer.problem, "(own question)")
    assert explorer.status.value == "Type a question into Own question, then press Tab or Answer."
    assert explorer.own.layout.display is None
    explorer.own.value = f"What is 2 + 3? {SCRIPT}"
    assert "gold answer unknown" in told(explorer)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in explorer.asked.value
    assert "<script" not in explorer.asked.value + explorer.panes[0].value


def test_stop_ends_the_decoding_and_answer_begins_it_again(asked, monkeypatch):
    step = generation.next_tokens
    explorer = widgets.Explorer(asked)
    settle(explorer)
    monkeypatch.setattr(generation, "next_tokens", lambda *args: time.sleep(0.3) or step(*args))
    explorer.cap.value = 1
    while "so far" not in explorer.panes[0].value:
        assert explorer.work.thread.is_alive()
        time.sleep(0.02)
    assert not explorer.stop.disabled
    explorer.stop.click()
    started = time.monotonic()
    assert settle(explorer) == "Stopped."
    assert time.monotonic() - started < 2
    assert "so far" in explorer.panes[0].value
    assert explorer.stop.disabled
    monkeypatch.setattr(generation, "next_tokens", step)
    explorer.answer.click()
    assert pauses(told(explorer)) == 1


def test_a_new_value_stops_the_decoding_of_the_one_before(asked, monkeypatch):
    step, steps = generation.next_tokens, []
    monkeypatch.setattr(generation, "next_tokens", lambda *args: time.sleep(0.1) or steps.append(1) or step(*args))
    explorer = widgets.Explorer(asked)
    settle(explorer)
    explorer.cap.value = 4
    while not steps:
        time.sleep(0.02)
    explorer.cap.value = 5
    assert pauses(told(explorer)) == 5
    assert len(steps) < 40


def test_what_goes_wrong_in_the_thread_is_told(asked, monkeypatch):
    explorer = widgets.Explorer(asked)
    choose(explorer.problem, "(own question)")
    explorer.own.value = "Why <|pause|> here?"
    assert "already contains &lt;|pause|&gt;" in settle(explorer)
    monkeypatch.setattr(Replies, "model", lambda self, settings: 1 / 0)
    explorer.own.value = "And now?"
    assert settle(explorer) == '<p role="alert"><b>This did not work.</b> ZeroDivisionError: division by zero</p>'
    assert explorer.stop.disabled


def test_the_shade_is_the_pause_probability_or_the_uncertainty_or_none(asked):
    explorer = widgets.Explorer(asked)
    said = Replies().get(asked, *explorer.problem.value, Intervention())
    assert f"pause; pause probability {said['p_pause'][0]:.3f}" in told(explorer)
    assert "as the pause head says" in explorer.legend.value
    explorer.shade.value = "LM uncertainty"
    assert f"pause; LM uncertainty {1 - said['p_best'][0]:.3f}" in told(explorer)
    explorer.numbers.value = True
    assert told(explorer).count("<tr>") == 1 + said["n_tokens"]
    explorer.numbers.value, explorer.shade.value = False, "none"
    assert told(explorer).count("title=") == told(explorer).count('title="pause"') == said["n_pauses"]


def test_html_in_a_reply_is_shown_as_text():
    said = {
        "tokens": ["<|pause|>", SCRIPT],
        "p_pause": [0.9, 0.1],
        "p_best": [0.5, 0.5],
        "n_tokens": 2,
        "n_pauses": 1,
        "predicted": SCRIPT,
        "gold": SCRIPT,
    }
    html = reply_block({**said, "correct": True, "truncated": False, "note": SCRIPT}, "pause probability", True, SCRIPT)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 6


def test_the_browser_filters_by_verdict_pauses_end_and_text():
    def said(i, correct, n_pauses, truncated):
        return {
            "question": f"Question {i}?",
            "reply": f"one<|pause|> ten {i}",
            "correct": correct,
            "n_pauses": n_pauses,
            "truncated": truncated,
        }

    replies = [said(0, True, 0, False), said(1, False, 3, True), said(2, False, 5, False)]
    assert matching(replies) == replies
    assert matching(replies, correct=False) == replies[1:]
    assert matching(replies, truncated=False) == [replies[0], replies[2]]
    assert matching(replies, pauses=(1, 4)) == [replies[1]]
    assert matching(replies, text="QUESTION 2") == [replies[2]]
    assert matching(replies, text="one ten 0") == [replies[0]]
    assert matching(replies, correct=True, truncated=True) == []


def test_a_page_of_replies_is_listed_and_the_chosen_one_is_shown(asked, monkeypatch):
    from pauselib.explorer import widgets

    monkeypatch.setattr(widgets, "PAGE", 3)
    browser = widgets.Browser(asked)
    assert browser.status.value == "4 of 4 replies pass the filters; 1 to 3 are listed."
    assert "test-0" in browser.pane.value
    assert "pause probability" in browser.pane.value
    assert (browser.back.disabled, browser.forth.disabled) == (True, False)
    browser.rows.index = 2
    assert "test-2" in browser.pane.value
    browser.forth.click()
    assert browser.status.value == "4 of 4 replies pass the filters; 4 to 4 are listed."
    assert "test-3" in browser.pane.value
    assert (browser.back.disabled, browser.forth.disabled) == (False, True)
    browser.search.value = "no such text"
    assert (browser.status.value, browser.rows.options, browser.pane.value) == (
        "0 of 4 replies pass the filters.",
        (),
        "",
    )
    browser.search.value = ""
    browser.cut.value = "ended by itself"
    assert browser.status.value == "0 of 4 replies pass the filters."
    browser.how.index = 1
    assert browser.how.label == "max_pauses-0"
    assert pauses(browser.pane.value) == 0


def test_html_in_stored_problems_and_replies_is_listed_and_shown_as_text(copy):
    path = copy.variant_folder() / "predictions.jsonl"
    said = [json.loads(line) for line in path.read_text().splitlines()]
    runs.write(
        path,
        "".join(
            json.dumps({**one, "question": SCRIPT, "reply": f"<|pause|>{SCRIPT}", "problem_id": SCRIPT}) + "\n"
            for one in said
        ),
    )
    browser = widgets.Browser(copy)
    shown = browser.asked.value + browser.pane.value + browser.status.value
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("&lt;script&gt;") == 3


def test_replies_without_their_tokens_are_browsed_unshaded(copy):
    (copy.variant_folder() / "tokens.parquet").unlink()
    browser = widgets.Browser(copy)
    assert pauses(browser.pane.value) == first(copy)["n_pauses"] > 5
    assert "There is no tokens.parquet beside these replies" in browser.pane.value
    assert "<td>missing</td>" in exploring.overview(copy)


def test_only_what_is_finished_is_offered(copy):
    assert [name for name, _ in widgets.Explorer(copy).variant.options] == [
        "sft_peft",
        "sft_fr_phead_peft",
        "baseline_1_epoch",
    ]
    assert [name for name, _ in widgets.Browser(copy).variant.options] == ["sft_peft", "sft_fr_phead_peft"]
    shutil.copytree(copy.folder() / "seed-42", copy.folder() / "seed-7")
    shutil.rmtree(copy.folder() / "seed-7" / "sft_peft")
    shutil.rmtree(copy.folder() / "data")
    explorer = widgets.Explorer(copy)
    assert [name for name, _ in explorer.run.options] == ["small, seed 42", "small, seed 7"]
    choose(explorer.run, "small, seed 7")
    assert [name for name, _ in explorer.variant.options] == ["sft_fr_phead_peft", "baseline_1_epoch"]
    assert [name for name, _ in explorer.problem.options] == ["(own question)"]
    assert "Type a question" in settle(explorer)


def test_what_is_missing_is_named_with_a_command_that_has_the_experiment_s_settings(asked):
    html = exploring.overview(asked)
    assert "3 of 21 variants have a model in experiment small, seed 42" in html
    assert "<code>make run" not in html, "no file of configs/ makes this experiment"
    command = exploring.command(asked.but(variant="sft"))
    assert command.startswith("papermill notebooks/evaluate.ipynb out.ipynb ")
    options = dict(option.split(" ") for option in command.split(" -p ")[1:])
    assert options == {name: str(value) for name, value in SMALL.items()} | {
        "variant": "sft",
        "runs_dir": asked.runs_dir,
    }
    assert command in html


def test_the_command_remakes_nothing_that_is_there(asked):
    from pauselib.injection import data
    from pauselib.training import warmup as training

    values = exploring.made_with(
        [asked.folder() / "data" / runs.MANIFEST, *asked.folder().glob("seed-42/*/training.json")]
    )
    again = asked.but(**{name: value for name, value in values.items() if name not in ("variant", "seed")})
    assert runs.is_current(asked.folder() / "data", data.made_from(again))
    assert training.warm_up(again.but(variant="sft_peft"), asked=False)


@pytest.mark.parametrize(("part", "what"), [(widgets.replies, "model"), (widgets.predictions, "reply")])
def test_where_nothing_is_finished_a_sentence_names_the_command(part, what, tmp_path):
    html = part(Settings(runs_dir=str(tmp_path))).data
    assert f"There is no {what} under {tmp_path} yet. <code>make run</code> makes" in html
    assert (
        f"<code>papermill notebooks/evaluate.ipynb out.ipynb -p variant sft_peft -p runs_dir {tmp_path}</code>" in html
    )
    assert "0 of 21 variants" in exploring.overview(Settings(runs_dir=str(tmp_path)))
    assert "<code>make run CONFIG=configs/mistral-7b.yaml</code>" in exploring.overview(
        Settings(experiment="mistral-7b", runs_dir=str(tmp_path))
    )


def test_where_nobody_can_use_widgets_the_first_reply_is_shown_as_html(asked):
    question = exploring.problems(asked)["question"][0]
    for part in (widgets.replies, widgets.predictions):
        html = part(asked).data
        assert question in html
        assert pauses(html) == first(asked)["n_pauses"]


def test_the_notebook_runs_through_under_papermill_without_widgets(asked, tmp_path):
    import papermill

    for runs_dir, expected in ((asked.runs_dir, 'aria-label="pause"'), (str(tmp_path), "There is no reply")):
        notebook = papermill.execute_notebook(
            NOTEBOOK,
            tmp_path / "out.ipynb",
            {"experiment": "small", "runs_dir": runs_dir},
            progress_bar=False,
            cwd=str(NOTEBOOK.parent),
        )
        assert "widgets" not in notebook.metadata
        shown = [
            output["data"]["text/html"]
            for cell in notebook.cells
            if cell.cell_type == "code"
            for output in cell.outputs
        ]
        assert expected in "".join(shown)
        assert len(shown) == 3


def test_the_tokens_beside_a_reply_are_those_of_its_file(asked):
    given = pd.read_parquet(asked.variant_folder() / "tokens.parquet")
    assert [said["tokens"] for said in exploring.stored(asked.variant_folder())] == [
        list(tokens) for tokens in given["tokens"]
    ]
