"""What `make run` runs: the whole graph of an experiment, then its table.

python -m pauselib.workflow configs/tiny.yaml [dataset=FOLDER ...] [-- --profile profiles/slurm]

The first argument is an experiment's file. Each further one is a setting, name=value, which
takes the place of the file's; DATASET=FOLDER is its dataset by a path from here. What stands
behind `--` goes to Snakemake.
"""

import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import yaml
from filelock import FileLock, Timeout
from snakemake.cli import get_argument_parser
from snakemake.cli import main as snakemake

from pauselib.analysis.tables.loading import results
from pauselib.errors import InputError
from pauselib.files import write
from pauselib.located import ROOT
from pauselib.machine import slow_products
from pauselib.settings import TEXTS, Settings, of_experiment
from pauselib.settings.yaml_text import from_yaml, read_config
from pauselib.workflow.gpus import options_for_gpus
from pauselib.workflow.graph import steps_of_experiment, unfinished_steps
from pauselib.workflow.step_lines import say, show_step_lines

OPTIONS = ["--nolock", "--rerun-incomplete", "--keep-going", "--keep-incomplete", "--logger", "pauselib"]
OPTIONS += ["--rerun-triggers", "params"]
"""A run has a lock of its own. A notebook that failed is kept, since it shows the error. What else has to be executed
again `unfinished_steps` finds.
"""
SHARED = ("input-output", "persistence", "software-deployment", "sources", "storage-local-copies")
"""All that Snakemake may share but its cache of sources, which is empty and in a home that may not be writable."""


def read_arguments(arguments: tuple[str, ...]) -> dict:
    """Return the experiment that the command line names. Raises InputError where it can't be read."""
    if not arguments:
        raise InputError("Give an experiment's file, such as configs/tiny.yaml, and then settings as name=value.")
    config = read_config(arguments[0])
    for argument in arguments[1:]:
        name, equals, value = argument.partition("=")
        if not equals:
            raise InputError(f"'{argument}' gives no value: write a setting as name=value, such as seeds=[42,43].")
        if name == "DATASET":  # of make, which would split a path at its spaces
            config["dataset"] = os.path.abspath(os.path.expanduser(value))
        else:  # a text is as it was typed: YAML would cut it at a ` #`
            is_text = name in TEXTS and not value.startswith(("'", '"'))
            config[name] = value if is_text else from_yaml(value, f"'{argument}'")
    return config


def run_snakemake(settings: Settings, config: dict, *arguments: str) -> int:
    """Make all that an experiment still misses, and return Snakemake's exit status.

    `config` is what `settings` were read from. `arguments` go to Snakemake; unless they name an executor or a profile,
    the steps run on all cores and GPUs of this machine. Raises filelock.Timeout while another run makes the experiment,
    and OSError where something can't be written.
    """
    folder, asked = settings.folder(), get_argument_parser().parse_args(arguments)
    if set("{}") & set(str(folder)):
        raise InputError(f"{folder} has a brace in its path, which Snakemake can't take: rename the folder.")
    if not (asked.profile or asked.workflow_profile or asked.executor):
        sys.stderr.write(slow_products(**settings.of("dtype", "gold_dtype")))
        arguments = ("--cores", "all", "--shared-fs-usage", *SHARED, *options_for_gpus(), *arguments)
    record = (ROOT / ".snakemake" if asked.dryrun else folder) / "config.yaml"
    for place in (ROOT / ".snakemake", record.parent):
        place.mkdir(parents=True, exist_ok=True)
    with nullcontext() if asked.dryrun else FileLock(folder / ".workflow.lock", timeout=0):
        write(record, yaml.safe_dump(config, sort_keys=False))
        steps, unfinished = steps_of_experiment(settings), unfinished_steps(settings)
        show_step_lines(steps, len(steps) - len(unfinished))
        names = [str(step.notebook) for step in unfinished]
        forced = ["--forcerun", *names, *asked.forcerun]
        again = [*forced, "--config", f"unfinished={json.dumps(names)}", *(asked.config or ())] if names else []
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        files = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(ROOT), "--configfile", str(record)]
        try:
            snakemake([*files, *OPTIONS, *arguments, *again])
        except SystemExit as end:
            return end.code


def main(*arguments: str) -> int:
    """Run the whole graph and print the table; return Snakemake's exit status, or 2 for what can't be run at all."""
    sys.stdout.reconfigure(errors="replace")
    if arguments in (("-h",), ("--help",)):
        print(__doc__)
        return 0
    end = arguments.index("--") if "--" in arguments else len(arguments)
    is_dry = get_argument_parser().parse_args(arguments[end + 1 :]).dryrun
    try:
        config = read_arguments(arguments[:end])
        settings = of_experiment(config)
        status = run_snakemake(settings, config, *arguments[end + 1 :])
    except (ValueError, OSError) as error:
        another = "Another run makes this experiment: wait for it, or stop it first."
        print(another if isinstance(error, Timeout) else error, file=sys.stderr)
        return 2
    if status == 0 and not is_dry and (settings.folder() / "results.csv").exists():
        from pauselib.figures.tables import as_text, main_columns  # of matplotlib

        table = as_text(main_columns(results(settings))).to_string(index=False)
        say(f"\n{table}\n\n{settings.folder() / 'report.html'}")
    return status
