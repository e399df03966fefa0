"""What the injector implies, and where the pauses of a row come from: two replies and two injected answers by hand."""

import numpy as np
import pandas as pd
import pytest
from made_up import P, reply

from pauselib.analysis.study import Study
from pauselib.analysis.why.pause_origin import PauseOrigin, implied_rate, lowest_losses, prior_of, rates_by
from pauselib.files import write_json
from pauselib.manifests import MANIFEST
from pauselib.settings import Settings

PAUSE, END = 50, 1
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


def test_means_by_bins_by_hand():
    table = pd.DataFrame({"so_far": [0, 0, 1, 5], "head": [0.1, 0.3, 0.5, 0.7], "implied": [0.2, 0.2, 0.0, 0.1]})
    found = rates_by(table, "so_far", [0, 1, 2, 4])
    assert found.to_numpy().tolist() == [
        ["so_far", 0, 0.0, 2, 0.2, 0.2],
        ["so_far", 1, 1.0, 1, 0.5, 0.0],
        ["so_far", 4, 5.0, 1, 0.7, 0.1],
    ]


def note(row: Settings, **changed) -> None:
    """Write the manifest of a row's injected rows."""
    manifest = {"settings": DRAWN | changed, "inputs": {}, "outputs": {"validation.parquet": "digest"}}
    write_json(row.injected_folder() / MANIFEST, manifest)


@pytest.fixture
def row(tmp_path) -> Settings:
    """A row whose two validation answers have one word each, the second with a pause before it."""
    settings = Settings(runs_dir=str(tmp_path), variant="sft_peft", seeds=[42])
    folder = settings.injected_folder()
    folder.mkdir(parents=True)
    ids = [np.array([7, 8, 9, END]), np.array([7, 8, PAUSE, 9, END])]
    injected = pd.DataFrame({"input_ids": ids, "prompt_length": [2, 2], "n_pauses": [0, 1]})
    injected.to_parquet(folder / "validation.parquet")
    note(settings)
    history = [{"step": 10, "pause_loss": 0.9}, {"step": 20, "pause_loss": 0.7}, {"step": 20, "eval_pause_loss": 0.5}]
    write_json(settings.variant_folder() / "training.json", {"history": history})
    return settings


def replies() -> pd.DataFrame:
    fields = {"variant": "sft_peft", "seed": 42}
    return pd.DataFrame([reply(["a"], p_best=0.32, **fields), reply([P, "a"], p_best=[0.3, 0.9], **fields)])


def test_the_prior_is_that_of_the_manifest(row):
    assert prior_of(row).tolist() == [0.5, 0.5]
    note(row, variable_number_of_pauses=False)
    assert prior_of(row).tolist() == [0.0, 1.0]
    for other in ({"strategy": "word"}, {"label_pauses": False}):
        note(row, **other)
        assert prior_of(row) is None
    assert prior_of(row.but(seed=43)) is None


def test_the_lowest_losses_by_hand(row):
    # the rates: a 1/4, its end 1/3; pause 1/4, a and its end 0, since no second pause can come
    found = lowest_losses(row, np.array([0.5, 0.5]))
    assert found["implied"] == pytest.approx(-np.log([3 / 4, 2 / 3, 1 / 4, 1, 1]).sum() / 5)
    assert found["constant"] == pytest.approx(-np.log([4 / 5] * 4 + [1 / 5]).mean())


def test_the_tables_of_a_row_by_hand(row):
    origin = PauseOrigin(row, "sft_peft", replies())
    assert origin.losses["training"].tolist() == [0.9, 0.7]
    assert origin.losses["loss"].fillna(0).tolist() == [0, 0.5]
    so_far = origin.by[origin.by["bins_of"] == "so_far"]
    assert so_far[["low", "n"]].to_numpy().tolist() == [[0, 2], [1, 1]]
    assert so_far["implied"].tolist() == [0.25, 0.0]


def test_of_several_seeds_those_without_rows_have_no_part_in_the_losses(row):
    other = row.but(seed=43)
    for folder in (other.injected_folder(), other.variant_folder()):
        folder.mkdir(parents=True)
    note(other)
    history = [{"step": 20, "pause_loss": 0.1, "eval_pause_loss": 0.1}]
    write_json(other.variant_folder() / "training.json", {"history": history})
    found = PauseOrigin(row.but(seeds=[42, 43]), "sft_peft", replies())
    assert found.losses["loss"].fillna(0).tolist() == [0, 0.5]
    (row.injected_folder() / "validation.parquet").unlink()
    none = PauseOrigin(row.but(seeds=[42, 43]), "sft_peft", replies())
    assert none.losses["loss"].fillna(0).tolist() == [0, pytest.approx(0.3)]
    assert none.losses["implied"].isna().all()


def test_where_something_is_missing_the_tables_are_empty(row, by_hand):
    for origin in (PauseOrigin(row, None, replies()), Study(by_hand).pause_origin, Study(row).pause_origin):
        assert origin.by.empty
        assert origin.losses.empty
