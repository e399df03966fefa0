"""The lines of a run, which a logger plugin makes of Snakemake's records. Its full log stays in `.snakemake/log`.

55 steps; results under runs/tiny
[12/55] warmup sft_peft (0:00:44) · about 9 min to go
[13/55] evaluate sft_peft (0:00:21): accuracy 0.714, 4.2 pauses a reply · about 9 min to go
"""

import logging
import os
import sys
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from statistics import mean
from types import SimpleNamespace

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from pauselib.declared import number_of
from pauselib.files import read_json
from pauselib.located import ROOT
from pauselib.variants import parse
from pauselib.workflow.graph import GraphStep

KERNEL_DIED = "the notebook's kernel died: it was killed, or memory ran out; the same command goes on from there."
OF_A_JOB = ("RuleException", "SpawnedJobError")  # exceptions that Snakemake logs before the event JOB_ERROR


def say(text: str) -> None:
    """Print a text now. Where nobody reads it any more (`make run | head`) the work goes on unseen."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def result_of(job: logging.LogRecord) -> str:
    """Return what came of a job that judges replies, `: accuracy 0.714, 4.2 pauses a reply`; of others nothing."""
    metrics = read_json(Path(job.output[0]).with_name("metrics.json"))
    if job.rule_name not in ("evaluate", "intervene") or metrics is None:
        return ""
    pauses = f", {metrics['pauses_mean']:.1f} pauses a reply" if parse(job.wildcards["variant"]).pauses else ""
    return f": accuracy {metrics['accuracy']:.3f}{pauses}"


def why_failed(notebook: Path, log: Path) -> str:
    """Return the last error in a notebook, of an InputError its sentence alone, or else the last line of a log."""
    cells = (read_json(notebook) or {}).get("cells", [])
    errors = [output for cell in cells for output in cell.get("outputs", []) if output["output_type"] == "error"]
    if errors:
        kind, message = errors[-1]["ename"], errors[-1]["evalue"]
        return message if kind == "InputError" else f"{kind}: {message}"
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    last = next((line for line in reversed(lines) if line.strip()), "its log doesn't say why.")
    return KERNEL_DIED if "Kernel died" in last else last


class StepLines(LogHandlerBase):
    """Prints the lines, in the place of Snakemake's own."""

    writes_to_stream, writes_to_file, needs_rulegraph = True, False, False
    has_filter = has_formatter = True
    steps: list[GraphStep]  # all of the experiment, the analysis last
    n_finished: int  # how many of them were finished before

    def __post_init__(self) -> None:
        self.place = str(self.steps[-1].notebook.parent).removeprefix(f"{ROOT}/")
        self.waiting = Counter()  # how many steps of each rule have neither finished nor failed
        self.running: dict[int, logging.LogRecord] = {}  # the records with which jobs began
        self.seconds, self.failed = defaultdict(list), []

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record reports, if it is of interest."""
        event, message = getattr(record, "event", None), record.getMessage()
        if event == LogEvent.RUN_INFO and not self.waiting:  # a dry run has a second one at its end
            self.show_start(record.stats)
        elif event == LogEvent.JOB_INFO and record.benchmark:
            self.running[record.jobid] = record
            if self.common_settings.dryrun:
                say(f"would run: {self.label(record)}")
        elif event == LogEvent.JOB_FINISHED and record.job_id in self.running:
            self.show_finished(record.job_id, record.created)
        elif event == LogEvent.JOB_ERROR and record.jobid in self.running:
            self.show_failed(self.running.pop(record.jobid))
        elif message == NOTHING_TO_BE_DONE_MSG:
            say(f"Nothing to do: all {self.n_finished} steps are finished; results under {self.place}")
        elif message.startswith("Complete log") and self.failed:
            say(f"\n{len(self.failed)} of {number_of(self.n_steps, 'step')} failed: {'; '.join(self.failed)}.")
            say(f"{self.waiting.total()} more could not be made because of that.\n{message}")
        elif record.levelno >= logging.ERROR and not self.failed and getattr(record, "exception", "") not in OF_A_JOB:
            print(message, file=sys.stderr)

    def label(self, job: logging.LogRecord) -> str:
        """Return the rule of a job and what it is about, `warmup sft_peft`, with its seed where there are several."""
        about = dict(job.wildcards)
        seed = f", seed {about.pop('seed')}" if "seed" in about else ""
        return " ".join([job.rule_name, *about.values()]) + (seed if len(self.steps[-1].row.seeds) > 1 else "")

    def show_start(self, stats: dict[str, int]) -> None:
        """Print how many steps there will be, from the number of jobs of each rule, and how many are kept."""
        self.waiting = Counter({rule: number for rule, number in stats.items() if rule not in ("table", "total")})
        self.n_steps = min(len(self.steps), self.n_finished + self.waiting.total())
        n_kept = self.n_steps - self.waiting.total()
        kept = f"; {n_kept} of them kept from before" if n_kept else ""
        say(f"{number_of(self.n_steps, 'step')}; results under {self.place}{kept}")

    def show_finished(self, jobid: int, now: float) -> None:
        """Print that a step is finished, how long it took, its result and the time to go."""
        at_once, job = len(self.running), self.running.pop(jobid)
        self.waiting[job.rule_name] -= 1
        self.seconds[job.rule_name].append(now - job.created)
        n_done = self.n_steps - self.waiting.total() - len(self.failed)
        took, left = timedelta(seconds=round(now - job.created)), self.seconds_left() / at_once
        to_go = f" · about {round(left / 60)} min to go" if left >= 60 else ""
        say(f"[{n_done}/{self.n_steps}] {self.label(job)} ({took}){result_of(job)}{to_go}")

    def show_failed(self, job: logging.LogRecord) -> None:
        """Print that a step failed, why, and where to look."""
        self.waiting[job.rule_name] -= 1
        self.failed.append(self.label(job))
        say(f"Failed: {self.label(job)}: {why_failed(Path(job.output[0]), Path(job.log[0]))}")
        say(f"    notebook: {job.output[0]}\n    log: {job.log[0]}")

    def seconds_left(self) -> float:
        """Return what the waiting steps will take one by one, 0 where most are of a kind of which none has finished."""
        means = {rule: mean(seconds) for rule, seconds in self.seconds.items()}
        if sum(self.waiting[rule] for rule in means) < self.waiting.total() / 2:
            return 0
        typical = mean(means.values())
        return sum(number * means.get(rule, typical) for rule, number in self.waiting.items())


def show_step_lines(steps: list[GraphStep], n_finished: int) -> None:
    """Register these lines as Snakemake's logger `pauselib`, for an experiment some of whose steps are finished."""
    StepLines.steps, StepLines.n_finished = steps, n_finished
    LoggerPluginRegistry().register_plugin("snakemake_logger_plugin_pauselib", SimpleNamespace(LogHandler=StepLines))
