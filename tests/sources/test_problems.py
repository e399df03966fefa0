"""Problems from a folder of JSON lines, from the hub, and what is said where none are."""

import json
from pathlib import Path

import pytest
from conftest import ROOT

from pauselib.errors import InputError
from pauselib.sources.problems import GENERATED, count_in_both, digests, load_problems

PENS = {"question": "Ada has 2 pens and buys 3. How many?", "answer": "2+3 = <<2+3=5>>5 pens.\n#### 5"}
DEBT = {"question": "Ben has 1000 coins and owes 2000. What is left?", "answer": "#### -1,000"}


@pytest.fixture
def folder(tmp_path):
    """folder(line, ...): a folder whose train.jsonl has these lines."""

    def write(*lines):
        (tmp_path / "train.jsonl").write_text(
            "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        )
        return str(tmp_path)

    return write


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """The hub's cache of datasets."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_a_folder_gives_the_rows_of_its_file_with_an_id_and_without_blank_lines_and_other_columns(folder):
    place = folder("", {**PENS, "source": "made up"}, " ", DEBT, "broken")
    first, second = {"problem_id": "train-0", **PENS}, {"problem_id": "train-1", **DEBT}
    assert load_problems(place, "train", n=2) == [first, second]
    assert load_problems(place, "train", n=1, skip=1) == [second]


@pytest.mark.parametrize(
    ("split", "n", "first"),
    [("train", 7473, "Natalia sold clips to 48 of her friends"), ("test", 1319, "Janet’s ducks lay 16 eggs per day.")],
)
def test_the_real_gsm8k_is_whole(split, n, first):
    place = ROOT.parent / "shared" / "gsm8k"
    if not place.is_dir():
        pytest.skip(f"the real GSM8K is not at {place}")
    rows = load_problems(str(place), split)
    published = [json.loads(line)["answer"] for line in (place / f"{split}.jsonl").read_text().splitlines()]
    assert [row["answer"] for row in rows] == published
    assert len({row["problem_id"] for row in rows}) == n
    assert rows[0]["problem_id"] == f"{split}-0"
    assert rows[0]["question"].startswith(first)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (
            [PENS, {"question": "How many?", "\x1b[2J": 5}],
            r"train.jsonl, line 2: there is no text in the column 'answer', the columns are "
            r"\['question', '\\x1b\[2J'\] \(the task is 'gsm8k'\)\.$",
        ),
        ([{**PENS, "question": "\ud83d pens?"}], r"line 1: the text in the column 'question' has half a character, "),
        ([PENS, "[" * 100_000], "train.jsonl, line 2: this is not JSON"),
        ([PENS, '{"question": "How'], "train.jsonl, line 2: this is not JSON"),
        ([PENS, ["a", "list"]], "line 2: there is no text in the column 'question'"),
        ([PENS, "", {**PENS, "answer": "It is 5."}], "train.jsonl, line 3: the answer has no line '#### NUMBER'"),
        ([], "The train split of .* has no problems: give it some"),
    ],
)
def test_a_malformed_file_is_refused_naming_file_and_line(folder, lines, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        load_problems(folder(*lines), "train")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"n": 3}, "has 2 problems, too few for n_train=3: ask for fewer"),
        ({"skip": 2}, "The train split of .* has no problems behind the 2 that skip_train leaves out"),
        ({"split": "test"}, "There is no file .*/test.jsonl: put the problems there"),
        ({"dataset": "toy@v1"}, "dataset_revision is 'v1', but the dataset 'toy' is not from the hub"),
        ({"dataset": "nobody/has-this"}, "'nobody/has-this' can't be read .*nothing has the path .*Give 'toy', a fol"),
        ({"dataset": "no-such-folder"}, "'no-such-folder' can't be read .*nothing has the path .*Give 'toy', a folder"),
    ],
)
def test_what_there_is_not_is_refused_in_one_sentence(folder, asked, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        load_problems(**{"dataset": folder(PENS, DEBT), "split": "train", **asked})
    assert "\n" not in str(error.value)


def test_a_problem_that_is_in_no_file_is_named_by_its_split(monkeypatch):
    monkeypatch.setattr("pauselib.sources.problems.generator.stream", lambda *_: iter([{"question": "How many?"}]))
    with pytest.raises(InputError, match="the train split of toy, problem 1: there is no text"):
        load_problems("toy", "train", 1)


@pytest.mark.parametrize("dataset", ["/usr", "/dev/zero"])
def test_where_no_problems_are_nothing_is_read(dataset, monkeypatch):
    monkeypatch.setattr("pauselib.sources.problems.digest", None)
    for look in (digests, lambda place: load_problems(place, "train")):
        with pytest.raises(ValueError, match=f"There is no file {dataset}/train.jsonl"):
            look(dataset)


def test_the_digests_of_problems_are_those_of_their_content_wherever_it_is(folder, tmp_path, monkeypatch):
    place = Path(folder(PENS))
    link = tmp_path / "link"
    link.symlink_to(place)
    (place / "test.jsonl").write_text(json.dumps(DEBT))
    found = digests(str(place))
    assert set(found) == {"train.jsonl", "test.jsonl"}
    monkeypatch.chdir(tmp_path.parent)
    for name in (f"{place}/", str(link), tmp_path.name, f"./{tmp_path.name}/"):
        assert digests(name) == found
    assert digests("toy") == {}
    assert digests("nobody/has-this") == {"dataset": "nobody/has-this"}


def test_questions_in_both_splits_are_counted_and_refused_where_there_are_no_others(capsys):
    assert count_in_both({"train": [PENS], "test": [DEBT]}) == count_in_both({"train": [PENS]}) == 0
    assert capsys.readouterr().out == ""
    again = {**PENS, "question": PENS["question"].replace(" ", "  ")}
    assert count_in_both({"train": [PENS], "test": [again, DEBT]}) == 1
    assert capsys.readouterr().out.startswith("1 of 2 test questions are training questions too")
    with pytest.raises(ValueError, match="All 2 test questions are training questions too"):
        count_in_both({"train": [PENS, DEBT], "test": [DEBT, PENS]})


def test_without_a_network_another_revision_than_the_cached_one_is_refused(cache):
    """The hub's client would take any that it has."""
    import datasets

    cached = "a" * 40
    folder = cache / "org___problems" / "main" / "0.0.0" / cached
    rows = datasets.Dataset.from_list(
        [PENS], split="train", info=datasets.DatasetInfo(dataset_name="problems", config_name="main")
    )
    rows.info.splits = datasets.SplitDict({"train": datasets.SplitInfo("train", num_examples=1)})
    folder.mkdir(parents=True)
    rows.info.write_to_directory(str(folder))
    with datasets.arrow_writer.ArrowWriter(path=str(folder / "problems-train.arrow")) as writer:
        writer.write(PENS)
        writer.finalize()
    assert load_problems(f"org/problems@{cached}", "train") == [{"problem_id": "train-0", **PENS}]
    with pytest.raises(ValueError, match=f"its cache has the revision {cached} and not {'b' * 40}"):
        load_problems(f"org/problems@{'b' * 40}", "train")


def test_generated_problems_after_the_first_are_those_of_the_same_stream():
    assert load_problems("toy", "test", 2, skip=3) == load_problems("toy", "test", 5)[3:]
    assert len(load_problems("toy", "test", skip=3)) == GENERATED["test"]
