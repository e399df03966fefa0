"""Speed, side by side with the plain alternative, in one run. See `benchmarks/__main__.py`."""

import time
from collections.abc import Callable


def cpu_seconds(work: Callable) -> float:
    """Return the processor time that some work takes in this process: other jobs change it less than the clock's."""
    started = time.process_time()
    work()
    return time.process_time() - started


def fastest(work: Callable, tries: int = 3) -> float:
    """Return the processor time of the fastest of some tries."""
    return min(cpu_seconds(work) for _ in range(tries))


def fastest_of_both(ours: Callable, plain: Callable, measure: Callable = cpu_seconds, tries: int = 2) -> tuple:
    """Return the seconds of two works, each the fastest of some tries, which take turns so that other jobs slow both.

    `measure` runs a work and returns its seconds.
    """
    spent = [(measure(ours), measure(plain)) for _ in range(tries)]
    return min(one for one, _ in spent), min(other for _, other in spent)


def row(what: str, ours: float, plain: float, beside: str, goal: str) -> dict[str, str]:
    """Return a line of the table: how many times as fast this package is as the plain alternative."""
    return {"what": what, "times as fast": f"{plain / ours:.2f}", "beside": beside, "goal": goal}


def growth(what: str, values: dict[str, float]) -> dict[str, str]:
    """Return a line of the second table: how the cost grows, relative to the first value."""
    first = next(iter(values.values()))
    grows = ", ".join(f"{name}: {value / first:.2f}" for name, value in values.items())
    return {"what": what, "cost relative to the first": grows}
