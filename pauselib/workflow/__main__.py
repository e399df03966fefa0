"""`python -m pauselib.workflow`, which `make run` runs: see `pauselib.workflow.command`."""

import os
import signal
import sys
from contextlib import suppress

import psutil


def stop(number: int, frame) -> None:
    """End what this process began and then itself, at once: every step may be killed at any moment."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.kill()
    os.write(2, b"\nStopped. What is finished is kept: the same command goes on from there.\n")
    os._exit(128 + number)


def stop_at_signals() -> None:
    """Call `stop` at Ctrl-C and at a request to terminate."""
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    stop_at_signals()  # also while the rest is imported
    from pauselib.workflow.command import main

    sys.exit(main(*sys.argv[1:]))
