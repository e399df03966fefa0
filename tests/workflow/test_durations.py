"""Times in words."""

import pytest

from pauselib.workflow.durations import duration, rough_duration, seconds_kept, time_to_go


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (43.8, "44 s"), (99, "99 s"), (100, "1 min 40 s"), (200, "3 min 20 s"), (4320, "1 h 12 min")],
)
def test_how_long_something_took(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 10 s"),
        (38, "about 40 s"),
        (56, "about 1 min"),
        (540, "about 9 min"),
        (23 * 60, "about 25 min"),
        (58 * 60, "about 1 h"),
        (69 * 60, "about 1 h 10 min"),
        (9.9 * 3600, "about 9 h 50 min"),
        (9.99 * 3600, "about 10 h"),
        (30.2 * 3600, "about 30 h"),
        (75 * 3600, "about 3 days"),
    ],
)
def test_how_long_something_will_take_is_rounded_as_a_person_would(seconds, words):
    assert rough_duration(seconds) == words


def test_the_time_to_go_is_that_of_the_rules_shared_by_what_runs_at_once():
    waiting = [("warmup", 10), ("warmup", 0), ("evaluate", 0)]
    seconds = {"warmup": 120, "evaluate": 60}
    assert time_to_go(waiting, seconds, at_once=1) == "about 5 min to go"  # 110 + 120 + 60 s
    assert time_to_go(waiting, seconds, at_once=2) == "about 2 min to go"
    assert time_to_go(waiting, seconds, at_once=64) == "about 2 min to go"  # there are only three


def test_a_step_that_runs_longer_than_its_rule_has_no_negative_time_to_go():
    assert time_to_go([("warmup", 500), ("warmup", 0)], {"warmup": 120}, at_once=1) == "about 2 min to go"


def test_few_steps_of_an_unknown_rule_last_as_long_as_the_others():
    assert time_to_go([("warmup", 0), ("evaluate", 0)], {"warmup": 120}, at_once=1) == "about 4 min to go"


def test_where_most_steps_are_of_unknown_rules_the_known_ones_are_named():
    waiting = [("warmup", 0), ("evaluate", 0), ("analyze", 0)]
    assert time_to_go(waiting, {"warmup": 120}, at_once=1) == "about 2 min to go for warmup"


def test_nothing_is_said_where_nothing_is_known_or_nothing_waits():
    assert time_to_go([("warmup", 0)], {"inject": 9}, at_once=1) == ""
    assert time_to_go([], {"inject": 9}, at_once=1) == ""


def test_the_time_of_an_earlier_run_is_read_from_what_snakemake_kept(tmp_path):
    kept = tmp_path / "sft_peft.warmup.tsv"
    assert seconds_kept(kept) is None
    kept.touch()  # by a run that was killed just then
    assert seconds_kept(kept) is None
    kept.write_text("s\th:m:s\tmax_rss\n44.2710\t0:00:44\t512.3\n")
    assert seconds_kept(kept) == 44.271
