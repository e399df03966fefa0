"""Two rows side by side, on three replies each that were written by hand."""

import json

import pytest

from pauselib import figures, runs
from pauselib.analysis.tables.two_runs import ENDS, TwoRuns, the_other
from pauselib.errors import InputError
from pauselib.figures.tables import main_columns
from pauselib.settings import Settings


@pytest.fixture
def two(by_hand) -> TwoRuns:
    """sft is right in the problems 0 and 1, sft_peft in 0."""
    return TwoRuns(by_hand.but(variant="sft"), by_hand.but(variant="sft_peft"))


def test_the_replies_are_paired_by_problem(two):
    assert two.names == ("sft", "sft_peft")
    assert [column.name for column in main_columns(two.agreement)] == ["problems", "how_many"]
    assert two.agreement.values.tolist() == [
        ["both right", 1],
        ["only the first right", 1],
        ["only the second right", 0],
        ["both wrong", 1],
    ]
    assert two.paired["run"].tolist() == ["sft", "sft_peft", "first − second"]
    assert two.paired["correct"].tolist() == [2, 1, 1]
    assert two.paired["accuracy"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert two.paired["pauses_mean"].tolist() == pytest.approx([4, 8, -4])
    assert two.paired["p"].tolist()[2] == 1  # one problem tells the two apart: no evidence
    assert (
        "On the 3 problems that both answered, sft is right in 66.7 %, sft_peft in 33.3 %: +33.3 points" in two.reading
    )
    assert "1 are right in the first alone, 0 in the second alone." in two.reading


def test_only_problems_with_the_same_id_question_and_gold_answer_are_paired(by_hand):
    path = by_hand.but(variant="sft_peft").variant_folder() / "predictions.jsonl"
    replies = [json.loads(line) for line in path.read_text().splitlines()]
    replies[0]["question"], replies[1]["gold"] = "Another one?", "7"
    path.write_text("".join(json.dumps(one) + "\n" for one in replies))
    manifest = runs.manifest(path.parent)
    manifest["outputs"]["predictions.jsonl"] = runs.digest(path)
    runs.write_json(path.parent / runs.MANIFEST, manifest)
    two = TwoRuns(by_hand.but(variant="sft"), by_hand.but(variant="sft_peft"))
    assert two.replies[["problem_id", "end"]].values.tolist() == [["test-2", ENDS[False, False]]]
    assert "Not in both: 2 problems of the first, 2 of the second." in two.reading


def test_what_differs_is_listed_back_to_the_problems(tmp_path):
    def make(name: str, lr: float, strategy: str | None) -> Settings:
        one = Settings(runs_dir=str(tmp_path), experiment=name, variant="sft")
        clean, folder = one.folder() / "data", one.variant_folder()
        rows = one.injected_folder() if strategy else clean
        write(clean, {"n_train": 5})
        if strategy:
            write(rows, {"strategy": strategy}, data=clean)
        write(folder / "model", {"n_copies": lr, "learning_rate": lr}, data=rows)
        write(folder, {"variant": "sft", "seed": 42, "n_copies": lr}, model=folder / "model")
        return one

    def write(folder, settings: dict, **inputs):
        runs.write(folder / "made", "here")
        outputs = {"made": runs.digest(folder / "made")}
        runs.write_json(folder / runs.MANIFEST, {**runs.origin(folder, settings, inputs), "outputs": outputs})

    first, second = make("a", 0.1, "random"), make("b", 0.2, "word")
    two = TwoRuns(first, second)
    assert two.names == ("sft, experiment a", "sft, experiment b")
    assert sorted(two.differing_settings.values.tolist()) == [
        ["injected rows", "strategy", "random", "word"],
        ["model", "learning_rate", "0.1", "0.2"],
        ["replies", "n_copies", "0.1", "0.2"],  # once, though the model has it too
    ]
    assert "on different rows" in two.about_losses
    lines = TwoRuns(first, make("c", 0.1, None)).differing_settings.values.tolist()
    assert ["injected rows", "", "made", "–"] in lines
    assert TwoRuns(first, first).differing_settings.empty


def test_the_other_row_is_the_matched_baseline_or_what_is_given():
    mine = Settings(experiment="mine", variant="sft_unfr_lm_head", seed=7)
    assert the_other(mine).variant == "baseline_matched_unfr_lm_head"
    other = the_other(mine.but(other_experiment="theirs"))
    assert (other.experiment, other.variant, other.seed) == ("theirs", "sft_unfr_lm_head", 7)
    other = the_other(mine.but(other_variant="sft.yaml", other_seed=0))
    assert (other.experiment, other.variant, other.seed) == ("mine", "sft", 0)
    with pytest.raises(InputError, match="did you mean 'sft_peft'"):
        mine.but(other_variant="sft_pefd")


def test_a_row_without_replies_is_refused_with_the_command_that_makes_them(by_hand):
    with pytest.raises(InputError, match=r"sft_fr_phead of experiment by_hand.* -p variant sft_fr_phead "):
        TwoRuns(by_hand.but(variant="sft"), by_hand.but(variant="sft_fr_phead"))


def test_the_losses_of_both_are_in_one_picture(two):
    figure = figures.losses_of_two(two.losses)
    assert [axis.get_title() for axis in figure.axes] == ["loss"]
    points = [line for line in figure.axes[0].lines if line.get_label() in two.names]
    assert [line.get_ydata().tolist() for line in points] == [[0.5], [0.25]]  # the eval losses
