"""A task is one file of the folder: its name is that of the file, and nothing else has to know it."""

import sys
from pathlib import Path

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


def test_the_tasks_are_the_files_of_the_folder():
    files = Path(tasks.__file__).parent.glob("*.py")
    assert tasks.NAMES == tuple(sorted(path.stem for path in files if path.stem != "__init__")) == ("aqua", "gsm8k")


@pytest.mark.parametrize("name", tasks.NAMES)
def test_a_task_has_the_name_of_its_file(name):
    assert tasks.find(name).name == name
    assert isinstance(tasks.find(name), tasks.Task)


@pytest.mark.parametrize("wrong", ["gsm", "__init__", "gsm8k.py", "GSM8K"])
def test_an_unknown_task_is_refused_with_the_nearest(wrong):
    with pytest.raises(ValueError, match=rf"task '{wrong}' is not known: did you mean '\w+'\? Choose from aqua, gsm8k"):
        tasks.find(wrong)


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
