"""What a reader sees of a picture that grows: one output, drawn again in place."""

import matplotlib.pyplot as plt
import pytest

from pauselib.figures.live import LivePicture


def test_a_picture_is_shown_once_then_redrawn_in_place_as_often_as_takes_a_twentieth_of_the_time(shown, clock):
    def draw(data):
        clock[0] += 0.5
        return plt.figure(label=str(data))

    picture, open_before = LivePicture(draw), plt.get_fignums()
    for second in range(30):
        clock[0] = max(clock[0], second)
        picture.update(second)  # the first takes half a second, so the next is due 10 s after it
    picture.update("all", last=True)
    assert [kind for kind, _ in shown] == ["new", "update", "update", "update"]
    assert [what.alt for _, what in shown] == ["0", "11", "22", "all"]
    assert plt.get_fignums() == open_before


def test_outside_a_notebook_no_picture_is_drawn():
    LivePicture(lambda data: pytest.fail("drawn")).update(0, last=True)


def test_a_picture_that_can_t_be_drawn_is_given_up_with_one_line_and_ends_nothing(shown, capsys):
    tries = []

    def draw(data):
        tries.append(data)
        raise RuntimeError("latex could not be found")

    picture = LivePicture(draw)
    picture.update(1, last=True)
    picture.update(2, last=True)
    assert capsys.readouterr().out.splitlines() == [
        "The picture can't be drawn (RuntimeError: latex could not be found); all else goes on without it."
    ]
    assert (tries, shown) == ([1], [])
