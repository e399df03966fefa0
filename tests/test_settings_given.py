"""Settings arrive as they were typed: through papermill, in an experiment's file and on the command line."""

from pathlib import Path

import pytest
import yaml
from papermill.cli import _resolve_type
from papermill.iorw import NoDatesSafeLoader
from papermill.translators import PythonTranslator

from pauselib.settings import Settings, of_experiment, read
from pauselib.settings.yaml_text import read_config, to_yaml


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


SFT = {"variant": "sft", "pause_bias": 1.0}
CHANGED = ["2026_11_28", "007", "1.10", "12e5678", "1e400", "017", "True", "2024", "inf"]  # by int() and float()


@pytest.mark.parametrize(
    ("name", "typed"),
    [*(("experiment", one) for one in CHANGED), ("model_revision", "0012345"), ("runs_dir", "1_0"), ("dataset", "007")],
)
def test_a_text_of_which_papermill_makes_something_else_is_refused(name, typed):
    with pytest.raises(ValueError, match=r"give a text: in quotes, or with `papermill -r` instead of `-p`"):
        by_papermill("-p", name, typed)
    assert by_papermill("-r", name, typed) == typed


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
        ("-p", "seeds", "[42, 43]", (42, 43)),
        ("-p", "variants", "sft,sft_peft", ("sft", "sft_peft")),
        ("-p", "variants", "['sft', 'sft_peft']", ("sft", "sft_peft")),
        ("-p", "trials", "[]", ()),
        ("-y", "seeds", "[42,43]", (42, 43)),
        ("-y", "variants", "[sft,sft_peft]", ("sft", "sft_peft")),
    ],
)
def test_what_papermill_leaves_as_it_is_or_reads_as_a_number_or_a_list_is_taken(option, name, typed, meant):
    assert by_papermill(option, name, typed) == meant


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        *((f"experiment: {one}", one) for one in [*CHANGED, "2026-11-28", "0x1F", "yes", "12345678901234567890123"]),
        ("model_revision: 0012345", "0012345"),
        ("dataset: 12:30:00", "12:30:00"),
        ("seed: 0042", 42),
        ("n_train: 1_000", 1000),
        ("n_train: 10.0", 10),
        ("learning_rate: 1e-3", 0.001),
        ("seeds: [042, 7]", (42, 7)),
        ("group_by_length: no", False),
        ("n_pauses_per_patterns: {4: 1, 1.50: 2}", {"4": 1, "1.50": 2}),
        ("interventions:", ()),
        ("interventions: [{pause_bias: 1, draw_pauses: true, variant: sft}]", ({**SFT, "draw_pauses": True},)),
    ],
)
def test_a_text_or_a_number_in_a_file_is_what_was_typed(line, meant, tmp_path):
    (tmp_path / "a.yaml").write_text(line)
    (name, value) = read_config(tmp_path / "a.yaml").popitem()
    strategy = "pattern" if name == "n_pauses_per_patterns" else "random"
    assert getattr(Settings(**{name: value}, strategy=strategy), name) == meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("n_train: 1:30", "n_train is '1:30': input should be a valid integer"),
        ("data_seed: 0x1F", "data_seed is '0x1F': input should be a valid integer"),
        ("seed: [", "a.yaml is not valid YAML: "),
        ("seed: 1\nn_test: 5\nseed: 2", "a.yaml is not valid YAML: seed is given twice"),
        ("seed", "a.yaml holds no settings: write lines such as `experiment: tiny` into it."),
        ("sed: 1", "There is no parameter 'sed': did you mean 'seed'?"),
        ("seed: 43", "seed is of one row: give the list `seeds`, such as seeds=[43]."),
        ("max_pauses: 0", "max_pauses would change every row: put it into the list `interventions`, with its variant."),
    ],
)
def test_what_a_file_can_not_mean_is_refused(text, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"'a\.yaml' is no experiment's file, such as configs/tiny.yaml: "):
        read_config("a.yaml")
    Path("a.yaml").write_text(text)
    with pytest.raises(ValueError) as error:
        of_experiment(read_config("a.yaml"))
    assert str(error.value).startswith(sentence)


def test_what_the_graph_passes_on_is_what_papermill_reads():
    text = "a 😀 \u2028\x85\x7f\n#'\"\\"
    given = {"dataset": text, "n_pauses_per_patterns": {"é{2}": 1}, "seeds": (1, 2), "x": [1e-5]}
    line = to_yaml(given)
    assert line.isascii()
    assert line.isprintable()
    read_again = yaml.load(line, Loader=NoDatesSafeLoader)
    assert read_again == {**given, "seeds": [1, 2], "x": ["1e-05"]}  # which is a number for a setting
