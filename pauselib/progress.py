"""How far long work is: in a notebook one output that is updated in place, elsewhere a line every ten seconds."""

import contextlib
import sys
import threading
import time


def in_notebook() -> bool:
    """Return whether this code runs in a notebook's kernel."""
    return hasattr(getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)(), "kernel")


def show(line: str, handle=None):
    """Show a line, in a notebook in place of the output that `handle` is of; return the handle of the output."""
    if not in_notebook():
        print(line, file=sys.stderr, flush=True)
        return None
    from IPython.display import display

    if handle is None:
        return display({"text/plain": line}, raw=True, display_id=True)
    handle.update({"text/plain": line}, raw=True)
    return handle


@contextlib.contextmanager
def working(what: str):
    """Show that the block is running, once it has for two seconds, and at its end for how long."""
    started, shown = time.monotonic(), []
    timer = threading.Timer(2.0, lambda: shown.append(show(f"{what} …")))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for handle in shown:
            show(f"{what}: {time.monotonic() - started:.0f} s", handle)


class Progress:
    """A line that says how much of a piece of work is done; none for work of less than a second.

    >>> Progress("reply", total=500).update(120, "9 tokens each")  # reply 120 of 500, 3 s, 10 s to go; 9 tokens each
    """

    def __init__(self, what: str, total: int, done: int = 0):
        self.what, self.total, self.before, self.handle = what, total, done, None
        self.started = time.monotonic()
        self.next = self.started + 1.0  # no line before this time

    def update(self, done: int, text: str = "") -> None:
        """Show that `done` of all are done, with a text behind it, unless a line was shown just before."""
        now, ends = time.monotonic(), done >= self.total
        if now < self.next and not (ends and self.handle):
            return
        spent = now - self.started
        line = f"{self.what} {done:,} of {self.total:,}, {spent:.0f} s"
        if not ends and done > self.before:
            line += f", {spent / (done - self.before) * (self.total - done):.0f} s to go"
        self.handle = show(f"{line}; {text}" if text else line, self.handle)
        self.next = float("inf") if ends else now + (0.5 if self.handle else 10.0)
