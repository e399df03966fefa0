"""Each decimal number in README.md and the pages of results is that of the file which a comment below it names.

    1.9 % of the answers are right.
    <!-- numbers
    tables/over_seeds.csv where variant == "sft_peft": 100*accuracy
    -->

README's comments are in `numbers_of_readme.md`. A line names a file, from the page's folder, its lines by
`DataFrame.query` and columns by `DataFrame.eval`: the numbers above, in their order. `{0}` is the first cell of a row,
and then the lines stand for each row. What is computed from an archive has the names of `of_replies`.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from test_archives import ARCHIVE, RIVALS, unpacked

from pauselib.analysis.claims.accuracy import lead
from pauselib.analysis.claims.pause_sites import comparable, incorrect_ratio
from pauselib.analysis.statistics.paired import compare
from pauselib.analysis.study import Study
from pauselib.analysis.tables.comparisons import aligned
from pauselib.tokens import PAUSE_TEXT

README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "results").glob("*/results.md"))]
COMMENT = re.compile(r"<!-- numbers\n(.*?)-->", re.DOTALL)
SOURCE = re.compile(r"(?P<file>\S+)(?: where (?P<lines>.*))?: (?P<columns>.*)")
NUMBER = re.compile(r"(?<![\w-])[-+]?\d+\.\d+")
FIXED = re.compile(  # of the method and of pictures, from no file of results
    r"Python 3\.11|1\.4 million|0\.0[25] nats|p < 0\.05|±0\.2 nats|from 0 to 0\.1 is about as far as from 0\.1 to 0\.3"
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """study(folder): a published experiment, from its archive."""
    return cache(lambda folder: Study(unpacked(folder, tmp_path_factory.mktemp("runs"))))


def of_replies(real: Study) -> dict[str, float]:
    """What is computed from the replies of an experiment, and from gold answers."""
    if real.settings.experiment == "qwen-rivals":
        found = lead(dict(zip(RIVALS, aligned(real.replies, *RIVALS))), "sft_peft")
        return dict(zip(("lead", "low", "high"), found[1:]))
    seeds, replies = real.settings.seeds, real.replies[real.replies["variant"] == "sft_peft"]
    models = [real.settings.but(variant=name) for name in ("sft_peft", "baseline_matched")]
    steps = compare(*([plain_steps(model.but(seed=seed)) for seed in seeds] for model in models))
    uncut = replies[~replies["truncated"]]["n_pauses"]
    origin = pd.read_csv(ROOT / "results/smollm2/tables/pause_origin.csv").query("bins_of == 'so_far'")
    with_cut = incorrect_ratio(comparable(real.replies), "n_sites", 0.95)
    return {
        **dict(zip(("with_cut", "with_cut_low", "with_cut_high"), with_cut)),
        "plain_steps": 100 * steps.difference,
        "plain_steps_low": 100 * steps.low,
        "plain_steps_high": 100 * steps.high,
        "pauses_uncut": uncut.mean(),
        "pauses_by_head": (origin["n"] * origin["head"]).sum() / len(uncut),
    }


def plain_steps(settings) -> list[float]:
    """The share of correct results of each problem, where nothing is put into its gold answer."""
    outcomes = pd.read_parquet(settings.variant_folder() / "trial" / "trials.parquet")
    return outcomes[outcomes["content"] == "nothing"].groupby("problem_id")["correct"].mean().to_list()


def named_numbers(source: str, page: Path, cells: list[str], study) -> list[float]:
    """The numbers that a line of a comment names, in the order of its file."""
    file, lines, columns = SOURCE.fullmatch(source.strip()).group("file", "lines", "columns")
    path = (page.parent / file).resolve()
    table = pd.DataFrame([of_replies(study(path.parent))]) if path.name == ARCHIVE else pd.read_csv(path)
    table = table.query(lines.format(*cells), engine="python") if lines else table
    found = [np.atleast_1d(table.eval(column, engine="python")) for column in columns.split(", ")]
    return np.stack(found, axis=-1).ravel().tolist()


def check(block: str, page: Path, study) -> None:
    """Compare the numbers of a paragraph or table with those that its comments name."""
    sources = [line for comment in COMMENT.findall(block) for line in comment.splitlines() if line.strip()]
    text = FIXED.sub("", COMMENT.sub("", block))
    rows = [line.strip("| ").replace("`", "").split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    named = []
    for cells in rows if any("{" in line for line in sources) else [[]]:
        named += [number for line in sources for number in named_numbers(line, page, cells, study)]
    written = NUMBER.findall(text)
    assert len(written) == len(named), f"{page}: {text} has {len(written)} numbers, its comments name {len(named)}"
    for number, value in zip(written, named):
        decimals = len(number.partition(".")[2])
        assert float(number) == float(f"{value:.{decimals}f}"), f"{page}: {number} is {value} in {text}"


def blocks_of(page: Path) -> list[str]:
    """The paragraphs and tables of a page, each with its comments; README's come from a file of their own."""
    if page != README:
        return re.split(r"\n\n+", page.read_text())
    blocks = re.split(r"\n\n+|\n(?=\* )", page.read_text())
    comments = iter(COMMENT.finditer(Path(__file__).with_name("numbers_of_readme.md").read_text()))
    found = [block + next(comments)[0] if NUMBER.search(FIXED.sub("", block)) else block for block in blocks]
    assert next(comments, None) is None
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_number_is_that_of_the_file_which_its_comment_names(page, study):
    for block in blocks_of(page):
        check(block, page, study)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("It is 2.2 %.", "2.2 is 2.5"), ("It is 2.5 % of 3.1.", "2 numbers"), ("It is so.", "0 numbers")],
)
def test_another_number_or_one_without_a_file_would_be_found(text, complaint, study):
    source = 'results/smollm2/tables/over_seeds.csv where variant == "baseline_matched": 100*accuracy'
    with pytest.raises(AssertionError, match=complaint):
        check(f"{text}\n<!-- numbers\n{source}\n-->", README, study)


def test_the_reply_is_the_first_one_with_two_pauses(study):
    replies = study(ROOT / "results/tiny/xeon").replies
    first = replies[(replies["variant"] == "sft_peft") & (replies["n_pauses"] >= 2)].iloc[0]
    page = " ".join(README.read_text().split())
    assert " ".join(first["question"].split()) in page
    assert " ".join(first["reply"].replace(PAUSE_TEXT, "‖").split()) in page
