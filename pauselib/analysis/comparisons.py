"""Tables that compare the variants of an experiment, from its replies: one row a reply, with the columns of `analysis.predictions`.

Unfinished variants are left out; a comparison takes the seeds and problems that both sides have.
"""

import math

import numpy as np
import pandas as pd

from pauselib.analysis.statistics import Comparison, compare, compare_groups, crossed, holm, smallest_difference, wilson
from pauselib.variants import VARIANTS

DIFFERENCES = ["variant", "seeds", "n", "discordant", "difference", "low", "high", "p", "p_holm", "test"]
EFFECTS = [
    "variant",
    "intervention",
    "allowed",
    "n",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "pauses_mean",
    "truncated_rate",
]
PAUSES = [
    "n_correct",
    "n_incorrect",
    "mean_correct",
    "mean_incorrect",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "superiority",
    "truncated_rate",
]
OVER_SEEDS = ["seeds", "n", "accuracy", "low", "high", "se", "se_seeds", "se_problems"]
MEANS = ["pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect", "truncated_rate"]


def finished(replies: pd.DataFrame) -> list[str]:
    """The variants that have replies, in the order of the published table."""
    present = set(replies["variant"].unique())
    return [name for name in VARIANTS if name in present]


def rivals(replies: pd.DataFrame, reference: str) -> list[str]:
    """The finished variants to compare with `reference`: none before it is finished itself."""
    names = finished(replies)
    return [name for name in names if name != reference] if reference in names else []


def trained_head(names: list[str]) -> list[str]:
    """Those of the variants whose pause head was trained: a frozen one pauses up to the limit or never."""
    return [name for name in names if VARIANTS[name].pauses and VARIANTS[name].pause_head]


def aligned(replies: pd.DataFrame, *variants: str, value: str = "correct") -> np.ndarray:
    """A column of several variants as a (variants, seeds, problems) array, of the seeds and problems that all of them have."""
    mine = replies[replies["variant"].isin(variants)]
    table = mine.pivot(index=["variant", "seed"], columns="problem_id", values=value).astype(float)
    whole = [seed for seed, rows in table.groupby(level="seed") if len(rows) == len(set(variants))]
    table = table[table.index.get_level_values("seed").isin(whole)].dropna(axis="columns")
    return np.array([table.loc[name].sort_index().to_numpy() if whole else np.empty((0, 0)) for name in variants])


def grid(replies: pd.DataFrame, variant: str, value: str = "correct") -> np.ndarray:
    """A column of one variant as a (seeds, problems) array, of the problems that all its seeds have. Both in sorted order."""
    return aligned(replies, variant, value=value)[0]


def differences(replies: pd.DataFrame, reference: str) -> pd.DataFrame:
    """How much more accurate than `reference` each other variant is, one row each, none where the reference is not finished.

    `seeds` and `n` problems both have, the share `discordant` of answers that just one gets right, the `difference` in accuracy
    (variant − reference) with its 95 % interval and `p` as `statistics.compare` gives them, `p_holm` corrected over the table.
    """
    rows = []
    for name in rivals(replies, reference):
        a, b = aligned(replies, name, reference)
        found = compare(a, b)
        discordant = float((a != b).mean()) if a.size else math.nan
        rows.append(
            [name, *a.shape, discordant, found.difference, found.low, found.high, found.p, math.nan, found.test]
        )
    table = pd.DataFrame(rows, columns=DIFFERENCES)
    return table.assign(p_holm=holm(table["p"]))


def pauses_by_correctness(replies: pd.DataFrame) -> pd.DataFrame:
    """Pauses of correct and incorrect replies, one row a variant that pauses, its seeds pooled: `variant` and

    `n_correct`, `n_incorrect` replies, their mean pauses `mean_correct`, `mean_incorrect`, the `difference` (incorrect − correct) with its
    95 % bootstrap interval, `p` of a rank test (`p_holm` over the table), `superiority` (how often an incorrect reply pauses more than
    a correct one, ties half) and `truncated_rate`, the share of replies cut at the limit, whose pauses measure the limit. Nan where
    a kind has fewer than two replies. With several seeds a problem has several replies: the bootstrap draws problems, and the rank
    test's variance is clustered by problem.
    """
    rows = []
    for name in filter(lambda name: VARIANTS[name].pauses, finished(replies)):
        mine = replies[replies["variant"] == name]
        correct = mine["correct"].astype(bool)
        right, wrong = mine[correct], mine[~correct]
        clusters = (wrong["problem_id"], right["problem_id"]) if mine["seed"].nunique() > 1 else None
        found = compare_groups(wrong["n_pauses"], right["n_pauses"], clusters)
        counts = [len(right), len(wrong), right["n_pauses"].mean(), wrong["n_pauses"].mean()]
        test = [found.difference, found.low, found.high, found.p, math.nan, found.superiority]
        rows.append([name, *counts, *test, mine["truncated"].mean()])
    table = pd.DataFrame(rows, columns=["variant", *PAUSES])
    return table.assign(p_holm=holm(table["p"]))


