"""What a model thinks of given answers: row by row written out, against batches of rows of different lengths."""

import numpy as np
import pytest
import torch
from conftest import KINDS, labelled

from pauselib.decoding.evaluation import completion_log_likelihoods

ROWS = [  # (prompt, answer with its end token)
    ([0, 3, 14], [15, 9, 2, 6, 5, 1]),
    ([0, 7], [1]),  # an empty answer: the end token alone
    ([0, 8, 9, 7, 9, 3, 2], [3, 8, 1]),
    ([0], [4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 1]),
    ([0, 5], [0, 0, 1]),  # tokens that padding has too
]


@torch.no_grad()
def one_by_one(model) -> list[list[float]]:
    """The log probability of every token of an answer given all before it, without batch or padding."""
    found = []
    for prompt, answer in ROWS:
        given = [[*prompt, *answer[:i]] for i in range(len(answer))]
        logits = [model(input_ids=torch.tensor([ids])).logits[0, -1] for ids in given]
        found.append([float(row.log_softmax(-1)[token]) for row, token in zip(logits, answer)])
    return found


@pytest.mark.parametrize("batch_size", [2, 32])
@pytest.mark.parametrize("kind", KINDS)
def test_likelihoods_do_not_depend_on_the_batch_and_come_in_the_order_of_the_rows(kind, batch_size, tiny_lm):
    model, rows = tiny_lm(kind), labelled(*(([*prompt, *answer], len(prompt)) for prompt, answer in ROWS))
    found = completion_log_likelihoods(model, rows, batch_size)
    assert [len(row) for row in found] == [len(answer) for _, answer in ROWS]
    for row, expected in zip(found, one_by_one(model)):
        np.testing.assert_allclose(row, expected, atol=1e-4)
    again = completion_log_likelihoods(model, rows.iloc[::-1].set_axis([9, 9, 3, 3, 3]), batch_size)
    for row, same in zip(again[::-1], found):
        np.testing.assert_allclose(row, same, atol=1e-5)
    assert completion_log_likelihoods(model, rows[:0]) == []
