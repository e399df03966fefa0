"""The panel that asks, without a browser: its widgets are moved as a reader moves them."""

import re
import shutil
import threading
import time

import pytest
from reading import SCRIPT, choose, first, pauses, settle, told

from pauselib.decoding import greedy
from pauselib.explorer import ask_panel
from pauselib.explorer.ask_panel import SLIDERS, AskPanel
from pauselib.explorer.pane import OLD, STOPPED
from pauselib.explorer.phrasing import phrasing_of
from pauselib.explorer.replies import Replies
from pauselib.settings import Settings

pytest_plugins = ["small_run"]


@pytest.mark.parametrize("name", SLIDERS)
def test_a_slider_that_is_not_moved_leaves_its_setting_at_the_default(name):
    assert SLIDERS[name].widget().value == SLIDERS[name].neutral == getattr(Settings(), name)


@pytest.mark.parametrize("name", SLIDERS)
def test_a_slider_spans_values_that_the_setting_may_have(name):
    for value in (SLIDERS[name].least, SLIDERS[name].most):
        assert getattr(Settings(**{name: value}), name) == value


def test_what_a_browser_says_of_a_slider_is_taken_as_a_multiple_of_its_step():
    bias = SLIDERS["pause_bias"]
    assert [bias.rounded(value) for value in (0.30000000000000004, -2.9, 0.25)] == [0.3, -2.9, 0.2]
    assert str(bias.rounded(-1e-17)) == "0.0"
    assert repr(SLIDERS["max_pauses"].rounded(3)) == "3"


def test_a_moved_slider_changes_the_reply_and_nothing_is_decoded_twice(asked, decodings):
    panel = AskPanel(asked)
    cap, bias, temperature = (panel.sliders[name] for name in ("max_pauses", "pause_bias", "pause_temperature"))
    assert "test-0" in panel.problem.label
    plain = told(panel)
    assert (pauses(plain), decodings) == (first(asked)["n_pauses"], [])
    cap.value = 3
    capped = told(panel)
    assert (pauses(capped), len(decodings)) == (3, 1)
    choose(panel.variant, "sft_peft")
    cap.value = -1
    bias.value = 3.0
    many = pauses(told(panel))
    bias.value = -3.0
    assert pauses(told(panel)) < many
    temperature.value = 0.3
    assert panel.changes() == {"pause_temperature": 0.3, "pause_bias": -3.0}
    settle(panel)
    choose(panel.variant, "sft_fr_phead_peft")
    n = len(decodings)
    panel.reset.click()
    assert panel.changes() == {}
    assert told(panel) == plain
    cap.value = 3
    assert told(panel) == capped
    assert len(decodings) == n


def test_two_variants_stand_side_by_side_and_one_without_pauses_says_so(asked):
    panel = AskPanel(asked)
    assert panel.panes[1].layout.display == "none"
    choose(panel.beside, "baseline_1_epoch")
    assert "sft_fr_phead_peft" in told(panel, 0)
    assert "has no pause token: the sliders change nothing" in told(panel, 1)
    assert [pane.layout.display for pane in panel.panes] == [None, None]
    panel.sliders["max_pauses"].value = 0
    assert pauses(told(panel, 1)) == 0


def test_a_question_of_one_s_own_has_no_gold_answer(asked):
    panel = AskPanel(asked)
    choose(panel.problem, "(own question)")
    assert panel.status.value == "Type a question into Own question, then press Tab or Answer."
    panel.own.value = f"What is 2 + 3? {SCRIPT}"
    assert "gold answer unknown" in told(panel)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in panel.asked.value
    assert "<script" not in panel.asked.value + panel.panes[0].value


def test_a_problem_has_the_gold_answer_also_where_it_is_decoded_now(asked):
    panel = AskPanel(asked)
    panel.sliders["max_pauses"].value = 3
    facts = f"gold {first(asked)['gold']} · 23 tokens, 3 of them pauses"  # the limit of 20 counts what is said
    assert facts in told(panel)
    assert "decoded now" in told(panel)


def test_stop_ends_the_decoding_and_answer_begins_it_again(asked, monkeypatch):
    step, steps, go_on = greedy.next_tokens, [], threading.Event()
    panel = AskPanel(asked)
    settle(panel)
    monkeypatch.setattr(ask_panel, "REDRAW", -1)

    def waits_after_two(*args):
        steps.append(len(steps) == 2 and go_on.wait(600))
        return step(*args)

    monkeypatch.setattr(greedy, "next_tokens", waits_after_two)
    panel.sliders["max_pauses"].value = 1
    assert panel.panes[0].is_old()
    while "so far" not in panel.panes[0].value:
        assert panel.work.thread.is_alive()
        time.sleep(0.02)
    assert not panel.stop.disabled
    panel.stop.click()
    go_on.set()
    assert settle(panel) == "Stopped."
    assert "so far" in panel.panes[0].value
    assert panel.stop.disabled
    assert STOPPED in panel.panes[0].value
    assert not panel.panes[0].is_old()
    monkeypatch.setattr(greedy, "next_tokens", step)
    panel.answer.click()
    assert pauses(told(panel)) == 1


