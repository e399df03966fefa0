"""What `notebooks/start.ipynb` shows: what is finished under runs/ with its numbers, and the next command to run."""

import os
from datetime import datetime
from html import escape
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.analysis.tables.loading import finished_folders
from pauselib.explorer.contents import experiments_with_models, finished_metrics, rows_with_models
from pauselib.figures.tables import table_html
from pauselib.settings import ROOT, Settings, of_experiment
from pauselib.settings.yaml_text import read_config
from pauselib.variants import FIRST_STEP

OFFLINE = ("tiny", "tiny-strategies", "tiny-seeds")  # the experiments of configs/ that need no model from elsewhere
COLUMNS = ["experiment", "seed", "models", "with replies", "most accurate", "accuracy", "first step", "last made"]


def finished_table(settings: Settings) -> pd.DataFrame:
    """What is finished below `runs_dir`, one line an experiment and seed, that of the settings first.

    How many `models` there are and how many have replies; the `most accurate` variant with its `accuracy`, and that of
    the first step's model, which all others start from; and when a model was made last.
    """
    lines = []
    for one in experiments_with_models(settings):
        rows = rows_with_models(one)
        accuracy = {name: metrics["accuracy"] for name, metrics in finished_metrics(rows).items()}
        best = max(accuracy, key=accuracy.get, default=None)
        made = [row.variant_folder() / "model" / runs.MANIFEST for row in rows]
        last = max((path.stat().st_mtime for path in made if path.exists()), default=None)
        lines.append(
            {
                "experiment": one.experiment,
                "seed": one.seed,
                "models": len(rows),
                "with replies": len(accuracy),
                "most accurate": best or "–",
                "accuracy": accuracy.get(best, float("nan")),
                "first step": accuracy.get(FIRST_STEP, float("nan")),
                "last made": f"{datetime.fromtimestamp(last):%Y-%m-%d %H:%M}" if last else "–",
            }
        )
    return pd.DataFrame(lines, columns=COLUMNS)


def finished_html(settings: Settings, beside: Path) -> str:
    """What is finished, with a link to each report as seen from the folder `beside`, as HTML."""
    table = finished_table(settings)
    if table.empty:
        return f"<p>Nothing is finished under {escape(settings.runs_dir)} yet.</p>"
    links = []
    for name in dict.fromkeys(table["experiment"]):
        report = settings.but(experiment=name).folder() / "report.html"
        if report.exists():
            place = Path(os.path.relpath(report, beside)).as_posix()
            links.append(f'<a href="{escape(place)}">{escape(name)}</a>')
    reports = f"<p>Reports: {', '.join(links)}.</p>" if links else ""
    return f"{table_html(table)}{reports}"


def next_experiment(settings: Settings) -> tuple[str, str] | None:
    """The first experiment of configs/ that runs offline and is not finished: its name, and how far it is in words.

    None where all of them are finished.
    """
    for name in OFFLINE:
        path = ROOT / "configs" / f"{name}.yaml"
        if not path.exists():
            continue
        one = of_experiment({**read_config(path), "runs_dir": settings.runs_dir})
        n, finished = len(one.variants) * len(one.seeds), len(finished_folders(one))
        if finished < n or not (one.folder() / "report.html").exists():
            return name, f"{finished} of {n} rows are finished"
    return None
