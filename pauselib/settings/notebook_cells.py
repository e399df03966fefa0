"""The parameters cells of the notebooks, written from the settings: `python -m pauselib.settings.notebook_cells`."""

import json

import nbformat

from pauselib.declared import EVERY_NOTEBOOK
from pauselib.settings import ROOT, Settings, settings_of_notebook


def parameters_cell(notebook: str) -> str:
    """Return the source of a notebook's parameters cell: a line a setting, with its default and its meaning."""
    return "\n".join(parameter_line(name) for name in settings_of_notebook(notebook))


def parameter_line(name: str) -> str:
    """Return a setting as a line of Python."""
    declared = Settings.model_fields[name]
    value = list(declared.default) if isinstance(declared.default, tuple) else declared.default
    shown = json.dumps(value) if isinstance(value, str | list) else repr(value)
    return f"{name} = {shown}  # {declared.description}"


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
