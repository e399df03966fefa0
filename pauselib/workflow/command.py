"""What `make run` runs: the whole graph of an experiment, then its table.

python -m pauselib.workflow configs/tiny.yaml [dataset=FOLDER ...] [-- --profile profiles/slurm]

The first argument is an experiment's file. Each further one is a setting, name=value, which
takes the place of the file's. What stands behind `--` goes to Snakemake.
"""

import sys
from pathlib import Path

import yaml
from filelock import Timeout

from pauselib.errors import InputError
from pauselib.settings import Settings, of_experiment
from pauselib.workflow.running import run_snakemake
from pauselib.workflow.steps_of_graph import short_path


def from_yaml(text: str, what: str):
    """What YAML text says. Raises InputError, which calls the text `what`, where it can't be read."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        problem = f"{error.context} {error.problem}" if error.problem.startswith("but ") else error.problem
        line = f" in line {error.problem_mark.line + 1}" if "\n" in text and error.problem_mark else ""
        raise InputError(f"{what} is not valid YAML: {problem}{line}.") from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML forbids; a date or a number that can't be
        raise InputError(f"{what} is not valid YAML: {' '.join(str(error).split())}.") from error
    except RecursionError as error:
        raise InputError(f"{what} can't be read: its lists are nested too deeply.") from error


def read_config(path: str) -> dict:
    """The settings in an experiment's file. Raises InputError for a file that can't be read or holds no settings."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"There is no file '{path}': give an experiment's file, such as configs/tiny.yaml.") from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: save it in that encoding.") from error
    config = from_yaml(text, path)
    if config is None:
        raise InputError(f"{path} is empty: write at least a line such as `experiment: tiny` into it.")
    if not isinstance(config, dict):
        raise InputError(f"{path} holds no settings: write lines such as `experiment: tiny` into it.")
    for name in config:
        if not isinstance(name, str):
            raise InputError(
                f"{path} has a setting named {name}, which is not text: write lines such as `model: tiny`."
            )
    return config


def read_override(argument: str) -> tuple[str, object]:
    """The name and the value of an argument `name=value`, whose value is YAML. Raises InputError where it isn't so."""
    name, equals, value = argument.partition("=")
    if not equals:
        raise InputError(f"'{argument}' gives no value: write a setting as name=value, such as seeds=[42,43].")
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
    from pauselib.analysis.loading import results
    from pauselib.report.tables import as_published

    table = as_published(results(settings)).replace(r"\*\*", "", regex=True)
    print("\n" + table.to_string(index=False))
    print(f"\n{short_path(settings.folder() / 'report.html')}")


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
    if status == 0 and (settings.folder() / "results.csv").exists():  # not so after `-- --dry-run`
        print_results(settings)
    return status
