"""Settings in YAML: an experiment's file, a value on the command line, and what the graph passes to papermill."""

import json
import re
from pathlib import Path

import yaml

from pauselib.errors import InputError


def from_yaml(text: str, what: str):
    """Return what YAML text says, each value as it was typed, of which a setting's type makes a number or the like.

    YAML 1.1 would read 017 as 15, 1:30 as 90, and 2026-11-28 as a date. Raises InputError, which calls the text `what`.
    """
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{what} is not valid YAML: {' '.join(str(error).split())}.") from error


def to_yaml(settings: dict) -> str:
    """Return settings as one line for `papermill -y`: JSON, but what is not ASCII is escaped as YAML has it."""
    text = json.dumps(settings, ensure_ascii=False)
    return re.sub(r"[^ -~]", lambda character: f"\\U{ord(character[0]):08x}", text)


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
