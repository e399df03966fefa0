"""How far a long piece of work is: one line, updated in place, of which an executed notebook keeps the last state.
Where nobody sees a line change, in a log or behind papermill, it is a new line a minute.
"""

import contextlib
import sys
import threading
import time

FIRST_AFTER, THEN_EVERY, LOG_EVERY = 1.0, 0.5, 60.0  # seconds: before a line, between updates, between a log's lines


def shell():
    """Return the shell of the notebook that this code runs in, where an output can be replaced in place, or None."""
    found = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return found if hasattr(found, "kernel") else None


def in_notebook() -> bool:
    """Return whether this code runs in a notebook's kernel."""
    return shell() is not None


def log():
    """Return the stream whose readers see each line once, or None: where standard error is no terminal that is it, in a
    notebook it is that of the kernel's own log, which papermill's terminal or log shows.
    """
    if not in_notebook():
        return None if sys.stderr.isatty() else sys.stderr
    handlers = getattr(getattr(getattr(shell(), "kernel", None), "log", None), "handlers", ())
    return next((handler.stream for handler in handlers if hasattr(handler, "stream")), None)


class Line:
    """A line of text that takes the place of the one before: in a notebook's output, or in the terminal."""

    def __init__(self):
        self.shown = self.ended = False
        self.handle = None  # of the notebook's output
        self.log_from = 0.0  # no line in a log before this time, in seconds of time.monotonic

    def show(self, text: str, last: bool = False) -> None:
        """Put a text in place of the one before. The last one stays: what comes next begins below it."""
        if self.ended:
            return
        self.shown, self.ended, now, stream = True, last, time.monotonic(), log()
        if in_notebook():
            self.replace_output({"text/plain": text})
        elif stream is None:
            print(f"\r{text:<100}", end="\n" if last else "", file=sys.stderr, flush=True)
        if stream is not None and (last or now >= self.log_from):
            self.log_from = now + LOG_EVERY
            print(text, file=stream, flush=True)

    def replace_output(self, data: dict) -> None:
        """Show data as an output of the notebook's cell, in place of those before."""
        from IPython.display import display

        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)


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
        if line.shown:
            line.show(f"{what}: {time.monotonic() - started:.0f} s", last=True)
        _may_tell.release()


TELL_AFTER = 2.0  # seconds before `working` shows its line
_may_tell = threading.Lock()  # held by the outermost block of `working`


class Progress:
    """A line that says how much of a piece of work is done. Nothing is shown for work that ends within a second, unless
    it is told how much was `done` before: then the line is there at once, and says which one is next.

    >>> progress = Progress("replies", total=500)
    >>> progress.update(120, "9 tokens each")        # replies 120 of 500 (24%), 3 s, 9 s to go; 9 tokens each
    """

    latest = None  # how far the last work that has shown its progress is; None where it has ended

    def __init__(self, what: str, total: int, done: int | None = None):
        self.what, self.total, self.before = what, total, done or 0
        self.started = self.shown_at = time.monotonic()
        self.line = Line()
        if done is not None:
            self.line.show(f"{what} {done + 1:,} of {total:,}")

    def update(self, done: int, text: str = "") -> None:
        """Show that `done` of all are done, with a text behind it, unless it was shown just before. The line ends with
        the last of them.
        """
        now, how_far = time.monotonic(), f"{self.what} {done:,} of {self.total:,}"
        Progress.latest = how_far if done < self.total else None
        too_soon = now - self.shown_at < (THEN_EVERY if self.line.shown else FIRST_AFTER)
        if too_soon if done < self.total else not self.line.shown:
            return
        self.shown_at, spent = now, now - self.started
        line = f"{how_far} ({done / max(self.total, 1):.0%}), {spent:.0f} s"
        if self.before < done < self.total:
            line += f", {spent / (done - self.before) * (self.total - done):.0f} s to go"
        self.line.show(f"{line}; {text}" if text else line, last=done >= self.total)


def explain_interrupts() -> None:
    """Let this notebook say in one sentence where a cell was interrupted, without a traceback; it ends all the same."""

    def stopped(shell, kind, error, traceback, tb_offset=None) -> None:
        where, Progress.latest = f" at {Progress.latest}" if Progress.latest else "", None
        sentence = f"Stopped{where}. What is finished is kept: run this cell again, it goes on."
        error._render_traceback_ = lambda: [sentence]
        shell.showtraceback((kind, error, traceback))

    if in_notebook():
        shell().set_custom_exc((KeyboardInterrupt,), stopped)
