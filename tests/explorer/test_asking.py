"""Asking models, without a browser: the widgets are moved as a reader moves them."""

import threading
import time

import pandas as pd
import pytest

from pauselib.decoding import greedy
from pauselib.explorer import asking
from pauselib.explorer.asking import Asker, hint, pairs, phrasing, stored_replies
from pauselib.explorer.choosing import stored_rows
from pauselib.files import read_json, write_json
from pauselib.manifests import MANIFEST

pytest_plugins = ["small_run"]


@pytest.fixture
def asker(asked) -> Asker:
    """Of the small run, with the first problem asked."""
    rows = stored_rows(asked)
    asker = Asker(rows, next(row for row in rows if row.variant == asked.variant))
    finish(asker)
    return asker


def finish(asker: Asker) -> str:
    """Wait for the work; return the page that is shown then."""
    asker.thread.join(600)
    assert asker.status.value == "Finished."
    assert "old" not in asker.shown._dom_classes
    return asker.shown.value


def test_a_slider_changes_the_reply_and_nothing_is_decoded_or_loaded_twice(asker, asked, monkeypatch):
    calls, generate = [], greedy.generate
    monkeypatch.setattr(greedy, "generate", lambda *args, **kwargs: calls.append(1) or generate(*args, **kwargs))
    plain, cap, first = finish(asker), asker.sliders["max_pauses"], stored_replies(asked.variant_folder(), 0)[0]
    assert f"{first['n_pauses']} of them pauses" in plain
    cap.value = 3
    capped = finish(asker)
    assert f"gold {first['gold']} · 23 tokens, 3 of them pauses" in capped  # the limit of 20 counts what is said
    loads = asking.loaded.cache_info().misses
    asker.sliders["pause_bias"].value = 0.30000000000000004  # as a browser may say
    assert asker.changes() == {"max_pauses": 3, "pause_bias": 0.3}
    finish(asker)
    asker.reset.click()
    assert finish(asker) == plain
    cap.value = 3
    assert finish(asker) == capped
    assert (len(calls), asking.loaded.cache_info().misses) == (2, loads)


def test_one_s_own_question_is_asked_without_a_gold_answer(asker):
    asker.own.value = "What is 2 + 3?"
    assert "gold answer unknown" in finish(asker)
    assert asker.problem.label == "(own question)"
    assert "pairs of neighbouring words are in no training question" in asker.hint.value
    asker.own.value = "Why <|pause|> here?"
    asker.thread.join()
    assert "already contains &lt;|pause|&gt;" in asker.status.value
    asker.own.value = " "
    assert asker.status.value.startswith("Type a question")
    assert "old" in asker.shown._dom_classes
    asker.problem.index = 2
    finish(asker)
    assert asker.hint.value == ""


def test_a_new_value_and_stop_end_what_is_being_decoded(asker, monkeypatch):
    step, steps, go_on = greedy.next_tokens, [], threading.Event()
    monkeypatch.setattr(greedy, "next_tokens", lambda *args: steps.append(go_on.wait(600)) or step(*args))
    asker.sliders["max_pauses"].value = 4
    while not asker.working.locked():
        time.sleep(0.02)
    asker.sliders["max_pauses"].value = 5
    asker.stop.click()
    go_on.set()
    asker.thread.join(600)
    assert (asker.status.value, len(steps) < 3) == ("Stopped.", True)
    asker.answer.click()
    assert "5 of them pauses" in finish(asker)


def test_shade_and_numbers_are_those_of_the_tokens_of_two_models_side_by_side(asker, asked):
    said = stored_replies(asked.variant_folder(), 0)[0]
    assert f"pause; pause probability {said['p_pause'][0]:.3f}" in asker.shown.value
    asker.shade.value, asker.numbers.value = "LM uncertainty", True
    page = finish(asker)
    assert f"pause; LM uncertainty {1 - said['p_best'][0]:.3f}" in page
    assert page.count("<tr>") == 1 + said["n_tokens"]
    asker.beside.label, asker.numbers.value = "baseline_1_epoch", False
    asker.sliders["max_pauses"].value = 0
    page = finish(asker)
    assert page.count("0 of them pauses") == page.count('class="reply"') == 2
    assert "baseline_1_epoch (has no pause token: the sliders change nothing)" in page


def test_a_stored_reply_is_the_one_decoded_now_and_not_taken_of_another_model(asked, own_copy):
    row = next(row for row in stored_rows(own_copy) if row.variant == asked.variant)
    first = stored_replies(row.variant_folder(), 0)[0]
    assert asking.stored(row, first["question"])["note"] == "from predictions.jsonl"
    again = asking.decoded(row, first["question"], f"#### {first['gold']}", lambda replies: None)
    same = ("tokens", "n_pauses", "n_tokens", "gold", "predicted", "correct", "truncated")
    assert [again[name] for name in same] == [first[name] for name in same]
    assert again["p_pause"] == pytest.approx(first["p_pause"], rel=1e-3)
    manifest = row.variant_folder() / "model" / MANIFEST
    write_json(manifest, read_json(manifest) | {"outputs": {"model.safetensors": "another"}})
    assert asking.stored(row, first["question"]) is None


def test_a_question_with_more_new_pairs_than_any_validation_question_gets_a_hint(tmp_path):
    assert pairs("Ada has 7.") == pairs("ADA HAS 1,234.5.") == {("ada", "has"), ("has", "#"), ("#", ".")}
    known = pairs("Ada has 7 plums .") | pairs("Why has Ben 2 plums ?")
    assert hint("Why Ada has 5 plums .", known, 0.75) == ""  # why ada is new, 4 of 5 are known
    assert hint("Is it blue ?", known, 0.75).startswith("3 of its 3 pairs of neighbouring words are in no training")
    assert hint("Is it blue ?", *phrasing(tmp_path, None)) == ""  # without training questions
    for split in ("train", "validation"):
        pd.DataFrame({"question": ["It is blue ."]}).to_parquet(tmp_path / f"{split}.parquet")
    assert phrasing(tmp_path, 1) == (pairs("It is blue ."), 1.0)  # once they are there
