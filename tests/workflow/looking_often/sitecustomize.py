"""For a Python that finds this first: Snakemake looks at its jobs every second.

Its plugin for Slurm waits up to three minutes, and nothing sets that. Before each look it asks Slurm for how long jobs
are remembered, and where no answer comes within ten seconds it takes to `sacct`, which has none without accounting.
"""

import sys

if "pauselib.workflow" in sys.orig_argv:  # and not the Snakemakes within the jobs
    import snakemake_executor_plugin_slurm as plugin

    plugin.Executor.next_seconds_between_status_checks = property(lambda _: 1, lambda *_: None)
    plugin.get_min_job_age = lambda: 86_400
