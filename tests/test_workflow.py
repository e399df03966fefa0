"""A small experiment through Snakemake and what is printed of it, bad command lines; and what is locked agrees."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pauselib import machine
from pauselib.files import write
from pauselib.settings import INTERVENTION_SETTINGS, of_experiment, settings_of_notebook
from pauselib.workflow.command import main, read_arguments

ROOT = Path(__file__).parent.parent
SMALL = ["n_train=12", "n_test=4", "n_copies=2", "eval_steps=2", "base_eval_steps=2", "max_steps=2", "base_max_steps=2"]
SMALL += ["max_new_tokens=20", "variants=[sft_peft]", "seeds=[43]", "trials=[]"]
SMALL += ["interventions=[{variant: sft_peft, max_pauses: 0}, {variant: sft, max_pauses: 0}]"]


def run(folder: Path, *changes: str) -> subprocess.CompletedProcess:
    """Run the small experiment, some of whose settings are changed."""
    command = [sys.executable, "-m", "pauselib.workflow", "configs/tiny.yaml", f"runs_dir={folder}", *SMALL, *changes]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """The folder of a finished run, and what it printed."""
    folder = tmp_path_factory.mktemp("runs")
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return folder / "tiny", done


def test_a_run_prints_a_line_a_step_and_the_table_and_writes_all_results(finished):
    folder, done = finished
    lines, row = done.stdout.splitlines(), folder / "seed-43" / "sft_peft"
    assert lines[0] == f"6 steps; results under {folder}"  # the second intervention is of no row
    assert any(re.fullmatch(r"\[\d/6\] inject random \(.*\)( · about .*)?", line) for line in lines)
    result = r"accuracy \d\.\d{3}, \d+\.\d pauses a reply( · about .* to go)?"
    assert any(re.fullmatch(rf"\[\d/6\] evaluate sft_peft \(.*\): {result}", line) for line in lines)
    assert lines[6].startswith("[6/6] analyze (")
    assert re.search(r"^ *(43 +)?sft_peft ", done.stdout, re.MULTILINE)
    assert done.stdout.strip().endswith("report.html")
    made = {"warmup.ipynb", "evaluate.ipynb", "predictions.jsonl", "tokens.parquet", "metrics.json", "training.json"}
    assert made | {"model"} <= {path.name for path in row.iterdir()}
    assert json.loads((row / "training.json").read_text())["steps"] == 2
    assert len((folder / "results.csv").read_text().splitlines()) == 1 + 1
    forbidden = (row / "interventions" / "max_pauses-0" / "predictions.jsonl").read_text().splitlines()
    assert {json.loads(reply)["n_pauses"] for reply in forbidden} == {0}
    assert not (folder / "seed-43" / "sft").exists()


@pytest.mark.parametrize("copied", [False, True])
def test_a_second_run_has_nothing_to_do_nor_has_one_of_a_copy_with_other_times(copied, finished, tmp_path):
    folder, _ = finished
    if copied:
        folder = shutil.copytree(folder, tmp_path / "tiny")
        for now, path in enumerate(sorted(folder.rglob("*.ipynb"))):  # analyze.ipynb is the oldest
            os.utime(path, (2e9 + now, 2e9 + now))
    written = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if path.name != "config.yaml"}
    again = run(folder.parent)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith(f"Nothing to do: all 6 steps are finished; results under {folder}\n")
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_a_dry_run_names_what_changed_settings_would_make_again_and_what_is_missing(finished):
    folder, _ = finished
    record = (folder / "config.yaml").read_text()
    missing = folder / "seed-43" / "sft_peft" / "warmup.ipynb"
    content = missing.read_bytes()
    changed = run(folder.parent, "max_new_tokens=10", "--", "-np")
    missing.unlink()
    removed = run(folder.parent, "--", "--dry-run")
    missing.write_bytes(content)
    lines = changed.stdout.splitlines()
    assert lines[0].endswith("; 3 of them kept from before")
    again = ["analyze", "evaluate sft_peft", "intervene sft_peft max_pauses-0"]
    assert sorted(lines[1:]) == [f"would run: {step}" for step in again]
    why = "evaluate.ipynb is made again: replies made with max_new_tokens=20 (now 10)."
    assert [line.endswith(why) for line in changed.stderr.splitlines()] == [True, True]
    assert sorted(removed.stdout.splitlines()[1:]) == sorted(lines[1:] + ["would run: warmup sft_peft"])
    assert (folder / "config.yaml").read_text() == record


def test_a_failure_is_printed_with_its_reason_and_summed_up_at_the_end(tmp_path):
    failing = run(tmp_path, "n_random_pauses=600", "variable_number_of_pauses=false", "--", "--until", "evaluate")
    assert (failing.returncode, failing.stderr) == (1, "")
    lines, place = failing.stdout.splitlines(), tmp_path / "tiny" / "seed-43" / "injected"
    (at,) = [i for i, line in enumerate(lines) if line.startswith("Failed: ")]
    reason = r"22 of 22 rows are longer than max_length 600 \(.*\): raise max_length, "
    assert re.match(rf"Failed: inject random: {reason}", lines[at])
    assert lines[at + 1] == f"    notebook: {place / 'random.inject.ipynb'}"
    assert lines[at + 2] == f"    log: {place / 'random.inject.log'}"
    assert "are longer than max_length 600" in (place / "random.inject.ipynb").read_text()
    assert any("warmup baseline_1_epoch" in line for line in lines)  # what does not need it goes on
    assert lines[-3:-1] == ["1 of 4 steps failed: inject random.", "2 more could not be made because of that."]
    (path,) = re.findall(r"Complete log\(s\): (.*)", lines[-1])
    assert "Error in rule inject" in Path(path).read_text()


@pytest.mark.parametrize(("flags", "told"), [("avx2", machine.SLOW.format("dtype=mixed")), ("avx2 avx512f", "")])
def test_what_is_slow_here_is_said_and_what_another_run_makes_is_refused(flags, told, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "tiny" / "cpuinfo")
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)  # as without a GPU
    write(machine.CPUINFO, f"flags\t\t: fpu {flags}\n")
    with FileLock(tmp_path / "tiny" / ".workflow.lock"):
        assert main(str(ROOT / "configs" / "tiny.yaml"), f"runs_dir={tmp_path}", "dtype=mixed") == 2
    told += "Another run makes this experiment: wait for it, or stop it first.\n"
    assert (capsys.readouterr().err, machine.slow_products(dtype="float32")) == (told, "")


def test_a_text_on_the_command_line_is_as_it_was_typed():
    given = ["runs_dir=/my #1 runs", "model_revision=", "experiment=017", "seeds=[042]", "dataset='toy'"]
    found = read_arguments((str(ROOT / "configs" / "tiny.yaml"), *given))
    read = [found[name] for name in ("runs_dir", "model_revision", "experiment", "dataset")]
    assert read == ["/my #1 runs", "", "017", "toy"]
    assert of_experiment(found).seeds == (42,)


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["good.yaml", "runs_dir=a{b}"], "runs_dir is 'a{b}'"),
        ([], "Give an experiment's file, such as configs/tiny.yaml"),
        (["no.yaml"], "'no.yaml'"),
        (["good.yaml", "seeds"], "'seeds' gives no value"),
        (["good.yaml", "seeds=[42"], "'seeds=[42' is not valid YAML"),
        (["good.yaml", "sedes=[42]"], "There is no parameter 'sedes': did you mean 'seeds'?"),
    ],
)
def test_a_bad_command_line_is_refused_and_nothing_is_written(arguments, about, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(f"experiment: mine\nruns_dir: {tmp_path}")
    assert main(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(about)
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.rglob("*")] == ["good.yaml"]


def test_the_graph_runs_notebooks_in_this_python_whatever_kernel_they_were_saved_with():
    starts = re.findall(r"papermill (.*)notebooks/", (ROOT / "Snakefile").read_text())
    assert starts == ["-k python3 "] * len(starts) != []


def test_a_notebook_gets_every_setting_of_its_parameters_cell(tmp_path):
    (tmp_path / "one.yaml").write_text(f"runs_dir: {tmp_path}\nvariants: [sft_peft]\ninterventions: []\n")
    options = ["--dry-run", "-p", "--cores", "1", "--configfile", tmp_path / "one.yaml"]
    command = [sys.executable, "-m", "snakemake", *options]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    given = dict(re.findall(r"notebooks/(\w+)\.ipynb \S+ -y '(.*?)'", printed))
    assert given.keys() == {"inject", "warmup", "evaluate", "trial", "analyze"}
    for name, parameters in given.items():
        asked = set(settings_of_notebook(name)) - {"variant", "seed", *INTERVENTION_SETTINGS}
        assert asked <= json.loads(parameters).keys(), name


def locked() -> dict[str, str]:
    """The versions in the lock, by names as all tools spell them."""
    pairs = re.findall(r"^(\w\S*)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): number for name, number in pairs}


def required() -> list[Requirement]:
    """What pyproject asks for, to run and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(line) for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]


