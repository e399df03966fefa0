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
        def update(self, what, metadata=None, raw=False):
            outputs.append(("update", what))

    def display(what, display_id, metadata=None, raw=False):
        outputs.append(("new", what))
        return Handle()

    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr(IPython.display, "display", display)
    return outputs


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when told to: clock[0] seconds."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_picture_is_shown_once_then_redrawn_in_place_as_often_as_takes_a_twentieth_of_the_time(shown, clock):
    def draw(data):
        clock[0] += 0.5
        return plt.figure(label=str(data))

    picture, open_before = LivePicture(draw), plt.get_fignums()
    for second in range(30):
        clock[0] = max(clock[0], second)
        picture.update(second)  # the first takes half a second, so the next is due 10 s after it
    picture.update("all", last=True)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "0"),
        ("update", "11"),
        ("update", "22"),
        ("update", "all"),
    ]
    assert plt.get_fignums() == open_before


def test_outside_a_notebook_no_picture_is_drawn(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    LivePicture(lambda data: pytest.fail("drawn")).update(0, last=True)


def test_the_line_says_how_far_it_is_and_short_work_shows_none(shown, clock):
    progress = Progress("reply", 200)
    for clock[0], done in ((0.5, 20), (2.0, 50), (2.1, 60), (4.0, 100)):
        progress.update(done)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "reply 50 of 200 (25%), 2 s, 6 s to go"),
        ("update", "reply 100 of 200 (50%), 4 s, 4 s to go"),
    ]
