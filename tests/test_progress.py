"""What a reader sees of long work: one line, updated in place; elsewhere a line every ten seconds."""

import time

import pytest

from pauselib import progress
from pauselib.progress import Progress, working


def test_the_line_says_how_far_it_is_and_short_work_shows_none(shown, clock):
    line = Progress("reply", 200)
    for clock[0], done, text in ((0.5, 20, ""), (2.0, 50, "loss 3"), (2.1, 60, ""), (4.0, 100, ""), (4.1, 200, "")):
        line.update(done, text)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "reply 50 of 200, 2 s, 6 s to go; loss 3"),
        ("update", "reply 100 of 200, 4 s, 4 s to go"),
        ("update", "reply 200 of 200, 4 s"),
    ]
    Progress("short", 2).update(2)
    assert len(shown) == 3


def test_a_log_gets_a_line_every_ten_seconds_and_work_that_goes_on_counts_its_time_from_there(capsys, clock):
    line = Progress("step", 5)
    for clock[0], done in ((2.0, 1), (11.0, 2), (12.5, 3)):
        line.update(done)
    assert capsys.readouterr().err.splitlines() == ["step 1 of 5, 2 s, 8 s to go", "step 3 of 5, 12 s, 8 s to go"]
    line, clock[0] = Progress("training step", 238, done=100), 22.5
    line.update(120)
    assert capsys.readouterr().err == "training step 120 of 238, 10 s, 59 s to go\n"


def test_work_that_can_t_say_how_far_it_is_says_for_how_long(shown, monkeypatch):
    timer = progress.threading.Timer
    monkeypatch.setattr(progress.threading, "Timer", lambda seconds, call: timer(seconds / 100, call))
    with working("importing"):
        time.sleep(0.2)
    texts = [(kind, what["text/plain"]) for kind, what in shown]
    assert texts == [("new", "importing …"), ("update", "importing: 0 s")]


def test_short_work_and_work_that_fails_leave_nothing_behind(shown):
    with working("importing"):
        pass
    with pytest.raises(ZeroDivisionError), working("dividing"):
        1 / 0  # noqa: B018
    assert shown == []
