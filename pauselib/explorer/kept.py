"""Whether a step would keep what is there, make it now, or refuse, without doing it, and how long it may take."""

from datetime import datetime
from statistics import mean

from pauselib import runs
from pauselib.artifacts import Artifact, artifacts_of
from pauselib.settings import Settings
from pauselib.workflow.durations import rough_duration, seconds_kept

REFUSED = "will be refused"
DOES = {  # what the step of a notebook does
    "inject": "put pauses into the answers",
    "warmup": "train",
    "evaluate": "answer the test problems",
    "trial": "try insertions",
}
MAKES = {  # the step that makes a part, and whose time is known; clean rows take no time of their own
    "injected rows": "inject",
    "first step": "warmup",
    "model": "warmup",
    "replies": "evaluate",
    "trial": "trial",
}


def will_do(settings: Settings, step: str) -> str:
    """What the notebook of a `step` of DOES will do with a variant, in words.

    It keeps what was made from the same; it refuses, as `runs.make_once` does, where something was made from other
    settings and may not be overwritten; else it makes what is missing, which takes about as long as in earlier runs,
    where those of all that is missing are known.
    """
    try:
        return from_parts(settings, step, artifacts_of(settings.of_row(), step))
    except FileNotFoundError:  # it took the place of another one just now
        return "is being made by another process"


def from_parts(settings: Settings, step: str, needed: list[Artifact]) -> str:
    """What a step will do with its parts, the last of which is its own, in words."""
    last = needed[-1]
    for part in needed:
        changed = part.difference()
        if changed and not settings.overwrite:
            made_with = f"its {part.what}, made with {changed}"
            return f"{REFUSED} because of {made_with}: choose another experiment, or say overwrite=True"
    unmade = list(dict.fromkeys(part.what for part in needed if not is_kept(part)))
    if not unmade:
        made = datetime.fromtimestamp((last.folder / runs.MANIFEST).stat().st_mtime)
        return f"kept, made on {made:%Y-%m-%d at %H:%M}"
    seconds = [usual_seconds(settings, MAKES[what]) for what in unmade if what in MAKES]
    told = f", {rough_duration(sum(seconds))}" if seconds and None not in seconds else ""
    before = [what for what in unmade if what != last.what]
    first = f", after making its {', '.join(before)}" if before else ""
    return f"will {DOES[step]}{first}{told}"


def is_kept(part: Artifact) -> bool:
    """Whether a part is there, made with the settings of now, and belongs to what it was made from."""
    return runs.manifest(part.folder) is not None and not part.difference() and runs.why_stale(part.folder) is None


def usual_seconds(settings: Settings, step: str) -> float | None:
    """How long a step took on average in this experiment, as `make run` wrote it down; None where it hasn't."""
    paths = (settings.folder() / "times").glob(f"seed-*/*.{step}.tsv")
    known = [seconds for path in paths if (seconds := seconds_kept(path)) is not None]
    return mean(known) if known else None
