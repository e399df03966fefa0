"""How much a training computes, counted by hand: five rows of 3 to 7 tokens, two in a step."""

import numpy as np
import pandas as pd
import pytest

from pauselib.planning.work import Batch, Replies, batches, replies, rows_to_train, work
from pauselib.settings import Settings
from pauselib.variants import parse

SETTINGS = Settings(batch_size=2, group_by_length=False, max_steps=-1, eval_steps=1, base_max_steps=4)


def rows(*lengths: int, n_pauses: int = 1) -> pd.DataFrame:
    """Rows of those lengths, each with a prompt of two tokens."""
    masks = [np.arange(length) >= 2 for length in lengths]
    ids = [np.zeros(length, dtype=np.int32) for length in lengths]
    return pd.DataFrame({"input_ids": ids, "completion_mask": masks, "n_pauses": n_pauses})


def test_a_batch_is_as_long_as_its_longest_row_and_counts_what_has_a_label():
    assert batches(rows(3, 5, 4), 2) == [Batch(2, 5, 1 + 3, 2), Batch(1, 4, 2, 1)]
    assert batches(rows(3, 5, 4), 2)[0].tokens == 10
    assert batches(rows(3).drop(columns="n_pauses"), 2) == [Batch(1, 3, 1, 0)]


def test_the_steps_are_those_of_an_epoch_and_the_largest_batch_has_the_longest_rows():
    found = work(parse("sft_peft"), SETTINGS, {"train": rows(3, 7, 4, 5, 6), "validation": rows(4, 6)})
    assert (found.steps, found.batch) == (3, Batch(2, 7, 5 + 4, 2))
    assert found.eval_tokens == 3 * 2 * 6  # an evaluation after each step
    assert 25 <= found.tokens <= 2 * (7 + 6) + 5  # at least the tokens of the rows


@pytest.mark.parametrize(("name", "steps"), [("baseline_1_epoch", 3), ("baseline_2_epoch", 4)])
def test_a_baseline_has_its_epochs_unless_it_is_stopped_before(name, steps):
    given = {"train": rows(3, 7, 4, 5, 6), "validation": rows(4)}
    assert work(parse(name), SETTINGS.but(base_eval_steps=2), given).steps == steps


def test_a_batch_that_is_computed_in_parts_is_as_large_as_a_part():
    given = {"train": rows(3, 7, 4, 5, 6), "validation": rows(4)}
    assert work(parse("sft"), SETTINGS.but(gradient_accumulation_steps=2), given).batch == Batch(1, 7, 5, 1)


def test_validation_rows_are_gone_through_as_many_at_a_time_as_the_setting_says():
    given = {"train": rows(3, 7), "validation": rows(4, 6, 5)}
    found = work(parse("sft"), SETTINGS.but(validation_batch_size=2), given)
    assert (found.validation, found.eval_tokens) == (Batch(2, 6, 2 + 4, 2), 2 * 6 + 5)


def test_replies_are_bounded_by_the_limit_of_their_prompts(tmp_path):
    small = Settings(runs_dir=str(tmp_path), n_train=20, n_test=5, eval_batch_size=2, max_new_tokens=9)
    free = replies(small)
    assert (free.batches, free.rows, free.n_new) == (3, 2, 9)
    total = replies(small.but(max_total_tokens=free.longest + 3))
    assert total == Replies(3, 2, free.longest, 3)  # the longest prompt is alone in the last batch


def test_a_strategy_that_asks_for_a_trained_model_is_planned_without_one(tmp_path):
    small = Settings(runs_dir=str(tmp_path), n_train=20, n_test=2, variant="sft_peft@surprise")
    assert set(rows_to_train(small)) == {"train", "validation"}
    assert not list(tmp_path.rglob("*.safetensors"))
