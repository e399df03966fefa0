"""What a report shows: its tables and pictures, collected as the page is rendered, to be copied from it and to lie
beside it as files.
"""

import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from pauselib import runs
from pauselib.figures import style
from pauselib.figures.columns import Column, columns_of
from pauselib.figures.tables import columns_html
from pauselib.report import copies

TABLES, FIGURES = "tables", "figures"  # the folders of a report's tables and pictures, beside it
WRITTEN = ".report_files.json"  # which of the files in these folders the report wrote
PNG_DPI = 200


class Shown:
    """The tables and pictures of a report by their names, in the order in which its page shows them.

    `alone`: the page is read without the files beside it, so no file is linked to, or made of a picture.
    """

    def __init__(self, alone: bool):
        self.alone = alone
        self.tables: dict[str, dict[str, str]] = {}  # name -> ending of a file -> what is in it
        self.pictures: dict[str, dict[str, bytes]] = {}

    def table(
        self, name: str, table: pd.DataFrame, label: str, caption: str = "", without: Sequence[str] = ()
    ) -> Markup:
        """Return a table as HTML, `without` some columns and its numbers rounded for reading, and keep it as it is."""
        return self.keep(name, table, columns_of(table.drop(columns=list(without))), label, caption)

    def keep(
        self, name: str, table: pd.DataFrame, columns: list[Column], label: str, caption: str = "", html: str = ""
    ) -> Markup:
        """Return columns as HTML with what a reader can do with them, and keep their copies and the whole table.

        `html` is the table itself where it is not `columns_html`.
        """
        self.tables[name] = {
            "csv": table.to_csv(index=False),
            "tex": copies.latex(columns, caption or label, name),
            "md": copies.markdown(columns) + "\n",
        }
        n_details = sum(column.detail for column in columns)
        more = f'<label><input type="checkbox" class="all-columns"> All {len(columns)} columns</label> '
        path = f"{TABLES}/{name}.csv"
        link = "" if self.alone else f'<a class="beside" href="{path}">{path}</a>'
        tools = f'{more if n_details else ""}<span class="copies" data-of="{escape(name)}"></span> {link}'
        return Markup(
            f'<div class="table" id="table-{escape(name)}"><div class="wide" tabindex="0" role="region" '
            f'aria-label="{escape(label)}">{html or columns_html(columns, caption)}</div>'
            f'<p class="tools">{tools}</p></div>'
        )

    def picture(self, name: str, figure, with_png: bool = True) -> Markup:
        """Return a picture as an SVG element, and keep it as files where the report has files beside it."""
        element = style.svg(figure)
        if not self.alone:
            self.pictures[name] = {"svg": element.encode()}
            if with_png:
                self.pictures[name]["png"] = style.saved(figure, "png", dpi=PNG_DPI)
        return Markup(f'<div class="picture" id="picture-{escape(name)}" data-name="{escape(name)}">{element}</div>')

    def copies(self) -> Markup:
        """Return the copies of all tables as JSON for the page's script: by table, then by the ending of a file."""
        return Markup(json.dumps(self.tables, ensure_ascii=False).replace("<", "\\u003c"))

    def write(self, folder: Path) -> None:
        """Write every table and picture below the report's folder, and remove those that an earlier report wrote there
        and this one does not have; what a person put there stays.
        """
        listed = folder / WRITTEN
        written = {
            f"{place}/{name}.{ending}": content
            for place, kept in ((TABLES, self.tables), (FIGURES, self.pictures))
            for name, of_one in kept.items()
            for ending, content in of_one.items()
        }
        earlier = set(runs.read_json(listed) or [])
        runs.write_json(listed, sorted(earlier | set(written)))
        for file, content in written.items():
            runs.write(folder / file, content)
        for file in earlier - set(written):
            if re.fullmatch(rf"({TABLES}|{FIGURES})/[^/]+", file):
                (folder / file).unlink(missing_ok=True)
        runs.write_json(listed, sorted(written))
