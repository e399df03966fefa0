"""How a report is cited, in BibTeX."""

import pauselib
from pauselib.report.copies import tex
from pauselib.settings import Settings

SOFTWARE = "pauselib: a research workbook on what pause tokens do to a language model"


def bibtex(settings: Settings, used: dict) -> str:
    """Return the software and the report of an experiment as BibTeX entries.

    `used` are the settings and versions that its files were made with (`loading.settings_used`, with `sources`).
    """
    version = used.get("pauselib", pauselib.__version__)
    about = f"experiment {settings.experiment}: model {used['model']}, problems {used['dataset']}"
    software = [f"title = {{{SOFTWARE}}}", "author = {{The pauselib authors}}", f"version = {{{version}}}"]
    report = [
        f"title = {{Pause tokens: {tex(settings.experiment)}}}",
        f"note = {{Report made by pauselib, {tex(about)}}}",
    ]
    entries = [entry("software", "pauselib", software), entry("misc", f"pauselib-{settings.experiment}", report)]
    return "\n\n".join(entries)


def entry(kind: str, key: str, fields: list[str]) -> str:
    """Return one BibTeX entry, a field a line."""
    return f"@{kind}{{{key},\n  " + ",\n  ".join(fields) + "\n}"
