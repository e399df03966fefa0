"""The report of an experiment: `notebooks/analyze.ipynb` as one page beside its files, without its code.

What a notebook shows by a `Report` is on the page, where the cell that showed it stands in the notebook on disk. What
was shown by a cell that is not there, since it is changed or in a copy, is at the end.
"""

import base64
from html import escape
from pathlib import Path

import nbformat
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

from pauselib.analysis.tables.record import READ, read_from
from pauselib.figures import style, tables
from pauselib.files import write, write_json
from pauselib.located import ROOT

STYLESHEET = Path(__file__).with_name("report.css")
HIDDEN, FOLDED = {"parameters", "setup"}, "folded"  # tags of cells that are left out, and of headings that are closed
NOTHING = "<p>{}: nothing to show in this experiment.</p>"  # instead of a picture or table of nothing
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'


class Report:
    """What a notebook shows of a `Study`: its outputs, files in `tables/` and `figures/`, and parts of the page."""

    def __init__(self, study):
        self.study, self.notebook = study, ROOT / "notebooks" / "analyze.ipynb"
        self.parts = {}  # name of what is shown -> the source of the cell that showed it (empty outside one), its HTML

    def html(self, name: str, html: str, output=None) -> None:
        """Show HTML, in the notebook as an `output` where one is given."""
        shell = get_ipython()
        self.parts[name] = shell.history_manager.input_hist_raw[-1].strip() if shell else "", html
        display(output or HTML(html))

    def table(self, name: str, table: pd.DataFrame, as_read: pd.DataFrame | None = None) -> None:
        """Show a table, or what is given `as_read` for it; its CSV file has all its columns and digits."""
        shown, folder = table if as_read is None else as_read, self.study.settings.folder() / "tables"
        write(folder / f"{name}.csv", table.to_csv(index=False))
        write(folder / f"{name}.tex", tables.latex(shown, name))
        self.html(f"table {name}", NOTHING.format(tables.heading(name)) if shown.empty else tables.with_details(shown))

    def figure(self, name: str, figure) -> None:
        """Show a picture; it is a PNG and an SVG file. One without axes is a sentence."""
        folder = self.study.settings.folder() / "figures"
        write(folder / f"{name}.svg", style.saved(figure, "svg"))
        image = style.image(figure)
        write(folder / f"{name}.png", image.data)
        kind = ' class="large"' if figure.get_figwidth() > 8 else ""  # inches: on the first screen it is below the text
        source = f"data:image/png;base64,{base64.b64encode(image.data).decode()}"
        html = f'<img{kind} alt="{escape(image.alt)}" width="{image.width}" src="{source}">'
        self.html(f"figure {name}", *((html, image) if figure.axes else [NOTHING.format(tables.heading(name))]))

    def write(self) -> Path:
        """Write `report.html`, and what it was made from, and return its path."""
        path = self.study.settings.folder() / "report.html"
        write(path, page(nbformat.read(self.notebook, as_version=4).cells, list(self.parts.values())))
        write_json(path.with_name(READ), read_from(self.study.settings))
        return path


def page(cells: list, parts: list[tuple[str, str]]) -> str:
    """Return cells of a notebook as an HTML page. A code cell has the `parts` (source, HTML) that have its source.

    A heading of the second level begins a section that opens and closes by a click; `folded` ones begin closed.
    """
    from nbconvert.filters import markdown2html

    sections, shown = [""], [cell for cell in cells if not HIDDEN & set(cell.metadata.get("tags", []))]
    for cell in shown:
        heading, _, prose = cell.source.partition("\n")
        if cell.cell_type == "code":
            sections[-1] += "".join(f"<div>{html}</div>\n" for source, html in parts if source == cell.source.strip())
        elif heading.startswith("## "):
            begins = "" if FOLDED in cell.metadata.get("tags", []) else " open"
            sections.append(f"<details{begins}><summary>{escape(heading[3:])}</summary>\n{markdown2html(prose)}")
        else:
            sections[-1] += markdown2html(cell.source)
    known = {cell.source.strip() for cell in shown}
    if rest := "".join(html for source, html in parts if source not in known):
        sections.append(f"<details open><summary>From cells that are not saved as they were run</summary>\n{rest}")
    first, *others = sections
    page_style = f"<title>Pause tokens</title>\n<style>\n{STYLESHEET.read_text(encoding='utf-8')}</style>"
    body = f"<header>{first}</header>\n{''.join(f'{section}</details>' for section in others)}"
    head = f'<!doctype html>\n<html lang="en"><head>{HEAD}{page_style}</head>'
    return f"{head}\n<body><main>\n{body}\n</main></body></html>\n"
