"""Files are whole or absent, folders are made once, whoever asks and however often."""

import multiprocessing
import resource
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from pauselib import runs
from pauselib.files import digest, read_json, write
from pauselib.manifests import MANIFEST, manifest, origin, why_stale

MADE_FROM = origin(Path("out"), {"seed": 42, "layers": (1, 2)}, {"data": "abc"})
CHANGED = origin(Path("out"), {"seed": 43, "layers": (1, 2)}, {"data": "abc"})


def names(folder: Path) -> list[str]:
    """The files and folders of a folder; the lock beside a folder is none of its content."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def write_a(folder: Path):
    (folder / "a.txt").write_text("made")


def fail(folder: Path):
    (folder / "a.txt").write_text("half")
    raise RuntimeError("out of memory")


@pytest.fixture
def full_disk():
    """No file of this process may grow past 100 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_file_is_written_with_the_folders_above_it_and_nothing_else(tmp_path):
    write(tmp_path / "x" / "y.txt", "Über")
    assert (tmp_path / "x" / "y.txt").read_bytes() == "Über".encode()
    assert names(tmp_path / "x") == ["y.txt"]
    assert read_json(tmp_path / "x" / "none.json") is None


def test_a_write_or_a_folder_that_finds_the_disk_full_leaves_the_old_file_and_nothing_half_written(tmp_path, full_disk):
    write(tmp_path / "y.txt", "old")
    with pytest.raises(OSError, match="File too large"):
        write(tmp_path / "y.txt", "new" * 100)
    with pytest.raises(OSError, match="File too large"):
        runs.make_once(tmp_path / "out", MADE_FROM, lambda part: (part / "a.txt").write_text("a" * 1000))
    assert (tmp_path / "y.txt").read_text() == "old"
    assert names(tmp_path) == ["y.txt"]


def test_a_digest_is_that_of_content_and_names_and_nothing_else(tmp_path):
    def of(**content):
        folder = tmp_path / str(len(names(tmp_path)))
        folder.mkdir()
        for name, text in content.items():
            write(folder / name, text)
        return digest(folder)

    same = of(a="1", b="2")
    assert of(b="2", a="1") == same
    assert len({same, of(a="1", b="3"), of(a="1", c="2"), of(a="2", b="1"), of(a="1"), of()}) == 6
    assert digest(tmp_path / "0", lambda file: file.name == "a") == of(a="1")


def test_a_folder_is_made_once_with_its_manifest(tmp_path):
    made = [runs.make_once(tmp_path / "x" / "out", MADE_FROM, write_a) for _ in range(3)]
    assert made == [True, False, False]
    assert names(tmp_path / "x") == ["out"]
    assert names(tmp_path / "x" / "out") == ["a.txt", MANIFEST]
    outputs = {"a.txt": digest(tmp_path / "x" / "out" / "a.txt")}
    assert manifest(tmp_path / "x" / "out") == {**MADE_FROM, "outputs": outputs}


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"settings": {"seed": 43, "layers": (1, 2)}}, r"seed=42 \(now 43\)"),
        ({"inputs": {}, "versions": {"python": "4"}}, r"data=abc \(now None\)"),
    ],
)
def test_other_settings_are_refused_with_the_difference_and_the_cures(tmp_path, other, difference):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    with pytest.raises(ValueError, match=f"was made with {difference}: choose another name .* or say overwrite=True"):
        runs.make_once(tmp_path / "out", {**MADE_FROM, **other}, write_a)
    assert runs.is_current(tmp_path / "out", MADE_FROM)


@pytest.mark.parametrize(("beside", "left"), [(False, ["a.txt", MANIFEST]), (True, ["a.txt", MANIFEST, "old.txt"])])
def test_a_failure_while_making_leaves_all_as_it_was_and_the_next_try_starts_clean(tmp_path, beside, left):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a, beside=beside)
    write(tmp_path / "out" / "old.txt", "what nobody made")
    with pytest.raises(RuntimeError, match="out of memory"):
        runs.make_once(tmp_path / "out", CHANGED, fail, overwrite=True, beside=beside)
    assert (tmp_path / "out" / "a.txt").read_text() == "made"
    assert runs.is_current(tmp_path / "out", MADE_FROM)
    assert runs.make_once(tmp_path / "out", CHANGED, write_a, overwrite=True, beside=beside)
    assert not runs.make_once(tmp_path / "out", CHANGED, write_a, beside=beside)
    assert (names(tmp_path), names(tmp_path / "out")) == (["out"], left)
    assert list(manifest(tmp_path / "out")["outputs"]) == ["a.txt"]


def test_a_file_that_is_not_as_it_was_made_is_named_and_all_is_made_again(tmp_path, capsys):
    runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    (tmp_path / "out" / "mine.txt").touch()
    assert not runs.make_once(tmp_path / "out", MADE_FROM, write_a)  # another file in it does no harm
    (tmp_path / "out" / "a.txt").write_bytes(b"\xff\x00")
    assert why_stale(tmp_path / "out") == "a.txt is not as it was made"
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert capsys.readouterr().err == f"{tmp_path / 'out' / 'a.txt'} is not as it was made: all of it is made again.\n"
    assert why_stale(tmp_path / "out") is None


def test_a_folder_that_names_nothing_it_was_made_from_is_left_alone_unless_files_are_made_beside_those_in_it(tmp_path):
    write(tmp_path / "out" / "mine.txt", "mine")
    with pytest.raises(ValueError, match=r"is there without a made_from.json: move it away"):
        runs.make_once(tmp_path / "out", MADE_FROM, write_a)
    assert names(tmp_path / "out") == ["mine.txt"]
    assert runs.make_once(tmp_path / "out", MADE_FROM, write_a, beside=True)
    assert names(tmp_path / "out") == ["a.txt", MANIFEST, "mine.txt"]


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
    monkeypatch.setattr(runs.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        runs.make_once(tmp_path / "out", CHANGED, write_a, overwrite=True)
    monkeypatch.undo()
    assert names(tmp_path) == [".out.old.part", "out"]
    assert runs.is_current(tmp_path / "out", CHANGED)


def test_whoever_may_read_a_folder_may_read_its_weights(tmp_path):
    with runs.new_folder(tmp_path / "model") as part:
        (part / "model.safetensors").touch(mode=0o600)  # as safetensors does
    mode = (tmp_path / "model" / "model.safetensors").stat().st_mode & 0o777
    assert mode == (tmp_path / "model").stat().st_mode & 0o666


def make_slowly(part: Path):
    for name in "abc":
        time.sleep(0.2)
        (part / f"{name}.txt").touch()


def race(barrier, results, folder):
    barrier.wait(timeout=600)
    made = runs.make_once(folder, MADE_FROM, make_slowly)
    results.put((made, names(folder)))


def test_of_two_processes_one_makes_the_folder_and_both_see_it_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    both = [context.Process(target=race, args=(barrier, results, tmp_path / "out")) for _ in range(2)]
    for process in both:
        process.start()
    seen = sorted(results.get(timeout=600) for _ in both)
    for process in both:
        process.join(timeout=600)
    whole = ["a.txt", "b.txt", "c.txt", MANIFEST]
    assert seen == [(False, whole), (True, whole)]
