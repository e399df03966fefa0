"""The embedded model is what tools/pretrain.py makes, from a text that hesitates."""

import json

import numpy as np

from pauselib.sources.models import model_source
from tools import pretrain


def test_the_shipped_tokenizer_is_the_one_this_code_makes(tmp_path):
    pretrain.make_tokenizer().save_pretrained(tmp_path)
    made, shipped = (json.loads((one / "tokenizer.json").read_text()) for one in (tmp_path, model_source("tiny")))
    assert made["model"] == shipped["model"]


def test_no_loss_is_taken_on_hesitations_and_slips_and_without_them_the_text_is_the_document():
    tokenizer, ids, rng = pretrain.make_tokenizer(400, 200), np.arange(10, 40), np.random.default_rng(0)
    with_slips, labels = pretrain.hesitate(rng, ids, 0.9, [5, 6], np.array([7, 8]))
    assert len(with_slips) > len(ids)
    assert with_slips[labels != -100].tolist() == ids.tolist()
    assert set(with_slips[labels == -100]) <= {5, 6, 7, 8}
    row, row_labels = next(pretrain.rows(tokenizer, seed=1))
    assert len(row) == len(row_labels) == pretrain.BLOCK
    assert 0 < np.mean(row_labels == -100) < 0.5


def test_pretraining_lowers_the_loss_and_is_seeded():
    first, second = (pretrain.pretrain(5, batch_size=2, compiled=lambda model: model)[2] for _ in range(2))
    assert first == second
    assert first[-1] < first[0]
