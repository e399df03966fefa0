"""The graph of an experiment as data: every notebook that its run executes, which come before it, and which have to be
executed (again). The Snakefile has a rule for each kind, and takes from here what each needs.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from pauselib import artifacts
from pauselib.analysis.tables.loading import INTERVENED, REPLIES, TRIAL, asked_for
from pauselib.analysis.tables.record import why_read_again
from pauselib.files import read_json
from pauselib.settings import Settings
from pauselib.trials import models_of_trial
from pauselib.variants import parse

RULES = {REPLIES: "evaluate", INTERVENED: "intervene", TRIAL: "trial"}
"""The rule that makes each kind of result; a trial makes those of the checkpoints besides."""


@dataclass(frozen=True)
class GraphStep:
    """A notebook that a rule of the Snakefile executes."""

    rule: str  # inject, warmup, evaluate, intervene, trial or analyze
    row: Settings  # what it is about, with its seed, variant, strategy and intervention
    notebook: Path
    needs: tuple[Path, ...]  # the notebooks before it


def notebook_of(rule: str, row: Settings) -> Path:
    """Return where the notebook is that a rule executes for a row."""
    if rule == "inject":
        return row.injected_folder().with_name(f"{row.row_strategy}.inject.ipynb")
    if rule == "intervene":
        return row.replies_folder() / "evaluate.ipynb"
    return row.variant_folder() / f"{rule}.ipynb"


def steps_of_experiment(settings: Settings) -> list[GraphStep]:
    """Return every notebook that a run of an experiment executes, those that another one needs before it."""
    found: dict[Path, GraphStep] = {}

    def add(rule: str, row: Settings) -> Path:
        row = row.of_row()
        path = notebook_of(rule, row)
        if path not in found:
            compared = models_of_trial(row.variant)[1:] if rule == "trial" else ()
            others = [*artifacts.before(rule, row), *(("trial", name) for name in compared)]
            needs = [add(other, settings.but(seed=row.seed, variant=name)) for other, name in others]
            found[path] = GraphStep(rule, row, path, tuple(needs))
        return path

    needs = tuple(add(RULES[one.kind], one.row) for one in asked_for(settings) if one.kind in RULES)
    return [*found.values(), GraphStep("analyze", settings, settings.folder() / "analyze.ipynb", needs)]


def is_executed(path: Path) -> bool:
    """Return whether papermill has executed a notebook to its end, without an error."""
    try:
        notebook = read_json(path)
        ran = notebook["metadata"]["papermill"]
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        return bool(ran["end_time"]) and not ran["exception"] and all(cell["execution_count"] for cell in cells)
    except (AttributeError, KeyError, TypeError):  # it is none, or one that papermill hasn't executed
        return False


def unfinished_steps(settings: Settings) -> list[GraphStep]:
    """Return the steps whose notebooks have to be executed, with all that need them: a notebook is missing, a kill or
    an error has cut it off, or what it made doesn't count as finished, which is printed. Times of files don't matter:
    a copied experiment is as finished as the first one.
    """
    found: dict[Path, GraphStep] = {}
    for step in steps_of_experiment(settings):
        executed, why = is_executed(step.notebook), None
        if executed and step.rule == "analyze":
            why = why_read_again(settings)
        elif executed:
            made = step.notebook.stem.split(".")[-1]
            at = step.row.trial_checkpoints if made == "trial" and parse(step.row.variant).second_step else ()
            reasons = (artifacts.why_unfinished(step.row, made, one, of_sources=True) for one in (None, *at))
            why = next(filter(None, reasons), None)
        if why:
            print(f"{step.notebook.relative_to(settings.folder())} is made again: {why}.", file=sys.stderr)
        if why or not executed or not found.keys().isdisjoint(step.needs):
            found[step.notebook] = step
    return list(found.values())
