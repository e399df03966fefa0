"""How far a long piece of work is: one line, updated in place. An executed notebook keeps its last state alone."""

import contextlib
import sys
import threading
import time

FIRST_AFTER, THEN_EVERY = 1.0, 0.5  # seconds before the line is shown at all, and between two updates of it


def in_notebook() -> bool:
    """Return whether this code runs in a notebook's kernel, where an output can be replaced in place."""
    kernel = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(kernel, "kernel")


class Line:
    """A line of text that takes the place of the one before: in a notebook's output, or in the terminal."""

    def __init__(self):
        self.handle = None  # nothing is shown yet
        self.ended = False

    def show(self, line: str) -> None:
        """Put a line in place of the last one."""
        if self.ended:
            return
        if not in_notebook():
            self.handle = True
            print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)
            return
        from IPython.display import display

        data = {"text/plain": line}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)

    def end(self) -> None:
        """Leave the line as it is: in the terminal, what comes next begins below it."""
        if self.handle and not self.ended and not in_notebook():
            print(file=sys.stderr, flush=True)
        self.ended = True


@contextlib.contextmanager
def working(what: str):
    """Say for how long the block has been running, in one line, as it can't say how far it is.

    Nothing is shown for a block that ends within two seconds, nor for one within another such block.

    >>> with working("importing transformers"):    # importing transformers, 3 s so far
    ...     import transformers
    """
    if not _may_tell.acquire(blocking=False):
        yield
        return
    line, done, started = Line(), threading.Event(), time.monotonic()

    def tell() -> None:
        wait = TELL_AFTER
        while not done.wait(wait):
            line.show(f"{what}, {time.monotonic() - started:.0f} s so far")
            wait = THEN_EVERY

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        if line.handle:
            line.show(f"{what}: {time.monotonic() - started:.0f} s")
            line.end()
        _may_tell.release()


TELL_AFTER = 2.0  # seconds before `working` shows its line
_may_tell = threading.Lock()  # held by the outermost block of `working`


class Progress:
    """A line that says how much of a piece of work is done. Nothing is shown for work that ends within a second.

    >>> progress = Progress("replies", total=500)
    >>> progress.update(120, "9 tokens each")        # replies 120 of 500 (24 %), 3 s, 9 s to go; 9 tokens each
    """

    def __init__(self, what: str, total: int):
        self.what, self.total = what, total
        self.started = self.shown_at = time.monotonic()
        self.line = Line()

    def update(self, done: int, text: str = "") -> None:
        """Show that `done` of all are done, with a text behind it, unless it was shown just before. The line ends with
        the last of them.
        """
        now = time.monotonic()
        too_soon = now - self.shown_at < (THEN_EVERY if self.line.handle else FIRST_AFTER)
        if too_soon if done < self.total else self.line.handle is None:
            return
        self.shown_at, spent = now, now - self.started
        line = f"{self.what} {done:,} of {self.total:,} ({done / max(self.total, 1):.0%}), {spent:.0f} s"
        if 0 < done < self.total:
            line += f", {spent / done * (self.total - done):.0f} s to go"
        self.line.show(f"{line}; {text}" if text else line)
        if done >= self.total:
            self.line.end()
