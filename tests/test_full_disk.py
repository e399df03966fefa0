"""A disk that is full: an error that names it, nothing half-written, and with room again the same bytes."""

import os
import subprocess
from pathlib import Path

import pytest
from same_results import differences

from pauselib.steps import clean_rows, evaluate, inject
from pauselib.workflow.command import main

NO_SPACE = "(?i)no space"  # in the system's own words, or explained


@pytest.fixture
def disk(tmp_path):
    """A disk of 60 MB that is a folder, and a function that fills it up to some bytes, with a file."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here, which takes root: {mounted.stderr.strip()}")

    def leave(n_bytes: int) -> Path:
        filesystem = os.statvfs(place)
        with (place / "filler").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, filesystem.f_bavail * filesystem.f_frsize - n_bytes)
        return place / "filler"

    yield place, leave
    subprocess.run(["umount", place], check=True)


def files(folder: Path) -> set[Path]:
    """The files of an experiment, but for locks, which are empty, and the checkpoints that a training goes on from."""
    return {path for path in folder.rglob("*.*") if path.suffix != ".lock" and "checkpoints" not in path.parts}


def test_a_step_on_a_full_disk_leaves_nothing_half_written_and_goes_on_with_room_to_the_same_bytes(small, disk):
    (place, leave), settings = disk, small.but(variant="baseline_1_epoch")
    on_disk = settings.but(runs_dir=str(place))
    for step, room in ((clean_rows, 8_000), (inject, 8_000), (evaluate, 100_000)):
        row = on_disk.but(variant="sft") if step is inject else on_disk
        before = files(on_disk.folder())
        filler = leave(room)
        with pytest.raises(Exception, match=NO_SPACE):
            step(row)
        assert files(on_disk.folder()) == before
        filler.unlink()
        step(row)
    inject(settings.but(variant="sft"))
    evaluate(settings)
    assert differences(on_disk.folder(), settings.folder()) == []


def test_a_run_on_a_full_disk_is_refused(disk, capsys):
    place, leave = disk
    leave(0)
    assert main("configs/tiny.yaml", f"runs_dir={place}") == 2
    error = capsys.readouterr().err
    assert "no space" in error.lower()
    assert error.count("\n") == 1
