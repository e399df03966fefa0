"""The report of an experiment: one HTML file that opens without a network, with all that a `Study` says.

Beside it, the executed notebooks become pages.
"""

import functools
import os
import re
import sys
from html import escape
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from pauselib import figures, runs
from pauselib.analysis.study import Study
from pauselib.analysis.tables import audit, loading
from pauselib.analysis.tables.record import READ, RECORD, read_from
from pauselib.analysis.why import certainty, reasons
from pauselib.figures import reply_html as html
from pauselib.figures import tables
from pauselib.figures.columns import Column, columns_of
from pauselib.report import methods
from pauselib.report.citation import bibtex
from pauselib.report.shown import Shown
from pauselib.report.sources import sources
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP

ENVIRONMENT = Environment(
    loader=PackageLoader("pauselib.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
ENVIRONMENT.globals.update(
    figures=figures,
    mark=html.PAUSE_MARK,
    of_pausing_variants=loading.of_pausing_variants,
)


def with_code(text: str) -> Markup:
    """Return a sentence as HTML, all escaped, what stands in backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text, quote=False)))


ENVIRONMENT.filters["with_code"] = with_code


@functools.cache
def html_exporter():
    """Return what makes a page of a notebook; making it costs as much as using it, so there is one."""
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic")


def notebook_page(path: Path) -> Path | None:
    """Make an HTML page of an executed notebook, beside it, and return its path; None where there is no notebook.

    A page that is newer than its notebook is kept.
    """
    page = path.with_suffix(".html")
    if not path.exists():
        return None
    if page.exists() and page.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return page
    from pygments.formatters import HtmlFormatter

    try:
        body, _ = html_exporter().from_filename(str(path))
    except Exception as error:  # a notebook that a kill or a hand has broken: the report is written all the same
        print(f"{path} can't be shown as a page ({type(error).__name__}).", file=sys.stderr)
        return None
    content = {
        "title": f"{path.stem}: {path.parent.name}",
        "colours": Markup(HtmlFormatter(style="friendly").get_style_defs(".highlight")),
        "body": Markup(body),
    }
    runs.write(page, ENVIRONMENT.get_template("notebook.html.j2").render(content))
    return page


def file_table(study: Study, columns: list[Column], alone: bool) -> str:
    """Return the columns of `loading.artifacts` as an HTML table whose links are relative to the report.

    The link of a notebook leads to its page.

    `alone`: only the links to addresses elsewhere are kept; a file beside the report is named as not included. Below
    the table stands which notebooks are damaged, and how they are made again.
    """
    folder, damaged = study.settings.folder(), []

    def cell(text: str) -> str:
        path = folder / text
        if text.startswith(("https://", "http://")):
            return f'<a href="{escape(text)}">{escape(text)}</a>'
        if "/" not in text or not path.exists():
            return tables.cell_html(text)
        if alone:
            return f"{escape(path.name)} (not included)"
        shown = notebook_page(path) if path.suffix == ".ipynb" else path
        if shown is None:
            damaged.append(text)
            return f"{escape(path.name)} (damaged)"
        link = Path(os.path.relpath(shown, study.folder)).as_posix()
        return f'<a class="beside" href="{escape(link)}">{escape(shown.name)}</a>'

    table = tables.columns_html(columns, cell=cell)
    sentence = damaged_sentence(study.settings, damaged)
    return f'{table}\n<p class="note">{with_code(sentence)}</p>' if sentence else table


def damaged_sentence(settings: Settings, notebooks: list[str]) -> str:
    """Return which executed notebooks can't be shown, and what makes them again; nothing where there are none."""
    if not notebooks:
        return ""
    cure = f"`python -m pauselib.workflow` with the {RECORD} of this folder"
    if not (settings.folder() / RECORD).exists():
        cure = "papermill, with the settings of the row,"
    are, them = ("is", "it") if len(notebooks) == 1 else ("are", "them")
    return f"{', '.join(notebooks)} {are} damaged: {cure} executes {them} again, from what is finished."


def examples(replies: pd.DataFrame, tokens: pd.DataFrame) -> list[dict]:
    """Return up to four replies of one variant, each as a dictionary of its fields and its `html`.

    Of the correct and of the incorrect replies these are the one with the fewest and the one with the most pauses.
    `tokens` (`loading.with_tokens`) shades those whose probabilities of a pause are known.
    """
    chosen = {}
    for correct, part in replies.sort_values("n_pauses", kind="stable").groupby("correct", sort=False):
        for row in (part.iloc[0], part.iloc[-1]):
            answered = row["predicted"] if pd.notna(row["predicted"]) else "nothing"
            chosen[row["problem_id"]] = {"correct": bool(correct), **row, "answered": answered}
    known = tokens.set_index("problem_id")
    for name, reply in chosen.items():
        if name in known.index:
            texts, p_pause = known.loc[name, ["tokens", "p_pause"]]
            reply["html"] = Markup(html.reply_html(texts, p_pause, "probability of a pause"))
        else:
            reply["html"] = Markup(html.reply_html(html.pieces(reply["reply"])))
    return list(chosen.values())


def lines_of_row(table: pd.DataFrame, seed: int, variant: str) -> pd.DataFrame:
    """Return the lines of a table that are about one variant and seed."""
    return table[(table["seed"] == seed) & (table["variant"] == variant)]


def sections(study: Study) -> list[dict]:
    """Return what the report shows of each finished variant, of its first seed.

    `name`, `title` (its numbers in words), `history` (the losses by step), `examples` (replies).
    """
    first: dict[str, int] = {}
    for seed, name in study.finished_rows:
        first.setdefault(name, seed)
    shown = []
    for name, seed in first.items():
        row = lines_of_row(study.table, seed, name).iloc[0]
        numbers = f"accuracy {row['accuracy']:.3f}, {row['pauses_mean']:.2f} pauses a reply"
        folder = study.settings.but(seed=seed, variant=name).variant_folder()
        section = {
            "name": name,
            "title": f"{name}, seed {seed}: {numbers}, {row['truncated_rate']:.0%} cut",
            "history": loading.training_record(folder)["history"],
            "examples": examples(lines_of_row(study.replies, seed, name), lines_of_row(study.tokens, seed, name)),
        }
        shown.append(section)
    return shown


def report_html(study: Study, alone: bool = False) -> str:
    """Return the report as HTML.

    `alone`: it will be read without the files that the experiment has beside it, so it names them and does not link
    to them.
    """
    return render(study, Shown(alone))


def render(study: Study, shown: Shown) -> str:
    """Return the report as HTML; the tables and pictures that it shows are then in `shown`."""
    settings, files = study.settings, loading.artifacts(study.settings)
    file_columns = columns_of(files)
    used = loading.settings_used(settings) | sources(settings)
    content = {
        "study": study,
        "experiment": settings.experiment,
        "used": used,
        "summary": study.scope,
        "shown": shown,
        "table": shown.table,
        "picture": shown.picture,
        "main_columns": tables.results_columns(study.table),
        "code_check": certainty.code_check(study.greedy_agreement),
        "shares": certainty.prediction_reading(study.pause_prediction),
        "reading": reasons.regression_reading(study.pause_regression),
        "methods": methods.methods(study),
        "notes": audit.NOTES,
        "start": FIRST_STEP,
        "variants": sections(study),
        "files": files,
        "file_columns": file_columns,
        "file_table": file_table(study, file_columns, shown.alone),
        "bibtex": bibtex(settings, used),
        "settings_table": pd.DataFrame({"setting": used.keys(), "value": map(str, used.values())}),
    }
    return ENVIRONMENT.get_template("report.html.j2").render(content)


def write_report(study: Study) -> Path:
    """Write `report.html` into the study's folder and return its path.

    Beside it are its tables and pictures as files; the pages of the executed notebooks are beside these.
    """
    path, shown = study.folder / "report.html", Shown(alone=False)
    page = render(study, shown)
    shown.write(path.parent)
    runs.write(path, page)
    runs.write_json(path.with_name(READ), read_from(study.settings))
    return path