def test_a_new_value_stops_the_decoding_of_the_one_before(asked, monkeypatch):
    step, steps, go_on = greedy.next_tokens, [], threading.Event()
    monkeypatch.setattr(greedy, "next_tokens", lambda *args: steps.append(go_on.wait(600)) or step(*args))
    panel = AskPanel(asked)
    settle(panel)
    panel.sliders["max_pauses"].value = 4
    while not panel.work.working.locked():
        time.sleep(0.02)
    panel.sliders["max_pauses"].value = 5
    go_on.set()
    assert pauses(told(panel)) == 5
    assert len(steps) < 40


def test_what_goes_wrong_in_the_thread_is_told(asked, monkeypatch):
    panel = AskPanel(asked)
    choose(panel.problem, "(own question)")
    panel.own.value = "Why <|pause|> here?"
    assert "already contains &lt;|pause|&gt;" in settle(panel)
    monkeypatch.setattr(Replies, "model_and_tokenizer", lambda self, settings: 1 / 0)
    panel.own.value = "And now?"
    assert settle(panel) == '<p role="alert"><b>This did not work.</b> ZeroDivisionError: division by zero</p>'
    assert panel.stop.disabled


def test_a_reply_that_is_not_to_what_is_chosen_is_greyed_and_says_so(asked):
    panel = AskPanel(asked)
    plain = told(panel)
    assert OLD not in plain
    choose(panel.problem, "(own question)")
    assert panel.status.value.startswith("Type a question")
    assert panel.panes[0].is_old()
    assert panel.panes[0].value == plain.replace("&nbsp;", OLD, 1)
    panel.own.value = "Why <|pause|> here?"
    assert "already contains" in settle(panel)
    assert panel.panes[0].is_old()
    panel.problem.index = 2
    panel.stop.click()  # before anything is decoded
    assert settle(panel) == "Stopped."
    assert panel.panes[0].is_old()
    panel.problem.index = 1
    assert told(panel) == plain


def test_to_type_or_take_an_example_asks_it_in_place_of_the_problem(asked):
    panel = AskPanel(asked)
    assert "test-0" in panel.problem.label
    panel.own.value = "What is 2 + 3?"
    assert panel.problem.label == "(own question)"
    assert "pairs of neighbouring words are in no training question" in panel.hint.value
    assert "What is 2 + 3?" in panel.asked.value
    panel.problem.index = 1
    assert panel.hint.value == ""
    shown = [button.description for button in panel.examples if button.layout.display is None]
    assert shown == phrasing_of(asked).examples() != []
    panel.examples[0].click()
    assert (panel.own.value, panel.problem.label, panel.hint.value) == (shown[0], "(own question)", "")
    assert shown[0] in panel.asked.value


def test_while_a_model_loads_the_seconds_are_told(asked, monkeypatch):
    load, seen = Replies.model_and_tokenizer, threading.Event()
    panel = AskPanel(asked)
    settle(panel)
    monkeypatch.setattr(Replies, "model_and_tokenizer", lambda *args: seen.wait(600) and load(*args))
    panel.sliders["max_pauses"].value = 2
    while not re.fullmatch(r"sft_fr_phead_peft: loading what is .* its reply, \d+ s so far …", panel.status.value):
        assert panel.work.thread.is_alive()
        time.sleep(0.02)
    seen.set()
    assert settle(panel) == "Finished."


def test_the_shade_is_the_pause_probability_or_the_uncertainty_or_none(asked):
    panel = AskPanel(asked)
    said = Replies().get(asked, *panel.problem.value, {})
    assert f"pause; pause probability {said['p_pause'][0]:.3f}" in told(panel)
    assert "as the pause head says" in panel.legend.value
    panel.shade.value = "LM uncertainty"
    assert f"pause; LM uncertainty {1 - said['p_best'][0]:.3f}" in told(panel)
    panel.numbers.value = True
    assert told(panel).count("<tr>") == 1 + said["n_tokens"]
    panel.numbers.value, panel.shade.value = False, "none"
    assert told(panel).count("title=") == told(panel).count('title="pause"') == said["n_pauses"]


def test_only_variants_with_a_model_are_offered(own_copy):
    names = [name for name, _ in AskPanel(own_copy).variant.options]
    assert names == ["sft_peft", "sft_fr_phead_peft", "baseline_1_epoch"]
    shutil.copytree(own_copy.folder() / "seed-42", own_copy.folder() / "seed-7")
    shutil.rmtree(own_copy.folder() / "seed-7" / "sft_peft")
    shutil.rmtree(own_copy.folder() / "data")
    panel = AskPanel(own_copy)
    assert [name for name, _ in panel.run.options] == ["small, seed 42", "small, seed 7"]
    choose(panel.run, "small, seed 7")
    assert [name for name, _ in panel.variant.options] == ["sft_fr_phead_peft", "baseline_1_epoch"]
    assert [name for name, _ in panel.problem.options] == ["(own question)"]
    assert "Type a question" in settle(panel)
