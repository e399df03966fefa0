"""What is said of a run, from records as Snakemake logs them."""

import errno
import io
import json
import logging
from pathlib import Path

import pytest
from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.common import LogEvent

from pauselib.workflow.step_lines import StepLines
from pauselib.workflow.steps_of_graph import GraphStep

ALL = {0, 1, 2, 3, 4}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def told(tmp_path, monkeypatch):
    """told(to_make, seeds, stream): lines for a graph of five steps, one for a rule but two warm-ups."""
    monkeypatch.chdir(tmp_path)
    Path("metrics.json").write_text(json.dumps({"accuracy": 0.714, "pauses_mean": 4.2}))

    def make(to_make: set[int] = ALL, seeds: tuple = (42, 42), stream: io.StringIO | None = None) -> StepLines:
        about = [
            ("inject", {}, set()),
            ("warmup", {"seed": str(seeds[0]), "variant": "baseline_1_epoch"}, {0}),
            ("warmup", {"seed": str(seeds[1]), "variant": "sft_peft"}, {1}),
            ("evaluate", {"seed": str(seeds[1]), "variant": "sft_peft"}, {2}),
            ("intervene", {"seed": str(seeds[1]), "variant": "sft_peft", "name": "max_pauses-0"}, {2}),
        ]
        steps = {
            jobid: GraphStep(rule, wildcards, Path(f"{jobid}.ipynb"), Path(f"{jobid}.log"), Path(f"{jobid}.tsv"), needs)
            for jobid, (rule, wildcards, needs) in enumerate(about)
        }
        return StepLines(lambda: (steps, to_make), "runs/tiny", ["full.log"], stream or io.StringIO())

    return make


def say(lines: StepLines, message: str = "", at: float = 0, level: int = logging.INFO, **fields) -> None:
    """Let Snakemake log something `at` seconds after the start."""
    lines.handle(logging.makeLogRecord({"msg": message, "levelno": level, "created": at, **fields}))


def start(lines: StepLines, *jobids: int, at: float = 0) -> None:
    for jobid in jobids:
        say(lines, at=at, event=LogEvent.JOB_INFO, jobid=jobid)


def finish(lines: StepLines, jobid: int, at: float) -> None:
    say(lines, at=at, event=LogEvent.JOB_FINISHED, job_id=jobid)


def fail(lines: StepLines, jobid: int, at: float) -> None:
    """A job fails as it does in Snakemake, which logs three records of it."""
    say(
        lines,
        "RuleException:\nCalledProcessError in …",
        at,
        logging.ERROR,
        event=LogEvent.ERROR,
        exception="RuleException",
    )
    say(lines, "Error in rule …", at, logging.ERROR, event=LogEvent.JOB_ERROR, jobid=jobid)


def end_after_failure(lines: StepLines) -> None:
    say(lines, "Exiting because a job execution failed. Look above for error messages", level=logging.ERROR)
    say(
        lines,
        "WorkflowError:\nAt least one job did not complete successfully.",
        level=logging.ERROR,
        event=LogEvent.ERROR,
        exception="WorkflowError",
    )
    lines.close()


def test_a_dry_run_names_the_steps_that_would_run(told):
    lines = told({3, 4})
    lines.is_dry = lambda: True
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 3, 4)
    say(lines, event=LogEvent.RUN_INFO)  # Snakemake ends a dry run with it, too
    lines.close()
    assert lines.screen.stream.getvalue().splitlines() == [
        "5 steps: 1 variant, 1 intervention; results under runs/tiny; 3 of 5 are kept from before",
        "would run: evaluate sft_peft",
        "would run: intervene sft_peft max_pauses-0",
    ]


def test_a_run_is_a_line_at_its_start_and_one_for_every_step(told):
    lines = told()
    say(lines, "Select jobs to execute...")
    say(lines, "Job stats: …", event=LogEvent.RUN_INFO)
    start(lines, 0)
    finish(lines, 0, at=10)
    start(lines, 1, at=10)
    finish(lines, 1, at=50)
    start(lines, 2, at=50)
    finish(lines, 2, at=90)
    start(lines, 3, at=90)
    finish(lines, 3, at=105)
    start(lines, 4, at=105)
    finish(lines, 4, at=120)
    lines.close()
    assert lines.screen.stream.getvalue().splitlines() == [
        "5 steps: 1 variant, 1 intervention; results under runs/tiny",
        "[1/5] inject (10 s)",
        "[2/5] warmup baseline_1_epoch (40 s) · about 40 s to go for warmup",
        "[3/5] warmup sft_peft (40 s)",
        "[4/5] evaluate sft_peft (15 s): accuracy 0.714, 4.2 pauses a reply",
        "[5/5] intervene sft_peft max_pauses-0 (15 s): accuracy 0.714, 4.2 pauses a reply",
    ]


def test_the_time_to_go_is_taken_from_earlier_runs_before_a_step_of_the_rule_is_finished(told):
    lines = told(to_make={1, 2, 3, 4})
    for jobid, seconds in enumerate((8, 600, 300, 60, 60)):
        Path(f"{jobid}.tsv").write_text(f"s\th:m:s\n{seconds}\t…\n")
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 1)
    finish(lines, 1, at=500)
    start(lines, 2, at=500)
    finish(lines, 2, at=1000)
    assert lines.screen.stream.getvalue().splitlines() == [
        "5 steps: 1 variant, 1 intervention; results under runs/tiny; 1 of 5 is kept from before",
        "[2/5] warmup baseline_1_epoch (8 min 20 s)",
        "[3/5] warmup sft_peft (8 min 20 s) · about 2 min to go",
    ]


