"""What an experiment says: tables of what is on disk, statistics, comparisons, verdicts, places, the audit."""
