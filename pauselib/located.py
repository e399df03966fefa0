"""Where a source is that was given as a path, and what is said where it isn't, or can't be read."""

import os
from pathlib import Path

from pauselib.errors import InputError

ROOT = Path(__file__).parents[1]


def bases() -> list[Path]:
    """Return the folders that a relative path starts at: the current one, then the project's root."""
    return list(dict.fromkeys([Path.cwd(), *([ROOT] if (ROOT / "notebooks").is_dir() else [])]))


def located(source: Path | str) -> Path | None:
    """Return what is at a path, which may be relative (see `bases`) or begin with `~`; None where nothing is."""
    path = os.path.expanduser(source)
    return next((place for base in bases() if path and os.path.exists(place := base / path)), None)


def looks_like_folder(source: str) -> bool:
    """Return whether a source can only be meant as a folder: a hub id is one name, or two with a slash between them."""
    return source.startswith((".", "/", "~")) or source.partition("@")[0].count("/") > 1 or "\\" in source


def nothing_there(source: str) -> str:
    """Return the words about a path at which nothing is, with the folders that it was looked for in."""
    from_where = "" if os.path.isabs(os.path.expanduser(source)) else f", from {' or '.join(map(str, bases()))}"
    return f"nothing has the path '{source}'{from_where}"


def refuse_missing(kind: str, source: str, cure: str) -> None:
    """Raise InputError, with the cure, about a path that only can be meant as one and has nothing there."""
    raise InputError(f"The {kind} '{source}' is not there: {nothing_there(source)}. {cure}")


def reason(error: Exception | str) -> str:
    """Return what a library's error says, as part of a sentence: its first line without control characters."""
    line = (str(error).strip() or type(error).__name__).split("\n")[0].rstrip(".")
    return "".join(character if character.isprintable() else "?" for character in line)
