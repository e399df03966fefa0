"""Which files of two experiments differ, though they have to be the same, byte for byte."""

import json
from pathlib import Path

from pauselib.manifests import MANIFEST, without_notes

RESULTS = {".csv", ".json", ".jsonl", ".md", ".parquet", ".safetensors"}  # neither times nor pages nor pictures


def results(folder: Path) -> dict[str, object]:
    """The content of an experiment's results, by path; manifests without the notes on the machine."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.suffix in RESULTS and "/checkpoints/" not in name:
            is_manifest = path.name == MANIFEST
            found[name] = without_notes(json.loads(path.read_bytes())) if is_manifest else path.read_bytes()
    return found


def differences(folder: Path, expected: Path) -> list[str]:
    """The files that differ, are missing, or are there in excess."""
    ours, theirs = results(folder), results(expected)
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
