"""What `make run` runs: Snakemake on the Snakefile, after clearing what an earlier run that was killed left behind.

python -m pauselib.workflow configs/tiny.yaml [dataset=FOLDER ...]
"""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import yaml
from filelock import FileLock, Timeout

from pauselib import runs
from pauselib.analysis.loading import results
from pauselib.report import tables
from pauselib.settings import of_experiment

ROOT = Path(__file__).parent.parent
MARK = "PAUSELIB_WORKFLOW"  # an environment variable that every process of a run inherits, so that orphans can be told


def end_orphans() -> None:
    """End the kernels that a killed run of this project left behind: processes that carry its mark while no run is
    active.
    """
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(ROOT):
                process.terminate()
        except psutil.Error:
            continue


def main(config_file: str, *overrides: str) -> int:
    """Run the whole graph and print the table; return Snakemake's exit status."""
    config = yaml.safe_load(Path(config_file).read_text()) | {
        key: yaml.safe_load(value) for key, value in (pair.split("=", 1) for pair in overrides)
    }
    try:
        settings = of_experiment(config)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    whole = (
        settings.folder() / "config.yaml"
    )  # the overrides go through a file: Snakemake's own reads what is nested in them as text
    snakemake = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        str(ROOT),
        "--configfile",
        str(whole),
    ]
    environment = {
        **os.environ,
        MARK: str(ROOT),
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    try:
        with FileLock(ROOT / "runs" / ".workflow.lock", timeout=0):
            end_orphans()
            runs.write(whole, yaml.safe_dump(config, sort_keys=False))
            subprocess.run(
                [*snakemake, "--unlock", "--quiet", "all"], env=environment, check=False, stderr=subprocess.DEVNULL
            )
            status = subprocess.run(
                [*snakemake, "--cores", "all", "--rerun-incomplete", "--keep-going", "--quiet", "rules"],
                env=environment,
                check=False,
            ).returncode
    except Timeout:
        print("Another run is active in this folder: wait for it, or stop it first.", file=sys.stderr)
        return 2
    if (settings.folder() / "results.csv").exists():
        print(tables.as_published(results(settings)).replace(r"\*\*", "", regex=True).to_string(index=False))
        print(f"\n{os.path.relpath(settings.folder() / 'report.html')}")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
