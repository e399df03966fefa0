"""What the replies of an experiment say: tables from what is on disk, statistics, comparisons, verdicts, reasons, places."""
