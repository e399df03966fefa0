"""A path is looked for from the current folder, then from the project's root, and `~` is one's own folder."""

import json
import shutil
from pathlib import Path

import pytest

from pauselib import located as located_module
from pauselib.located import located, looks_like_folder, nothing_there, reason
from pauselib.sources.models import load_tokenizer, model_source, source_digest, tokenizer_digest
from pauselib.sources.problems import digests, load_problems

ROW = {"question": "Ada has 2 pens and buys 3. How many?", "answer": "#### 5"}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with a dataset and a model in `data/`, whose folder `notebooks` is the current one."""
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    (root / "data" / "mine").mkdir(parents=True)
    for split in ("train", "test"):
        (root / "data" / "mine" / f"{split}.jsonl").write_text(json.dumps(ROW))
    shutil.copytree(model_source("tiny"), root / "data" / "model")
    monkeypatch.setattr(located_module, "ROOT", root)
    monkeypatch.setenv("HOME", str(root / "data"))
    monkeypatch.chdir(root / "notebooks")
    return root


def test_a_revision_may_have_a_slash():
    assert not looks_like_folder("org/name@refs/pr/1")
    assert looks_like_folder("runs/x/y@v")


@pytest.mark.parametrize("name", ["data/{}", "./data/{}", "../data/{}", "~/{}", "data/../data/{}/"])
def test_data_and_models_are_found_from_the_root_too(project, name):
    assert load_problems(name.format("mine"), "train") == [{"problem_id": "train-0", **ROW}]
    assert digests(name.format("mine")) == digests(str(project / "data" / "mine"))
    assert load_tokenizer(name.format("model")).n_rows == 884
    assert tokenizer_digest(name.format("model")) == tokenizer_digest("tiny")
    assert source_digest(name.format("model")) == source_digest(model_source("tiny"))


def test_the_current_folder_comes_first(project):
    (project / "notebooks" / "data" / "mine").mkdir(parents=True)
    assert located("data/mine") == project / "notebooks" / "data" / "mine"
    assert located("data/model") == project / "data" / "model"
    assert located("data/other") is None


@pytest.mark.parametrize("use", [load_tokenizer, digests, lambda name: load_problems(name, "train")])
def test_a_path_that_is_in_neither_says_both(project, use):
    with pytest.raises(ValueError, match=f"nothing has the path './no', from {project}/notebooks or {project}"):
        use("./no")


def test_what_is_nowhere_is_said_with_its_path_alone_where_that_is_whole():
    assert nothing_there("/no/such/folder") == "nothing has the path '/no/such/folder'"
    assert located("x" * 5000) is located("~nobody/x") is located("a\0b") is located("") is None


def test_the_reason_in_a_sentence_is_one_line_that_no_terminal_obeys():
    assert reason(OSError("\x1b[2Jgone.\nsecond line")) == "?[2Jgone"
    assert reason(KeyError()) == "KeyError"
