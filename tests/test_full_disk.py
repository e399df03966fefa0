"""A disk that is full, in every step: one sentence, nothing half-written, and with room again the same bytes."""

import os
import subprocess
from pathlib import Path

import pytest
from test_workflow import run

from benchmarks.results import differences
from pauselib.analysis.study import Study
from pauselib.errors import InputError
from pauselib.figures.report import Report
from pauselib.steps import clean_rows, evaluate, inject, warm_up

FULL = "no space is left on its disk; free some and run the same again, which goes on from what is finished."


class Disk:
    """A small disk of its own, which can be filled."""

    def __init__(self, place: Path):
        self.place, self.filler = place, place / "filler"

    def leave(self, n_bytes: int) -> None:
        """Fill the disk up to some bytes."""
        self.filler.unlink(missing_ok=True)
        filesystem = os.statvfs(self.place)
        with self.filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, filesystem.f_bavail * filesystem.f_frsize - n_bytes)

    def empty(self) -> None:
        """Give the room back."""
        self.filler.unlink()


@pytest.fixture
def disk(tmp_path):
    """A disk of 60 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here, which takes root: {mounted.stderr.strip()}")
    yield Disk(place)
    subprocess.run(["umount", place], check=True)


def files(folder: Path) -> set[str]:
    """The files of an experiment, but for locks, which are empty, and the checkpoints that a training goes on from."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith(".lock") and "/checkpoints/" not in name}


def report(settings) -> None:
    """Write the report."""
    Report(Study(settings)).write()


STEPS = [  # what is done, in which folder of the experiment, and the bytes that are left for it
    (clean_rows, "data", 8_000),
    (inject, "seed-42/injected/random", 8_000),
    (warm_up, "seed-42/baseline_1_epoch/model", 100_000),  # its first checkpoint, which is larger than the model
    (evaluate, "seed-42/sft_peft", 4_000),
    (report, "", 0),
]


def test_every_step_says_in_one_sentence_that_the_disk_is_full_and_goes_on_with_room_to_the_same_bytes(small, disk):
    settings = small.but(variant="sft_peft", variants=["baseline_1_epoch", "sft_peft"])
    on_disk = settings.but(runs_dir=str(disk.place))
    for step, place, room in STEPS:
        if step is evaluate:
            warm_up(on_disk)
            evaluate(on_disk.but(variant="baseline_1_epoch"))
        before = files(on_disk.folder())
        disk.leave(room)
        with pytest.raises(InputError) as full:
            step(on_disk)
        assert str(full.value) == f"{on_disk.folder() / place} can't be written: {FULL}"
        assert files(on_disk.folder()) == before
        disk.empty()
        if step is not warm_up:
            step(on_disk)
    evaluate(settings.but(variant="baseline_1_epoch"))
    evaluate(settings)
    report(settings)
    assert differences(on_disk.folder(), settings.folder()) == []


def test_the_workflow_says_it_too_and_goes_on(disk):
    disk.leave(0)
    smallest = ("variants=[baseline_1_epoch]", "interventions=[]", "seeds=[42]")
    at_once = run(disk.place, *smallest)
    assert (at_once.returncode, at_once.stdout) == (2, "")
    assert at_once.stderr == f"{disk.place / 'tiny'} can't be written: {FULL}\n"
    disk.leave(500_000)
    later = run(disk.place, *smallest)
    assert later.returncode == 1
    row = disk.place / "tiny" / "seed-42" / "baseline_1_epoch"
    (said,) = [line for line in later.stdout.splitlines() if line.startswith("Failed: ")]
    assert said.endswith(f"{row} can't be written: {FULL}")
    disk.empty()
    with_room = run(disk.place, *smallest)
    assert with_room.returncode == 0, with_room.stdout + with_room.stderr
