"""What Ctrl-C does to a process: it ends it at once and without a word, or Python hears it, to finish what it does."""

import signal


def end_at_once() -> None:
    """Let Ctrl-C end this process without a traceback, for as long as it has begun nothing that has to be finished."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def hear() -> None:
    """Let Python hear Ctrl-C again, as it usually does, but once: another one is for the steps and ends no clean-up."""

    def once(number: int, frame) -> None:
        signal.signal(number, lambda *_: None)
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, once)
