"""Snakemake, as a process that Ctrl-C ends without a word until it begins the first step, as the Snakefile tells it.

python -m pauselib.workflow.snakemake_process --snakefile Snakefile ...
"""

from pauselib.workflow.interrupts import end_at_once

if __name__ == "__main__":
    end_at_once()
    from snakemake.cli import main

    main()
