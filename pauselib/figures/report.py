"""The report of an experiment: the executed `notebooks/analyze.ipynb` without its code, as one page beside its files.

Every table that the notebook shows through a `Report` is a CSV and a LaTeX file in `tables/`, every picture an SVG and
a PNG file in `figures/`. Papermill does not say where it writes the executed notebook, so the report is made of what
the kernel has shown, cell by cell, and of the text of the notebook on disk; it needs no other step and no network.

>>> report = Report(study)
>>> report.table("results", study.table)
>>> report.write()
"""

import base64
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from IPython import get_ipython

from pauselib import files
from pauselib.analysis.tables.record import READ, read_from
from pauselib.figures import tables
from pauselib.figures.style import notebook_output, saved
from pauselib.files import write_json
from pauselib.settings import ROOT

STYLESHEET = Path(__file__).with_name("report.css")
HIDDEN, FOLDED = {"parameters", "setup"}, "folded"  # tags of cells that are left out, and of a section's first cell


class Report:
    """What a notebook shows of a `Study`, kept as files, and its cells so far, kept for the page."""

    def __init__(self, study, notebook: Path = ROOT / "notebooks" / "analyze.ipynb"):
        self.folder, self.settings, self.notebook = study.folder, study.settings, notebook
        self.cell, self.shown = None, {}  # the source of the cell that runs; source of a cell -> what it has shown
        if shell := get_ipython():
            shell.events.register("pre_run_cell", self.begin)
            for publisher in (shell.display_pub, shell.displayhook):
                if hasattr(publisher, "register_hook"):  # not every version of ipykernel hands over results
                    publisher.register_hook(self.note)

    def begin(self, info) -> None:
        """Note which cell runs; what it has shown before is forgotten."""
        self.cell = info.raw_cell.strip()
        self.shown[self.cell] = []

    def note(self, message: dict) -> dict:
        """Keep what the cell shows, if it stays: a line of progress, which has an id, is replaced in place."""
        is_output = message["header"]["msg_type"] in ("display_data", "execute_result")
        if self.cell and is_output and not message["content"].get("transient"):
            self.shown[self.cell].append(nbformat.v4.output_from_msg(message))
        return message

    def table(self, name: str, table: pd.DataFrame, as_read: pd.DataFrame | None = None) -> None:
        """Show a table, or what is given `as_read` for it, and write all its columns and digits into `tables/`."""
        shown = table if as_read is None else as_read
        self.keep(f"tables/{name}.csv", table.to_csv(index=False) if len(table) else None)
        self.keep(f"tables/{name}.tex", tables.latex(shown, tables.heading(name), name) if len(table) else None)
        tables.show_table(shown)

    def figure(self, name: str, figure) -> None:
        """Show a picture, and write it into `figures/`."""
        from IPython.display import display

        drawing = saved(figure, "svg")
        data, metadata = notebook_output(figure)
        self.keep(f"figures/{name}.svg", drawing if figure.axes else None)
        self.keep(f"figures/{name}.png", base64.b64decode(data["image/png"]) if figure.axes else None)
        display(data, metadata=metadata, raw=True)

    def keep(self, name: str, content: str | bytes | None) -> None:
        """Write a file beside the report; where there is nothing to show, remove what an earlier report left there."""
        path = self.folder / name
        if content is None:
            path.unlink(missing_ok=True)
        else:
            files.write(path, content)

    def write(self) -> Path:
        """Write `report.html`, and what it was made from, and return its path.

        A cell that was run but is not in the notebook on disk, as one that is not saved yet, is named.
        """
        notebook, path = nbformat.read(self.notebook, as_version=4), self.folder / "report.html"
        sources = {cell.source.strip() for cell in notebook.cells}
        for source in [source for source, outputs in self.shown.items() if outputs and source not in sources]:
            print(f"Not in the report, since it is not saved in {self.notebook.name} as it was run: {source[:80]}")
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = self.shown.get(cell.source.strip(), [])
        files.write(path, page(notebook, f"Pause tokens: {self.settings.experiment}"))
        write_json(path.with_name(READ), read_from(self.settings))
        return path


def page(notebook: nbformat.NotebookNode, title: str) -> str:
    """Return an executed notebook as an HTML page: its text and what its cells have shown, a section a heading.

    Cells with one of the tags `HIDDEN` are left out, a section whose first cell is tagged `folded` opens by a click.
    """
    from nbconvert import HTMLExporter

    without = ("exclude_input", "exclude_input_prompt", "exclude_output_prompt", "exclude_anchor_links")
    exporter, sections = HTMLExporter(template_name="basic", **dict.fromkeys(without, True)), [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            sections.append([])
        if not HIDDEN & set(cell.metadata.get("tags", [])):
            sections[-1].append(cell)
    body = "\n".join(section_html(cells, exporter) for cells in sections if cells)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{STYLESHEET.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def section_html(cells: list, exporter) -> str:
    """Return cells as a section of the page; one whose first cell is tagged `folded` has its heading to click on."""
    heading, _, rest = cells[0].source.partition("\n")
    is_folded = FOLDED in cells[0].metadata.get("tags", [])
    if is_folded:
        cells[0].source = rest
    html, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    if is_folded:
        html = f"<details><summary>{escape(heading.removeprefix('## '))}</summary>{html}</details>"
    return f"<section>{html}</section>"
