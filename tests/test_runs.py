"""Files are whole or absent, folders are made once, whoever asks and however often."""

import multiprocessing
import os
import resource
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from pauselib import files, runs
from pauselib.errors import InputError

MADE_FROM = runs.origin(Path("out"), {"seed": 42, "layers": (1, 2)}, {"data": "abc"})


def names(folder: Path) -> list[str]:
    """The files and folders of a folder; the lock beside a folder is none of its content."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def write_a(folder: Path):
    (folder / "a.txt").write_text("made")


def test_a_file_is_written_with_the_folders_above_it_and_nothing_else(tmp_path):
    runs.write(tmp_path / "x" / "y.txt", "Über")
    assert (tmp_path / "x" / "y.txt").read_bytes() == "Über".encode()
    assert names(tmp_path / "x") == ["y.txt"]


def test_a_write_that_finds_the_disk_full_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    runs.write(tmp_path / "y.txt", "old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file of this process may grow past 100 bytes
    try:
        with pytest.raises(InputError, match="can't be written: a file would be larger than is allowed there"):
            runs.write(tmp_path / "y.txt", "new" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "y.txt").read_text() == "old"
    assert names(tmp_path) == ["y.txt"]


def test_a_write_that_cannot_take_its_name_leaves_nothing(tmp_path):
    (tmp_path / "y.txt" / "in the way").mkdir(parents=True)
    with pytest.raises(OSError):
        runs.write(tmp_path / "y.txt", "new")
    assert names(tmp_path) == ["y.txt"]


def test_json_that_cannot_be_written_leaves_the_old_file(tmp_path):
    runs.write_json(tmp_path / "m.json", {"n": 1, "name": "é"})
    with pytest.raises(TypeError):
        runs.write_json(tmp_path / "m.json", {"n": {1, 2}})
    assert runs.read_json(tmp_path / "m.json") == {"n": 1, "name": "é"}
    assert runs.read_json(tmp_path / "none.json") is None


def test_a_digest_is_that_of_content_and_names_and_nothing_else(tmp_path):
    def digest(**files):
        folder = tmp_path / str(len(names(tmp_path)))
        folder.mkdir()
        for name, content in files.items():
            runs.write(folder / name, content)
        return runs.digest(folder)

    same = digest(a="1", b="2")
    assert digest(b="2", a="1") == same
    assert len({same, digest(a="1", b="3"), digest(a="1", c="2"), digest(a="2", b="1"), digest(a="1"), digest()}) == 6


def test_a_digest_of_a_file_changes_with_its_content(tmp_path):
    runs.write(tmp_path / "a", "1"), runs.write(tmp_path / "b", "1"), runs.write(tmp_path / "c", "2")
    assert runs.digest(tmp_path / "a") == runs.digest(tmp_path / "b") != runs.digest(tmp_path / "c")


def test_a_file_is_read_once_for_its_digest_until_it_is_changed(tmp_path, monkeypatch):
    read, content = [], files.read_digest
    monkeypatch.setattr(files, "read_digest", lambda file: read.append(file.name) or content(file))
    runs.write(tmp_path / "a", "1")
    just_changed = [runs.digest(tmp_path / "a") for _ in range(2)]
    assert read == ["a"] * 2  # its time might not tell of a change in the same moment
    monkeypatch.setattr(files, "SETTLED_AFTER", -1.0)
    settled = [runs.digest(tmp_path / "a") for _ in range(3)]
    assert (read, len({*just_changed, *settled})) == (["a"] * 3, 1)
    runs.write(tmp_path / "a", "2")
    assert runs.digest(tmp_path / "a") not in settled
    assert read == ["a"] * 4


def test_a_digest_may_be_that_of_some_files_of_a_folder(tmp_path):
    for name in "ab":
        runs.write(tmp_path / name, name)
    only_a = runs.digest(tmp_path, lambda file: file.name == "a")
    (tmp_path / "b").unlink()
    assert only_a == runs.digest(tmp_path)


def test_a_folder_is_made_once_with_its_manifest(tmp_path):
    made = [runs.make_once(tmp_path / "x" / "out", MADE_FROM, write_a) for _ in range(3)]
    assert made == [True, False, False]
    assert names(tmp_path / "x") == ["out"]
    assert names(tmp_path / "x" / "out") == ["a.txt", runs.MANIFEST]
    outputs = {"a.txt": runs.digest(tmp_path / "x" / "out" / "a.txt")}
    assert runs.manifest(tmp_path / "x" / "out") == {**MADE_FROM, "outputs": outputs}


CHANGED = runs.origin(Path("out"), {"seed": 43, "layers": (1, 2)}, {"data": "abc"})


def test_where_nothing_is_finished_there_is_no_manifest(tmp_path):
    assert runs.manifest(tmp_path / "out") is None
    (tmp_path / "out").mkdir()
    assert runs.manifest(tmp_path / "out") is None


def test_an_origin_is_what_comes_back_from_a_file(tmp_path):
    origin = runs.origin(Path("out"), {"layers": (1, 2), "pattern": {"a": 1}}, {"data": "abc"}, "numpy")
    runs.write_json(tmp_path / "m.json", origin)
    assert runs.read_json(tmp_path / "m.json") == origin
    assert set(origin["versions"]) == {"python", "pauselib", "numpy"}


def test_other_settings_make_it_again_where_it_may_be_overwritten(tmp_path):
    runs.make_once(tmp_path / "out", MADE_FROM, lambda part: (part / "old.txt").touch())
    assert runs.make_once(tmp_path / "out", CHANGED, write_a, overwrite=True)
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST]


@pytest.mark.parametrize(
    ("made_from", "difference"),
    [
        (CHANGED, r"seed=42 \(now 43\)"),
        ({**MADE_FROM, "inputs": {"data": "xyz"}}, r"data=abc \(now xyz\)"),
        ({**MADE_FROM, "inputs": {}}, r"data=abc \(now None\)"),
    ],
)
def test_other_settings_are_refused_with_the_difference_and_the_cures(tmp_path, made_from, difference):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    with pytest.raises(ValueError, match=f"was made with {difference}: .*choose another name .* or say overwrite=True"):
        runs.make_once(tmp_path / "out", made_from, write_a)
    assert runs.is_current(tmp_path / "out", MADE_FROM)


def test_other_versions_are_no_reason_to_make_it_again(tmp_path):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert not runs.make_once(tmp_path / "out", {**MADE_FROM, "versions": {"python": "4"}}, write_a)


def test_a_failure_while_making_leaves_the_old_folder_and_the_next_try_starts_clean(tmp_path):
    def fail(part):
        (part / "half.txt").touch()
        raise RuntimeError("out of memory")

    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    with pytest.raises(RuntimeError, match="out of memory"):
        runs.make_once(tmp_path / "out", CHANGED, fail, overwrite=True)
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST]
    assert runs.is_current(tmp_path / "out", MADE_FROM)
    assert runs.make_once(tmp_path / "out", CHANGED, write_a, overwrite=True)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST]


def test_a_file_that_is_gone_makes_it_again_and_one_that_was_added_does_not(tmp_path):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    (tmp_path / "out" / "mine.txt").touch()
    assert not runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    (tmp_path / "out" / "a.txt").unlink()
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST]


@pytest.mark.parametrize("damage", ["edited", "", b"\xff\x00"])
def test_a_file_that_is_not_as_it_was_made_is_named_and_all_is_made_again(tmp_path, damage, capsys):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    (tmp_path / "out" / "a.txt").write_bytes(damage.encode() if isinstance(damage, str) else damage)
    assert runs.why_stale(tmp_path / "out") == "a.txt is not as it was made"
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert capsys.readouterr().err == f"{tmp_path / 'out' / 'a.txt'} is not as it was made: all of it is made again.\n"
    assert (tmp_path / "out" / "a.txt").read_text() == "made"
    assert runs.why_stale(tmp_path / "out") is None


@pytest.mark.parametrize("manifest", ["", "{", "[", b"\xff"])
def test_a_manifest_that_cannot_be_read_makes_it_again(tmp_path, manifest):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    (tmp_path / "out" / runs.MANIFEST).write_bytes(manifest.encode() if isinstance(manifest, str) else manifest)
    assert runs.why_stale(tmp_path / "out") == "made_from.json is missing or can't be read"
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert runs.why_stale(tmp_path / "out") is None


def chain(folder: Path, seed: int) -> None:
    """Make `first` from a seed, `second` from `first`, and `third` from `second`."""
    first, second, third = (folder / name for name in ("first", "second", "third"))
    runs.make_once(first, runs.origin(first, {"seed": seed}, {}), write_a, overwrite=True)
    runs.make_once(second, runs.origin(second, {}, {"first": first}), write_a)
    runs.make_once(third, runs.origin(third, {}, {"second": second, "text": "abc"}), write_a)


def test_what_was_made_from_something_that_was_made_again_is_stale_however_far_back(tmp_path):
    chain(tmp_path, seed=1)
    assert [runs.why_stale(tmp_path / name) for name in ("first", "second", "third")] == [None, None, None]
    runs.make_once(tmp_path / "first", runs.origin(tmp_path / "first", {"seed": 2}, {}), write_a, overwrite=True)
    assert runs.why_stale(tmp_path / "first") is None
    assert runs.why_stale(tmp_path / "second") == "its first was made again since"
    assert runs.why_stale(tmp_path / "third") == "its second is stale: its first was made again since"
    (tmp_path / "second" / runs.MANIFEST).unlink()
    assert runs.why_stale(tmp_path / "third") == "its second is gone"


def test_a_clone_in_another_folder_has_the_same_manifests(tmp_path):
    chain(tmp_path / "here", seed=1)
    chain(tmp_path / "far" / "away", seed=1)
    for name in ("first", "second", "third"):
        here, away = (folder / name / runs.MANIFEST for folder in (tmp_path / "here", tmp_path / "far" / "away"))
        assert here.read_bytes() == away.read_bytes()


def test_a_folder_that_names_nothing_it_was_made_from_is_left_alone(tmp_path):
    runs.write(tmp_path / "out" / "mine.txt", "mine")
    with pytest.raises(ValueError, match=r"is there but names nothing that it was made from .*: move it away"):
        runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert names(tmp_path / "out") == ["mine.txt"]


def test_files_made_beside_others_leave_those_alone(tmp_path):
    runs.write(tmp_path / "out" / "mine.txt", "mine")
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a, beside=True)
    assert not runs.make_once(tmp_path / "out", MADE_FROM, write_a, beside=True)
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST, "mine.txt"]
    assert list(runs.manifest(tmp_path / "out")["outputs"]) == ["a.txt"]
    assert runs.make_once(
        tmp_path / "out", CHANGED, lambda part: (part / "a.txt").write_text("again"), True, beside=True
    )
    assert (tmp_path / "out" / "a.txt").read_text() == "again"
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_a_failure_while_making_beside_others_leaves_all_as_it_was(tmp_path):
    def fail(part):
        (part / "a.txt").write_text("half")
        raise RuntimeError("out of memory")

    runs.make_once(tmp_path / "out", MADE_FROM, write_a, beside=True)
    with pytest.raises(RuntimeError, match="out of memory"):
        runs.make_once(tmp_path / "out", CHANGED, fail, overwrite=True, beside=True)
    assert names(tmp_path / "out") == ["a.txt", runs.MANIFEST]
    assert (tmp_path / "out" / "a.txt").read_text() == "made"
    assert runs.is_current(tmp_path / "out", MADE_FROM)


def test_what_is_to_be_done_with_a_finished_folder_is_done_while_others_wait_whether_it_was_made_now_or_not(tmp_path):
    waiting = []

    def settle():
        with pytest.raises(Timeout):
            FileLock(runs.lock_of(tmp_path / "out"), timeout=0, is_singleton=False).acquire()
        waiting.append((tmp_path / "out" / "a.txt").read_text())

    for _ in range(2):
        runs.make_once(tmp_path / "out", MADE_FROM, write_a, settle=settle)
    assert waiting == ["made", "made"]


def test_a_kill_while_a_folder_takes_the_place_of_another_leaves_no_folder_without_its_manifest(tmp_path, monkeypatch):
    """The old folder's content is removed last, under another name: a kill there does not block the next run."""

    def killed(path, *args, **kwargs):
        if any(Path(path).glob("*.txt")):
            raise KeyboardInterrupt

    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    rmtree = runs.shutil.rmtree
    monkeypatch.setattr(runs.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        runs.make_once(tmp_path / "out", CHANGED, write_a, overwrite=True)
    monkeypatch.setattr(runs.shutil, "rmtree", rmtree)
    assert names(tmp_path) == [".out.old.part", "out"]
    assert runs.is_current(tmp_path / "out", CHANGED)


def make_slowly(part: Path):
    for name in "abc":
        time.sleep(0.2)
        (part / f"{name}.txt").touch()


def race(barrier, results, folder):
    barrier.wait(timeout=600)
    made = runs.make_once(folder, MADE_FROM, make_slowly)
    results.put((made, names(folder)))


def test_whoever_may_read_a_folder_may_read_its_weights(tmp_path):
    with runs.new_folder(tmp_path / "model") as part:
        (part / "steps").mkdir()
        for path in (part / "model.safetensors", part / "steps" / "1.safetensors"):
            path.touch(mode=0o600)  # as safetensors does
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert modes == {(tmp_path / "model").stat().st_mode & 0o666}


def test_of_two_processes_one_makes_the_folder_and_both_see_it_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    both = [context.Process(target=race, args=(barrier, results, tmp_path / "out")) for _ in range(2)]
    for process in both:
        process.start()
    seen = sorted(results.get(timeout=600) for _ in both)
    for process in both:
        process.join(timeout=600)
    whole = ["a.txt", "b.txt", "c.txt", runs.MANIFEST]
    assert seen == [(False, whole), (True, whole)]


def test_what_is_below_a_folder_is_told_while_another_process_removes_some(tmp_path, monkeypatch):
    for name in ("kept/a.txt", "removed/b.txt"):
        runs.write(tmp_path / name, "")
    scandir = os.scandir

    def as_another_removes(path):
        if path == str(tmp_path / "removed"):
            (tmp_path / "removed" / "b.txt").unlink()
            (tmp_path / "removed").rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", as_another_removes)
    below = runs.paths_below(tmp_path)
    assert not (tmp_path / "removed").exists()
    assert [path for path in below if path.exists()] == [tmp_path / "kept", tmp_path / "kept" / "a.txt"]
