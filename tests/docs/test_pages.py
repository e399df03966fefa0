"""The pages of docs/ are about the project as it is."""

import re

import pytest
from conftest import ROOT
from test_architecture import order_of_rooms

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "results").rglob("*.md"))]
TREE = r"(?:pauselib|notebooks|configs|docs|results|tools|benchmarks)/[\w./-]*\w/?"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_names_and_links_to_are_there(page):
    text = page.read_text()
    named = {path for path in re.findall(f"`({TREE})`", text)}
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target}
    assert not {path for path in named if not (ROOT / path).exists()}
    assert not {target for target in linked if not (page.parent / target).exists()}


def test_the_table_of_rooms_has_every_module_and_package_once():
    package = [path for path in (ROOT / "pauselib").iterdir() if not path.name.startswith("_")]
    assert sorted(order_of_rooms()) == sorted(path.stem for path in package)
