"""Numbers of the published tables, as they are said in README.md and in the pages of results."""

import pandas as pd
from conftest import ROOT

from pauselib.variants import FIRST_STEP

DOCS = ROOT / "docs"
DASH = "–"  # what isn't there


def table(name: str, **where) -> pd.DataFrame:
    """The lines of a published table that have these values."""
    found = pd.read_csv(DOCS / f"{name}.csv")
    for column, value in where.items():
        found = found[found[column] == value]
    return found


def line(name: str, **where) -> pd.Series:
    """The only such line."""
    (found,) = [row for _, row in table(name, **where).iterrows()]
    return found


def signed(value: float, decimals: int) -> str:
    """A number with its sign; 0 has none."""
    rounded = round(float(value), decimals) + 0.0
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def interval(row: pd.Series, column: str = "estimate", scale: int = 1, decimals: int = 2) -> str:
    """An estimate with its interval, such as `-0.14 (-0.21 to -0.07)`; a dash where there is none."""
    if pd.isna(row["low"]):
        return DASH
    value, low, high = (signed(scale * row[name], decimals) for name in (column, "low", "high"))
    return f"{value} ({low} to {high})"


def points(row: pd.Series, column: str = "difference") -> str:
    """A difference of shares in points, with its interval."""
    return interval(row, column, 100, 1)


def against_matched(folder: str, variant: str) -> str:
    """How many points a variant is ahead of as much training without pauses; a dash where it isn't compared."""
    found = table(f"{folder}/tables/against_matched", variant=variant)
    return points(found.iloc[0]) if len(found) else DASH


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def contrast(folder: str, name: str, measure: str = "likelihood") -> str:
    """A contrast of the insertion trial of sft_peft: in nats, or for `correct` in points."""
    row = line(f"{folder}/tables/trial_sft_peft_{measure}", contrast=name)
    return interval(row) if measure == "likelihood" else interval(row, "estimate", 100, 1)


def gain(folder: str, variant: str, site: str, content: str, dose: int) -> str:
    """What something that is put into gold answers does to hard results, in nats against nothing put in."""
    where = {"variant": variant, "site": site, "content": content, "dose": dose}
    return interval(line(f"{folder}/tables/trials_gains", **where))


def cells(*values) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(map(str, values))} |"


def real_rows() -> list[str]:
    """The rows of the registered experiment over its three seeds."""
    return [
        cells(
            f"`{row.variant}`", percent(row.accuracy), f"{row.pauses_mean:.1f}", percent(row.truncated_rate),
            against_matched("smollm2", row.variant),
        )
        for row in table("smollm2/tables/over_seeds").itertuples()
    ]  # fmt: skip


def real_trial() -> list[str]:
    """What was put before the calculation of hard results, in three models."""
    models = ("sft_peft", "baseline_matched", "baseline_1_epoch")
    return [
        cells(f"{dose} {said}{'s' * (dose > 1)}", *(gain("smollm2", model, "step", content, dose) for model in models))
        for content, said in (("pauses", "pause"), ("masked", "masked pause"))
        for dose in (1, 4)
    ]


def table_rows() -> list[str]:
    """The rows of the whole table on the real model."""
    return [
        cells(
            f"`{row.variant}`", percent(row.accuracy), percent(row.step_accuracy), f"{row.pauses_mean:.1f}",
            percent(row.truncated_rate), against_matched("smollm2-table", row.variant),
        )
        for row in table("smollm2-table/results").itertuples()
    ]  # fmt: skip


def curve_rows() -> list[str]:
    """Where the curves of pauses end."""
    ends = table("smollm2-curve/tables/curve_ends")
    return [
        cells(f"`{name}`", *(interval(row, "last_gain") for _, row in rows.sort_values(["site", "dose"]).iterrows()))
        for name, rows in ends.groupby("variant", sort=False)
    ]


def default_rows() -> list[str]:
    """The rows of the embedded default on two processors."""
    mine, other = (table(f"tiny/{machine}/results").set_index("variant") for machine in ("epyc", "xeon"))
    return [
        cells(
            f"`{name}`", percent(mine.accuracy[name]), percent(other.accuracy[name]),
            against_matched("tiny/epyc", name), against_matched("tiny/xeon", name),
            f"{mine.pauses_mean[name]:.1f}", f"{other.pauses_mean[name]:.1f}",
        )
        for name in mine.index
    ]  # fmt: skip


def processors_rows() -> list[str]:
    """How far the same rows are apart on two processors."""
    results = [table(f"tiny/{machine}/results").set_index("variant").accuracy for machine in ("epyc", "xeon")]
    return [
        *(cells(f"accuracy of `{name}`, %", *(percent(one[name]) for one in results)) for name in (FIRST_STEP, "sft")),
        cells(
            "`sft_peft` less `baseline_matched`, points",
            *(against_matched(f"tiny/{machine}", "sft_peft") for machine in ("epyc", "xeon")),
        ),
    ]


def trial_rows() -> list[str]:
    """The contrasts that decide in the default's insertion trial, on two processors."""
    said = {"above nothing": "less nothing", "beyond masked": "less masked pauses, beyond matched training"}
    said["control"] = "the result itself put in, less nothing"
    return [
        cells(words, *(contrast(f"tiny/{machine}", name) for machine in ("epyc", "xeon")))
        for name, words in said.items()
    ]


def seeds_rows() -> list[str]:
    """The embedded default over three seeds, on two processors; dashes where a run isn't published."""
    rows = []
    for name in table("tiny-seeds/epyc/tables/over_seeds")["variant"]:
        said = []
        for machine in ("epyc", "xeon"):
            made = (DOCS / "tiny-seeds" / machine / "tables" / "over_seeds.csv").exists()
            row = line(f"tiny-seeds/{machine}/tables/over_seeds", variant=name) if made else None
            said.append(interval(row, "accuracy", 100, 1).replace("+", "") if made else DASH)
            said.append(against_matched(f"tiny-seeds/{machine}", name) if made else DASH)
        rows.append(cells(f"`{name}`", *said))
    return rows


def strategies_rows() -> list[str]:
    """The injection strategies, as they are and with their own pauses forbidden."""
    rows = []
    for row in table("tiny-strategies/epyc/tables/strategies").dropna(subset="strategy").itertuples():
        difference = pd.Series({"d": row.difference, "low": row.difference_low, "high": row.difference_high})
        name = "tiny-strategies/epyc/tables/interventions"
        forbidden = line(name, variant=row.variant, intervention="no pauses of its own")
        rows.append(
            cells(
                f"`{row.strategy}`", percent(row.accuracy), points(difference, "d"), f"{row.pauses_mean:.1f}",
                percent(forbidden.accuracy),
            )
        )  # fmt: skip
    return rows


def interventions_rows() -> list[str]:
    """What interventions do to the default's accuracy, on two processors."""
    mine, other = (table(f"tiny/{machine}/tables/interventions") for machine in ("epyc", "xeon"))
    both = mine.merge(other, on=["variant", "intervention"], suffixes=("", "_other"))
    return [
        cells(f"`{row.variant}`", f"`{row.intervention}`", percent(row.accuracy), percent(row.accuracy_other))
        for row in both.itertuples()
    ]


TABLES = {
    "docs/smollm2/results.md": (real_rows, real_trial),
    "docs/smollm2-table/results.md": (table_rows,),
    "docs/smollm2-curve/results.md": (curve_rows,),
    "docs/results.md": (
        processors_rows,
        seeds_rows,
        default_rows,
        trial_rows,
        interventions_rows,
        strategies_rows,
    ),
}
"""The tables of each page, a function each that gives their lines."""
