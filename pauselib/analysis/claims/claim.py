"""A line about one claim of the plan: its estimate, its verdict by the rule of `verdicts`, and a reading in words."""

import math
from collections.abc import Callable

from pauselib.analysis.claims.plan import Plan
from pauselib.analysis.claims.verdicts import judge, plain
from pauselib.analysis.tables.comparisons import trained_head
from pauselib.variants import VARIANTS

COLUMNS = [
    "claim", "says", "verdict", "what", "estimate", "low", "high", "margin",
    "unit", "doubt", "beyond_below", "equivalent_above", "detectable",
]  # fmt: skip
NO_ESTIMATE = (math.nan, math.nan, math.nan)


def takeaway(
    plan: Plan,
    name: str,
    what: str,
    reading: str,
    estimate=NO_ESTIMATE,
    null: float = 0.0,
    detectable: float = math.nan,
    doubt: str = "",
    doubt_of_none: str = "",
    unit: Callable[[float], str] = plain,
) -> dict:
    """A line of the table of takeaways, about the claim that the plan calls `name`, judged by its margin.

    `estimate` is the estimate with the ends of its interval, `null` the value of no effect, `unit` writes a margin in
    words. What makes the verdict undecided whatever the interval says is a `doubt`, see `verdicts.judge`.
    """
    value, low, high = estimate
    claim = plan.claims[name]
    found = judge(low, high, plan.margin(name), null, doubt, doubt_of_none)
    return {
        "claim": claim.claim,
        "says": claim.says,
        "verdict": found.verdict,
        "what": what,
        "estimate": value,
        "low": low,
        "high": high,
        "margin": found.margin,
        "beyond_below": found.beyond,
        "equivalent_above": found.within,
        "detectable": detectable,
        "unit": "" if unit is plain else unit(1.0).split()[-1],
        "doubt": found.doubt or (reading if math.isnan(value) else ""),
    }


def seeds_in_words(seeds: int) -> str:
    """What a verdict from so many seeds is about, in a sentence."""
    if seeds == 1:
        return "One seed, so this is about these trained models, not about training."
    return f"{seeds} seeds."


def signed(value: float, decimals: int) -> str:
    """A number with its sign and so many decimals; one too small for them has its first digit, as in `-0.02`."""
    if abs(value) < 1e-9:
        return f"{0:.{decimals}f}"
    return f"{value:+.1g}" if abs(value) < 0.5 * 10**-decimals else f"{value:+.{decimals}f}"


def points(share: float) -> str:
    """A share as percentage points with their sign."""
    return signed(100 * share, 1)


def apart(share: float, more: str, less: str) -> str:
    """A difference in percentage points, without its sign, and which of two words it is."""
    return f"{points(share).lstrip('+-')} points {less if share < 0 else more}"


def margin_in_points(share: float) -> str:
    """A margin of a share in percentage points."""
    return f"{100 * share:.1f} points"


def listed(names: list[str]) -> str:
    """Some names in words: three of them, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def published_heads(names: list[str]) -> list[str]:
    """Those of the rows that are published ones and have a trained pause head."""
    return trained_head([name for name in names if name in VARIANTS])
