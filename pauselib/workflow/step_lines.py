"""What a person sees while the graph runs: a line for every finished step, what is running, what failed and why.

Snakemake logs what happens to its jobs as records with an `event`. The Snakefile calls `show_step_lines`, which puts a
handler of these records in the place of Snakemake's own lines. Snakemake's full log stays in `.snakemake/log`.

    55 steps: 21 variants, 11 interventions; results under runs/tiny
    [12/55] warmup sft_peft (44 s) · about 9 min to go
    [13/55] evaluate sft_peft (21 s): accuracy 0.714, 4.2 pauses a reply · about 9 min to go
"""

import logging
import os
import shutil
import sys
from collections.abc import Callable

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from pauselib.declared import number_of
from pauselib.workflow.durations import duration
from pauselib.workflow.run_state import RunState
from pauselib.workflow.running import MARK
from pauselib.workflow.steps_of_graph import reason_of_failure, result_of, short_path, steps_of_graph

JOB_FAILED = ("RuleException", "SpawnedJobError")  # the exceptions that Snakemake logs beside an event JOB_ERROR
LAST_WORD = "At least one job did not complete successfully."  # how Snakemake ends after a failure
STOPPING = "Terminating processes on user request"  # how its message at Ctrl-C begins


class Screen:
    """Whole lines on a stream and, where that is a terminal, a last one that is rewritten in place."""

    def __init__(self, stream):
        self.stream = stream
        self.is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.status = ""

    def line(self, text: str) -> None:
        """Print a line, above the status."""
        self.write(f"{text}\n")

    def show_status(self, text: str) -> None:
        """Put a text, cut to the terminal's width, in the place of the last status."""
        width = shutil.get_terminal_size().columns - 1
        self.status = text if len(text) <= width else text[: width - 1] + "…"
        self.write("")

    def write(self, text: str) -> None:
        """Write a text and the status behind it; only the text where the stream is no terminal."""
        whole = f"\r\x1b[K{text}{self.status}" if self.is_terminal else text
        try:
            self.stream.write(whole)
            self.stream.flush()
        except OSError:  # `make run | head`, or a log on a full disk: the work goes on unseen
            self.stream = open(os.devnull, "w")  # noqa: SIM115


