"""Problems that were typed a line each."""

import pytest

from pauselib.errors import InputError
from pauselib.settings import ROOT
from pauselib.sources.own_problems import write_own_problems
from pauselib.sources.problems import load_problems

TEXT = """
Mia has 30 cards and loses 4. How many are left? | 30-4=26

Ann finds 2 cards and 3 more. How many has she? | 2+3=5
Ben has 9 pens and buys 2 packs of 6. How many has he? | 2 * 6 = 12 | 9+12=21
"""


def test_a_line_is_a_question_and_the_calculations_of_its_answer(tmp_path):
    folder = write_own_problems(tmp_path / "mine", TEXT, n_test=1)
    [train, _], [test] = load_problems(str(folder), "train"), load_problems(str(folder), "test")
    assert train["question"] == "Mia has 30 cards and loses 4. How many are left?"
    assert train["answer"] == "Now that gives <<30-4=26>>26.\n#### 26"
    assert test["answer"] == "Now that gives <<2*6=12>>12.\nSo that makes <<9+12=21>>21.\n#### 21"


@pytest.mark.parametrize("line", ["How many?", "How many? | about seven", "| 1+1=2", "How many? | 1+1"])
def test_a_line_without_calculations_is_refused(line, tmp_path):
    with pytest.raises(InputError, match="is not a question with calculations behind it"):
        write_own_problems(tmp_path, f"{line}\n{TEXT}", n_test=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "calculation", ["3+4=8", "7/0=1", "(3+4=7", "3(4)=12", "007+1=8", "3+4=7.1", "*8=6", "1*" * 500 + "1=1"]
)
def test_a_wrong_calculation_is_refused(calculation, tmp_path):
    with pytest.raises(InputError, match=r"calculates something wrong: mend ") as error:
        write_own_problems(tmp_path, f"How many? | 1+1=2 | {calculation}\n{TEXT}", n_test=1)
    assert str(error.value).endswith(f"mend {calculation!r}.")


def test_a_result_may_be_rounded(tmp_path):
    folder = write_own_problems(tmp_path / "mine", f"{TEXT}How many? | 10 / 3 = 3.33", n_test=1)
    assert load_problems(str(folder), "test")[0]["answer"].endswith("<<10/3=3.33>>3.33.\n#### 3.33")


def test_fewer_problems_than_test_validation_and_training_take_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"^There are 3 problems: write at least 4, as 2 are for the test\.$"):
        write_own_problems(tmp_path, TEXT, n_test=2)


def test_the_problems_that_the_first_page_trains_on_are_twenty_and_right(tmp_path):
    text = (ROOT / "notebooks" / "own_problems.txt").read_text()
    calculations = [part for line in text.splitlines() for part in line.split("|")[1:]]
    assert len(text.splitlines()) == 20
    assert all(eval(one.replace("=", "==")) for one in calculations)
    write_own_problems(tmp_path, text, n_test=4)
