"""Which rows there are under runs/, what of them is finished, and the picker of the one that is made next."""

import functools
import itertools
import re
from html import escape
from types import SimpleNamespace

import pandas as pd
from IPython.display import display
from ipywidgets import HTML, Checkbox, Dropdown, VBox

from pauselib.analysis.tables.record import whole
from pauselib.artifacts import artifacts_of, check_possible, why_unfinished
from pauselib.declared import NAME
from pauselib.errors import InputError
from pauselib.explorer.looks import as_html, can_use_widgets, control, in_lines, usable
from pauselib.figures.tables import table_html
from pauselib.files import read_json
from pauselib.manifests import MANIFEST, manifest
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP, PARTS, VARIANTS, Variant, parse

DOES = {"inject": "put pauses in", "warmup": "train", "evaluate": "answer the test problems", "trial": "try insertions"}
BELOW = "The cells below take it (Run > Run Selected Cell and All Below)."
TICK = "Tick at least one part: a variant that trains nothing is the model that it starts from."
NOTHING = "<p>Nothing is finished yet. <code>make run</code> makes a whole experiment, evaluate.ipynb one variant.</p>"
NO_WEIGHTS = "<p>The models of these replies are not stored: <code>make run</code> or warmup.ipynb makes some.</p>"


def stored_rows(settings: Settings) -> list[Settings]:
    """Return every row below `runs_dir` whose model was trained, with the settings of its experiment.

    Those of the experiment and seed of `settings` come first, each seed in the order of the table. Other folders, such
    as seed-42-backup or tiny (copy), are passed over, and in a sentence rows whose settings can't be used.
    """
    found, order, root = [], list(VARIANTS), settings.folder().parent
    for path in root.glob(f"*/seed-*/*/model/{MANIFEST}"):
        experiment, seed, variant = path.relative_to(root).parts[:3]
        published = variant.partition("@")[0]  # behind it a row may have a strategy
        if published in VARIANTS and re.fullmatch(NAME, experiment) and re.fullmatch(r"seed-(0|[1-9]\d*)", seed):
            seed = int(seed.removeprefix("seed-"))
            is_other = experiment != settings.experiment, (experiment, seed) != (settings.experiment, settings.seed)
            found.append((*is_other, experiment, seed, order.index(published), variant))
    of_experiment, rows, refused = functools.cache(lambda name: whole(settings.but(experiment=name))), [], {}
    for *_, name, seed, _, variant in sorted(found):
        try:
            rows.append(of_experiment(name).but(seed=seed, variant=variant))
        except InputError as error:
            refused[f"Passed over in {name}: {error}\n"] = None
    print(*refused, sep="", end="")
    return rows


def has_weights(row: Settings) -> bool:
    """Return whether a row's model is there to be loaded."""
    return (row.variant_folder() / "model" / "config.json").exists()


def labelled(rows: list[Settings]) -> list[tuple[str, Settings]]:
    """Return rows behind what tells them apart: the variants, with experiment and seed where there are several."""
    is_one = len({(row.experiment, row.seed) for row in rows}) == 1
    return [(row.variant if is_one else f"{row.variant} ({row.experiment}, seed {row.seed})", row) for row in rows]


def finished_table(settings: Settings) -> pd.DataFrame:
    """Return what there is below `runs_dir`, one line an experiment and seed: how many models, and how many of these
    have finished replies and trials (`artifacts.why_unfinished`), each with the notebook that makes them; the most
    accurate variant; and its accuracy beside that of the first step's model, which all others start from.
    """
    lines = []
    for (experiment, seed), group in itertools.groupby(stored_rows(settings), lambda row: (row.experiment, row.seed)):
        rows = list(group)
        replied = [row for row in rows if why_unfinished(row, "evaluate") is None]
        accuracy = {row.variant: read_json(row.variant_folder() / "metrics.json")["accuracy"] for row in replied}
        best = max(accuracy, key=accuracy.get, default=None)
        lines.append(
            {
                "experiment": experiment,
                "seed": seed,
                "models (warmup)": sum(map(has_weights, rows)),
                "replies (evaluate)": len(replied),
                "trials (trial)": sum(why_unfinished(row, "trial") is None for row in rows),
                "report (analyze)": "yes" if (rows[0].folder() / "report.html").exists() else "–",
                "most accurate": best or "–",
                "accuracy": accuracy.get(best),
                "first step": accuracy.get(FIRST_STEP),
            }
        )
    return pd.DataFrame(lines)


