"""Manifests: what something under `runs/` was made from, and whether it still belongs to that.

A manifest, `made_from.json`, has `settings`, `inputs` (digests by name), `places` (of inputs that a step made, relative
to the folder), `versions`, `code` (digests), `outputs` (digests of its files), and `notes`, no part of what was made.
"""

import ast
import functools
import inspect
import json
import os
import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from pauselib import machine
from pauselib.files import as_json, digest, digest_of_bytes, read_json
from pauselib.located import located, looks_like_folder

MANIFEST = "made_from.json"
CODE = "code of "  # what the name of a digest of code begins with
PLACES = ("model", "model_revision", "dataset", "dataset_revision")  # settings that say where something is


def versions(*packages: str) -> dict[str, str]:
    """Return Python's version and those of this package and the named ones."""
    return {"python": sys.version.split()[0], **{name: version(name) for name in ("pauselib", *packages)}}


def origin(
    folder: Path, settings: dict, inputs: dict[str, str | Path], *packages: str, code: dict[str, str] | None = None
) -> dict:
    """Return what `folder` is made from, in the form of a manifest without its outputs.

    An input that is a folder made by a step is given as its path: its digest is that of its manifest, which has the
    digests of its files, and its place is kept relative to `folder`, so that a clone elsewhere gives the same bytes.
    """
    made = {name: place for name, place in inputs.items() if isinstance(place, Path)}
    places = {name: Path(os.path.relpath(place, folder)).as_posix() for name, place in made.items()}
    digests = {name: manifest_digest(value) if name in made else value for name, value in inputs.items()}
    found = {"settings": settings, "inputs": digests, "places": places, "versions": versions(*packages)}
    notes = {"commit": machine.commit(), "threads": machine.threads(), "processor": machine.processor()}
    return json.loads(json.dumps({**found, "code": code or {}, "notes": notes}))


def manifest(folder: Path) -> dict | None:
    """Return the manifest of what was made in a folder; None where nothing is finished there, or it can't be read."""
    found = read_json(folder / MANIFEST)
    if not isinstance(found, dict) or not found.get("outputs"):
        return None
    parts = {"places": {}, "code": {}, **found}  # older versions wrote no code
    whole = all(isinstance(parts.get(name), dict) for name in ("settings", "inputs", "outputs", "places", "code"))
    whole = whole and parts["places"].keys() <= parts["inputs"].keys()
    return found if whole and all(isinstance(place, str) for place in parts["places"].values()) else None


def without_notes(found: dict) -> dict:
    """Return a manifest without its notes."""
    return {name: value for name, value in found.items() if name != "notes"}


def manifest_digest(folder: Path) -> str:
    """Return the digest of a folder's manifest without its notes."""
    found = read_json(folder / MANIFEST)
    if not isinstance(found, dict) or "notes" not in found:  # as older versions wrote them
        return digest(folder / MANIFEST)
    return digest_of_bytes(as_json(without_notes(found)).encode())


def why_stale(folder: Path) -> str | None:
    """Return why a folder's files, or what they were made from, however far back, are not as they were; or None."""
    found = manifest(folder)
    if found is None:
        return f"{MANIFEST} is missing or can't be read"
    broken = damaged(folder)
    return f"{broken[0]} is not as it was made" if broken else why_inputs_changed(folder, found)


def why_inputs_changed(folder: Path, found: dict) -> str | None:
    """Return which input of a manifest was made again since, or one of that input's own; None where none was."""
    for name, place in found.get("places", {}).items():
        source = folder / place
        if manifest(source) is None:
            return f"its {name} is gone"
        if manifest_digest(source) != found["inputs"][name]:
            return f"its {name} was made again since"
        reason = why_inputs_changed(source, manifest(source))
        if reason:
            return f"its {name} is stale: {reason}"
    return None


def changes(old: dict, new: dict, defaults: dict) -> dict[str, tuple]:
    """Return what differs between what two manifests name, whatever their versions: (before, now) by name.

    A setting that one of them lacks is its default, so that a new setting makes nothing stale; one that is no setting
    any more is not compared. Nor is where a model or the problems are: their digests are, or, where the new one's
    inputs are None, not known, the names of what is no path. Of the code what both name is compared.
    """
    new = json.loads(json.dumps(new))

    def different(part: str, absent: dict) -> dict[str, tuple]:
        before, now = ({**absent, **(one.get(part) or {})} for one in (old, new))
        pairs = {name: (before.get(name), now.get(name)) for name in {**before, **now}}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    known = defaults.keys() | new["settings"].keys()
    settings = {name: pair for name, pair in different("settings", defaults).items() if name in known}
    moved = {name: settings.pop(name) for name in PLACES if name in settings}
    if new["inputs"] is None:
        settings |= {
            name: pair for name, pair in moved.items() if not any(map(is_path, pair)) or {"toy", "tiny"} & {*pair}
        }
    else:
        others = different("inputs", {})
        settings |= {**moved, **others} if others else {}
    return {**settings, **{name: pair for name, pair in different("code", {}).items() if None not in pair}}


def is_path(place: object) -> bool:
    """Return whether where something is is a path, and no name or hub id."""
    return looks_like_folder(str(place)) or located(str(place)) is not None


def in_words(changed: dict[str, tuple]) -> str:
    """Return `changes` in words."""
    return ", ".join(
        f"another {name}" if name.startswith(CODE) else f"{name}={before} (now {now})"
        for name, (before, now) in changed.items()
    )


def damaged(folder: Path) -> list[str]:
    """Return the files of a finished folder that are missing, or no longer what they were when they were made."""
    outputs = (manifest(folder) or {}).get("outputs", {})
    return [name for name, known in outputs.items() if not (folder / name).exists() or digest(folder / name) != known]


@functools.cache
def code_digest(code: Callable | type) -> str | None:
    """Return the digest of the source of a function, or of a class and its bases in its room; None without source."""
    kinds = classes_of(code) if isinstance(code, type) else [code]
    try:
        return digest_of_bytes("\n".join(map(plain_source, kinds)).encode())
    except (OSError, TypeError, SyntaxError):
        return None


def classes_of(kind: type) -> list[type]:
    """Return a class and those that it is made from in its own module or the package around it."""
    return [one for one in kind.__mro__ if f"{kind.__module__}.".startswith(f"{one.__module__}.")]


def plain_source(code: Callable | type) -> str:
    """Return the source of a function or a class without comments, docstrings, meanings of settings and layout."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setting":
            del node.args[1:2]
    return ast.unparse(tree)
