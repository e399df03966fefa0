"""How far a long piece of work is: one line, updated in place. An executed notebook keeps its last state alone."""

import sys
import time

FIRST_AFTER, THEN_EVERY = 1.0, 0.5  # seconds before the line is shown at all, and between two updates of it


def in_notebook() -> bool:
    """Return whether this code runs in a notebook's kernel, where an output can be replaced in place."""
    kernel = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(kernel, "kernel")


class Progress:
    """A line that says how much of a piece of work is done. Nothing is shown for work that ends within a second.

    >>> progress = Progress("replies", total=500)
    >>> progress.update(120, "9 tokens each")        # replies 120 of 500 (24 %), 3 s, 9 s to go; 9 tokens each
    """

    def __init__(self, what: str, total: int):
        self.what, self.total = what, total
        self.started = self.shown_at = time.monotonic()
        self.handle = None

    def update(self, done: int, text: str = "") -> None:
        """Show that `done` of all are done, with a text behind it, unless it was shown just before."""
        now = time.monotonic()
        too_soon = now - self.shown_at < (THEN_EVERY if self.handle else FIRST_AFTER)
        if too_soon if done < self.total else self.handle is None:
            return
        self.shown_at, spent = now, now - self.started
        line = f"{self.what} {done:,} of {self.total:,} ({done / max(self.total, 1):.0%}), {spent:.0f} s"
        if 0 < done < self.total:
            line += f", {spent / done * (self.total - done):.0f} s to go"
        self.show(f"{line}; {text}" if text else line)

    def show(self, line: str) -> None:
        """Put a line in place of the last one: in a notebook's output, or in the terminal."""
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
