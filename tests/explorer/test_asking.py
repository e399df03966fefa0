"""Asking models, without a browser: the widgets are moved as a reader moves them."""

import threading
import time

import pytest

from pauselib import runs
from pauselib.decoding import greedy
from pauselib.explorer import asking
from pauselib.explorer.asking import Asker, hint, pairs, phrasing, stored_replies
from pauselib.explorer.choosing import rows_with_models
from pauselib.settings import Settings

pytest_plugins = ["small_run"]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def asker(asked) -> Asker:
    """Of the small run, with the first problem asked."""
    asker = Asker(rows := rows_with_models(asked), next(row for row in rows if row.variant == asked.variant))
    finish(asker)
    return asker


@pytest.fixture
def decodings(monkeypatch) -> list:
    """Has one item for each time that something was decoded."""
    calls, generate = [], greedy.generate
    monkeypatch.setattr(greedy, "generate", lambda *args, **kwargs: calls.append(1) or generate(*args, **kwargs))
    return calls


def finish(asker: Asker) -> str:
    """Wait for the work; return the page that is shown then."""
    asker.thread.join(600)
    assert asker.status.value == "Finished."
    assert "old" not in asker.shown._dom_classes
    return asker.shown.value


def pauses(html: str) -> int:
    """How many pauses are marked in replies."""
    return html.count('aria-label="pause"')


def test_a_slider_changes_the_reply_and_nothing_is_decoded_or_loaded_twice(asker, asked, decodings):
    plain, cap, bias = finish(asker), asker.sliders["max_pauses"], asker.sliders["pause_bias"]
    first = stored_replies(asked.variant_folder(), 0)[0]
    assert (pauses(plain), decodings) == (first["n_pauses"], [])
    assert f"gold {first['gold']}" in plain
    cap.value = 3
    capped = finish(asker)
    assert (pauses(capped), len(decodings)) == (3, 1)
    assert f"gold {first['gold']} · 23 tokens, 3 of them pauses" in capped  # the limit of 20 counts what is said
    bias.value = 0.30000000000000004  # as a browser may say
    assert asker.changes() == {"max_pauses": 3, "pause_bias": 0.3}
    finish(asker)
    n, loads = len(decodings), asking.loaded.cache_info().misses
    asker.reset.click()
    assert asker.changes() == {}
    assert finish(asker) == plain
    cap.value = 3
    assert finish(asker) == capped
    assert (len(decodings), asking.loaded.cache_info().misses) == (n, loads)


@pytest.mark.parametrize("slid", [{"pause_temperature": 0.1, "max_pauses": 0}, {"pause_bias": -3.0, "max_pauses": 20}])
def test_the_ends_of_the_sliders_are_settings(slid):
    assert Settings(**slid, max_pauses_in_a_row=20).of(*slid) == slid


def test_two_models_stand_side_by_side_and_one_without_pauses_says_so(asker):
    asker.beside.label = "baseline_1_epoch"
    asker.sliders["max_pauses"].value = 0
    page = finish(asker)
    assert page.count('class="reply"') == 2
    assert "has no pause token: the sliders change nothing" in page
    assert pauses(page) == 1 - 1 + page.count("is a pause.") * 0


def test_one_s_own_question_is_asked_as_text_and_without_a_gold_answer(asker):
    asker.own.value = f"What is 2 + 3? {SCRIPT}"
    page = finish(asker)
    assert asker.problem.label == "(own question)"
    assert "gold answer unknown" in page
    assert "pairs of neighbouring words are in no training question" in asker.hint.value
    assert SCRIPT not in page
    asker.own.value = "Why <|pause|> here?"
    asker.thread.join()
    assert "already contains &lt;|pause|&gt;" in asker.status.value
    asker.own.value = " "
    assert asker.status.value.startswith("Type a question")
    assert "old" in asker.shown._dom_classes
    asker.problem.index = 2
    finish(asker)
    assert asker.hint.value == ""


@pytest.mark.parametrize("by", ["another value", "the button"])
def test_decoding_is_stopped(asker, monkeypatch, by):
    step, steps, go_on = greedy.next_tokens, [], threading.Event()
    monkeypatch.setattr(greedy, "next_tokens", lambda *args: steps.append(go_on.wait(600)) or step(*args))
    asker.sliders["max_pauses"].value = 4
    while not asker.working.locked():
        time.sleep(0.02)
    if by == "the button":
        asker.stop.click()
    else:
        asker.sliders["max_pauses"].value = 5
    go_on.set()
    asker.thread.join(600)
    if by == "the button":
        assert (asker.status.value, len(steps) < 3) == ("Stopped.", True)
        asker.answer.click()
    assert pauses(finish(asker)) == (4 if by == "the button" else 5)
    assert len(steps) < 40


def test_the_shade_and_the_numbers_are_those_of_the_tokens(asker, asked):
    said = stored_replies(asked.variant_folder(), 0)[0]
    assert f"pause; pause probability {said['p_pause'][0]:.3f}" in asker.shown.value
    asker.shade.value, asker.numbers.value = "LM uncertainty", True
    page = finish(asker)
    assert f"pause; LM uncertainty {1 - said['p_best'][0]:.3f}" in page
    assert page.count("<tr>") == 1 + said["n_tokens"]


def test_a_stored_reply_is_the_one_decoded_now_and_not_taken_of_another_model(asked, own_copy):
    row = next(row for row in rows_with_models(own_copy) if row.variant == asked.variant)
    first = stored_replies(row.variant_folder(), 0)[0]
    problem = asking.stored(row, first["question"])
    assert (problem["problem_id"], problem["note"]) == ("test-0", "from predictions.jsonl")
    again = asking.decoded(row, first["question"], f"#### {first['gold']}", lambda replies: None)
    same = ("tokens", "n_pauses", "n_tokens", "gold", "predicted", "correct", "truncated")
    assert [again[name] for name in same] == [first[name] for name in same]
    assert again["p_pause"] == pytest.approx(first["p_pause"], rel=1e-3)
    manifest = row.variant_folder() / "model" / runs.MANIFEST
    runs.write_json(manifest, runs.read_json(manifest) | {"outputs": {"model.safetensors": "another"}})
    assert asking.stored(row, first["question"]) is None


def test_a_question_with_more_new_pairs_than_any_validation_question_gets_a_hint(tmp_path):
    assert pairs("Ada has 7.") == pairs("ADA HAS 1,234.5.") == {("ada", "has"), ("has", "#"), ("#", ".")}
    known = pairs("Ada has 7 plums .") | pairs("Why has Ben 2 plums ?")
    assert hint("Why Ada has 5 plums .", known, 0.75) == ""  # why ada is new, 4 of 5 are known
    words = "3 of its 3 pairs of neighbouring words are in no training question: the model may not understand it."
    assert hint("Is it blue ?", known, 0.75) == words
    assert hint("Is it blue ?", *phrasing(tmp_path)) == ""  # without training questions
