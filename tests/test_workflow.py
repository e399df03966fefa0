"""The graph: small experiments through Snakemake, what they say, bad command lines; and what is locked agrees."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pauselib.settings import Settings, of_experiment, places
from pauselib.workflow.command import main

ROOT = Path(__file__).parent.parent
SMALL = [
    "n_train=12",
    "n_test=4",
    "n_copies=2",
    "eval_steps=2",
    "base_eval_steps=2",
    "max_steps=2",
    "base_max_steps=2",
    "max_new_tokens=20",
    "variants=[sft_peft,baseline_1_epoch]",
    "seeds=[42,43]",
    "interventions=[{variant: sft_peft, max_pauses: 0}, {variant: sft, max_pauses: 0}]",
    "trials=[]",
]


def run(tmp_path, *changes):
    command = [sys.executable, "-m", "pauselib.workflow", "configs/tiny.yaml", f"runs_dir={tmp_path}", *SMALL, *changes]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)


def test_the_graph_makes_the_table_and_does_nothing_the_second_time(tmp_path):
    first = run(tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stderr == ""
    lines = first.stdout.splitlines()
    assert lines[0] == f"13 steps: 2 variants, 1 intervention, 2 seeds; results under {tmp_path / 'tiny'}"
    assert any(re.fullmatch(r"\[\d/13\] inject random, seed 42 \(\d+ s\)( · about .*)?", line) for line in lines)
    result = r"accuracy \d\.\d{3}, \d+\.\d pauses a reply( · about .* to go.*)?"
    assert any(re.fullmatch(rf"\[\d+/13\] evaluate sft_peft, seed 43 \(\d+ s\): {result}", line) for line in lines)
    assert lines[13].startswith("[13/13] analyze (")
    assert "\r" not in first.stdout
    assert re.search(r"sft_peft +42 +× +× ", first.stdout)
    assert first.stdout.strip().endswith("report.html")
    folder = tmp_path / "tiny"
    for row in ("seed-42/sft_peft", "seed-42/baseline_1_epoch", "seed-43/sft_peft", "seed-43/baseline_1_epoch"):
        for name in (
            "warmup.ipynb",
            "evaluate.ipynb",
            "predictions.jsonl",
            "tokens.parquet",
            "metrics.json",
            "training.json",
            "model",
        ):
            assert (folder / row / name).exists()
        assert json.loads((folder / row / "training.json").read_text())["steps"] == 2
    assert len((folder / "results.csv").read_text().splitlines()) == 1 + 4
    assert len((folder / "results_over_seeds.csv").read_text().splitlines()) == 1 + 2
    forbidden = [
        json.loads(line)
        for line in (folder / "seed-43/sft_peft/interventions/max_pauses-0/predictions.jsonl").read_text().splitlines()
    ]
    assert {reply["n_pauses"] for reply in forbidden} == {0}
    assert not (folder / "seed-42" / "sft").exists()  # its intervention is left out with it
    models = {(folder / f"seed-{seed}/sft_peft/model/model.safetensors").read_bytes() for seed in (42, 43)}
    assert len(models) == 2
    written = {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".ipynb", ".jsonl", ".html", ".safetensors")
    }
    second = run(tmp_path)
    assert second.returncode == 0, second.stderr
    assert second.stdout.startswith(f"Nothing to do: all 13 steps are finished; results under {folder}\n")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    changed = run(tmp_path, "max_new_tokens=10")
    assert changed.returncode == 0, changed.stderr
    assert "; 6 of 13 are kept from before\n" in changed.stdout
    redone = {path.name for path in written if path.stat().st_mtime_ns != written[path]}
    assert redone == {"evaluate.ipynb", "evaluate.html", "predictions.jsonl", "analyze.ipynb", "report.html"}


def test_a_failure_is_said_at_once_with_its_reason_and_summed_up_at_the_end(tmp_path):
    folder = tmp_path / "tiny"
    failing = run(tmp_path, "seeds=[42]", "n_random_pauses=600", "variable_number_of_pauses=false")
    assert failing.returncode == 1
    assert failing.stderr == ""
    lines = failing.stdout.splitlines()
    assert lines[0].startswith("7 steps: ")
    (at,) = [i for i, line in enumerate(lines) if line.startswith("Failed: ")]
    assert re.match(
        r"Failed: inject random \(\d+ s\): 22 of 22 rows are longer than max_length 600 \(.*\): raise max_length, ",
        lines[at],
    )
    place = folder / "seed-42" / "injected"
    assert lines[at + 1] == f"    notebook: {place / 'random.inject.failed.ipynb'}"
    assert "are longer than max_length 600" in (place / "random.inject.failed.ipynb").read_text()
    assert lines[at + 2] == f"    log: {place / 'random.inject.log'}"
    blank, summary, own_log = lines[-3:]
    assert (blank, summary) == ("", "1 of 7 steps failed: inject random. 4 more could not be made because of that.")
    assert any("evaluate baseline_1_epoch" in line for line in lines)  # what does not need it goes on
    (path,) = re.findall(r"Snakemake's own log: (\.snakemake/log/.*)", own_log)
    assert "Error in rule inject" in (ROOT / path).read_text()


def test_notebooks_that_were_removed_are_made_again_though_the_report_is_there(tmp_path):
    row = tmp_path / "tiny" / "seed-42" / "baseline_1_epoch"
    row.mkdir(parents=True)
    for path in (row / "warmup.ipynb", row.parents[1] / "report.html", row.parents[1] / "results.csv"):
        path.touch()
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--configfile", "configs/tiny.yaml", "--config"]
    asked = [f"runs_dir={tmp_path}", "variants=[baseline_1_epoch]", "interventions=[]", "trials=[]"]
    planned = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert re.findall(r"rule (\w+):\n +input", planned.stdout) == ["evaluate", "analyze", "table"], planned.stderr


def test_a_trial_comes_after_those_of_the_models_that_it_is_compared_with(tmp_path):
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--configfile", "configs/tiny.yaml", "--config"]
    asked = [f"runs_dir={tmp_path}", "variants=[sft_peft]", "interventions=[]", "trials=[sft_peft,sft]"]
    planned = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert planned.returncode == 0, planned.stderr
    row = tmp_path / "tiny" / "seed-42"
    needed = dict(re.findall(r"rule trial:\n +input: (.*)\n +output: .*/(\w+)/trial.ipynb", planned.stdout))
    needed = {name: places.replace(f"{row}/", "").split(", ") for places, name in needed.items()}
    assert needed == {  # sft is no row of the experiment, so it has no trial
        "baseline_1_epoch": ["baseline_1_epoch/warmup.ipynb"],
        "baseline_matched": ["baseline_matched/warmup.ipynb", "baseline_1_epoch/trial.ipynb"],
        "sft_peft": ["sft_peft/warmup.ipynb", "baseline_1_epoch/trial.ipynb", "baseline_matched/trial.ipynb"],
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give an experiment's file, such as configs/tiny.yaml, and then settings as name=value."),
        (["no.yaml"], "There is no file 'no.yaml': give an experiment's file, such as configs/tiny.yaml."),
        (["."], ". can't be read: Is a directory."),
        (["good.yaml", "seeds"], "'seeds' gives no value: write a setting as name=value, such as seeds=[42,43]."),
        (["good.yaml", "seeds=[42"], "'seeds=[42' is not valid YAML: expected ',' or ']', but got '<stream end>'."),
        (["good.yaml", "seed=2026-13-45"], "seed is '2026-13-45': give a whole number."),
        (["good.yaml", "=5"], "There is no parameter ''. `papermill"),
        (["good.yaml", "sedes=[42]"], "There is no parameter 'sedes': did you mean 'seeds'?"),
    ],
)
def test_a_bad_command_line_is_refused_in_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(f"experiment: mine\nruns_dir: {tmp_path}")
    assert main(*arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith(sentence)
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.rglob("*")] == ["good.yaml"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "bad.yaml is empty: write at least a line such as `experiment: tiny` into it."),
        (b"# nothing yet\n", "bad.yaml is empty: write at least a line such as `experiment: tiny` into it."),
        (b"- sft\n- sft_peft", "bad.yaml holds no settings: write lines such as `experiment: tiny` into it."),
        (b"sft_peft", "bad.yaml holds no settings: write lines such as `experiment: tiny` into it."),
        (b"42: 43", "bad.yaml has a setting named 42, which is not text: write lines such as `model: tiny`."),
        (b"seeds: [42\nmodel: tiny", "bad.yaml is not valid YAML: expected ',' or ']', but got ':' in line 2."),
        (b"model: a\n---\nmodel: b", "bad.yaml is not valid YAML: expected a single document in the stream but found"),
        (b"seeds: *all", "bad.yaml is not valid YAML: found undefined alias 'all'."),
        (b"model: \x07", "bad.yaml is not valid YAML: unacceptable character #x0007"),
        (b"model: " + 5000 * b"[", "bad.yaml can't be read: its lists are nested too deeply."),
        (b"model: !!python/object:os.system {}", "bad.yaml is not valid YAML: could not determine a constructor"),
        ("model: Gemüse".encode("utf-16"), "bad.yaml is not text in UTF-8: save it in that encoding."),
    ],
)
def test_a_bad_experiment_file_is_refused_in_one_sentence(content, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_bytes(content)
    assert main("bad.yaml", f"runs_dir={tmp_path}") == 2
    told = capsys.readouterr()
    assert told.err.startswith(sentence)
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.rglob("*")] == ["bad.yaml"]


def test_the_command_explains_itself(capsys):
    assert main("--help") == 0
    assert "python -m pauselib.workflow configs/tiny.yaml" in capsys.readouterr().out


def test_bad_settings_are_refused_before_anything_runs(tmp_path):
    refused = run(tmp_path, "variants=[sft_pefd]")
    assert refused.returncode == 2
    assert (
        refused.stderr.strip()
        == "There is no variant 'sft_pefd': did you mean 'sft_peft'? All names are in pauselib.variants.VARIANTS."
    )
    assert not (tmp_path / "tiny").exists()


def test_a_clone_in_a_folder_that_snakemake_would_read_as_a_pattern_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "ROOT", tmp_path / "a{b}")
    (tmp_path / "a{b}" / "notebooks").mkdir(parents=True)
    assert main(str(ROOT / "configs" / "tiny.yaml")) == 2
    assert capsys.readouterr().err.endswith("has a brace in its path, which Snakemake can't take: rename the folder.\n")
    assert not (tmp_path / "a{b}" / "runs").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_has_only_settings_that_exist(path):
    config = yaml.safe_load(path.read_text())
    of_experiment(config)


def test_the_embedded_default_is_what_the_notebooks_do_by_themselves():
    settings = of_experiment(yaml.safe_load((ROOT / "configs" / "tiny.yaml").read_text()))
    assert settings.but(interventions=()) == Settings()


def test_the_graph_runs_notebooks_in_this_python_whatever_kernel_they_were_saved_with():
    starts = re.findall(r"papermill (.*)notebooks/", (ROOT / "Snakefile").read_text())
    assert starts == ["-k python3 "] * len(starts) != []


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.removesuffix(" \\").split("==") for line in lines if re.match(r"\w", line))


def test_the_lock_names_exact_versions_within_the_ranges_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {re.sub(r"[-_.]+", "-", name).lower(): number for name, number in locked().items()}
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(versions[requirement.name]), line
    assert versions["torch"] == "2.13.0"


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
    project, seen = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"], set()
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    needed = set().union(*(needed_by(Requirement(line), seen) for line in asked))
    assert needed <= {canonicalize_name(name) for name in locked()}


def test_what_is_locked_installs_on_the_oldest_python_that_is_promised():
    """Debian 12's 3.11.2: a package that asks for a later 3.11 can't be in the lock."""
    wanted = {name: distribution(name).metadata.get("Requires-Python") or "" for name in locked()}
    assert {name: spec for name, spec in wanted.items() if not SpecifierSet(spec).contains("3.11.2")} == {}


@pytest.mark.parametrize(("name", "make"), [("seed-42", Path.touch), (".workflow.lock", Path.mkdir)])
def test_what_is_in_the_way_of_a_run_is_named(name, make, tmp_path, capsys):
    in_the_way = tmp_path / "tiny" / name
    in_the_way.parent.mkdir()
    make(in_the_way)
    assert main("configs/tiny.yaml", f"runs_dir={tmp_path}") == 2
    assert capsys.readouterr().err == f"{in_the_way} is in the way of what is to be made: move it somewhere else.\n"