class StepLines(logging.Handler):
    """Turns Snakemake's records into lines on a stream.

    `read_graph()` gives all steps and which have to run, see `steps_of_graph`; `folder` is where the results are;
    `logs` are the paths of Snakemake's own log; `is_dry()` says whether steps are named and not made.
    """

    def __init__(self, read_graph: Callable, folder: str, logs: list[str], stream=None, is_dry: Callable = bool):
        super().__init__()
        self.read_graph, self.folder, self.logs, self.is_dry = read_graph, folder, logs, is_dry
        self.screen = Screen(stream or sys.stdout)
        self.state = RunState({}, set())
        self.stopping = False

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a person what a record says, if it is of interest."""
        event = getattr(record, "event", None)
        try:
            if event == LogEvent.RUN_INFO:
                if not self.state.steps:  # a dry run has a second one at its end
                    self.tell_start()
            elif event == LogEvent.JOB_INFO and record.jobid in self.state.steps:
                self.state.begin(record.jobid, record.created)
                if self.is_dry():
                    self.screen.line(f"would run: {self.state.label(record.jobid)}")
                else:
                    self.show_running()
            elif event == LogEvent.JOB_FINISHED and record.job_id in self.state.steps:
                self.tell_finished(record.job_id, record.created)
            elif event == LogEvent.JOB_ERROR and record.jobid in self.state.steps:
                self.tell_failed(record.jobid, record.created)
            else:
                self.tell_other(record)
        except Exception:  # a line that can't be written must not end the run
            self.handleError(record)

    def close(self) -> None:
        """Leave an empty last line, when Snakemake ends its logging."""
        self.screen.show_status("")
        super().close()

    def tell_start(self) -> None:
        """Say what will be made and what is kept from before."""
        self.state = RunState(*self.read_graph())
        total, kept = len(self.state.steps), self.state.n_kept()
        line = f"{number_of(total, 'step')}: {self.state.contents()}; results under {short_path(self.folder)}"
        if kept:
            line += f"; {kept} of {total} {'is' if kept == 1 else 'are'} kept from before"
        self.screen.line(line)

    def tell_finished(self, jobid: int, now: float) -> None:
        """Say that a step is finished, how long it took, its result and the time to go."""
        step, seconds = self.state.steps[jobid], self.state.finish(jobid, now)
        step.failed_notebook.unlink(missing_ok=True)
        done = self.state.n_kept() + len(self.state.finished)
        line = f"[{done}/{len(self.state.steps)}] {self.state.label(jobid)} ({duration(seconds)})"
        result, to_go = result_of(step), self.state.to_go(now)
        line += f": {result}" if result else ""
        line += f" · {to_go}" if to_go else ""
        self.show_running()
        self.screen.line(line)

    def tell_failed(self, jobid: int, now: float) -> None:
        """Say that a step failed, why, and where to look; rename its notebook, since Snakemake removes the output."""
        if self.stopping:
            return
        step, seconds = self.state.steps[jobid], self.state.fail(jobid, now)
        self.show_running()
        self.screen.line(f"Failed: {self.state.label(jobid)} ({duration(seconds)}): {reason_of_failure(step)}")
        if step.notebook.exists():
            step.notebook.replace(step.failed_notebook)
            self.screen.line(f"    notebook: {short_path(step.failed_notebook)}")
        if step.log:
            self.screen.line(f"    log: {short_path(step.log)}")

    def tell_other(self, record: logging.LogRecord) -> None:
        """Say that nothing is to be done, sum up failures at the end, and pass on errors of Snakemake itself."""
        message = record.getMessage()
        if message == NOTHING_TO_BE_DONE_MSG:
            n_steps = len(self.read_graph()[0])
            self.screen.line(
                f"Nothing to do: all {n_steps} steps are finished; results under {short_path(self.folder)}"
            )
        elif message.startswith(STOPPING):
            self.stopping = True
        elif message.endswith(LAST_WORD):
            self.sum_up()
        elif record.levelno >= logging.ERROR and getattr(record, "exception", None) not in JOB_FAILED:
            self.pass_on(message)

    def pass_on(self, message: str) -> None:
        """Print an error of Snakemake itself on stderr, unless a failed step has already said what is wrong."""
        if not self.state.failed and not self.stopping:
            self.screen.show_status("")
            print(message, file=sys.stderr)

    def sum_up(self) -> None:
        """Say which steps failed, how many could not be made because of them, and where Snakemake's log is."""
        self.screen.show_status("")
        if self.stopping:
            return
        failed, blocked = sorted(self.state.failed), len(self.state.blocked())
        if failed:
            labels = "; ".join(self.state.label(jobid) for jobid in failed)
            line = f"\n{len(failed)} of {number_of(len(self.state.steps), 'step')} failed: {labels}."
            line += f" {blocked} more could not be made because of that." if blocked else ""
            self.screen.line(line)
        for path in self.logs:
            self.screen.line(f"Snakemake's own log: {short_path(path)}")

    def show_running(self) -> None:
        """Show what is running now."""
        running = ", ".join(self.state.label(jobid) for jobid in self.state.began)
        self.screen.show_status(f"running: {running}" if running else "")


def show_step_lines(workflow, folder: str) -> None:
    """Put these lines in the place of Snakemake's own, in a run that `pauselib.workflow` has started.

    Nothing changes where Snakemake was called by hand, nor in a process of a job that reads the Snakefile again.
    """
    if MARK not in os.environ or not workflow.is_main_process:
        return
    for handler in list(logger.handlers):
        if handler.name == "DefaultStreamHandler":
            logger.removeHandler(handler)
    logs = workflow.logger_manager.get_logfile()
    logger.addHandler(StepLines(lambda: steps_of_graph(workflow.dag), folder, logs, is_dry=lambda: workflow.dryrun))
