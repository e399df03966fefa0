"""Replies that are stored, and the same ones decoded now; what is shown of them."""

import pandas as pd
import pytest
from reading import SCRIPT

from pauselib import runs
from pauselib.decoding import greedy
from pauselib.explorer.contents import problems_of
from pauselib.explorer.replies import Kept, Replies, decoding_settings, matching, reply_block

pytest_plugins = ["small_run"]


def test_what_was_used_last_is_kept_and_the_oldest_goes_before_another_is_made():
    kept, made = Kept(2), []

    def make(key: str) -> str:
        return kept.get((key,), lambda: made.append((key, len(kept.values))) or key.upper())

    assert [make(key) for key in "abacab"] == list("ABACAB")
    assert made == [("a", 0), ("b", 1), ("c", 1), ("b", 1)]


def test_a_reply_so_far_is_given_after_every_token_and_an_exception_ends_it(small_run):
    model, tokenizer = Replies().model_and_tokenizer(small_run)
    seen = []

    def each(said):
        seen.append(len(said[0].ids))
        if len(seen) == 3:
            raise KeyboardInterrupt

    prompt = tokenizer("What is 2 + 3?")["input_ids"]
    with pytest.raises(KeyboardInterrupt):
        greedy.generate(model, [prompt], tokenizer.eos_token_id, 20, show=False, each=each)
    assert seen == [1, 2, 3]


def test_a_stored_reply_is_shown_as_it_is_and_the_same_as_decoded_now(asked, own_copy, decodings):
    problem = problems_of(asked).loc[1]
    stored = Replies().get(asked, problem["question"], None, {})
    assert (stored["problem_id"], stored["note"], decodings) == ("test-1", "from predictions.jsonl", [])
    forbidden = Replies().get(asked, problem["question"], None, {"max_pauses": 0})
    assert (forbidden["n_pauses"], forbidden["note"], decodings) == (0, "from predictions.jsonl", [])
    (own_copy.variant_folder() / "tokens.parquet").unlink()
    again = Replies().get(own_copy, problem["question"], problem["answer"], {})
    assert again["note"] == "decoded now"
    assert again["p_pause"] == pytest.approx(stored["p_pause"], rel=1e-3)
    same = ("tokens", "n_pauses", "n_tokens", "gold", "predicted", "correct", "truncated")
    assert [again[name] for name in same] == [stored[name] for name in same]


def test_replies_of_another_model_are_not_taken_for_its_own_whatever_the_times_of_the_files(own_copy):
    manifest, question = own_copy.variant_folder() / "model" / runs.MANIFEST, problems_of(own_copy)["question"][1]
    manifest.write_text(manifest.read_text())  # newer than the replies, as in a copy
    assert Replies().get(own_copy, question, None, {})["note"] == "from predictions.jsonl"
    runs.write_json(manifest, runs.read_json(manifest) | {"outputs": {"model.safetensors": "another"}})
    assert Replies().get(own_copy, question, None, {})["note"] == "decoded now"


def test_a_reply_is_decoded_as_those_that_are_stored(small_run):
    of_model = {"task": "gsm8k", "dtype": "float32", "attn_implementation": "auto"}
    assert decoding_settings(small_run) == {**of_model, "max_new_tokens": 20, "max_total_tokens": 0}
    only_a_model = small_run.but(variant="baseline_1_epoch")
    assert decoding_settings(only_a_model) == of_model
    assert decoding_settings(small_run.but(experiment="nothing")) == {}


def test_pauses_that_a_strategy_puts_behind_the_prompt_are_put_there(asked, monkeypatch):
    replies, prompts, generate = Replies(), [], greedy.generate
    model, _ = replies.model_and_tokenizer(asked)
    monkeypatch.setattr(
        greedy, "generate", lambda *args, **kwargs: prompts.append(args[1][0]) or generate(*args, **kwargs)
    )
    replies.get(asked, "What is 2 + 3?", None, {})
    monkeypatch.setattr(model.config, "prompt_pauses", 2, raising=False)
    said = replies.get(asked, "What is 2 + 3?", None, {"max_pauses": 0})
    assert prompts == [prompts[0], prompts[0] + [model.config.pause_token_id] * 2]
    assert said["n_pauses"] == 0


def test_the_tokens_beside_a_reply_are_those_of_its_file(asked):
    given = pd.read_parquet(asked.variant_folder() / "tokens.parquet")
    stored = Replies().stored_in(asked.variant_folder())
    assert [said["tokens"] for said in stored] == [list(tokens) for tokens in given["tokens"]]


def test_html_in_a_reply_is_shown_as_text():
    said = {
        "tokens": ["<|pause|>", SCRIPT],
        "p_pause": [0.9, 0.1],
        "p_best": [0.5, 0.5],
        "n_tokens": 2,
        "n_pauses": 1,
        "predicted": SCRIPT,
        "gold": SCRIPT,
        "correct": True,
        "truncated": False,
        "note": SCRIPT,
    }
    html = reply_block(said, "pause probability", numbers=True, title=SCRIPT)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") == 6


def test_replies_are_filtered_by_verdict_pauses_end_and_text():
    def said(i, correct, n_pauses, truncated):
        return {
            "problem_id": f"test-{i}",
            "question": f"Question {i}?",
            "reply": f"one<|pause|> ten {i}",
            "correct": correct,
            "n_pauses": n_pauses,
            "truncated": truncated,
        }

    stored = [said(0, True, 0, False), said(1, False, 3, True), said(2, False, 5, False)]
    assert matching(stored) == stored
    assert matching(stored, correct=False) == stored[1:]
    assert matching(stored, truncated=False) == [stored[0], stored[2]]
    assert matching(stored, pauses=(1, 4)) == [stored[1]]
    assert matching(stored, text="QUESTION 2") == [stored[2]]
    assert matching(stored, text="one ten 0") == [stored[0]]
    assert matching(stored, text="test-1") == [stored[1]]
    assert matching(stored, correct=True, truncated=True) == []
