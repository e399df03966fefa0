"""The graph: one small experiment through Snakemake, run twice, and what is locked agrees."""

import json
import os
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

from pauselib import workflow
from pauselib.settings import Settings, of_experiment

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
]


def run(tmp_path, *changes):
    command = [sys.executable, "-m", "pauselib.workflow", "configs/tiny.yaml", f"runs_dir={tmp_path}", *SMALL, *changes]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)


def test_the_graph_makes_the_table_and_does_nothing_the_second_time(tmp_path):
    first = run(tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert re.search(r"sft_peft +× +× ", first.stdout)
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
    assert {path: path.stat().st_mtime_ns for path in written} == written
    changed = run(tmp_path, "max_new_tokens=10")
    assert changed.returncode == 0, changed.stderr
    redone = {path.name for path in written if path.stat().st_mtime_ns != written[path]}
    assert redone == {"evaluate.ipynb", "evaluate.html", "predictions.jsonl", "analyze.ipynb", "report.html"}


def test_bad_settings_are_refused_before_anything_runs(tmp_path):
    refused = run(tmp_path, "variants=[sft_pefd]")
    assert refused.returncode == 2
    assert (
        refused.stderr.strip()
        == "There is no variant 'sft_pefd': did you mean 'sft_peft'? All names are in pauselib.variants.VARIANTS."
    )
    assert not (tmp_path / "tiny").exists()


def test_a_kernel_that_a_killed_run_left_behind_is_ended():
    orphan = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, workflow.MARK: str(ROOT)}
    )
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        workflow.end_orphans()
        assert orphan.wait(timeout=10) != 0
        assert other.poll() is None
    finally:
        orphan.kill(), other.kill()


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_has_only_settings_that_exist(path):
    config = yaml.safe_load(path.read_text())
    of_experiment(config)


def test_the_embedded_default_is_what_the_notebooks_do_by_themselves():
    assert Settings(**yaml.safe_load((ROOT / "configs" / "tiny.yaml").read_text())) == Settings()


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_the_lock_names_exact_versions_within_the_ranges_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {re.sub(r"[-_.]+", "-", name).lower(): number for name, number in locked().items()}
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(versions[requirement.name]), line
    assert versions["torch"] == "2.13.0"


def test_what_is_installed_is_what_is_locked():
    assert {name: version(name).split("+")[0] for name in locked()} == locked()


def test_conda_users_get_the_locked_versions():
    (pip,) = [
        entry["pip"]
        for entry in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
        if isinstance(entry, dict)
    ]
    assert pip[0] == "-r requirements.lock"


def test_what_is_locked_installs_on_the_oldest_python_that_is_promised():
    """Debian 12's 3.11.2: a package that asks for a later 3.11 can't be in the lock."""
    wanted = {name: distribution(name).metadata.get("Requires-Python") or "" for name in locked()}
    assert {name: spec for name, spec in wanted.items() if not SpecifierSet(spec).contains("3.11.2")} == {}
