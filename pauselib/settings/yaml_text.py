"""Settings in YAML: an experiment's file, a value on the command line, and what the graph passes to papermill."""

import json
import re
from pathlib import Path

import yaml

from pauselib.errors import InputError


class Once(yaml.BaseLoader):
    """Reads each value as it was typed, and refuses a name that is given twice, of which YAML would take the last."""

    def construct_mapping(self, node, deep=False):
        """Return the mapping of a node. Raises MarkedYAMLError where a name is given twice."""
        for place, (name, _) in enumerate(node.value):
            if name.value in [before.value for before, _ in node.value[:place]]:
                raise yaml.MarkedYAMLError(problem=f"{name.value} is given twice", problem_mark=name.start_mark)
        return super().construct_mapping(node, deep)


def from_yaml(text: str, what: str):
    """Return what YAML text says, each value as it was typed, of which a setting's type makes a number or the like.

    YAML 1.1 would read 017 as 15, 1:30 as 90, and 2026-11-28 as a date. Raises InputError, which calls the text `what`.
    """
    try:
        return yaml.load(text, Loader=Once)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{what} is not valid YAML: {' '.join(str(error).split())}.") from error


def to_yaml(settings: dict) -> str:
    """Return settings as one line for `papermill -y`: JSON, but what is not ASCII is escaped as YAML has it."""
    return re.sub(r"[^ -~]", lambda one: f"\\U{ord(one[0]):08x}", json.dumps(settings, ensure_ascii=False))


def read_config(path: str | Path) -> dict:
    """Return the settings in an experiment's file. Raises InputError where it can't be read or holds no settings."""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is no experiment's file, such as configs/tiny.yaml: {error}.") from error
    config = from_yaml(text, str(path))
    if not isinstance(config, dict):
        raise InputError(f"{path} holds no settings: write lines such as `experiment: tiny` into it.")
    return config
