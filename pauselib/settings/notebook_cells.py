"""The parameters cells of the notebooks, written from the settings: `python -m pauselib.settings.notebook_cells`."""

import json

import nbformat

from pauselib.declared import EVERY_NOTEBOOK
from pauselib.located import ROOT
from pauselib.settings import Settings, settings_of_notebook

SOURCES = ("experiment", "model", "dataset", "task", "seed")
EVERYDAY = {
    "inject": ("strategy", "n_random_pauses", "n_copies", "n_train", "n_test", *SOURCES),
    "warmup": ("variant", "learning_rate", "max_steps", "batch_size", "lora_r", *SOURCES),
    "evaluate": ("variant", "max_pauses", "forced_pauses", "forced_at", "draw_pauses", "max_new_tokens", *SOURCES),
    "trial": ("variant", "trial_sites", "trial_contents", "trial_doses", "n_trial", *SOURCES),
    "analyze": ("experiment", "variants", "seeds", "trials", "interventions"),
}
"""What one comes to a notebook for. Its other settings stand below; a notebook that is not here has few."""


def parameters_cell(notebook: str) -> str:
    """Return the source of a notebook's parameters cell: a line a setting, with its type, default and meaning."""
    names = settings_of_notebook(notebook)
    everyday = EVERYDAY.get(notebook, names)
    advanced = [name for name in names if name not in everyday]
    lines = [*map(parameter_line, everyday), "# advanced" if advanced else "", *map(parameter_line, advanced)]
    return "\n".join(lines).strip()


def parameter_line(name: str) -> str:
    """Return a setting as a line of Python."""
    declared = Settings.model_fields[name]
    value = list(declared.default) if isinstance(declared.default, tuple) else declared.default
    text = json.dumps(value) if isinstance(value, str | list) else repr(value)
    return f"{name}: {type(value).__name__} = {text}  # {declared.description}"


def write_cells() -> None:
    """Write the parameters cell of every notebook that has settings."""
    for notebook in EVERY_NOTEBOOK:
        path = ROOT / "notebooks" / f"{notebook}.ipynb"
        content = nbformat.read(path, as_version=4)
        (cell,) = [cell for cell in content.cells if "parameters" in cell.metadata.get("tags", [])]
        cell.source = parameters_cell(notebook)
        path.write_text(nbformat.writes(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_cells()
