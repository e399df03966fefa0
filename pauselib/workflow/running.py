"""Snakemake, run on the Snakefile for one experiment, after clearing what a run that was killed left behind."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import yaml
from filelock import FileLock

from pauselib import runs
from pauselib.settings import Settings

ROOT = Path(__file__).parents[2]
MARK = "PAUSELIB_WORKFLOW"  # an environment variable that every process of a run inherits, so that orphans can be told
INTERRUPTED = 130  # the exit status of a command that Ctrl-C has stopped


def end_orphans() -> None:
    """End the kernels that a killed run of this project left: processes that carry its mark while no run is active."""
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(ROOT):
                process.terminate()
        except psutil.Error:
            continue


def run_until_interrupted(command: list[str], environment: dict[str, str]) -> int:
    """Run a command and return its exit status. Ctrl-C reaches the command too, which then ends what it began."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            print("Stopped. What is finished is kept: the same command goes on from there.", file=sys.stderr)
            return INTERRUPTED


def first_result(settings: Settings) -> str:
    """Return the notebook whose result is wanted first: the replies of the settings' variant, or of the first row."""
    variant = settings.variant if settings.variant in settings.variants else settings.variants[0]
    return str(settings.but(variant=variant, seed=settings.seeds[0]).variant_folder() / "evaluate.ipynb")


def run_snakemake(settings: Settings, config: dict) -> int:
    """Make all that the experiment still misses and return Snakemake's exit status.

    `config` is what `settings` were read from. Raises filelock.Timeout while another run is active.
    """
    # Snakemake's own overrides would make text of what is nested in them, so there is a file
    config_file = settings.folder() / "config.yaml"
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    snakemake += ["--directory", str(ROOT), "--configfile", str(config_file)]
    environment = {
        **os.environ,
        MARK: str(ROOT),
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with FileLock(ROOT / "runs" / ".workflow.lock", timeout=0):
        end_orphans()
        runs.clear_litter(settings.folder())
        runs.write(config_file, yaml.safe_dump(config, sort_keys=False))
        nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*snakemake, "--unlock"], env=environment, check=False, **nowhere)
        command = [*snakemake, "--cores", "all", "--rerun-incomplete", "--keep-going"]
        command += ["--prioritize", first_result(settings)]
        return run_until_interrupted(command, environment)
