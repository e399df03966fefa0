"""What all pictures share: one look a variant, an alternative text, and a style that holds only for them."""

import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest

from pauselib import figures
from pauselib.figures import style
from pauselib.figures.style import alternative, described, look, saved, svg, whiskers
from pauselib.variants import VARIANTS

HISTORY = [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5, "eval_loss": 0.7}]


@described
def hatched_bar():
    """A bar with hatches,
    and a number on it.

    Of no use but for the tests.
    """
    figure, (axis,) = style.panels(1)
    axis.bar([0], [1], hatch="////")
    axis.text(0, 0.5, "7")
    return figure


def test_a_variant_has_one_look_and_no_two_have_the_same():
    looks = [tuple(look(name).values()) for name in VARIANTS]
    assert len(set(looks)) == len(VARIANTS)


def test_a_row_with_a_strategy_of_its_own_looks_like_its_variant():
    assert look("sft_peft@word") == look("sft_peft")


def test_a_picture_s_alternative_text_is_the_first_paragraph_of_its_function():
    assert alternative(hatched_bar()) == "A bar with hatches, and a number on it."
    assert 'role="img" aria-label="A bar with hatches, and a number on it."' in svg(hatched_bar())


def test_drawing_and_saving_leave_matplotlib_s_settings_as_they_are():
    before = dict(matplotlib.rcParams)
    saved(figures.loss_curve(HISTORY), "png")
    assert dict(matplotlib.rcParams) == before


def test_importing_the_figures_leaves_matplotlib_s_settings_as_they_are():
    script = "import matplotlib; before = dict(matplotlib.rcParams); import pauselib.figures; "
    script += "raise SystemExit(dict(matplotlib.rcParams) != before)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_is_the_same_whatever_matplotlib_is_set_to(form):
    plain = saved(hatched_bar(), form, metadata={"Date": None} if form == "svg" else None)
    theirs = {"font.size": 20, "hatch.linewidth": 5, "svg.hashsalt": "theirs", "figure.dpi": 40, "text.usetex": True}
    theirs |= {"axes.grid": True, "savefig.dpi": 30, "axes.prop_cycle": plt.cycler(color="r")}
    with plt.rc_context(theirs):
        assert saved(hatched_bar(), form, metadata={"Date": None} if form == "svg" else None) == plain


def test_a_picture_is_closed_once_it_is_saved():
    before = plt.get_fignums()
    figure = hatched_bar()
    assert plt.get_fignums() != before
    saved(figure, "png")
    assert plt.get_fignums() == before


def test_an_interval_that_ends_a_last_bit_beyond_its_share_can_be_drawn():
    assert whiskers([0.0, 0.5], [1e-18, 0.4], [0.1, 0.7]).tolist() == [
        [0.0, pytest.approx(0.1)],
        [0.1, pytest.approx(0.2)],
    ]
