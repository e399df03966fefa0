"""report.html: one file that opens without a network, with the table, the pictures, the files and the settings."""

import io
from html import escape
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader

from pauselib import analysis, runs
from pauselib.settings import Settings


def svg(figure) -> str:
    """A matplotlib figure as an inline SVG element."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def link(path: str) -> str:
    """A relative path as a link; what is no path stays text."""
    return path if path == "–" else f'<a href="{escape(path)}">{escape(path.rsplit("/", 1)[-1])}</a>'


def write(settings: Settings, table: pd.DataFrame, figures: list[dict]) -> Path:
    """Write runs/<experiment>/report.html and return its path. `figures`: dicts with `title`, `figure` and `caption`."""
    files = analysis.artifacts(settings)
    used = {"model": settings.model, "dataset": settings.dataset, **analysis.used(settings)}
    summary = f"{analysis.finished(settings, table)} Each is test problems of '{used['dataset']}' answered greedily by a warmed-up '{used['model']}'."
    html = (
        Environment(loader=PackageLoader("pauselib", "."), autoescape=True)
        .get_template("report.html.j2")
        .render(
            experiment=settings.experiment,
            summary=summary,
            table=analysis.styled(analysis.as_text(table)).to_html(),
            figures=[{**figure, "svg": svg(figure["figure"])} for figure in figures],
            artifacts=files.map(lambda cell: link(cell) if isinstance(cell, str) and "/" in cell else escape(str(cell))).to_html(
                index=False, escape=False, border=0
            ),
            settings=pd.DataFrame({"setting": used.keys(), "value": used.values()}).to_html(index=False, border=0),
        )
    )
    path = settings.folder() / "report.html"
    runs.write(path, html)
    return path
