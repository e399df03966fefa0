"""Where the time of a finished `make run` went, by the times that Snakemake kept."""

from pathlib import Path

import pandas as pd


def read_times(folder: Path) -> pd.DataFrame:
    """Return the jobs of a run: `step`, `seconds`, and when each `ended`, in seconds since 1970."""
    files = sorted(folder.glob("times/**/*.tsv"))
    return pd.DataFrame(
        {
            "step": [file.stem.split(".")[-1] for file in files],
            "seconds": [pd.read_csv(file, sep="\t")["s"].iloc[0] for file in files],
            "ended": [file.stat().st_mtime for file in files],
        }
    )


def describe(folder: Path) -> str:
    """Return a table of the steps of a run, and how long it took from the first job's start to the last one's end."""
    jobs = read_times(folder)
    if jobs.empty:
        return f"No times under {folder}: after `make run`, this says where they went."
    steps = jobs.groupby("step")["seconds"].agg(jobs="count", total="sum", longest="max")
    table = steps.sort_values("total", ascending=False).round(0).astype(int).to_markdown()
    minutes = (jobs["ended"].max() - (jobs["ended"] - jobs["seconds"]).min()) / 60
    return f"Seconds of the steps of {folder}, which took {minutes:.1f} minutes in all:\n\n{table}"
