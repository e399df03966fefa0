"""Publish what a finished and analysed experiment has found: its tables, its pictures, and what they are computed from.

python docs/write_results.py configs/smollm2.yaml docs/smollm2 [trial]

Into the folder go results.csv, tables/, some pictures and outcomes.tar.xz. Unpacked into runs/, this archive is what
`notebooks/analyze.ipynb` reads. It has every reply, trial and metric and the manifest of everything they were made
from, and neither weights, nor rows of problems, nor the probabilities of single tokens, which are most of a run. Files
and folders with the names that follow, such as `trial`, are left out as well.
"""

import io
import json
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from pauselib import runs
from pauselib.analysis.tables import loading
from pauselib.errors import InputError
from pauselib.manifests import manifest_digest
from pauselib.settings import Settings, of_experiment
from pauselib.settings.yaml_text import read_config

ARCHIVE = "outcomes.tar.xz"
LEFT_OUT = "tokens.parquet"
PICTURES = ("accuracies", "accuracy_under_interventions", "trial_gains_likelihood", "learning_curves")
SOMEWHERE = "/path/to/data"  # instead of the folder of the machine that the problems came from


def main(config: str, target: str, *left_out: str) -> None:
    """Write the published files of an experiment into a folder. Raises InputError where a row isn't finished."""
    settings = of_experiment(read_config(config))
    made, docs = settings.folder(), Path(target)
    packed = archive(settings, left_out)
    for path in [made / "results.csv", *sorted(made.glob("tables/*.csv"))]:
        runs.write(docs / path.relative_to(made), without_place(path, settings))
    for path in (made / "figures" / f"{name}.png" for name in PICTURES):
        if path.exists():
            runs.write(docs / path.name, of_few_colours(path))
    runs.write(docs / ARCHIVE, packed)


def archive(settings: Settings, left_out: Sequence[str] = ()) -> bytes:
    """Return the outcomes of an experiment as a tar file that is compressed by xz. The same run gives the same bytes.

    Raises InputError where a row isn't finished, or is stale: here everything gets the digests of what is published.
    """
    missing = loading.results(settings)["accuracy"].isna().sum()
    if missing or loading.stale_folders(settings):
        raise InputError(
            f"{missing} rows of {settings.experiment} aren't finished, or are stale: `make run` makes them."
        )
    made, buffer = settings.folder(), io.BytesIO()
    with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as packed:
        for folder in (made / "data", *(made / f"seed-{seed}" for seed in settings.seeds)):
            kept = (
                path for path in sorted(folder.rglob("*")) if is_outcome(path) and not set(path.parts) & set(left_out)
            )
            for path in kept:
                copied = Path(place, made.name, path.relative_to(made))
                copy(path, copied, settings)
                member = tarfile.TarInfo(copied.relative_to(place).as_posix())
                member.size = copied.stat().st_size
                packed.addfile(member, io.BytesIO(copied.read_bytes()))
    return buffer.getvalue()


def of_few_colours(path: Path) -> bytes:
    """Return a picture with 64 colours, which takes a third of the place."""
    buffer = io.BytesIO()
    Image.open(path).convert("RGB").quantize(64).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def is_outcome(path: Path) -> bool:
    """Return whether a file of a run is a result, or says what a result was made from."""
    if {"data", "injected", "model"} & set(path.parts):
        return path.name == runs.MANIFEST
    return path.suffix in (".json", ".jsonl", ".parquet") and path.name != LEFT_OUT and "checkpoints" not in path.parts


def copy(path: Path, copied: Path, settings: Settings) -> None:
    """Copy a file. A manifest is copied without the place of the problems and without what is left out, and so its
    inputs, which are copied before it, have the digests of what is published.
    """
    if path.name != runs.MANIFEST:
        runs.write(copied, path.read_bytes())
    elif not copied.exists():
        found = json.loads(without_place(path, settings))
        found["outputs"].pop(LEFT_OUT, None)
        for name, place in found["places"].items():
            source, source_copied = ((one.parent / place / runs.MANIFEST).resolve() for one in (path, copied))
            copy(source, source_copied, settings)
            found["inputs"][name] = manifest_digest(source_copied.parent)
        runs.write_json(copied, found)


def without_place(path: Path, settings: Settings) -> str:
    """Return a file's text with something instead of the folder that an experiment's problems came from."""
    (dataset,) = loading.values_used(settings).get("dataset", [settings.dataset])
    text = path.read_text(encoding="utf-8")
    return text.replace(dataset, SOMEWHERE) if Path(dataset).is_absolute() else text


if __name__ == "__main__":
    main(*sys.argv[1:])
