"""The pictures, from three hand-written replies a variant and from tables of two lines."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pauselib import figures
from pauselib.analysis.study import Study
from pauselib.analysis.tables import loading
from pauselib.figures import headline
from pauselib.figures.pauses import FEWEST, pause_bins
from pauselib.figures.style import saved
from pauselib.settings import Settings
from pauselib.trials.contents import CONTENTS, Content


def test_pause_counts_are_binned_alone_up_to_eight_then_in_doubling_ranges():
    bins = pause_bins(pd.Series([0, 7, 8, 15, 16, 40]), most=8)
    assert bins.to_list() == ["0", "7", "8–15", "8–15", "16–31", "32–63"]


def test_the_bars_are_the_counts_of_correct_and_incorrect_replies(by_hand):
    replies = loading.predictions(by_hand).query("variant == 'sft'")
    figure = figures.accuracy_by_pauses(replies)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    n = len(heights) // 2
    assert heights[:n] == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert heights[n:] == [0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert figure.axes[1].lines[0].get_ydata().tolist() == [1.0, 1.0, 0.0]
    of_seeds = figures.accuracy_by_pauses(pd.concat([replies.assign(seed=seed) for seed in range(5)]))
    one, five = (some.axes[1].collections[0].get_segments() for some in (figure, of_seeds))
    assert np.array_equal(one, five)  # more seeds are no more problems
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert 0 <= legend.x0 < legend.x1 <= figure.bbox.width  # above a single panel, too, it is not cut


def test_a_difference_of_many_points_does_not_squeeze_the_others():
    found = pd.DataFrame({"variant": ["sft", "sft_fr_phead"], "accuracy": [0.7, 0.0], "low": 0.0, "high": 0.8})
    against = found.assign(difference=[0.02, -0.7], low=[-0.01, -0.75], high=[0.05, -0.65])
    _, right = figures.accuracies(found, against).axes
    far, zero, near = right.transData.transform([(-70, 0), (0, 0), (2, 0)])[:, 0]
    assert near - zero > 0.2 * (zero - far)
    single = figures.accuracies(found[:1], against[:0])
    with warnings.catch_warnings(action="error"):
        assert saved(single, "png")  # a single row has room for its axes


def gains(*rows) -> pd.DataFrame:
    """A table as `Trials.gains` has it, of rows of variant, site, content, dose and estimate."""
    found = pd.DataFrame(rows, columns=["variant", "site", "content", "dose", "estimate"])
    return found.assign(low=found["estimate"] - 0.5, high=found["estimate"] + 0.5)


def lines_of(axis) -> dict:
    """The lines of a panel by what the legend calls them."""
    return {name: one.lines[0] for name, one in zip(axis.get_legend_handles_labels()[1], axis.containers)}


@pytest.mark.parametrize(("outcome", "scale"), [("log_likelihood", 1), ("correct", 100)])
def test_the_gains_of_a_trial_have_a_panel_a_site_and_a_line_a_content(outcome, scale, monkeypatch):
    """A content that was added has a look, too."""
    monkeypatch.setitem(CONTENTS, "commas", type("Commas", (Content,), {"name": "commas", "meaning": "commas"})())
    table = gains(
        ("sft_peft", "step", "pauses", 4, 0.2),
        ("sft_peft", "step", "pauses", 1, 0.1),
        ("sft_peft", "step", "masked", 1, 0.0),
        ("sft_peft", "step", "commas", 1, 0.3),
        ("sft_peft", "result", "newline", 1, -0.3),
        ("sft_peft", "result", "given", 0, 9.0),
        ("baseline_matched", "step", "pauses", 1, -0.1),
        ("sft", "start", "pauses", 1, 9.0),
    )
    step, result = figures.trial_gains(table, "sft_peft", outcome).axes
    assert [axis.get_title() for axis in (step, result)] == ["before the calculation", "right before the result"]
    assert step.get_xscale() == "log"
    lines = lines_of(step)
    assert list(lines) == ["pauses", "masked pauses", "commas", "pauses, baseline_matched"]
    assert lines["pauses"].get_ydata().tolist() == [0.1 * scale, 0.2 * scale]
    centre = [np.log(lines[name].get_xdata()[0]) for name in lines]
    assert sum(centre) == pytest.approx(0)  # around one pause
    assert lines["commas"].get_color() != lines["pauses"].get_color()


def test_learning_curves_have_a_panel_a_content_and_place_and_a_line_a_row():
    at_steps = [
        gains(
            ("baseline_matched", "step", "pauses", 4, -0.4),
            ("sft_peft", "step", "pauses", 4, -0.2 + step / 100),
            ("sft_peft", "result", "masked", 1, -0.3),
        ).assign(step=step)
        for step in (0, 10, 20)
    ]
    first, second = figures.learning_curves(pd.concat(at_steps)).axes
    assert first.get_title() == "pauses × 4\nbefore the calculation"
    assert second.get_title() == "masked pauses × 1\nright before the result"
    lines = lines_of(first)
    assert list(lines) == ["sft_peft", "baseline_matched"]
    assert lines["sft_peft"].get_ydata().tolist() == pytest.approx([-0.2, -0.1, 0.0])
    assert lines["baseline_matched"].get_linestyle() == "--"


def test_with_nothing_finished_the_pictures_are_empty(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
    assert not figures.accuracy_by_pauses(loading.of_pausing_variants(study.replies)).axes
    assert not figures.trial_gains(study.trials.gains(), study.trial_variant, "correct").axes
    assert not figures.learning_curves(study.curve.gains).axes


@pytest.mark.parametrize("history", [[], [{"step": 2, "eval_loss": 1.0, "eval_lm_loss": 0.5, "eval_pause_loss": 0.5}]])
def test_a_training_of_few_steps_has_a_curve_without_a_line(history):
    assert figures.loss_curve(history) is not None


def test_the_picture_of_where_pauses_come_from_has_a_panel_a_column():
    lines = [(column, i, i, 20, 0.2, 0.1) for column in ("so_far", "gap", "length") for i in range(3)]
    columns = ["bins_of", "low", "value", "n", "head", "implied"]
    by = pd.DataFrame([*lines, ("gap", 3, 3, 19, 0.9, 0.9)], columns=columns)
    axes = figures.pause_origin(by, "sft_peft").axes
    assert [axis.get_xlabel() for axis in axes] == ["pauses so far", "words so far", "words in the reply"]
    head, implied = axes[1].lines
    assert (head.get_ydata().tolist(), implied.get_ydata().tolist()) == ([0.2] * 3, [0.1] * 3)  # 19 are too few
    assert not figures.pause_origin(by[:0], None).axes
    assert not figures.pause_origin(by.assign(n=FEWEST - 1), "sft_peft").axes
    without_gaps = figures.pause_origin(by[by["bins_of"] != "gap"], "sft_peft").axes
    assert [len(line.get_ydata()) for line in without_gaps[1].lines] == [0, 0]


def test_claims_stand_beside_their_margins_decided_ones_filled_what_is_far_as_an_arrow():
    claims = pd.DataFrame(
        {
            "claim": ["likelier", "more often", "none"],
            "verdict": ["undecided", "larger than the margin", "undecided"],
            "estimate": [0.1, 1.3, np.nan],
            "low": [-0.025, 1.15, np.nan],
            "high": [0.35, 1.45, np.nan],
            "margin": [0.05, 0.1, 0.05],
            "unit": ["nats", "", "nats"],  # none: a ratio, without effect at 1
        }
    )
    axis = headline.claims_beside_margins(claims, ["a", "b", "c"]).axes[0]
    points = [line for line in axis.lines if line.get_marker() == "o"]
    assert [point.get_xdata()[0] for point in points] == pytest.approx([2, 3])
    assert [point.get_markerfacecolor() for point in points] == ["white", "#222222"]
    ends = [segment[:, 0] for collection in axis.collections for segment in collection.get_segments()]
    np.testing.assert_allclose(ends, [[-0.5, 4], [1.5, 4]])
    assert sorted(line.get_marker() for line in axis.lines if line.get_marker() in "<>") == [">", ">"]
