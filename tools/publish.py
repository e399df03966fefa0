"""Publish what a finished and analysed experiment has found: its tables, chosen pictures, and its replies and trials.

    python tools/publish.py configs/smollm2.yaml results/smollm2 --pictures pause_origin --without trial

Into the folder go results.csv, tables/*.csv that have a row, pictures of the run's figures/ and outcomes.tar.xz.
Unpacked into runs/, this archive is what `notebooks/analyze.ipynb` reads. It has every reply, trial and metric and the
manifest of all that they were made from. It has neither weights, nor rows of problems, nor the probabilities of single
tokens, which are most of a run. The sentences of results.md beside them are written by people.
"""

import argparse
import io
import json
import re
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from pauselib.analysis.tables import loading
from pauselib.analysis.tables.record import why_read_again
from pauselib.errors import InputError
from pauselib.files import digest, read_json_lines, write, write_json, write_json_lines
from pauselib.manifests import MANIFEST, manifest, manifest_digest, why_inputs_changed
from pauselib.settings import Settings, of_experiment
from pauselib.settings.yaml_text import read_config

ARCHIVE = "outcomes.tar.xz"
LEFT_OUT = "tokens.parquet"
SOMEWHERE = "/path/to/data"  # instead of the folder of the machine that the problems came from


def main() -> None:
    """Publish the experiment that the command names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("config", help="for example configs/smollm2.yaml")
    parser.add_argument("target", type=Path, help="a folder, for example results/smollm2")
    parser.add_argument("--pictures", nargs="*", default=[], help="names of files in the run's figures/, without .png")
    parser.add_argument("--without", nargs="*", default=[], help="folders and files that the archive goes without")
    given = parser.parse_args()
    try:
        publish(of_experiment(read_config(given.config)), given.target, given.pictures, given.without)
    except InputError as error:
        sys.exit(str(error))


def publish(settings: Settings, target: Path, pictures: Sequence[str] = (), without: Sequence[str] = ()) -> None:
    """Write the published files of an experiment into a folder.

    Raises InputError where a row isn't finished, or a picture isn't there.
    """
    made = settings.folder()
    if not (made / "results.csv").exists() or why_read_again(settings):
        raise InputError(f"The tables in {made} are not of its results: run the notebook `analyze`.")
    chosen = [made / "figures" / f"{name}.png" for name in pictures]
    for picture in chosen:
        if not picture.exists():
            raise InputError(f"There is no {picture}: run the notebook `analyze`, or name another picture.")
    packed = archive(settings, without)
    for path in sorted(made.glob("tables/*.csv")):
        if path.name != "results.csv" and path.read_text(encoding="utf-8").count("\n") > 1:
            write(target / path.relative_to(made), without_place(path, settings))
        else:
            (target / path.relative_to(made)).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=io.BytesIO(packed)) as archived:
        archived.extractall(place, filter="data")  # the digests of its models are those of what is published
        write(target / "results.csv", loading.results(settings.but(runs_dir=place)).to_csv(index=False))
    for picture in chosen:
        write(target / picture.name, of_few_colours(picture))
    write(target / ARCHIVE, packed)


def archive(settings: Settings, without: Sequence[str] = ()) -> bytes:
    """Return the outcomes of an experiment as a tar file that is compressed by xz. The same run gives the same bytes.

    Raises InputError where a row isn't finished, or is stale: here everything gets the digests of what is published.
    """
    missing = loading.results(settings)["accuracy"].isna().sum()
    seeds = [settings.folder() / f"seed-{seed}" for seed in settings.seeds]
    places = [(path.parent, path.relative_to(folder)) for folder in seeds for path in folder.rglob(MANIFEST)]
    made = [folder for folder, name in places if is_outcome(name) and not set(name.parts) & set(without)]
    old = [folder for folder in made if why_inputs_changed(folder, manifest(folder) or {})]  # not only of what is asked
    if missing or old or loading.stale_folders(settings):
        raise InputError(
            f"{missing} rows of {settings.experiment} aren't finished, or are stale: `make run` makes them."
        )
    made, buffer = settings.folder(), io.BytesIO()
    with tempfile.TemporaryDirectory() as place, tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as packed:
        for folder in ("data", *(f"seed-{seed}" for seed in settings.seeds)):
            for path in sorted((made / folder).rglob("*")):
                name = path.relative_to(made)
                if is_outcome(name) and not set(name.parts) & set(without):
                    copied = Path(place, made.name, name)
                    copy(path, copied, settings)
                    member = tarfile.TarInfo(copied.relative_to(place).as_posix())
                    member.size = copied.stat().st_size
                    packed.addfile(member, io.BytesIO(copied.read_bytes()))
    return buffer.getvalue()


def is_outcome(name: Path) -> bool:
    """Return whether a file of a run, by its path in it, is a result, or says what a result was made from."""
    under_way = "checkpoints" in name.parts or any(part.startswith(".") for part in name.parts)
    if {"data", "injected", "model"} & set(name.parts):
        return name.name == MANIFEST and not under_way
    return name.suffix in (".json", ".jsonl", ".parquet") and name.name != LEFT_OUT and not under_way


def copy(path: Path, copied: Path, settings: Settings) -> None:
    """Copy a file. Replies get the field `expected_pauses` in place of their tokens. A manifest is copied without the
    place of the problems and without what is left out, and its outputs and inputs, which are copied before it, have the
    digests of what is published.
    """
    if path.name == "predictions.jsonl" and path.with_name(LEFT_OUT).exists():
        replies, expected = read_json_lines(path), loading.read_replies(path.parent)["expected_pauses"]
        write_json_lines(copied, [{**reply, "expected_pauses": one} for reply, one in zip(replies, expected)])
    elif path.name != MANIFEST:
        write(copied, path.read_bytes())
    elif not copied.exists():
        found = json.loads(without_place(path, settings))
        if found["outputs"].pop(LEFT_OUT, None):
            replies = copied.with_name("predictions.jsonl")
            copy(path.with_name(replies.name), replies, settings)
            found["outputs"][replies.name] = digest(replies)
        for name, place in found["places"].items():
            source, source_copied = ((one.parent / place / MANIFEST).resolve() for one in (path, copied))
            copy(source, source_copied, settings)
            found["inputs"][name] = manifest_digest(source_copied.parent)
        write_json(copied, found)


def without_place(path: Path, settings: Settings) -> str:
    """Return a file's text with something instead of the folder that an experiment's problems came from."""
    (dataset,) = loading.values_used(settings).get("dataset", [settings.dataset])
    text = path.read_text(encoding="utf-8")
    whole = rf"(?<![\w.-]){re.escape(dataset.rstrip('/'))}(?![\w-])"  # and no part of another path
    return re.sub(whole, SOMEWHERE, text) if Path(dataset).is_absolute() else text


def of_few_colours(path: Path) -> bytes:
    """Return a picture with 64 colours, which takes a third of the place."""
    buffer = io.BytesIO()
    Image.open(path).convert("RGB").quantize(64).save(buffer, "png", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
