"""Settings arrive as they were typed: through papermill, in an experiment's file, on the command line and from make."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import papermill
import pytest
import yaml
from papermill.cli import _resolve_type
from papermill.iorw import NoDatesSafeLoader
from papermill.translators import PythonTranslator

from pauselib.settings import Settings, of_experiment, read, settings_of_notebook
from pauselib.settings.notebook_cells import parameters_cell
from pauselib.settings.yaml_text import read_config, to_yaml
from pauselib.workflow.command import read_arguments

ROOT = Path(__file__).parents[1]


def by_papermill(option: str, name: str, typed: str):
    """The setting that a notebook reads where papermill is given `-p name typed`, or `-r` or `-y`."""
    given = {
        "-p": lambda: {name: _resolve_type(typed)},
        "-r": lambda: {name: typed},
        "-y": lambda: yaml.load(f"{name}: {typed}", Loader=NoDatesSafeLoader),
    }[option]()
    cell, variables = PythonTranslator.codify(given), {}
    exec(cell, variables)
    return getattr(read({**variables, "In": ["", cell]}), name)


CHANGED = ["2026_11_28", "007", "1.10", "+5", "12e5678", "1e400", "017", "True", "2024", "inf"]  # by int() and float()


@pytest.mark.parametrize(
    ("name", "typed"),
    [*(("experiment", one) for one in CHANGED), ("model_revision", "0012345"), ("runs_dir", "1_0"), ("dataset", "007")],
)
def test_a_text_of_which_papermill_makes_something_else_is_refused(name, typed):
    with pytest.raises(ValueError, match=r"give a text: in quotes, or with `papermill -r` instead of `-p`"):
        by_papermill("-p", name, typed)
    assert typed == "+5" or by_papermill("-r", name, typed) == typed  # the name of no folder


@pytest.mark.parametrize(
    ("option", "name", "typed", "meant"),
    [
        ("-p", "experiment", "2026-11-28", "2026-11-28"),
        ("-p", "experiment", "0x1F", "0x1F"),
        ("-p", "runs_dir", "a b/ü 😀", "a b/ü 😀"),
        ("-p", "seed", "0042", 42),
        ("-p", "n_train", "1_000", 1000),
        ("-p", "learning_rate", "1e-3", 0.001),
        ("-p", "seeds", "43", (43,)),
        ("-y", "seeds", "[42,43]", (42, 43)),
        ("-y", "variants", "[sft,sft_peft]", ("sft", "sft_peft")),
    ],
)
def test_what_papermill_leaves_as_it_is_or_reads_as_a_number_is_taken(option, name, typed, meant):
    assert by_papermill(option, name, typed) == meant


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("seeds", "[42,43]"),
        ("seeds", "42,43"),
        ("variants", "[sft,sft_peft]"),
        ("variants", "sft,sft_peft"),
        ("n_pauses_per_patterns", "{'=$': 1}"),
    ],
)
def test_a_list_given_as_text_names_the_option_that_takes_it(name, typed):
    with pytest.raises(ValueError, match=f"^{name} is the text ") as error:
        by_papermill("-p", name, typed)
    _, option, line = shlex.split(str(error.value).split("`")[1])
    assert (option, yaml.safe_load(line)[name]) == ("-y", yaml.safe_load(typed if typed[0] in "[{" else f"[{typed}]"))


AS_TYPED = [
    *(("experiment", one) for one in CHANGED if one not in ("+5", "True")),
    *(("experiment", one) for one in ["2026-11-28", "0x1F", "yes", "12345678901234567890123"]),
    ("model_revision", "0012345"),
    ("dataset_revision", "2024_05"),
    ("dataset", "12:30:00"),
    ("runs_dir", "1_0"),
]


@pytest.mark.parametrize(("name", "typed"), AS_TYPED)
def test_a_text_is_what_was_typed_in_a_file_and_on_the_command_line(name, typed, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(f"{name}: {typed}\n")
    assert getattr(of_experiment(read_config(file)), name) == typed
    assert read_arguments((str(file), f"{name}={typed}")) == read_arguments((str(file), f'{name}="{typed}"'))
    assert read_arguments((str(file), f"{name}=true"))[name] == "true"


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("seed: 0042", 42),
        ("n_train: 1_000", 1000),
        ("n_train: 10.0", 10),
        ("learning_rate: 1e-3", 0.001),
        ("pause_bias: -.5", -0.5),
        ("seeds: [042, 7]", (42, 7)),
        ("group_by_length: no", False),
        ("n_pauses_per_patterns: {4: 1, 1.50: 2}", {"4": 1, "1.50": 2}),
        ("trials: [sft.yaml]", ("sft",)),
        ("interventions: [{pause_bias: 1.0, variant: sft}]", ({"pause_bias": 1.0, "variant": "sft"},)),
    ],
)
def test_a_number_in_a_file_is_what_it_looks_like(line, meant, tmp_path):
    (tmp_path / "a.yaml").write_text(line)
    (name, value) = read_config(tmp_path / "a.yaml").popitem()
    strategy = "pattern" if name == "n_pauses_per_patterns" else "random"
    assert getattr(Settings(**{name: value}, strategy=strategy), name) == meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("n_train: 1:30", "n_train is '1:30': give a whole number."),
        ("seed: 0x1F", "seed is '0x1F': give a whole number."),
        ("seed: 1\nmodel: tiny\nseed: 2", "a.yaml is not valid YAML: 'seed' is given twice in line 3."),
        ("interventions: [{variant: sft, max_pauses: 0, max_pauses: 1}]", "a.yaml is not valid YAML: 'max_pauses' is"),
        ("experiment: true", "experiment is True: give a text: in quotes, or"),
    ],
)
def test_what_a_file_can_not_mean_is_refused(text, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(text)
    with pytest.raises(ValueError) as error:
        of_experiment(read_config("a.yaml"))
    assert str(error.value).startswith(sentence)


def test_a_file_that_would_be_waited_for_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(ValueError, match=r"a\.yaml is a pipe or a device: give an experiment's file"):
        read_config(tmp_path / "a.yaml")


def test_a_file_may_repeat_a_part_by_its_anchor(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "interventions:\n- &one {variant: sft, max_pauses: 0}\n- {<<: *one, variant: sft_peft}"
    )
    assert read_config(tmp_path / "a.yaml")["interventions"][1] == {"variant": "sft_peft", "max_pauses": 0}


def test_what_the_graph_passes_on_is_what_papermill_reads():
    given = {
        "dataset": "a 😀 \u2028\x85\x7f\n#'\"\\",
        "n_pauses_per_patterns": {"é{2}": 1},
        "seeds": (1, 2),
        "x": [1e-5],
    }
    line = to_yaml(given)
    assert line.isascii()
    assert line.isprintable()
    read_again = yaml.load(line, Loader=NoDatesSafeLoader)
    assert read_again == {**given, "seeds": [1, 2], "x": ["1e-05"]}  # which is a number for a setting
    assert to_yaml({"a": ["b", 1, True, None]}) == '{"a": ["b", 1, true, null]}'


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ([], ["configs/tiny.yaml"]),
        (["DATASET=my data/gsm8k set"], ["configs/tiny.yaml", "{here}/my data/gsm8k set"]),
        (["DATASET=~/it's: #1", "CONFIG=my configs/a.yaml"], ["my configs/a.yaml", "{home}/it's: #1"]),
        (
            ["DATASET=data/..//x/", "ARGS=seed=1 'n_pauses_per_patterns={\"=$\": 2}'"],
            ["configs/tiny.yaml", "{here}/x"],
        ),
    ],
)
def test_make_passes_on_paths_as_they_are(given, arguments, tmp_path):
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "ready").touch()
    made = subprocess.run(
        ["make", "-s", "-o", ".venv/ready", "run", *given], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    module, name, config, *settings = made.stdout.splitlines()
    assert (module, name, config) == ("-m", "pauselib.workflow", arguments[0])
    (tmp_path / "a.yaml").write_text("experiment: mine")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path)
        found = read_arguments(("a.yaml", *settings))
    places = {"here": tmp_path, "home": Path.home()}
    assert [found[name] for name in found if name == "dataset"] == [one.format(**places) for one in arguments[1:]]
    assert found.get("n_pauses_per_patterns", {"=$": 2}) == {"=$": 2}


def test_a_path_from_home_is_one_there():
    places = Settings(runs_dir="~/a", model="~/b", dataset="~/c")
    assert [places.folder().parent, Path(places.model), Path(places.dataset)] == [Path.home() / one for one in "abc"]


PRINTS = """
import sys
from pauselib.workflow import command
command.run_snakemake = lambda settings, *arguments: 0
sys.exit(command.main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("output", ["latin-1", "/dev/full", "closed"])
def test_work_that_is_done_well_is_not_failed_by_a_screen_that_shows_nothing(output, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "results.csv").touch()
    command = [sys.executable, "-c", PRINTS, "configs/tiny.yaml", f"runs_dir={tmp_path}"]
    reader, writer = os.pipe()
    os.close(reader)  # as `| head` does, once it has enough
    where = {"latin-1": subprocess.PIPE, "/dev/full": os.open("/dev/full", os.O_WRONLY), "closed": writer}[output]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    printed = subprocess.run(command, cwd=ROOT, env=environment, stdout=where, stderr=subprocess.PIPE, timeout=100)
    assert printed.returncode == 0
    assert b"Traceback" not in printed.stderr
    assert b"Exception" not in printed.stderr
    if output == "latin-1":
        assert printed.stdout.rstrip().endswith(b"report.html")


@pytest.mark.parametrize(
    ("notebook", "first"),
    [
        ("inject", ["strategy", "n_random_pauses"]),
        ("warmup", ["variant"]),
        ("evaluate", ["variant", "max_pauses"]),
        ("trial", ["variant", "trial_sites"]),
        ("analyze", ["experiment", "variants"]),
    ],
)
def test_a_notebook_begins_with_what_one_comes_for_and_papermill_shows_its_type(notebook, first):
    found = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{notebook}.ipynb"))
    assert list(found)[: len(first)] == first
    cell = {}
    exec(parameters_cell(notebook), cell)
    assert {name: one["inferred_type_name"] for name, one in found.items()} == {
        name: type(cell[name]).__name__ for name in settings_of_notebook(notebook)
    }


def test_a_meaning_can_be_read_without_its_neighbours():
    meanings = [declared.description for declared in Settings.model_fields.values()]
    assert [one for one in meanings if "the same" in one.split(";")[0] or "=" in one or "them" in one.split()] == []
    assert len(set(meanings)) == len(meanings)


def test_what_differs_from_the_defaults_is_shown_and_nothing_else():
    assert Settings().changed == "Every setting has its default."
    assert Settings(variant="sft", seeds=[1], n_train=3).changed == "variant = 'sft'\nn_train = 3\nseeds = (1,)"


def test_another_site_or_content_changes_no_default():
    assert Settings().trial_sites == ("prompt", "start", "step", "result", "random", "chosen", "drawn")
    assert Settings().trial_contents == ("pauses", "masked", "untrained", "newline", "dots")
