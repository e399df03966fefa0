"""How long something took or will take, in words."""

from pathlib import Path
from statistics import mean


def duration(seconds: float) -> str:
    """How long something took: `44 s`, `3 min 20 s`, `1 h 12 min`."""
    seconds = round(seconds)
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def rough_duration(seconds: float) -> str:
    """How long something will take, as a person would round it: `about 40 s`, `about 9 min`, `about 1 h 10 min`."""
    if seconds < 55:
        return f"about {max(10, round(seconds / 10) * 10)} s"
    minutes = seconds / 60
    if minutes < 19.5:
        return f"about {round(minutes)} min"
    if minutes < 57.5:
        return f"about {round(minutes / 5) * 5} min"
    hours, tens = divmod(round(minutes / 10), 6)
    if hours < 10:
        return f"about {hours} h {tens}0 min" if tens else f"about {hours} h"
    return f"about {round(minutes / 60)} h" if minutes < 48 * 60 else f"about {round(minutes / 1440)} days"


def time_to_go(waiting: list[tuple[str, float]], seconds: dict[str, float], at_once: int) -> str:
    """The time that the waiting steps will take, in words; empty where nothing is known about them.

    `waiting` has the rule of each step and for how many seconds it has been running already; `seconds` has the mean of
    each rule of which something is known; `at_once` steps run at the same time. A step of another rule is taken to last
    as long as the known ones do on average. Where most steps are such, the words are about the known rules alone and
    name them.

    >>> time_to_go([("warmup", 10), ("warmup", 0), ("evaluate", 0)], {"warmup": 40, "evaluate": 20}, at_once=2)
    'about 40 s to go'
    """
    known = [(rule, spent) for rule, spent in waiting if rule in seconds]
    if not known:
        return ""
    typical = mean(seconds[rule] for rule, _ in known)
    tells_all = len(known) >= len(waiting) / 2
    steps = waiting if tells_all else known
    left = sum(max(seconds.get(rule, typical) - spent, 0) for rule, spent in steps)
    words = f"{rough_duration(left / min(at_once, len(steps)))} to go"
    rules = dict.fromkeys(rule for rule, _ in known)
    return words if tells_all else f"{words} for {' and '.join(rules)}"


def seconds_kept(path: Path) -> float | None:
    """How long a step took in an earlier run, as Snakemake's `benchmark` wrote it down; None where it hasn't."""
    lines = path.read_text().splitlines() if path.exists() else []
    if len(lines) < 2:
        return None
    return float(lines[1].split("\t")[lines[0].split("\t").index("s")])
