"""The zip to share, of three hand-written replies a variant."""

import re
import zipfile
from pathlib import Path

import pytest

from pauselib.analysis.study import Study
from pauselib.errors import InputError
from pauselib.report.document import write_report
from pauselib.workflow import share

TOP = "pauselib-by_hand"


@pytest.fixture
def packed(by_hand):
    """The zip of an experiment that has a model."""
    model = by_hand.but(variant="sft").variant_folder() / "model"
    model.mkdir()
    (model / "model.safetensors").write_text("weights")
    write_report(Study(by_hand))
    return share.pack(by_hand)


def test_it_has_the_report_and_all_that_it_links_to(packed):
    with zipfile.ZipFile(packed) as archive:
        names = set(archive.namelist())
        page = archive.read(f"{TOP}/report.html").decode()
    assert {f"{TOP}/{name}" for name in re.findall(r'class="beside" href="([^"]+)"', page)} <= names
    assert f"{TOP}/seed-42/sft/predictions.jsonl" in names
    assert {f"{TOP}/tables/results.{ending}" for ending in ("csv", "tex", "md")} <= names
    assert {f"{TOP}/figures/accuracies.{ending}" for ending in ("svg", "png")} <= names


def test_it_says_what_is_not_included(packed):
    with zipfile.ZipFile(packed) as archive:
        assert "model (not included)" in archive.read(f"{TOP}/report.html").decode()
        assert "Not included: 1 trained model, " in archive.read(f"{TOP}/README.txt").decode()
        assert not [name for name in archive.namelist() if "safetensors" in name]


def test_the_same_report_gives_the_same_bytes(packed, by_hand):
    before = packed.read_bytes()
    assert share.pack(by_hand).read_bytes() == before


def test_without_a_report_nothing_is_packed(by_hand):
    with pytest.raises(InputError, match=r"There is no report under .*by_hand: `make run` makes it."):
        share.pack(by_hand)
    assert list(by_hand.folder().glob("*.zip")) == []


def test_the_command_says_where_it_is(by_hand, capsys):
    write_report(Study(by_hand))
    config = Path(by_hand.runs_dir) / "config.yaml"
    config.write_text(f"experiment: by_hand\nruns_dir: {by_hand.runs_dir}\n")
    assert share.main(str(config)) == 0
    assert re.search(r"pauselib-by_hand.zip: \d+ files, \d+\.\d MB\n", capsys.readouterr().out)
    assert share.main(str(config), "experiment=none") == 2
    assert "There is no report under" in capsys.readouterr().err
