"""Two rows side by side, on three replies each that were written by hand."""

import pytest
from conftest import note, reply, save

from pauselib import figures
from pauselib.analysis.tables import compare
from pauselib.errors import InputError
from pauselib.settings import Settings


@pytest.fixture
def rows(by_hand) -> tuple[Settings, Settings]:
    """sft is right in the problems 0 and 1, sft_peft in 0."""
    return compare.two_rows(by_hand.but(variant="sft", other_variant="sft_peft"))


def test_the_replies_are_paired_by_problem(rows):
    paired = compare.paired_replies(rows)
    table = compare.paired_accuracy(rows, paired)
    assert table["run"].tolist() == [*compare.names(rows), "first − second"]
    assert table["correct"].tolist() == [2, 1, 1]
    assert table["alone"].tolist() == [1, 0, 1]
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert table["pauses_mean"].tolist() == pytest.approx([4, 8, -4])
    assert table["p"].tolist()[2] == 1  # one problem tells the two apart: no evidence
    [changed] = compare.changed_replies(paired).to_dict("records")
    assert (changed["problem_id"], changed["right"]) == ("test-1", "first")
    assert (changed["first"], changed["second"]) == ("<|pause|>" * 2 + "#### 1", "<|pause|>" * 4 + "#### 1")


def test_only_problems_with_the_same_id_question_and_gold_answer_are_paired(rows):
    replies = [{**reply(0, True, 0), "question": "Another?"}, {**reply(1, False, 4), "gold": "7"}, reply(2, False, 20)]
    save(rows[1], replies, 0.25)
    paired = compare.paired_replies(rows)
    assert (paired["problem_id"].tolist(), compare.changed_replies(paired).empty) == (["test-2"], True)
    assert compare.paired_accuracy(rows, paired[:0])["accuracy"].isna().all()


def test_what_differs_is_listed_back_to_the_problems(tmp_path):
    def make(name: str, rate: float, strategy: str | None) -> Settings:
        one = Settings(runs_dir=str(tmp_path), experiment=name, variant="sft")
        clean, injected, folder = one.folder() / "data", one.injected_folder(), one.variant_folder()
        note(clean, {"n_train": 5})
        note(injected, {"strategy": strategy}, data=clean)
        note(folder / "model", {"n_copies": rate, "learning_rate": rate}, data=injected if strategy else clean)
        note(folder, {"variant": "sft", "seed": 42, "n_copies": rate}, model=folder / "model")
        return one

    first, second = make("a", 0.1, "random"), make("b", 0.2, "word")
    assert compare.names((first, second)) == ["sft (a, seed 42)", "sft (b, seed 42)"]
    assert sorted(compare.differing_settings((first, second)).values.tolist()) == [
        ["injected rows", "strategy", "random", "word"],
        ["model", "learning_rate", "0.1", "0.2"],
        ["replies", "n_copies", "0.1", "0.2"],  # once, though the model has it too
    ]
    not_injected = compare.differing_settings((first, make("c", 0.1, None)))
    assert ["injected rows", "", "made", "–"] in not_injected.values.tolist()
    assert compare.differing_settings((first, first)).empty


def test_a_setting_that_one_lacks_is_its_default_and_code_that_both_name_is_compared(tmp_path):
    rows = [Settings(runs_dir=str(tmp_path), experiment=name, variant="sft") for name in "abc"]
    for row, settings, code in zip(rows, ({"gold_dtype": "float32"}, {}, {"gold_dtype": "mixed"}), "122"):
        note(row.variant_folder(), settings, code={"code of task": code})
    assert compare.differing_settings(rows[:2]).values.tolist() == [["replies", "code of task", "1", "2"]]
    assert compare.differing_settings(rows[1:]).values.tolist() == [["replies", "gold_dtype", "float32", "mixed"]]


def test_a_setting_that_a_variant_is_not_made_with_has_no_value(tmp_path):
    rows = [Settings(runs_dir=str(tmp_path), variant=name) for name in ("sft_peft", "baseline_matched")]
    for row, settings in zip(rows, ({"seed": 42}, {"seed": 42, "n_copies": 2})):
        note(row.variant_folder() / "model", settings)
        note(row.variant_folder(), {}, model=row.variant_folder() / "model")
    assert compare.differing_settings(rows).values.tolist() == [["model", "n_copies", "–", "2"]]


def test_the_other_row_is_the_matched_baseline_or_what_is_given_and_has_replies(by_hand):
    sft = by_hand.but(variant="sft")
    assert compare.two_rows(sft)[1].variant == "baseline_1_epoch"  # sft trains nothing of the LM
    assert compare.two_rows(sft.but(other_variant="sft_peft.yaml"))[1].variant == "sft_peft"
    with pytest.raises(InputError, match=r"made_from.json is missing.* -p variant sft -p experiment b -p seed 7"):
        compare.two_rows(sft.but(other_experiment="b", other_seed=7))
    (by_hand.but(variant="sft_peft").variant_folder() / "predictions.jsonl").write_text("")
    with pytest.raises(InputError, match=r"predictions\.jsonl is not as it was made"):
        compare.two_rows(sft.but(other_variant="sft_peft"))


def test_the_losses_of_both_are_in_one_picture(rows):
    figure = figures.losses_of_two(compare.losses(rows))
    points = [line for line in figure.axes[0].lines if line.get_label() in compare.names(rows)]
    assert [line.get_ydata().tolist() for line in points] == [[0.5], [0.25]]  # the eval losses
