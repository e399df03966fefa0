"""`python -m pauselib.workflow`, which `make run` runs: see `pauselib.workflow.command`."""

import sys

from pauselib.workflow.interrupts import end_at_once

if __name__ == "__main__":
    end_at_once()  # also while the rest is imported
    from pauselib.workflow.command import main

    sys.exit(main(*sys.argv[1:]))
