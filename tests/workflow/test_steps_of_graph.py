"""What a step of the graph is called, what came of it, and why it failed."""

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat.v4
import pytest

from pauselib import errors
from pauselib.workflow.steps_of_graph import GraphStep, reason_of_failure, result_of, short_path


def step(folder: Path, rule: str = "evaluate", **wildcards) -> GraphStep:
    return GraphStep(rule, wildcards, folder / f"{rule}.ipynb", folder / f"{rule}.log")


@pytest.mark.parametrize(
    ("rule", "wildcards", "label"),
    [
        ("inject", {}, "inject"),
        ("warmup", {"seed": "43", "variant": "sft_peft"}, "warmup sft_peft, seed 43"),
        ("intervene", {"variant": "sft", "name": "max_pauses-0"}, "intervene sft max_pauses-0"),
    ],
)
def test_a_label_says_the_rule_what_it_is_about_and_the_seed(rule, wildcards, label):
    assert step(Path(), rule, **wildcards).label(with_seed=True) == label


def test_a_label_leaves_out_the_only_seed():
    assert step(Path(), "warmup", seed="42", variant="sft").label(with_seed=False) == "warmup sft"


def test_a_path_is_short_below_the_current_folder_and_whole_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert short_path(tmp_path / "runs" / "tiny") == "runs/tiny"
    assert short_path("runs/tiny") == "runs/tiny"
    assert short_path(tmp_path.parent) == str(tmp_path.parent)


@pytest.mark.parametrize(
    ("variant", "result"),
    [("sft_peft", "accuracy 0.714, 4.2 pauses a reply"), ("baseline_1_epoch", "accuracy 0.714")],
)
def test_the_result_of_a_step_is_read_from_its_metrics(variant, result, tmp_path):
    assert result_of(step(tmp_path, variant=variant)) == ""
    (tmp_path / "metrics.json").write_text(json.dumps({"accuracy": 0.7143, "pauses_mean": 4.18}))
    assert result_of(step(tmp_path, variant=variant)) == result
    assert result_of(step(tmp_path, "warmup", variant=variant)) == ""


def failed_notebook(kind: str, message: str) -> str:
    """A notebook whose second cell failed."""
    error = nbformat.v4.new_output("error", ename=kind, evalue=message, traceback=[])
    said = nbformat.v4.new_output("stream", text="500 rows")
    cells = [nbformat.v4.new_code_cell("read()", outputs=[said]), nbformat.v4.new_code_cell("train()", outputs=[error])]
    return nbformat.v4.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Warm-up"), *cells]))


@pytest.mark.parametrize(
    ("kind", "message", "reason"),
    [
        ("InputError", "n_train is -1: give 0 or more.", "n_train is -1: give 0 or more."),
        ("ValueError", "Target modules\n{'query'} not found.", "ValueError: Target modules {'query'} not found."),
        ("KeyError", "", "KeyError:"),
    ],
)
def test_the_reason_of_a_failure_is_the_last_error_of_the_notebook(kind, message, reason, tmp_path):
    (tmp_path / "warmup.ipynb").write_text(failed_notebook(kind, message))
    assert reason_of_failure(step(tmp_path, "warmup")) == reason


def test_a_very_long_reason_is_cut(tmp_path):
    (tmp_path / "warmup.ipynb").write_text(failed_notebook("OSError", "many words " * 500))
    reason = reason_of_failure(step(tmp_path, "warmup"))
    assert len(reason) <= 600
    assert reason.endswith("many …")


def test_without_an_error_in_the_notebook_the_reason_is_the_last_line_of_the_log(tmp_path):
    assert reason_of_failure(step(tmp_path, "warmup")) == "Its log doesn't say why."
    (tmp_path / "warmup.ipynb").write_text('{"cells": [{"cell_type"')  # cut off
    (tmp_path / "warmup.log").write_bytes(b"Executing:  10%\rExecuting:  20%\nMemoryError: 3 GB\n\n")
    assert reason_of_failure(step(tmp_path, "warmup")) == "MemoryError: 3 GB"


@pytest.mark.parametrize(
    "last",
    ["nbclient.exceptions.DeadKernelError: Kernel died", "RuntimeError: Kernel died before replying to kernel_info"],
)
def test_a_kernel_that_died_is_said_in_words_with_what_to_do(last, tmp_path):
    (tmp_path / "warmup.log").write_text(f"Traceback\n{last}\n")
    assert reason_of_failure(step(tmp_path, "warmup")) == (
        "the notebook's kernel died: it was killed, by a person or because memory ran out, and the same command goes "
        "on from there; or it never began, as the `python3` of `jupyter kernelspec list` is another one, without "
        "ipykernel."
    )


def test_a_step_says_that_the_disk_is_full_where_neither_notebook_nor_log_could_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(errors.shutil, "disk_usage", lambda place: SimpleNamespace(free=0))
    reason = reason_of_failure(step(tmp_path, "warmup"))
    assert reason.startswith(f"{tmp_path} can't be written: no space is left on its disk; free some and")
