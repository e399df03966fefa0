"""What a reader sees of long work: one line, updated in place."""

import time

import pytest

from pauselib import progress
from pauselib.progress import Progress, working


def test_the_line_says_how_far_it_is_and_short_work_shows_none(shown, clock):
    progress = Progress("reply", 200)
    for clock[0], done in ((0.5, 20), (2.0, 50), (2.1, 60), (4.0, 100)):
        progress.update(done)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "reply 50 of 200 (25%), 2 s, 6 s to go"),
        ("update", "reply 100 of 200 (50%), 4 s, 4 s to go"),
    ]


def test_in_a_terminal_what_comes_after_the_last_of_them_begins_on_a_line_of_its_own(capsys, clock):
    progress = Progress("step", 2)
    for clock[0], done, text in ((2.0, 1, "loss 3"), (4.0, 2, "loss 1"), (9.0, 2, "")):
        progress.update(done, text)
    told = capsys.readouterr().err
    assert [line.rstrip() for line in told.split("\r")] == [
        "",
        "step 1 of 2 (50%), 2 s, 2 s to go; loss 3",
        "step 2 of 2 (100%), 4 s; loss 1",
    ]
    assert told.count("\n") == 1
    assert told.endswith("\n")
    short = Progress("step", 2)
    short.update(2)
    assert capsys.readouterr().err == ""


def test_work_that_can_t_say_how_far_it_is_says_for_how_long(shown, monkeypatch):
    monkeypatch.setattr(progress, "TELL_AFTER", 0.05)
    with working("importing"), working("something within it"):
        time.sleep(0.2)
    told = [(kind, what["text/plain"]) for kind, what in shown]
    assert told == [("new", "importing, 0 s so far"), ("update", "importing: 0 s")]


def test_short_work_and_work_that_fails_leave_nothing_behind(shown):
    with working("importing"):
        pass
    with pytest.raises(ZeroDivisionError), working("dividing"):
        1 / 0  # noqa: B018
    assert shown == []
