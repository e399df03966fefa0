"""Snakemake, run on the Snakefile for one experiment, after clearing what a run that was killed left behind."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import yaml
from filelock import FileLock, Timeout

from pauselib import runs
from pauselib.errors import InputError
from pauselib.settings import ROOT, Settings
from pauselib.workflow import slurm
from pauselib.workflow.gpus import GPUS, visible_gpus
from pauselib.workflow.graph import notebooks_of_graph
from pauselib.workflow.leftovers import (
    MAKES,
    MARK,
    clear_litter,
    end_orphans,
    remove_stale_locks,
    take_away,
    unfinished_notebooks,
)
from pauselib.workflow.steps_of_graph import short_path

SHARED = ("input-output", "persistence", "software-deployment", "sources", "storage-local-copies")
"""All that Snakemake may share but its cache of sources, which is empty and in a home that may not be writable."""
LOCK = ".workflow.lock"  # held while a run is active, one for the project and one for the experiment
DRY = {"-n", "--dry-run", "--dryrun"}  # of Snakemake: it says what it would do
BY_SIGNAL = 128  # and the signal's number make the exit status of a command that a signal has stopped


def interrupt(process: subprocess.Popen) -> None:
    """Do to a process and those it began what Ctrl-C does: kernels are no part of that, papermill ends them."""
    group, all_of_it = os.getpgid(0), []
    with suppress(psutil.Error):
        command = psutil.Process(process.pid)
        all_of_it = [command, *command.children(recursive=True)]
    for one in all_of_it:
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(one.pid) == group:
                one.send_signal(signal.SIGINT)


def run_until_stopped(command: list[str], environment: dict[str, str]) -> int:
    """Run a command and return its exit status, that of the signal where one has stopped it.

    Ctrl-C reaches the command too, which then ends what it began. A request to terminate, or another Ctrl-C, is passed
    on to all of these.
    """
    signals, started = [], []

    def stop(number: int, frame) -> None:
        signals.append(number)
        if number == signal.SIGTERM or len(signals) > 1:
            for process in started:
                interrupt(process)

    heard = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    with subprocess.Popen(command, env=environment) as process:
        started.append(process)
        if signals:
            interrupt(process)
        status = process.wait()
    for number, handler in before.items():
        signal.signal(number, handler)
    if not signals:
        return status
    print("Stopped. What is finished is kept: the same command goes on from there.", file=sys.stderr)
    return BY_SIGNAL + signals[0]


def first_result(settings: Settings) -> str:
    """Return the notebook whose result is wanted first: the replies of the settings' variant, or of the first row."""
    variant = settings.variant if settings.variant in settings.variants else settings.variants[0]
    return str(settings.but(variant=variant, seed=settings.seeds[0]).variant_folder() / "evaluate.ipynb")


@contextmanager
def turn_at(folder: Path):
    """Wait until no other copy of the project makes the same experiment, and keep others waiting in the block."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another copy of the project is making {short_path(folder)}: this one waits for it.", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_elsewhere(arguments: tuple[str, ...]) -> bool:
    """Return whether arguments of Snakemake say where the steps run: a profile, or an executor such as `slurm`."""
    return any(one.startswith(("--profile", "--workflow-profile", "--executor", "-e")) for one in arguments)


def check_places(settings: Settings) -> None:
    """Raise InputError for a place where Snakemake can't work, and for what stands where something is to be made."""
    if not os.access(ROOT, os.W_OK):
        raise InputError(
            f"{ROOT} can't be written, and Snakemake keeps its notes there: copy the project to a folder of your own."
        )
    if set("{}") & set(str(settings.folder())):
        raise InputError(f"{settings.folder()} has a brace in its path, which Snakemake can't take: rename the folder.")
    folders = {folder for one in notebooks_of_graph(settings) for folder in one.notebook.parents}
    locks = {place / LOCK for place in (ROOT / "runs", settings.folder())}
    in_the_way = [path for path in folders if path.is_file()] + [path for path in locks if path.is_dir()]
    if in_the_way:
        raise InputError(f"{min(in_the_way)} is in the way of what is to be made: move it somewhere else.")


def run_snakemake(settings: Settings, config: dict, *arguments: str) -> int:
    """Make all that the experiment still misses and return Snakemake's exit status.

    `config` is what `settings` were read from. `arguments` are passed on to Snakemake; unless they say where the steps
    run, that is on all cores of this machine and, if it has GPUs, one step at a time on each. A dry run
    ends and removes nothing. Raises filelock.Timeout while another run of this copy of the project is active, and
    InputError where nothing can be written.
    """
    check_places(settings)
    snakemake = [sys.executable, "-m", "pauselib.workflow.snakemake_process", "--snakefile", str(ROOT / "Snakefile")]
    snakemake += ["--directory", str(ROOT)]
    environment = {
        **os.environ,
        MARK: str(ROOT),
        MAKES: str(settings.folder().resolve()),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    elsewhere, jobs = is_elsewhere(arguments), slurm.job_prefix(settings.folder())
    gpus = [] if elsewhere else visible_gpus()
    where = [] if elsewhere else ["--cores", "all", "--shared-fs-usage", *SHARED]
    if gpus:
        environment[GPUS] = ",".join(gpus)
        where += ["--resources", f"gpu={len(gpus)}"]
    if elsewhere and slurm.is_there():
        where += ["--slurm-jobname-prefix", jobs]
    with (
        FileLock(ROOT / "runs" / LOCK, timeout=0),
        turn_at(settings.folder()),
    ):
        remove_stale_locks()
        is_dry = not DRY.isdisjoint(arguments)
        if slurm.is_there() and not is_dry:
            with suppress(*() if elsewhere else (InputError,)):  # on this machine Slurm need not even run
                slurm.end_jobs(jobs)
        if not is_dry:
            end_orphans(settings.folder())
            clear_litter(settings.folder())
        to_make = unfinished_notebooks(settings)
        config_file = (ROOT / ".snakemake" if is_dry else settings.folder()) / "config.yaml"
        runs.write(config_file, yaml.safe_dump(config, sort_keys=False))
        for notebook in to_make:
            if notebook.exists() and not is_dry:
                take_away(notebook)
        command = [*snakemake, "--configfile", str(config_file), *where, "--rerun-incomplete", "--keep-going"]
        command += ["--forcerun", *map(str, to_make)] if to_make and is_dry else []
        command += ["--prioritize", first_result(settings), *arguments]
        return run_until_stopped(command, environment)
