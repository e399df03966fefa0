"""What a reader sees of long work: one output, updated in place."""

import sys
import time

import matplotlib.pyplot as plt
import pytest

from pauselib.progress import LivePicture, Progress


@pytest.fixture
def shown(monkeypatch):
    """What a notebook was given to show: ("new" or "update", what)."""
    import IPython.display

    outputs = []

    class Handle:
        def update(self, what, raw=False):
            outputs.append(("update", what))

    def display(what, display_id, raw=False):
        outputs.append(("new", what))
        return Handle()

    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr(IPython.display, "display", display)
    return outputs


def draw(data):
    time.sleep(0.02)
    return plt.figure(label=str(data))


def test_a_picture_is_shown_once_then_redrawn_in_place_and_at_the_end_in_any_case(shown):
    picture = LivePicture(draw)
    for step in range(5):
        picture.update(step)  # the first takes 0.02 s, so the next is due 0.4 s later
    picture.update("all", last=True)
    assert [kind for kind, _ in shown] == ["new", "update"]
    assert [figure.get_label() for _, figure in shown] == ["0", "all"]
    assert plt.get_fignums() == []


def test_redrawing_takes_a_small_share_of_the_time(shown):
    picture, started = LivePicture(draw), time.monotonic()
    while time.monotonic() - started < 1.5:
        picture.update(0)
        time.sleep(0.001)
    assert 2 <= len(shown) <= 5  # one in 0.42 s


def test_outside_a_notebook_no_picture_is_drawn(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    LivePicture(lambda data: pytest.fail("drawn")).update(0, last=True)


def test_the_line_says_how_far_it_is_and_short_work_shows_none(shown, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = Progress("reply", 200)
    for now[0], done in ((0.5, 20), (2.0, 50), (2.1, 60), (4.0, 100)):
        progress.update(done)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "reply 50 of 200 (25%), 2 s, 6 s to go"),
        ("update", "reply 100 of 200 (50%), 4 s, 4 s to go"),
    ]
