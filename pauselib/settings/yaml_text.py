"""Settings in YAML: an experiment's file, a value on the command line, and what the graph passes to papermill."""

import json
import re
from pathlib import Path

import yaml

from pauselib.errors import InputError


class PlainLoader(yaml.SafeLoader):
    """Reads YAML without the surprises of its version 1.1: 017, 1:30, 1_000, 1.10, 2026-11-28 and `yes` stay text, and
    the types of the settings decide. A whole number is one that can be written in no other way.
    """

    yaml_implicit_resolvers = {}

    def compose_mapping_node(self, anchor):
        """Return the node of a mapping. Raises yaml.MarkedYAMLError where a key comes twice."""
        node, seen = super().compose_mapping_node(anchor), set()
        for key in [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


for tag, pattern, first in [
    ("int", "-?(0|[1-9][0-9]*)", "-0123456789"),
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
]:
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"({pattern})\\Z"), list(first))


def from_yaml(text: str, what: str):
    """Return what YAML text says. Raises InputError, which calls the text `what`, where it can't be read."""
    try:
        return yaml.load(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        problem = f"{error.context} {error.problem}" if error.problem.startswith("but ") else error.problem
        line = f" in line {error.problem_mark.line + 1}" if "\n" in text and error.problem_mark else ""
        raise InputError(f"{what} is not valid YAML: {problem}{line}.") from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML forbids; a number of thousands of digits
        raise InputError(f"{what} is not valid YAML: {' '.join(str(error).split())}.") from error
    except RecursionError as error:
        raise InputError(f"{what} can't be read: its lists are nested too deeply.") from error


def to_yaml(settings: dict) -> str:
    """Return settings as one line for `papermill -y`: JSON, but what is not ASCII is escaped as YAML has it."""
    text = json.dumps(settings, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda character: f"\\U{ord(character[0]):08x}", text)


def read_config(path: str | Path) -> dict:
    """Return the settings in an experiment's file. Raises InputError where it can't be read or holds no settings."""
    path = Path(path).expanduser()
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise InputError(f"{path} is a pipe or a device: give an experiment's file, such as configs/tiny.yaml.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"There is no file '{path}': give an experiment's file, such as configs/tiny.yaml.") from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: save it in that encoding.") from error
    config = from_yaml(text, str(path))
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
