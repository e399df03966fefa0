"""Whether a step would keep what is there, make it now, or refuse, without doing it."""

from datetime import datetime

from pauselib import runs
from pauselib.artifacts import Part, parts_of
from pauselib.settings import Settings

REFUSED = "will be refused"
DOES = {  # what the step of a notebook does
    "inject": "put pauses into the answers",
    "warmup": "train",
    "evaluate": "answer the test problems",
    "trial": "try insertions",
}


def will_do(settings: Settings, step: str) -> str:
    """What the notebook of a `step` of DOES will do with a variant, in words.

    It keeps what was made from the same; it refuses, as `runs.make_once` does, where something was made from other
    settings and may not be overwritten; else it makes what is missing.
    """
    try:
        return from_parts(settings, step, list(parts_of(settings.of_row(), step)))
    except FileNotFoundError:  # it took the place of another one just now
        return "is being made by another process"


def from_parts(settings: Settings, step: str, needed: list[Part]) -> str:
    """What a step will do with its parts, the last of which is its own, in words."""
    last = needed[-1]
    for part in needed:
        changed = part.changes()
        if changed and not settings.overwrite:
            made_with = f"its {part.what}, made with {changed}"
            return f"{REFUSED} because of {made_with}: choose another experiment, or say overwrite=True"
    unmade = list(dict.fromkeys(part.what for part in needed if not is_kept(part)))
    if not unmade:
        made = datetime.fromtimestamp((last.folder / runs.MANIFEST).stat().st_mtime)
        return f"kept, made on {made:%Y-%m-%d at %H:%M}"
    before = [what for what in unmade if what != last.what]
    first = f", after making its {', '.join(before)}" if before else ""
    return f"will {DOES[step]}{first}"


def is_kept(part: Part) -> bool:
    """Whether a part is there, made with the settings of now, and belongs to what it was made from."""
    return runs.manifest(part.folder) is not None and not part.changes() and runs.why_stale(part.folder) is None
