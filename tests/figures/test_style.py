"""What all pictures share: one look a variant, an alternative text, and a style that holds only for them."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from pauselib import figures
from pauselib.figures import style
from pauselib.figures.style import image, looks, saved, shows, whiskers
from pauselib.variants import VARIANTS

HISTORY = [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5, "eval_loss": 0.7}]


@shows("A bar with hatches, and a number on it.")
def hatched_bar():
    figure, (axis,) = style.panels(1)
    axis.bar([0], [1], hatch="////")
    axis.text(0, 0.5, "7")
    return figure


def test_rows_that_differ_in_anything_are_not_drawn_alike_and_variants_look_the_same_in_every_picture():
    of_strategies = [f"sft_peft@{name}" for name in ("word", "equation", "random+word", "random+start")]
    names = [*VARIANTS, *of_strategies]
    found = looks(names)
    assert len({tuple(look.values()) for look in found.values()}) == len(names)
    assert all(looks([name])[name] == found[name] for name in VARIANTS)


def test_a_picture_has_its_alternative_text_and_leaves_matplotlib_s_settings_and_open_figures_as_they_are():
    assert image(hatched_bar()).alt == "A bar with hatches, and a number on it."
    before = dict(matplotlib.rcParams), plt.get_fignums()
    saved(figures.loss_curve(HISTORY), "png")
    assert (dict(matplotlib.rcParams), plt.get_fignums()) == before


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_is_the_same_whatever_matplotlib_is_set_to(form):
    plain = saved(hatched_bar(), form)
    theirs = {"font.size": 20, "hatch.linewidth": 5, "svg.hashsalt": "theirs", "figure.dpi": 40, "text.usetex": True}
    theirs |= {"axes.grid": True, "savefig.dpi": 30, "axes.prop_cycle": plt.cycler(color="r")}
    with plt.rc_context(theirs):
        assert saved(hatched_bar(), form) == plain


@pytest.mark.parametrize("ends", [(-2.5, 1.3), (-0.1, 1.2), (-11, 0.2)])
def test_marks_of_a_stretched_axis_are_apart_and_0_is_among_them(ends):
    _, (axis,) = style.panels(1)
    style.mostly_linear(axis, "x", 2, marks=9)
    axis.set_xlim(ends)
    marks = axis.get_xticks()
    places = axis.transAxes.inverted().transform(axis.transData.transform([(mark, 0) for mark in marks]))[:, 0]
    assert 0 in marks
    assert np.diff(places).min() >= style.NEAREST - 1e-9
    plt.close("all")


def test_the_legend_explains_the_colours_markers_and_fillings_that_occur():
    figure, _ = style.panels(1)
    style.legend_of_looks(figure, ["sft_peft", "sft_unfr_lm_head", "baseline_matched"])
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[:2] == ["both pause parts trained", "baselines, without pauses"]
    assert words[2:] == ["LM head trained too", "open: without LoRA"]
    plt.close("all")


def test_an_interval_that_ends_a_last_bit_beyond_its_share_can_be_drawn():
    found = whiskers([0.0, 0.5], [1e-18, 0.4], [0.1, 0.7])
    assert (found >= 0).all()
    assert found == pytest.approx(np.array([[0, 0.1], [0.1, 0.2]]))
