"""What `make run` runs: the whole graph of an experiment, then its table.

python -m pauselib.workflow configs/tiny.yaml [dataset=FOLDER ...] [-- --profile profiles/slurm]

The first argument is an experiment's file. Each further one is a setting, name=value, which
takes the place of the file's; DATASET=FOLDER is its dataset by a path from here. What stands
behind `--` goes to Snakemake.
"""

import os
import sys

from filelock import Timeout

from pauselib.errors import InputError
from pauselib.settings import Settings, is_text, of_experiment
from pauselib.settings.yaml_text import from_yaml, read_config
from pauselib.workflow.running import DRY, run_snakemake
from pauselib.workflow.steps_of_graph import short_path


def read_override(argument: str) -> tuple[str, object]:
    """Return the name and the value of an argument `name=value`: of a setting that is a text that text as it stands, of
    others, and in quotes, what it says as YAML. Raises InputError where it isn't so.
    """
    name, equals, value = argument.partition("=")
    if not equals:
        raise InputError(f"'{argument}' gives no value: write a setting as name=value, such as seeds=[42,43].")
    if name == "DATASET":  # of make, which would split a path at its spaces
        return "dataset", os.path.abspath(os.path.expanduser(value))
    if is_text(name) and not value.startswith(("'", '"')):
        return name, value
    return name, from_yaml(value, f"'{argument}'")


def read_arguments(arguments: tuple[str, ...]) -> dict:
    """The experiment that the command line asks for. Raises InputError where it can't be read."""
    if not arguments:
        raise InputError("Give an experiment's file, such as configs/tiny.yaml, and then settings as name=value.")
    config = read_config(arguments[0])
    config.update(read_override(argument) for argument in arguments[1:])
    return config


def print_results(settings: Settings) -> None:
    """Print the table of all rows and the report's path."""
    from pauselib.analysis.tables.loading import results
    from pauselib.figures.tables import as_text, main_columns

    table = as_text(main_columns(results(settings))).to_string(index=False)
    try:
        sys.stdout.reconfigure(errors="replace")
        print(f"\n{table}\n\n{short_path(settings.folder() / 'report.html')}", flush=True)
    except OSError as error:  # nobody reads it any more, or its disk is full
        print(f"The table can't be printed here ({error.strerror}): it is in results.csv.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes the rest when it ends


def main(*arguments: str) -> int:
    """Run the whole graph and print the table; return Snakemake's exit status, or 2 for what can't be run at all."""
    if arguments in (("-h",), ("--help",)):
        print(__doc__)
        return 0
    end = arguments.index("--") if "--" in arguments else len(arguments)
    try:
        config = read_arguments(arguments[:end])
        settings = of_experiment(config)
        status = run_snakemake(settings, config, *arguments[end + 1 :])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except Timeout:
        print("Another run is active in this folder: wait for it, or stop it first.", file=sys.stderr)
        return 2
    if status == 0 and DRY.isdisjoint(arguments) and (settings.folder() / "results.csv").exists():
        print_results(settings)
    return status
