"""The outcomes that are stored in docs/: whole, belonging together, and giving the tables that stand beside them."""

import io
import re
import tarfile

import pandas as pd
import pytest
import write_results
import yaml
from conftest import ROOT
from published import DOCS

from pauselib.analysis.study import Study
from pauselib.analysis.tables import loading
from pauselib.errors import InputError
from pauselib.settings import of_experiment

ROWS = {"smollm2": 18, "smollm2-table": 25, "smollm2-curve": 6, "tiny": 25, "tiny-seeds": 21}
"""How many rows each experiment has."""

ARCHIVES = sorted(path.parent.relative_to(DOCS).as_posix() for path in DOCS.rglob(write_results.ARCHIVE))
"""The folders that have an archive."""


def experiment_of(folder: str) -> str:
    return folder.partition("/")[0]


def unpacked(archive: bytes, runs_dir, folder: str):
    """The settings of an experiment whose archive was unpacked into a folder."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(runs_dir, filter="data")
    config = yaml.safe_load((ROOT / "configs" / f"{experiment_of(folder)}.yaml").read_text())
    return of_experiment({**config, "runs_dir": str(runs_dir)})


def stored(folder: str) -> bytes:
    return (DOCS / folder / write_results.ARCHIVE).read_bytes()


@pytest.mark.parametrize("folder", ARCHIVES)
def test_every_row_of_an_archive_is_read_and_gives_the_published_tables(folder, tmp_path):
    study = Study(unpacked(stored(folder), tmp_path, folder))
    assert study.table["accuracy"].notna().sum() == len(study.table) == ROWS[experiment_of(folder)]
    assert not loading.stale_folders(study.settings)
    computed = {"results": study.table, "tables/over_seeds": study.over_seeds}
    computed["tables/against_matched"] = study.against_matched
    if folder.startswith("smollm2"):  # the others are without their trials
        computed["tables/trials_gains"] = study.trials.gains()
    for name, table in computed.items():
        published = pd.read_csv(DOCS / folder / f"{name}.csv")
        again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
        pd.testing.assert_frame_equal(again, published, rtol=1e-9)


def test_a_run_is_published_without_its_place_and_still_belongs_together(tmp_path, monkeypatch):
    folder = "smollm2-curve"
    settings = unpacked(stored(folder), tmp_path / "first", folder)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(write_results, "SOMEWHERE", "/home/somebody/gsm8k")
        settings = unpacked(write_results.archive(settings), tmp_path / "second", folder)
    assert loading.values_used(settings)["dataset"] == ["/home/somebody/gsm8k"]
    settings = unpacked(write_results.archive(settings), tmp_path / "third", folder)
    assert loading.results(settings)["accuracy"].notna().all()
    first, third = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*") if path.is_file()}
        for root in (tmp_path / "first", tmp_path / "third")
    )
    assert third == first


def test_what_is_stale_is_not_published(tmp_path):
    settings = unpacked(stored("smollm2-curve"), tmp_path, "smollm2-curve")
    manifest = settings.folder() / "data" / "made_from.json"
    manifest.write_text(manifest.read_text().replace("/path/to/data", "/elsewhere"))
    with pytest.raises(InputError, match="6 rows of smollm2-curve aren't finished, or are stale"):
        write_results.archive(settings)


def test_nothing_that_is_published_names_a_place_of_a_machine():
    place = re.compile(rb"/(?:work|home|root|tmp|Users)/\w")
    files = [path for path in DOCS.rglob("*") if path.suffix in (".csv", ".md")]
    assert not [path for path in files if place.search(path.read_bytes())]
    for folder in ARCHIVES:
        with tarfile.open(fileobj=io.BytesIO(stored(folder))) as packed:
            members = [member for member in packed if not member.name.endswith(".parquet")]
            assert not [member.name for member in members if place.search(packed.extractfile(member).read())]


def test_the_notice_of_the_problems_is_beside_them():
    notice = (DOCS / "NOTICE-GSM8K").read_text()
    assert "Copyright (c) 2021 OpenAI" in notice
    for folder in (name for name in ARCHIVES if name.startswith("smollm2")):
        assert f"docs/{folder}/{write_results.ARCHIVE}" in notice
