"""Speed, side by side with the plain alternative, in one run. See `benchmarks/__main__.py`."""

import time
from collections.abc import Callable


def fastest(work: Callable, tries: int = 3) -> float:
    """Return the seconds of the fastest of some tries, as the processor counts them: other jobs hardly change that."""
    spent = []
    for _ in range(tries):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def row(what: str, ours: float, plain: float, beside: str, goal: str) -> dict[str, str]:
    """Return a line of the table: how many times as fast this package is as the plain alternative."""
    seconds = {"this package": f"{ours:.2f} s", "the plain way": f"{plain:.2f} s"}
    return {"what": what, **seconds, "ratio": f"{plain / ours:.2f}", "beside": beside, "goal": goal}


def growth(what: str, values: dict[str, float]) -> dict[str, str]:
    """Return a line of the second table: how the cost grows, relative to the first value."""
    first = next(iter(values.values()))
    grows = ", ".join(f"{name}: {value / first:.2f}" for name, value in values.items())
    return {"what": what, "cost relative to the first": grows}
