"""What is finished under runs/: which variants have a model, where their replies are, and how to make the rest."""

import re
import shlex
from collections.abc import Iterable
from html import escape
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.analysis.tables.record import whole
from pauselib.artifacts import why_unfinished
from pauselib.declared import NAME
from pauselib.errors import InputError
from pauselib.figures.tables import table_html
from pauselib.settings import ROOT, Settings
from pauselib.variants import VARIANTS, parse


def experiments_with_models(settings: Settings) -> list[Settings]:
    """Every experiment and seed below runs_dir that has a model, the one of `settings` first."""
    models = [path.parents[1] for path in settings.folder().parent.glob("*/seed-*/*/model")]
    found = {
        (folder.parent.name, int(folder.name.removeprefix("seed-")))
        for folder in models  # anybody may put copies beside them: seed-42-backup, tiny (copy)
        if re.fullmatch(r"seed-(0|[1-9]\d*)", folder.name) and re.fullmatch(NAME, folder.parent.name)
    }
    first = (settings.experiment, settings.seed)
    ordered = sorted(found, key=lambda one: (one != first, one[0] != first[0], one))
    return [settings.but(experiment=experiment, seed=seed) for experiment, seed in ordered]


def rows_with_models(settings: Settings) -> list[Settings]:
    """The rows of an experiment and seed that have a model: the published ones in their order, then others by name."""
    configs = settings.variant_folder().parent.glob("*/model/config.json")
    names = {path.parents[1].name for path in configs}
    return [settings.but(variant=name) for name in in_order(names) if is_row(name)]


def in_order(names: Iterable[str]) -> list[str]:
    """The names once each: the published ones in the order of the table, then others by name."""
    given = set(names)
    return [name for name in VARIANTS if name in given] + sorted(given - set(VARIANTS))


def is_row(name: str) -> bool:
    """Whether a folder's name is that of a row; anybody may put other folders beside them."""
    try:
        parse(name)
    except InputError:
        return False
    return True


def finished_metrics(rows: list[Settings]) -> dict[str, dict]:
    """The metrics of those rows of an experiment whose replies count as finished (`why_unfinished`), by variant.

    None does in an experiment whose record can't be read.
    """
    try:
        experiments = {row.experiment: whole(row) for row in rows[:1]}
    except InputError:
        return {}
    asked = [experiments[row.experiment].but(variant=row.variant, seed=row.seed) for row in rows]
    finished = [row for row in asked if why_unfinished(row, "evaluate") is None]
    return {row.variant: runs.read_json(row.variant_folder() / "metrics.json") for row in finished}


def folders_with_replies(settings: Settings) -> list[Path]:
    """Where a variant has finished replies: its own folder, then those of its interventions."""
    own = settings.variant_folder()
    return [folder for folder in (own, *sorted(own.glob("interventions/*"))) if replies_time(folder)]


def intervention_name(folder: Path) -> str:
    """The intervention that a folder's replies were decoded under; empty where they are the variant's own."""
    return folder.name if folder.parent.name == "interventions" else ""


def replies_time(folder: Path) -> int:
    """When the replies in a folder were finished, in nanoseconds; 0 where they are not."""
    return changed_at(folder / runs.MANIFEST)


def model_time(settings: Settings) -> int:
    """When a variant's model was finished, in nanoseconds; 0 where it is not."""
    return changed_at(settings.variant_folder() / "model" / runs.MANIFEST)


def changed_at(path: Path) -> int:
    """When a file was last written, in nanoseconds; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def problems_of(settings: Settings) -> pd.DataFrame:
    """The test problems of an experiment (`problem_id`, `question`, `answer`); no row where its data are gone."""
    path, columns = settings.folder() / "data" / "test.parquet", ["problem_id", "question", "answer"]
    return pd.read_parquet(path, columns=columns) if path.exists() else pd.DataFrame(columns=columns)


def overview_table(settings: Settings) -> pd.DataFrame:
    """The rows of an experiment and seed that have a model, as `rows_with_models` orders them.

    The columns: `variant`; `replies` and `each token's probabilities`, which are `yes` or `missing`; `accuracy`, not a
    number where there are no replies; and how many `interventions` are finished, as text.
    """
    lines, rows = [], rows_with_models(settings)
    finished = finished_metrics(rows)
    for row in rows:
        metrics = finished.get(row.variant)
        has_tokens = (row.variant_folder() / "tokens.parquet").exists()
        n_interventions = sum(1 for folder in folders_with_replies(row) if intervention_name(folder))
        lines.append(
            {
                "variant": row.variant,
                "replies": "yes" if metrics else "missing",
                "each token's probabilities": "yes" if has_tokens else "missing",
                "accuracy": metrics["accuracy"] if metrics else float("nan"),
                "interventions": str(n_interventions or "–"),
            }
        )
    columns = ["variant", "replies", "each token's probabilities", "accuracy", "interventions"]
    return pd.DataFrame(lines, columns=columns)


def overview_html(settings: Settings) -> str:
    """What is finished in an experiment, what is missing, and how to make it, as HTML."""
    table = overview_table(settings)
    names = in_order([*VARIANTS, *table["variant"]])
    finished = table.loc[~table.eq("missing").any(axis="columns"), "variant"]
    unfinished = [name for name in names if name not in set(finished)]
    html = (
        f"<p>{len(table)} of {len(names)} variants have a model in experiment {escape(settings.experiment)}, "
        f"seed {settings.seed}, under {escape(settings.runs_dir)}.</p>"
    )
    if len(table):
        html += table_html(table)
    if unfinished:
        listed = escape(", ".join(unfinished)).replace("_", "_<wbr>")
        html += f"<p>Not finished: {listed}.</p><p>{how_to_make(settings, unfinished[0])}</p>"
    return html


def nothing_html(settings: Settings, what: str) -> str:
    """The sentence that takes the place of a part that has nothing to show: there is no `what` yet."""
    how = how_to_make(settings, settings.variant)
    return f"<p>There is no {what} under {escape(settings.runs_dir)} yet. {how}</p>"


def how_to_make(settings: Settings, variant: str) -> str:
    """How to make a whole experiment, where a file of configs/ has its name, and how to make one variant, as HTML."""
    default, config = Settings(), f"configs/{settings.experiment}.yaml"
    given = {"variant": variant, "experiment": settings.experiment, "seed": settings.seed}
    if settings.runs_dir != default.runs_dir:
        given["runs_dir"] = settings.runs_dir
    options = [f"-p {name} {shlex.quote(str(value))}" for name, value in given.items()]
    whole = ""
    if settings.experiment == default.experiment:
        whole = "<code>make run</code> makes the whole experiment. "
    elif (ROOT / config).exists():
        whole = f"<code>make run CONFIG={escape(config)}</code> makes the whole experiment. "
        options = [f"-f {shlex.quote(config)}", *options]
    command = " ".join(["papermill notebooks/evaluate.ipynb out.ipynb", *options])
    return f"{whole}<code>{escape(command)}</code> makes one variant."
