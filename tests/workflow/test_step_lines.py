"""What is printed of a run, from records as Snakemake logs them."""

import json
import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from pauselib.settings import Settings
from pauselib.workflow.graph import steps_of_experiment
from pauselib.workflow.step_lines import KERNEL_DIED, StepLines, why_failed


@pytest.fixture
def told(tmp_path):
    """told(**settings): the lines of an experiment of sft_peft, one of whose steps was finished before."""

    def make(n_finished: int = 0, **changes) -> StepLines:
        settings = Settings(runs_dir=str(tmp_path), variants=["sft_peft"], trials=[], **changes)
        StepLines.steps, StepLines.n_finished = steps_of_experiment(settings), n_finished
        return StepLines(SimpleNamespace(dryrun=False), None)

    return make


def log(lines: StepLines, message: str = "", at: float = 0, level: int = logging.INFO, **fields) -> None:
    """Let Snakemake log something `at` seconds after the start."""
    lines.handle(logging.makeLogRecord({"msg": message, "levelno": level, "created": at, **fields}))


def start(lines: StepLines, **n_jobs: int) -> None:
    """Let Snakemake log how many jobs of each rule there are."""
    log(lines, event=LogEvent.RUN_INFO, stats={**n_jobs, "table": 1, "total": sum(n_jobs.values()) + 1})


def begin(lines: StepLines, jobid: int, at: float = 0) -> None:
    """Let Snakemake log that the step of a place in the graph begins."""
    step = lines.steps[jobid]
    about = {"strategy": "random"} if step.rule == "inject" else {"variant": step.row.variant}
    files = {"output": [str(step.notebook)], "log": [f"{step.notebook}.log"], "benchmark": "times.tsv"}
    wildcards = {"seed": str(step.row.seed), **about} if step.rule != "analyze" else {}
    log(lines, at=at, event=LogEvent.JOB_INFO, jobid=jobid, rule_name=step.rule, wildcards=wildcards, **files)


def finish(lines: StepLines, jobid: int, began: float, at: float) -> None:
    """Let Snakemake log that a step began, and that it finished."""
    begin(lines, jobid, began)
    log(lines, at=at, event=LogEvent.JOB_FINISHED, job_id=jobid)


def test_a_run_is_a_line_at_its_start_and_one_for_every_step(told, tmp_path, capsys):
    lines = told()
    row = tmp_path / "tiny" / "seed-42" / "sft_peft"
    row.mkdir(parents=True)
    (row / "metrics.json").write_text(json.dumps({"accuracy": 0.7143, "pauses_mean": 4.18}))
    assert [step.rule for step in lines.steps] == ["inject", "warmup", "warmup", "evaluate", "analyze"]
    start(lines, inject=1, warmup=2, evaluate=1, analyze=1)
    finish(lines, 0, 0, at=10)
    finish(lines, 1, 10, at=610)
    finish(lines, 2, 610, at=1210)
    finish(lines, 3, 1210, at=1225)
    finish(lines, 4, 1225, at=1230)
    assert capsys.readouterr().out.splitlines() == [
        f"5 steps; results under {tmp_path / 'tiny'}",
        "[1/5] inject random (0:00:10)",  # of most steps that wait nothing is known
        "[2/5] warmup baseline_1_epoch (0:10:00)",
        "[3/5] warmup sft_peft (0:10:00)",
        "[4/5] evaluate sft_peft (0:00:15): accuracy 0.714, 4.2 pauses a reply",
        "[5/5] analyze (0:00:05)",
    ]


def test_what_is_kept_and_several_seeds_are_named_and_the_time_to_go_is_shared_by_steps_at_once(told, tmp_path, capsys):
    lines = told(n_finished=2, seeds=[42, 43], interventions=[{"variant": "sft_peft", "max_pauses": 0}])
    start(lines, warmup=6, evaluate=1, intervene=1, analyze=1)
    begin(lines, 8, at=200)
    finish(lines, 1, 0, at=300)
    assert capsys.readouterr().out.splitlines() == [
        f"11 steps; results under {tmp_path / 'tiny'}; 2 of them kept from before",
        "[3/11] warmup baseline_1_epoch, seed 42 (0:05:00) · about 20 min to go",  # 8 · 300 / 2 s
    ]


def test_an_error_of_snakemake_itself_is_passed_on(told, capsys):
    log(told(), "WorkflowError: …", level=logging.ERROR, event=LogEvent.ERROR, exception="WorkflowError")
    assert capsys.readouterr() == ("", "WorkflowError: …\n")


@pytest.mark.parametrize(
    ("kind", "message", "log", "reason"),
    [
        ("InputError", "n_train is -1: give 0 or more.", "", "n_train is -1: give 0 or more."),
        ("ValueError", "Target modules {'query'} not found.", "", "ValueError: Target modules {'query'} not found."),
        (None, None, "Executing:  10%\rExecuting:  20%\nMemoryError: 3 GB\n\n", "MemoryError: 3 GB"),
        (None, None, "nbclient.exceptions.DeadKernelError: Kernel died", KERNEL_DIED),
        (None, None, "RuntimeError: Kernel died before replying to kernel_info", KERNEL_DIED),
        (None, None, None, "its log doesn't say why."),
    ],
)
def test_a_step_failed_by_the_last_error_of_its_notebook_or_else_of_its_log(kind, message, log, reason, tmp_path):
    outputs = [{"output_type": "stream", "text": "500 rows"}]
    outputs += [{"output_type": "error", "ename": kind, "evalue": message}] if kind else []
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown"}, {"outputs": outputs}]}))
    if log is not None:
        (tmp_path / "a.log").write_text(log)
    assert why_failed(tmp_path / "a.ipynb", tmp_path / "a.log") == reason


def test_a_reader_that_goes_away_does_not_end_the_run():
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from pauselib.workflow.step_lines import say; say('a'); say('b'); print('end', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "end\n")
