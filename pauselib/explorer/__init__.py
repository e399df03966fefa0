"""The explorer: what is finished under runs/, a variant that can be asked, and a browser of the stored replies,
and two rows compared.

In a notebook:

    from pauselib import explorer

    explorer.overview(settings)
    explorer.ask(settings)
    explorer.browse(settings)
    explorer.compare(settings)
    explorer.finished(settings)
    explorer.next_command(settings)
"""

import importlib

__all__ = ["ask", "browse", "compare", "finished", "next_command", "overview"]


def __getattr__(name: str):
    """The functions of `pauselib.explorer.notebook`, imported when the first of them is used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("pauselib.explorer.notebook"), name)
