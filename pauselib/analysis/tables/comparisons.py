"""Tables that compare the variants of an experiment, from its replies.

The replies come as `loading.predictions` has them, one line a reply. Variants that are not finished are left out, the
others come in the order of their replies. A comparison takes the seeds and problems that both sides have.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
import pandas as pd

from pauselib.analysis.statistics.intervals import chance_level, crossed, holm, wilson
from pauselib.analysis.statistics.paired import NO_COMPARISON, compare
from pauselib.variants import VARIANTS, matched_baseline, parse

DIFFERENCES = "variant reference seeds n discordant difference low high p p_holm test".split()
OF_REPLIES = ["truncated_rate", "expected_pauses", "by_chance"]
OVER_SEEDS = "variant seeds n accuracy low high se se_seeds se_problems pauses_mean pauses_mean_correct".split()
OVER_SEEDS += ["pauses_mean_incorrect", *OF_REPLIES]
EFFECTS = "variant intervention allowed n accuracy accuracy_low accuracy_high difference low high p p_holm".split()
EFFECTS += ["pauses_mean", *OF_REPLIES]


def trained_head(names: Iterable[str]) -> list[str]:
    """Those of the variants whose pause head was trained: a frozen one pauses up to the limit or never."""
    return [name for name in names if parse(name).pause_head]


def published_heads(replies: pd.DataFrame) -> list[str]:
    """The variants with replies that are rows of the published table and have a trained pause head."""
    return trained_head(name for name in replies["variant"].unique() if name in VARIANTS)


def aligned(replies: pd.DataFrame, *variants: str) -> np.ndarray:
    """Whether the replies of several variants are correct, as a (variants, seeds, problems) array of 0 and 1, of the
    seeds and problems that all have.

    Seeds and problems are sorted. The array is empty where the variants share no seed, or one has no replies.
    """
    mine = replies[replies["variant"].isin(variants)]
    table = mine.pivot(index=["variant", "seed"], columns="problem_id", values="correct").astype(float)
    shared_seeds = [seed for seed, rows in table.groupby(level="seed") if len(rows) == len(set(variants))]
    if not shared_seeds:
        return np.empty((len(variants), 0, 0))
    table = table[table.index.get_level_values("seed").isin(shared_seeds)].dropna(axis="columns")
    return np.array([table.loc[name].sort_index().to_numpy() for name in variants])


def differences(replies: pd.DataFrame, references: dict[str, str]) -> pd.DataFrame:
    """How much more accurate than its reference each variant is, one line a pair of `references` (variant: reference).

    `seeds` and `n` are the seeds and problems that both have, `discordant` is the share of answers that just one of the
    two gets right. The `difference` in accuracy (variant − reference), its 95 % interval `low` to `high`, `p` and the
    name of the `test` are those of `paired.compare`; `p_holm` is corrected over the table. A pair whose reference has
    no replies is left out.
    """
    rows = []
    there = set(replies["variant"])
    for name, reference in references.items():
        if reference not in there:
            continue
        a, b = aligned(replies, name, reference)
        seeds, n = a.shape
        discordant = float((a != b).mean()) if a.size else math.nan
        counts = {"variant": name, "reference": reference, "seeds": seeds, "n": n, "discordant": discordant}
        rows.append({**counts, **asdict(compare(a, b))})
    table = pd.DataFrame(rows, columns=DIFFERENCES)
    return table.assign(p_holm=holm(table["p"]))


def matches(replies: pd.DataFrame, own_strategy: bool) -> dict[str, str]:
    """The matched baselines of the variants that pause, of those with a strategy of their own or of all others."""
    names = [name for name in replies["variant"].unique() if bool(parse(name).strategy) == own_strategy]
    return {name: matched_baseline(name) for name in names if parse(name).pauses}


def against_matched(replies: pd.DataFrame) -> pd.DataFrame:
    """How much more accurate than as much training without pauses every variant that pauses is, as `differences`.

    The reference of a row is its own matched baseline, which trains the same parts of the LM. Rows whose match is not
    finished, and rows with an injection strategy of their own, are left out.
    """
    return differences(replies, matches(replies, own_strategy=False))


def pauses_of(replies: pd.DataFrame) -> dict[str, float]:
    """The pauses per reply, of all, of correct and of incorrect ones, the share of replies that were cut, how many
    pauses the head expects in a reply, and the accuracy that there would be `by_chance` (`chance_level`).
    """
    is_correct, pauses = replies["correct"].astype(bool), replies["n_pauses"]
    return {
        "pauses_mean": pauses.mean(),
        "pauses_mean_correct": pauses[is_correct].mean(),
        "pauses_mean_incorrect": pauses[~is_correct].mean(),
        "truncated_rate": replies["truncated"].mean(),
        "expected_pauses": replies["expected_pauses"].mean(),
        "by_chance": replies.groupby("seed")[["gold", "predicted"]]
        .apply(lambda one: chance_level(one["gold"], one["predicted"]))
        .mean(),
    }


def over_seeds(replies: pd.DataFrame) -> pd.DataFrame:
    """The accuracy and the pauses of every variant, one line each, all its seeds together.

    `seeds` and `n` are the numbers of seeds and problems. The `accuracy` has a 95 % interval `low` to `high` and the
    standard error `se`, of which `se_seeds` and `se_problems` are the parts (`intervals.crossed`). The interval is
    that of `crossed`, kept within 0 to 1, but Wilson's where there is one seed (`se_seeds` is then nan) or all replies
    are alike. The other columns are those of `pauses_of`.
    """
    rows = []
    for name, mine in replies.groupby("variant", sort=False):
        (answers,) = aligned(mine, name)
        seeds, n = answers.shape
        found = crossed(answers)
        low, high = max(found.low, 0), min(found.high, 1)
        if seeds == 1 or not found.se > 0:
            low, high = wilson(answers.mean(axis=0).sum(), n)
        row = {**asdict(found), "variant": name, "seeds": seeds, "n": n, "accuracy": found.mean}
        rows.append({**row, "low": low, "high": high, **pauses_of(mine)})
    return pd.DataFrame(rows, columns=OVER_SEEDS)


def intervention_effects(replies: pd.DataFrame, intervened: pd.DataFrame) -> pd.DataFrame:
    """What the interventions do, one line a variant and intervention.

    Before them comes a line `none` for the plain replies of the variant. `intervened` is that of `loading`, and its
    order is kept; a variant whose plain replies are not finished is left out. `allowed` is how many pauses a reply may
    have where this is all that the intervention changes: infinitely many in the plain replies, nan for other
    interventions. The paired `difference` in accuracy to the plain replies has an interval `low` to `high`, `p`, and
    `p_holm` over the table; the other columns are those of `over_seeds`.
    """
    rows = []
    for variant, changed in intervened.groupby("variant", sort=False):
        plain = replies[replies["variant"] == variant].assign(intervention="none", allowed=math.inf)
        if plain.empty:
            continue
        for name, mine in [("none", plain), *changed.groupby("intervention", sort=False)]:
            both = pd.concat([mine.assign(variant="changed"), plain.assign(variant="plain")])
            found = NO_COMPARISON if name == "none" else compare(*aligned(both, "changed", "plain"))
            of_accuracy = {"low": "accuracy_low", "high": "accuracy_high"}
            (total,) = over_seeds(mine).rename(columns=of_accuracy).to_dict("records")
            rows.append({**total, **asdict(found), "intervention": name, "allowed": mine["allowed"].iloc[0]})
    table = pd.DataFrame(rows, columns=EFFECTS)
    return table.assign(p_holm=holm(table["p"]))


def strategies(replies: pd.DataFrame) -> pd.DataFrame:
    """The rows that have an injection strategy of their own, side by side with as much training without pauses.

    One line a row such as `sft_peft@word` and one for its matched baseline, the `reference`, with the columns of
    `over_seeds`, and the paired difference in accuracy to the reference as `differences` has it (its interval is
    `difference_low` to `difference_high`). Without the baseline the differences are missing.
    """
    references = matches(replies, own_strategy=True)
    compared = differences(replies, references)[["variant", "reference", "difference", "low", "high", "p", "p_holm"]]
    compared = compared.rename(columns={"low": "difference_low", "high": "difference_high"})
    mine = replies[replies["variant"].isin([*references, *references.values()])]
    found = over_seeds(mine).merge(compared, on="variant", how="left")
    return found.assign(strategy=found["variant"].map(lambda name: parse(name).strategy))
