"""Train one variant without a notebook, also in several processes:

    accelerate launch --num_processes 2 -m pauselib.training configs/mine.yaml variant=sft_peft

A model larger than a GPU: `--config_file profiles/fsdp2.yaml` instead of the number of processes (docs/cluster.md).

The settings are those of a YAML file and of `name=value`, the later ones instead of the earlier. What it makes is what
the notebook makes, in the same place, so that `make run` finds it there.
"""

import sys
from pathlib import Path

import yaml

from pauselib.errors import InputError
from pauselib.processes import is_first
from pauselib.settings import Settings, check_names
from pauselib.steps import warm_up


def settings_of(arguments: list[str]) -> Settings:
    """Return the settings that a command line names. Raises InputError for one that is not known."""
    given = {}
    for argument in arguments:
        name, is_value, value = argument.partition("=")
        if not is_value and not Path(argument).is_file():
            raise InputError(f"{argument!r} is no file and no setting: give a YAML file, or name=value.")
        given |= {name: yaml.safe_load(value)} if is_value else yaml.safe_load(Path(argument).read_text())
    check_names(given)
    return Settings(**given)


def main(*arguments: str) -> int:
    """Train the variant of a command line; return the exit status."""
    try:
        folder = warm_up(settings_of(list(arguments)))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    if is_first():
        print(f"{folder / 'model'} is trained.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
