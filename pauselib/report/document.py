"""report.html: one file that opens without a network, with all that a `Study` says; and the executed notebooks as pages beside it."""

import io
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from pauselib import runs
from pauselib.analysis import audit, loading, reasons
from pauselib.analysis.study import Study
from pauselib.report import figures, tables
from pauselib.report import html as markup
from pauselib.report import style as drawing
from pauselib.variants import FIRST_STEP, MATCHED

ENVIRONMENT = Environment(
    loader=PackageLoader("pauselib.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
ENVIRONMENT.globals["table"] = lambda *args: Markup(markup.table_html(*args))


def svg(figure) -> Markup:
    """A picture of `figures` as an inline SVG element, with its alternative text."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return Markup(
        text[text.index("<svg") :].replace(
            "<svg", f'<svg role="img" aria-label="{escape(drawing.alternative(figure))}"', 1
        )
    )


def notebook_page(path: Path) -> Path | None:
    """An executed notebook as an HTML page beside it, made again where the notebook is newer; None where there is no notebook."""
    page = path.with_suffix(".html")
    if not path.exists():
        return None
    if not page.exists() or page.stat().st_mtime_ns < path.stat().st_mtime_ns:
        from nbconvert import HTMLExporter
        from pygments.formatters import HtmlFormatter

        body, _ = HTMLExporter(template_name="basic").from_filename(str(path))
        colours = HtmlFormatter(style="friendly").get_style_defs(".highlight")
        title = f"{path.stem}: {path.parent.name}"
        runs.write(
            page,
            ENVIRONMENT.get_template("notebook.html.j2").render(
                title=title, colours=Markup(colours), body=Markup(body)
            ),
        )
    return page


def files(study: Study) -> pd.DataFrame:
    """`loading.artifacts` as links, relative to the report; notebooks as pages."""
    found = loading.artifacts(study.settings)

    def link(path) -> str:
        if not isinstance(path, str) or "/" not in path:
            return escape(str(path))
        shown = notebook_page(study.settings.folder() / path) if path.endswith(".ipynb") else None
        href = shown.relative_to(study.settings.folder()).as_posix() if shown else path
        return f'<a href="{escape(href)}">{escape(href if "://" in href else href.rsplit("/", 1)[-1])}</a>'

    return found.map(link)


def examples(replies: pd.DataFrame, tokens: pd.DataFrame) -> list[dict]:
    """Up to four replies of one variant: of the correct and of the incorrect ones that with the fewest and that with the most pauses."""
    chosen = {}
    for correct, part in replies.sort_values("n_pauses", kind="stable").groupby("correct", sort=False):
        for row in (part.iloc[0], part.iloc[-1]):
            chosen[row["problem_id"]] = {"correct": bool(correct), **row}
    given = tokens.set_index("problem_id")
    for name, reply in chosen.items():
        known = name in given.index
        pieces, shades = (given.loc[name, ["tokens", "p_pause"]]) if known else (markup.pieces(reply["reply"]), None)
        reply["html"] = Markup(markup.reply_html(pieces, shades, "probability of a pause"))
    return list(chosen.values())


def sections(study: Study) -> list[dict]:
    """What the report shows of each finished variant, of its first seed: numbers, losses by step, example replies."""
    shown, first = [], {}
    for seed, name in study.finished_rows:
        first.setdefault(name, seed)
    for name, seed in first.items():
        row = study.table.set_index(["variant", "seed"]).loc[(name, seed)]
        folder = study.settings.but(seed=seed, variant=name).variant_folder()
        mine = study.replies[(study.replies["variant"] == name) & (study.replies["seed"] == seed)]
        tokens = study.tokens[(study.tokens["variant"] == name) & (study.tokens["seed"] == seed)]
        title = f"{name}, seed {seed}: accuracy {row['accuracy']:.3f}, {row['pauses_mean']:.2f} pauses a reply, {row['truncated_rate']:.0%} cut"
        curve = svg(figures.loss_curve(runs.read_json(folder / "training.json")["history"]))
        shown.append({"name": name, "title": title, "curve": curve, "examples": examples(mine, tokens)})
    return shown


def write(study: Study) -> Path:
    """Write runs/<experiment>/report.html and the pages of the executed notebooks, and return the report's path."""
    settings = study.settings
    used = {"model": settings.model, "dataset": settings.dataset, **loading.settings_used(settings)}
    html = ENVIRONMENT.get_template("report.html.j2").render(
        study=study,
        experiment=settings.experiment,
        used=used,
        summary=loading.finished_sentence(settings, study.table),
        main_table=Markup(tables.styled(tables.as_published(study.table)).to_html()),
        picture=lambda name: svg(study.pictures[name]),
        reading=reasons.regression_reading(study.pause_regression),
        notes=audit.NOTES,
        start=FIRST_STEP,
        matched=MATCHED,
        variants=sections(study),
        files=Markup(files(study).to_html(index=False, escape=False, border=0)),
        settings_table=pd.DataFrame({"setting": used.keys(), "value": [str(value) for value in used.values()]}),
    )
    path = settings.folder() / "report.html"
    runs.write(path, html)
    return path
