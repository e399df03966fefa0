"""A task is one file of the folder: its name is that of the file, and nothing else has to know it."""

import sys

import pytest

from pauselib import tasks
from pauselib.settings import Settings

PARITY = """
import re

from pauselib.tasks.gsm8k import GSM8K


class Parity(GSM8K):
    name = "parity"
    final_answer = re.compile("#### (even|odd)")
    gold_answer = re.compile("even|odd")
    final_line = "#### even or odd"
"""


def test_the_tasks_are_the_files_of_the_folder_and_have_their_names():
    assert tasks.NAMES == ("aqua", "gsm8k")
    assert tuple(tasks.find(name).name for name in tasks.NAMES) == tasks.NAMES


@pytest.fixture
def parity(tmp_path, monkeypatch):
    """A task of its own, made from another one, in a file beside the others."""
    (tmp_path / "parity.py").write_text(PARITY)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    monkeypatch.setattr(tasks, "NAMES", (*tasks.NAMES, "parity"))
    yield "parity"
    tasks.find.cache_clear()
    sys.modules.pop("pauselib.tasks.parity")


def test_a_new_task_is_one_file(parity):
    task = tasks.find(parity)
    assert (task.name, task.extract("7 is\n#### odd"), task.difficulty("<<7%2=1>>")) == ("parity", "odd", 1)
    assert Settings(task=parity).task == "parity"
    with pytest.raises(ValueError, match="'even though' would be read as 'even': end the answer in '#### even or odd'"):
        task.problem({"question": "7?", "answer": "#### even though"})