def test_the_lock_names_exact_versions_within_the_ranges_of_pyproject():
    assert [one for one in required() if not one.specifier.contains(locked()[one.name])] == []
    assert locked()["torch"] == "2.13.0"


def test_what_is_installed_is_what_is_locked():
    assert {name: version(name).split("+")[0] for name in locked()} == locked()


def needed_by(requirement: Requirement, seen: set[str]) -> set[str]:
    """The names of a requirement and of all that it needs, with its extras; torch's own are other ones on a GPU."""
    key = str(requirement)
    if key in seen or requirement.name == "torch":
        return {canonicalize_name(requirement.name)}
    seen.add(key)
    found = map(Requirement, distribution(requirement.name).requires or ())
    extras = ["", *requirement.extras]
    asked = [one for one in found if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras)]
    return {canonicalize_name(requirement.name)}.union(*(needed_by(one, seen) for one in asked))


def test_every_package_of_the_lock_has_hashes_and_the_lock_has_all_that_the_project_needs():
    """With one hash missing, `pip install --require-hashes` installs nothing; a package that lacks isn't pinned."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text())
    assert [entry for entry in entries if not entry.startswith("#") and "--hash=sha256:" not in entry] == []
    seen = set()
    assert set().union(*(needed_by(one, seen) for one in required())) <= locked().keys()


def test_what_is_locked_installs_on_the_oldest_python_that_is_promised():
    """Debian 12's 3.11.2: a package that asks for a later 3.11 can't be in the lock."""
    wanted = {name: distribution(name).metadata.get("Requires-Python") or "" for name in locked()}
    assert {name: spec for name, spec in wanted.items() if not SpecifierSet(spec).contains("3.11.2")} == {}