def test_steps_that_run_at_once_share_the_time_to_go_and_what_they_have_run_is_taken_off(told):
    lines = told()
    for jobid in ALL:
        Path(f"{jobid}.tsv").write_text("s\n200\n")
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0, 1)
    finish(lines, 0, at=100)
    assert lines.screen.stream.getvalue().endswith("inject (1 min 40 s) · about 6 min to go\n")  # (100 + 3 · 200) / 2 s


def test_several_seeds_are_told_apart(told):
    lines = told(seeds=(42, 43))
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 2)
    finish(lines, 2, at=44)
    first, second = lines.screen.stream.getvalue().splitlines()
    assert first == "5 steps: 1 variant, 1 intervention, 2 seeds; results under runs/tiny"
    assert second == "[1/5] warmup sft_peft, seed 43 (44 s)"


def test_nothing_to_do_is_said_in_one_line(told):
    lines = told(to_make=set())
    say(lines, NOTHING_TO_BE_DONE_MSG)
    lines.close()
    assert lines.screen.stream.getvalue() == "Nothing to do: all 5 steps are finished; results under runs/tiny\n"


def test_a_failure_is_told_at_once_and_again_at_the_end(told, capsys):
    lines = told()
    error = {"output_type": "error", "ename": "InputError", "evalue": "max_length is 5: raise it.", "traceback": []}
    Path("2.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": [error]}]}))
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 2)
    fail(lines, 2, at=7)
    assert lines.screen.stream.getvalue().splitlines()[1:] == [
        "Failed: warmup sft_peft (7 s): max_length is 5: raise it.",
        "    notebook: 2.failed.ipynb",
        "    log: 2.log",
    ]
    assert (Path("2.ipynb").exists(), Path("2.failed.ipynb").exists()) == (False, True)
    end_after_failure(lines)
    assert lines.screen.stream.getvalue().splitlines()[4:] == [
        "",
        "1 of 5 steps failed: warmup sft_peft. 2 more could not be made because of that.",
        "Snakemake's own log: full.log",
    ]
    assert capsys.readouterr().err == ""


def test_a_step_that_succeeds_after_a_failure_is_no_failure(told):
    lines = told()
    Path("0.failed.ipynb").touch()  # of an earlier run
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0)
    fail(lines, 0, at=7)
    start(lines, 0, at=7)
    finish(lines, 0, at=10)
    assert lines.screen.stream.getvalue().splitlines()[-1].startswith("[1/5] inject (3 s)")
    assert not Path("0.failed.ipynb").exists()
    assert lines.state.blocked() == set()


def test_what_can_no_longer_be_made_is_not_in_the_time_to_go(told):
    lines = told()
    for jobid in ALL:
        Path(f"{jobid}.tsv").write_text("s\n200\n")
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0, 2)
    fail(lines, 2, at=7)
    finish(lines, 0, at=10)
    assert lines.screen.stream.getvalue().splitlines()[-1] == "[1/5] inject (10 s) · about 3 min to go"  # one warmup


def test_an_error_of_snakemake_itself_is_passed_on(told, capsys):
    lines = told()
    say(lines, "LockException: …", level=logging.ERROR, event=LogEvent.ERROR, exception="LockException")
    assert lines.screen.stream.getvalue() == ""
    assert capsys.readouterr().err == "LockException: …\n"


def test_jobs_that_ctrl_c_ends_have_not_failed(told, capsys):
    lines = told()
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0)
    say(lines, "Terminating processes on user request, this might take some time.")
    fail(lines, 0, at=7)
    end_after_failure(lines)
    assert len(lines.screen.stream.getvalue().splitlines()) == 1
    assert capsys.readouterr().err == ""


def test_a_terminal_shows_what_is_running_in_a_line_that_is_rewritten(told, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "36")
    lines = told(stream=Terminal())
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 1, 2)
    finish(lines, 2, at=44)
    lines.close()
    assert [text.removeprefix("\x1b[K") for text in lines.screen.stream.getvalue().split("\r")][1:] == [
        "5 steps: 1 variant, 1 intervention; results under runs/tiny\n",
        "running: warmup baseline_1_epoch",
        "running: warmup baseline_1_epoch, …",
        "running: warmup baseline_1_epoch",
        "[1/5] warmup sft_peft (44 s) · about 10 s to go for warmup\nrunning: warmup baseline_1_epoch",
        "",
    ]


def test_elsewhere_there_are_only_whole_lines(told):
    lines = told()
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0)
    lines.close()
    assert lines.screen.stream.getvalue() == "5 steps: 1 variant, 1 intervention; results under runs/tiny\n"


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC])
def test_a_reader_that_goes_away_or_a_full_disk_does_not_end_the_run(told, number, capsys):
    class Pipe(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(number, "said by the system")

    lines = told(stream=Pipe())
    say(lines, event=LogEvent.RUN_INFO)
    start(lines, 0)
    finish(lines, 0, at=10)
    assert lines.state.finished == {0}
    assert capsys.readouterr().err == ""
