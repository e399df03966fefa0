"""What the notebooks show that can be used: what is finished under runs/ and what comes next, a picker of variants, a
variant that can be asked, a browser of the stored replies, and two rows compared.

In a notebook:

    from pauselib import explorer

    explorer.overview(settings)
    explorer.ask(settings)
    explorer.browse(settings)
    explorer.compare(settings)
    explorer.finished(settings)
    explorer.next_command(settings)
    picked = explorer.pick(settings, "warmup")
    print(explorer.will_do(settings, "inject"))
"""

import importlib

__all__ = ["ask", "browse", "compare", "finished", "next_command", "overview", "pick", "will_do"]


def __getattr__(name: str):
    """The functions of `pauselib.explorer.notebook`, imported when the first of them is used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("pauselib.explorer.notebook"), name)
