"""What a reader sees of long work: one line, updated in place; in a log a line a minute; and where it was stopped."""

import io
import logging
import time
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell

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


def test_work_that_goes_on_where_it_was_says_so_at_once_and_counts_its_time_from_there(shown, clock):
    progress = Progress("training step", 238, done=100)
    clock[0] = 10.0
    progress.update(120)
    assert [(kind, what["text/plain"]) for kind, what in shown] == [
        ("new", "training step 101 of 238"),
        ("update", "training step 120 of 238 (50%), 10 s, 59 s to go"),
    ]


STEPS = ((2.0, 1, "loss 3"), (4.0, 2, "loss 2"), (61.0, 3, ""), (63.0, 4, ""), (64.0, 5, "loss 1"), (69.0, 5, ""))
IN_PLACE = [
    "step 1 of 5 (20%), 2 s, 8 s to go; loss 3",
    "step 2 of 5 (40%), 4 s, 6 s to go; loss 2",
    "step 3 of 5 (60%), 61 s, 41 s to go",
    "step 4 of 5 (80%), 63 s, 16 s to go",
    "step 5 of 5 (100%), 64 s; loss 1",
]
A_MINUTE = [IN_PLACE[0], IN_PLACE[3], IN_PLACE[4]]


def all_steps(clock) -> None:
    progress = Progress("step", 5)
    for clock[0], done, text in STEPS:
        progress.update(done, text)


def test_in_a_terminal_what_comes_after_the_last_of_them_begins_on_a_line_of_its_own(capsys, clock, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    all_steps(clock)
    told = capsys.readouterr().err
    assert [line.rstrip() for line in told.split("\r")] == ["", *IN_PLACE]
    assert told.count("\n") == 1
    assert told.endswith("\n")
    short = Progress("step", 2)
    short.update(2)
    assert capsys.readouterr().err == ""


def test_a_log_gets_a_line_a_minute_and_the_last(capsys, clock):
    all_steps(clock)
    assert capsys.readouterr().err.splitlines() == A_MINUTE


def test_what_papermill_prints_gets_a_line_a_minute_beside_the_notebook_s_one_output(shown, clock, monkeypatch):
    log = logging.Logger("kernel")
    log.addHandler(logging.StreamHandler(io.StringIO()))
    monkeypatch.setattr(progress, "shell", lambda: SimpleNamespace(kernel=SimpleNamespace(log=log)))
    all_steps(clock)
    assert log.handlers[0].stream.getvalue().splitlines() == A_MINUTE
    assert [kind for kind, _ in shown] == ["new", *["update"] * 4]


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


def test_an_interrupt_is_one_sentence_with_the_step_and_still_stops_the_cell(capsys, monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr(progress, "shell", lambda: shell)
    progress.explain_interrupts()
    Progress("training step", 238).update(30)
    told = []
    for _ in range(2):
        capsys.readouterr()
        outcome = shell.run_cell("raise KeyboardInterrupt")
        assert isinstance(outcome.error_in_exec, KeyboardInterrupt)
        told.append(capsys.readouterr().out.strip())
    kept = "What is finished is kept: run this cell again, it goes on."
    assert told == [f"Stopped at training step 30 of 238. {kept}", f"Stopped. {kept}"]
