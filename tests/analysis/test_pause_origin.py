"""What the injector implies, and where the pauses of a row come from: two replies by hand."""

import numpy as np
import pandas as pd
import pytest
from conftest import note
from made_up import P, reply

from pauselib.analysis.study import Study
from pauselib.analysis.why.pause_origin import implied_rate, pause_rates, prior_of
from pauselib.settings import Settings

NONE_OR_ONE, ALWAYS_TWO = np.array([0.5, 0.5]), np.array([0.0, 0.0, 1.0])
DRAWN = {"strategy": "random", "label_pauses": True, "n_random_pauses": 1, "variable_number_of_pauses": True}


@pytest.mark.parametrize(
    ("gap", "before", "in_gap", "prior", "expected"),
    [
        # an answer of one word: no pause 1/2, one before the word 1/4, one behind it 1/4
        (0, 0, 0, NONE_OR_ONE, 1 / 4),
        (0, 0, 1, NONE_OR_ONE, 0),  # the one is there
        (1, 0, 0, NONE_OR_ONE, (1 / 4) / (1 / 2 + 1 / 4)),
        (1, 1, 0, NONE_OR_ONE, 0),
        # always two pauses, in the first of two gaps: none 1/4, one 1/2, both 1/4
        (0, 0, 0, ALWAYS_TWO, 3 / 4),
        (0, 0, 1, ALWAYS_TWO, (1 / 4) / (3 / 4)),
        (1, 1, 0, ALWAYS_TWO, 1),  # the other one has to come
        (1, 0, 1, ALWAYS_TWO, 1),
    ],
)
def test_the_rate_of_a_pause_in_two_gaps_by_hand(gap, before, in_gap, prior, expected):
    assert implied_rate(gap, before, in_gap, 1, prior) == pytest.approx(expected)


def test_the_first_gap_of_a_long_answer_and_the_rule_for_many_gaps():
    up_to_ten = np.full(11, 1 / 11)
    some = 1 - np.mean([(1 - 1 / 101) ** k for k in range(11)])  # one at least of k pauses in the first of 101 gaps
    assert implied_rate(0, 0, 0, 100, up_to_ten) == pytest.approx(some)
    many = np.full(2001, 1 / 2001)
    for before in (0, 3):
        assert implied_rate(2000, before, 0, 10_000, many) == pytest.approx((before + 1) / 2000, rel=0.01)
    short, long = implied_rate([10, 10], [2, 2], [0, 0], [20, 110], up_to_ten)
    assert short > long > implied_rate(10, 0, 0, 110, up_to_ten)  # the length counts, and the pauses so far


@pytest.fixture
def row(tmp_path) -> Settings:
    """A row whose training answers have no pause or one."""
    settings = Settings(runs_dir=str(tmp_path), variant="sft_peft", seeds=[42, 43])
    note(settings.injected_folder(), DRAWN)
    return settings


def test_the_prior_is_that_of_the_manifest(row):
    assert prior_of(row).tolist() == [0.5, 0.5]
    note(row.injected_folder(), DRAWN | {"variable_number_of_pauses": False})
    assert prior_of(row).tolist() == [0.0, 1.0]
    note(row.injected_folder(), {name: value for name, value in DRAWN.items() if name != "variable_number_of_pauses"})
    assert prior_of(row).tolist() == [0.5, 0.5]  # an older manifest: it is as it is by default
    for other in ({"strategy": "word"}, {"label_pauses": False}):
        note(row.injected_folder(), DRAWN | other)
        assert prior_of(row) is None
    assert prior_of(row.but(seed=43)) is None


def test_the_rates_of_a_row_by_hand(row):
    mine = [reply(["a"]), reply([P, "a"], p_pause=[0.3, 0.2]), reply(["b"] * 9, truncated=True)]
    replies = pd.DataFrame([{**one, "variant": "sft_peft"} for one in mine] + [reply(["c"])])
    so_far = pause_rates(row, "sft_peft", replies).query("bins_of == 'so_far'")
    assert so_far[["low", "n"]].to_numpy().tolist() == [[0, 2], [1, 1]]
    assert so_far["head"].tolist() == pytest.approx([0.2, 0.2])
    assert so_far["implied"].tolist() == [0.25, 0.0]


def test_where_something_is_missing_the_table_is_empty(row, by_hand):
    for found in (pause_rates(row, None, pd.DataFrame()), Study(by_hand).pause_origin, Study(row).pause_origin):
        assert found.empty