def over_seeds(replies: pd.DataFrame) -> pd.DataFrame:
    """One row a variant, all its seeds together: `variant`, the numbers of `seeds` and problems `n`, and

    `accuracy` with its 95 % interval and standard error `se`, of which `se_seeds` and `se_problems` are the parts (`statistics.crossed`);
    `pauses_mean`, `pauses_mean_correct`, `pauses_mean_incorrect` per reply and `truncated_rate`. The interval is Wilson's where there
    is one seed (`se_seeds` is nan) or all replies are alike; else that of `crossed`, within 0 to 1.
    """
    rows = []
    for name in finished(replies):
        mine, correct = replies[replies["variant"] == name], grid(replies, name)
        seeds, n = correct.shape
        found = crossed(correct)
        low, high = max(found.low, 0), min(found.high, 1)
        if seeds == 1 or found.se == 0:
            low, high = wilson(correct[0].sum(), n)
        by_kind = [mine.loc[mine["correct"].astype(bool) == kind, "n_pauses"].mean() for kind in (True, False)]
        accuracy = [found.mean, low, high, found.se, found.se_seeds, found.se_problems]
        rows.append([name, seeds, n, *accuracy, mine["n_pauses"].mean(), *by_kind, mine["truncated"].mean()])
    return pd.DataFrame(rows, columns=["variant", *OVER_SEEDS, *MEANS])


def detectable(replies: pd.DataFrame, reference: str) -> tuple[str, float]:
    """A sentence on, and the value of, the smallest true difference in accuracy between two trained models that these problems can show.

    For a two-sided 5 % paired test with power 80 %, at the median share of discordant answers of the variants with a trained pause
    head against `reference`. Nan where none of them is finished, or no difference could be found.
    """
    pairs = [aligned(replies, name, reference) for name in trained_head(rivals(replies, reference))]
    shares = [(float((a != b).mean()), a.shape[1]) for a, b in pairs if a.size]
    if not shares:
        return (
            f"What these problems can show is not known before {reference} and a variant with a trained pause head are finished.",
            math.nan,
        )
    discordant, n = float(np.median([share for share, _ in shares])), min(n for _, n in shares)
    smallest = smallest_difference(n, discordant)
    basis = f"on {n:,} problems, of which two models answer {discordant:.1%} differently (median of {len(shares)} variants against {reference})"
    if math.isnan(smallest):
        return f"No difference in accuracy is found in 8 of 10 cases {basis}.", smallest
    return (
        f"The smallest true difference in accuracy that is found in 8 of 10 cases is {100 * smallest:.1f} points {basis}.",
        smallest,
    )


def effects(replies: pd.DataFrame, intervened: pd.DataFrame) -> pd.DataFrame:
    """What the interventions do, one row a variant and intervention, before them the variant's plain replies (`none`).
    A variant whose plain replies are not finished has no rows.

    `allowed`: the pauses allowed in a reply where that is all that was changed (plain: infinite), else nan; `n` problems, the `accuracy` with its
    95 % interval (`over_seeds`); the paired `difference` in accuracy to the plain replies with interval, `p` and `p_holm` (over the table);
    `pauses_mean` per reply and `truncated_rate`. `intervened` as `analysis.intervened`.
    """
    rows = []
    for variant, changed in intervened.groupby("variant", sort=False):
        plain = replies[replies["variant"] == variant].assign(intervention="none", max_pauses=math.inf)
        for name, mine in [("none", plain), *changed.groupby("intervention", sort=False)] if len(plain) else []:
            pair = pd.concat([mine.assign(variant=name), plain.assign(variant="plain")])
            a, b = aligned(pair, name, "plain")
            found = compare(a, b) if name != "none" else Comparison(*[math.nan] * 4, "")
            only = name == "none" or name == f"max_pauses-{mine['max_pauses'].iloc[0]}"
            all_seeds = over_seeds(mine).iloc[0]
            accuracy = [all_seeds[key] for key in ("n", "accuracy", "low", "high")]
            test = [found.difference, found.low, found.high, found.p, math.nan]
            rows.append(
                [
                    variant,
                    name,
                    mine["max_pauses"].iloc[0] if only else math.nan,
                    *accuracy,
                    *test,
                    mine["n_pauses"].mean(),
                    mine["truncated"].mean(),
                ]
            )
    table = pd.DataFrame(rows, columns=EFFECTS)
    return table.assign(p_holm=holm(table["p"]))