def finished(settings: Settings):
    """Return what is finished below `runs_dir`, and which notebook made it, for a notebook to show."""
    table = finished_table(settings)
    return as_html(NOTHING if table.empty else table_html(table))


def will_do(settings: Settings, step: str) -> str:
    """Return what the notebook of a `step` of DOES will do with a variant, in words: keep, make or refuse."""
    settings = settings.of_row()
    try:
        check_possible(settings, step)
        if why_unfinished(settings, step, of_sources=True) is None:
            return "finished, and kept as it is"
    except InputError as error:
        return f"will be refused: {error}"
    *before, _ = artifacts_of(settings, step)
    missing = [part.what for part in before if manifest(part.folder) is None]
    return f"will {DOES[step]}{', after making its ' if missing else ''}{', '.join(missing)}"


class Picker(VBox):
    """Checkboxes of what is trained, and the variant's name; each follows the other. `settings` are those picked."""

    def __init__(self, settings: Settings, step: str):
        """`step` is the notebook's, one of DOES."""
        self.settings, self.step, self.following = settings, step, False
        names = list(dict.fromkeys([*VARIANTS, settings.variant]))
        self.name = control(Dropdown, "Variant", options=names, value=settings.variant)
        words = {name: name.replace("_", " ").replace("lm ", "LM ").replace("lora", "LoRA") for name in PARTS}
        layout = {"width": "max-content", "margin": "2px 1.5em 2px 0"}
        self.boxes = {name: Checkbox(description=words[name], indent=False, layout=layout) for name in PARTS}
        self.status = HTML()
        super().__init__([in_lines(*self.boxes.values()), self.name, self.status])
        self.choose_name()
        self.name.observe(self.choose_name, "value")
        for name, box in self.boxes.items():
            box.observe(lambda change, name=name: self.tick(name, change["new"]), "value")

    def choose_name(self, _=None) -> None:
        """Take the variant with the chosen name, tick what it trains, and say what will be done with it."""
        self.settings = self.settings.but(variant=self.name.value)
        self.following = True
        for name, box in self.boxes.items():
            box.value = getattr(parse(self.name.value), name)
        self.following = False
        self.status.value = f"<p><b>{self.name.value}</b>: {escape(will_do(self.settings, self.step))}. {BELOW}</p>"

    def tick(self, part: str, is_ticked: bool) -> None:
        """Take the variant that trains what is ticked; a part that needs another one brings it, and goes with it."""
        if self.following:
            return
        ticked = {name: box.value for name, box in self.boxes.items()}
        for name, needed in ((name, declared["needs"]) for name, declared in PARTS.items() if declared["needs"]):
            ticked[needed] |= part == name and is_ticked
            ticked[name] &= ticked[needed]
        if not any(ticked.values()):
            self.status.value = f'<p role="alert">{TICK}</p>'
            return
        pauses = Variant(**ticked).pauses  # only then a strategy of the row stays
        name = Variant(**ticked, strategy=parse(self.settings.variant).strategy if pauses else None).name
        if name not in self.name.options:
            self.name.options = [*self.name.options, name]
        self.name.value = name
        self.choose_name()


def pick(settings: Settings, step: str):
    """Show a picker of the variant for the notebook of a `step` (`warmup` or `evaluate`), and what the step will do.

    What is returned has the picked `settings`. Without widgets they are the notebook's own.
    """
    if not can_use_widgets():
        display(as_html(f"<p><b>{escape(settings.variant)}</b>: {escape(will_do(settings, step))}.</p>"))
        return SimpleNamespace(settings=settings)
    picker = usable(Picker(settings, step))
    display(picker)
    return picker
