"""A write that failed is explained, however a library passes the system's error on; other errors stay what they are."""

import errno
from types import SimpleNamespace

import pytest

from pauselib import errors
from pauselib.errors import InputError, failed_writes_explained


def caused_by(error: Exception) -> Exception:
    """An error of a library's own, raised because of another."""
    own = ValueError("the table could not be written")
    own.__cause__ = error
    return own


FULL = "no space is left on its disk; free some and run the same again, which goes on from what is finished."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (caused_by(OSError(errno.ENOSPC, "No space left on device")), FULL),
        (Exception("Error while serializing: I/O error: No space left on device (os error 28)"), FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "your quota on its disk is used up; free some space and"),
        (OSError(errno.EFBIG, "File too large"), "a file would be larger than is allowed there; raise the limit"),
    ],
)
def test_a_write_that_failed_is_explained_with_the_folder_and_the_cure(tmp_path, error, reason):
    outer, inner = failed_writes_explained(tmp_path / "model"), failed_writes_explained(tmp_path / ".model.part")
    with pytest.raises(InputError) as explained, outer, inner:
        raise error
    assert str(explained.value).startswith(f"{tmp_path / 'model'} can't be written: {reason}")
    assert explained.value.__cause__.__cause__ is error


@pytest.mark.parametrize(
    "error", [ValueError("no"), InputError("A sentence."), OSError(errno.ENOENT, "No such file"), RuntimeError("no")]
)
def test_another_error_stays_what_it_is(tmp_path, error):
    with pytest.raises(type(error)) as raised, failed_writes_explained(tmp_path):
        raise error
    assert raised.value is error


def test_an_error_that_does_not_tell_its_reason_is_explained_where_the_disk_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(errors.shutil, "disk_usage", lambda place: SimpleNamespace(free=0))
    with pytest.raises(InputError, match="no space is left"), failed_writes_explained(tmp_path):
        raise RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0")


def test_a_file_in_the_place_of_a_folder_is_told_and_so_is_a_place_for_no_files(tmp_path, monkeypatch):
    (tmp_path / "seed-42").touch()
    folder = tmp_path / "seed-42" / "sft" / "model"
    with pytest.raises(InputError, match="a file stands in its place; move that away"), failed_writes_explained(folder):
        folder.mkdir(parents=True)
    monkeypatch.setattr(errors.os, "statvfs", lambda place: SimpleNamespace(f_blocks=0))
    with pytest.raises(InputError, match="it is no place for files"), failed_writes_explained(tmp_path / "tiny"):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")


def test_a_place_that_is_not_there_is_judged_by_the_folder_above_it(tmp_path):
    assert errors.number_of_unwritable(tmp_path / "not" / "there") is None
