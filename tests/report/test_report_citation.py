"""How a report is cited."""

import pauselib
from pauselib.report.citation import bibtex
from pauselib.settings import Settings


def test_the_software_and_the_report_are_entries():
    software, report = bibtex(Settings(experiment="a_b"), {"model": "tiny", "dataset": "toy"}).split("\n\n")
    assert software.startswith("@software{pauselib,\n  title = {pauselib: a research workbook")
    assert f"version = {{{pauselib.__version__}}}" in software
    assert report == (
        "@misc{pauselib-a_b,\n  title = {Pause tokens: a\\_b},\n"
        "  note = {Report made by pauselib, experiment a\\_b: model tiny, problems toy}\n}"
    )
