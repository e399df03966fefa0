"""Properties that hold for any text, any row and any name, tried on made-up ones."""

from contextlib import suppress

import numpy as np
from hypothesis import given
from hypothesis import strategies as made_up

from pauselib import tasks
from pauselib.errors import InputError
from pauselib.injection.rows import insert
from pauselib.variants import parse

TEXTS = made_up.text(made_up.characters(exclude_categories=["Cs"]))  # any Unicode but half a surrogate pair


@given(data=made_up.data(), lengths=made_up.lists(made_up.integers(0, 12), min_size=1, max_size=6))
def test_inserted_pauses_leave_all_else_in_its_order_at_any_gaps(data, lengths):
    rows = [np.arange(100 * i, 100 * i + n, dtype=np.int32) for i, n in enumerate(lengths)]
    gaps = [np.array(data.draw(made_up.lists(made_up.integers(0, n), max_size=20)), dtype=int) for n in lengths]
    for row, places, out in zip(rows, gaps, insert(rows, gaps, -1)):
        assert out[out != -1].tolist() == row.tolist()
        before = np.cumsum(out != -1)[out == -1]  # how many tokens stand before each pause
        assert before.tolist() == sorted(places.tolist())


@given(number=made_up.integers(), before=TEXTS, after=TEXTS)
def test_the_number_behind_the_mark_is_the_answer_whatever_stands_around_it(number, before, after):
    task = tasks.find("gsm8k")
    text = f"{before.replace('#', '')}\n#### {number:,}\n{after}"
    assert task.extract(text) == str(number)
    assert task.is_correct(text, f"#### {number}")


@given(text=TEXTS)
def test_no_reply_breaks_the_scoring(text):
    for task in map(tasks.find, tasks.NAMES):
        assert task.extract(text) is None or isinstance(task.extract(text), str)
        assert task.difficulty(text) >= 0
        assert all(0 <= start < end <= len(text) for start, end in task.results(text))


@given(name=TEXTS)
def test_a_name_is_a_variant_that_says_it_again_or_is_refused(name):
    with suppress(InputError):
        assert parse(name).name == name.removesuffix(".yaml")
