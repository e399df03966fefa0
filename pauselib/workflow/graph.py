"""The graph of an experiment as data: every notebook that its run executes, and which come before it. The Snakefile has
a rule for each kind, and takes from here what each needs.
"""

from dataclasses import dataclass
from pathlib import Path

from pauselib.artifacts import before
from pauselib.settings import Settings
from pauselib.trials import models_of_trial


@dataclass(frozen=True)
class Output:
    """A notebook that a rule of the Snakefile executes."""

    rule: str  # inject, warmup, evaluate, intervene, trial or analyze
    row: Settings  # what it is about: the settings of the row, with its seed, variant, strategy and intervention
    notebook: Path
    needs: tuple[Path, ...]  # the notebooks before it

    @property
    def makes(self) -> str | None:
        """The notebook whose part it makes, as `artifacts.why_unfinished` takes it; None for the analysis."""
        return {"analyze": None, "intervene": "evaluate"}.get(self.rule, self.rule)

    @property
    def wildcards(self) -> tuple[str, ...]:
        """Its seed, then its variant or its strategy, then the name of its intervention, as the rule has them."""
        if self.rule == "analyze":
            return ()
        about = self.row.row_strategy if self.rule == "inject" else self.row.variant
        name = (self.notebook.parent.name,) if self.rule == "intervene" else ()
        return (str(self.row.seed), about, *name)


def interventions(settings: Settings) -> dict[tuple[str, str], dict]:
    """Return the interventions on the experiment's rows: (variant, name) -> the intervention's own settings."""
    rows = [(settings.but(**one), one) for one in settings.interventions]
    return {(row.variant, row.replies_folder().name): one for row, one in rows if row.variant in settings.variants}


def notebook_of(rule: str, row: Settings) -> Path:
    """Return where the notebook is that a rule executes for a row."""
    if rule == "inject":
        return row.injected_folder().with_name(f"{row.row_strategy}.inject.ipynb")
    if rule == "intervene":
        return row.replies_folder() / "evaluate.ipynb"
    return row.variant_folder() / f"{rule}.ipynb"


def needs(rule: str, row: Settings) -> list[tuple[str, str]]:
    """Return what a rule needs for a row, directly: other rules, each with a variant of the same seed."""
    needed = before("evaluate" if rule == "intervene" else rule, row)
    others = models_of_trial(row.variant)[1:] if rule == "trial" else ()  # whose trials its own is compared with
    return [*needed, *(("trial", name) for name in others)]


def notebooks_of_graph(settings: Settings) -> list[Output]:
    """Return every notebook that a run of an experiment executes, those that another one needs before it."""
    found: dict[Path, Output] = {}

    def add(rule: str, seed: int, variant: str, **intervention) -> Path:
        row = settings.but(seed=seed, variant=variant, **intervention).of_row()
        path = notebook_of(rule, row)
        if path not in found:
            made_before = tuple(add(one, seed, name) for one, name in needs(rule, row))
            found[path] = Output(rule, row, path, made_before)
        return path

    def add_all(rule: str, variant: str, **intervention) -> list[Path]:
        return [add(rule, seed, variant, **intervention) for seed in settings.seeds]

    replies = [path for name in settings.variants for path in add_all("evaluate", name)]
    trials = [path for name in settings.trials if name in settings.variants for path in add_all("trial", name)]
    changed = [path for one in interventions(settings).values() for path in add_all("intervene", **one)]
    analyze = settings.folder() / "analyze.ipynb"
    return [*found.values(), Output("analyze", settings, analyze, (*replies, *trials, *changed))]
