"""The embedded model and the text that made it."""

import json

import numpy as np

from pauselib.sources import generator as toy
from pauselib.sources import pretraining
from pauselib.sources.models import load_model, load_tokenizer, model_source

TINY = model_source("tiny")


def test_the_shipped_tokenizer_is_the_one_this_code_makes(tmp_path):
    pretraining.make_tokenizer().save_pretrained(tmp_path)
    made, shipped = (json.loads((folder / "tokenizer.json").read_text()) for folder in (tmp_path, TINY))
    assert made["model"] == shipped["model"]


def test_any_text_comes_back_and_digits_are_single_tokens():
    tokenizer = load_tokenizer("tiny")
    text = "Éva pays €1,250 — “really”?\n\t<<1250/2=625>>625 日本 🙂"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert tokenizer.tokenize("1250") == ["1", "2", "5", "0"]
    assert "<|pause|>" not in tokenizer.get_vocab()
    assert len({tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}) == 3


def test_the_shipped_model_has_one_to_three_million_parameters_and_ten_megabytes_at_most():
    model = load_model("tiny")
    assert model.config.model_type == "mistral"
    assert 1e6 < model.num_parameters() < 3e6
    assert sum(path.stat().st_size for path in TINY.iterdir()) < 10e6


def test_no_loss_is_taken_on_hesitations_and_slips_and_without_them_the_text_is_the_document():
    tokenizer, rng = pretraining.make_tokenizer(400, 200), np.random.default_rng(0)
    ids = np.arange(10, 40)
    with_slips, labels = pretraining.hesitate(rng, ids, 0.9, [5, 6], np.array([7, 8]))
    assert len(with_slips) > len(ids)
    assert with_slips[labels != -100].tolist() == ids.tolist()
    assert set(with_slips[labels == -100]) <= {5, 6, 7, 8}
    row, row_labels = next(pretraining.rows(tokenizer, seed=1))
    assert len(row) == len(row_labels) == pretraining.BLOCK
    assert 0 < np.mean(row_labels == -100) < 0.5


def test_the_experiments_layout_is_one_of_many():
    import random

    rng = random.Random(0)
    texts = ["".join(pretraining.document(rng, row)) for row in toy.make("pretrain", 600, seed=1)]
    ours = [text for text in texts if text.startswith("### INPUT") and "\n#### " in text]
    assert 0 < len(ours) < 0.1 * len(texts)


def test_pretraining_lowers_the_loss_and_is_seeded():
    import torch

    (_, _, first), (_, _, second) = (run_five_steps(torch) for _ in range(2))
    assert first == second
    assert first[-1]["loss"] < first[0]["loss"]


def run_five_steps(torch):
    compiled, torch.compile = torch.compile, lambda model: model  # the compiler takes longer than the steps
    try:
        return pretraining.pretrain(5, batch_size=2, every=1)
    finally:
        torch.compile = compiled
