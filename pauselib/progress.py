"""How far a long piece of work is: one line, updated in place. An executed notebook keeps its last state, as one
output.
"""

import sys
import time


class Progress:
    """`update(done, text)` rewrites the line, at most twice a second; it shows nothing for work that ends within a
    second.

    >>> progress = Progress("replies", total=500)
    >>> progress.update(120, "9 tokens each")        # replies 120 of 500 (24 %), 3 s, 9 s to go; 9 tokens each
    """

    def __init__(self, what: str, total: int):
        self.what, self.total = what, total
        self.started = self.shown_at = time.monotonic()
        self.handle = None

    def update(self, done: int, text: str = "") -> None:
        now = time.monotonic()
        if done < self.total and now - self.shown_at < (0.5 if self.handle else 1):
            return
        if done >= self.total and self.handle is None:
            return
        self.shown_at, spent = now, now - self.started
        left = f", {spent / done * (self.total - done):.0f} s to go" if 0 < done < self.total else ""
        self.show(
            f"{self.what} {done:,} of {self.total:,} ({done / max(self.total, 1):.0%}), {spent:.0f} s{left}"
            + (f"; {text}" if text else "")
        )

    def show(self, line: str) -> None:
        if "ipykernel" not in sys.modules:
            self.handle = True
            print(f"\r{line:<100}", end="", file=sys.stderr, flush=True)
            return
        from IPython.display import display

        data = {"text/plain": line}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)
