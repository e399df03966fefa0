"""Tables that compare the variants of an experiment, from its replies.

The replies come as `loading.predictions` has them, one line a reply. Variants that are not finished are left out, the
others come in the order of their replies. A comparison takes the seeds and problems that both sides have.
"""

import math

import numpy as np
import pandas as pd

from pauselib.analysis.statistics import paired
from pauselib.analysis.statistics.intervals import compare_groups, crossed, holm, wilson
from pauselib.analysis.statistics.paired import NO_COMPARISON, Comparison, compare
from pauselib.variants import matched_baseline, parse

DIFFERENCES = ["variant", "reference", "seeds", "n", "discordant", "difference", "low", "high", "p", "p_holm", "test"]
PAUSES = [
    "variant", "n_correct", "n_incorrect", "mean_correct", "mean_incorrect",
    "difference", "low", "high", "p", "p_holm", "superiority", "truncated_rate",
]  # fmt: skip
OVER_SEEDS = [
    "variant", "seeds", "n", "accuracy", "low", "high", "se", "se_seeds", "se_problems",
    "pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect", "truncated_rate",
]  # fmt: skip
EFFECTS = [
    "variant", "intervention", "allowed", "n", "accuracy", "accuracy_low", "accuracy_high",
    "difference", "low", "high", "p", "p_holm", "pauses_mean", "truncated_rate",
]  # fmt: skip
OWN_STRATEGIES = [
    "variant", "strategy", "reference", "n", "accuracy", "low", "high",
    "difference", "difference_low", "difference_high", "p", "p_holm", "pauses_mean",
]  # fmt: skip


def present_variants(replies: pd.DataFrame) -> list[str]:
    """The variants that have replies, in the order of their first ones."""
    return list(dict.fromkeys(replies["variant"]))


def has_own_strategy(name: str) -> bool:
    """Whether a row has an injection strategy of its own, so that it is none of the published table."""
    return parse(name).strategy is not None


def trained_head(names: list[str]) -> list[str]:
    """Those of the variants whose pause head was trained: a frozen one pauses up to the limit or never."""
    return [name for name in names if parse(name).pause_head]


def aligned(replies: pd.DataFrame, *variants: str, value: str = "correct") -> np.ndarray:
    """A column of several variants as a (variants, seeds, problems) array, of the seeds and problems that all have.

    The variants come as they are named, seeds and problems in sorted order. The array is empty where they share no
    seed.
    """
    mine = replies[replies["variant"].isin(variants)]
    table = mine.pivot(index=["variant", "seed"], columns="problem_id", values=value).astype(float)
    shared_seeds = [seed for seed, rows in table.groupby(level="seed") if len(rows) == len(set(variants))]
    if not shared_seeds:
        return np.empty((len(variants), 0, 0))
    table = table[table.index.get_level_values("seed").isin(shared_seeds)].dropna(axis="columns")
    return np.array([table.loc[name].sort_index().to_numpy() for name in variants])


def grid(replies: pd.DataFrame, variant: str, value: str = "correct") -> np.ndarray:
    """A column of one variant as a (seeds, problems) array, sorted, of the problems that all its seeds have."""
    return aligned(replies, variant, value=value)[0]


def differences(replies: pd.DataFrame, references: dict[str, str]) -> pd.DataFrame:
    """How much more accurate than its reference each variant is, one line a pair of `references` (variant: reference).

    `seeds` and `n` are the seeds and problems that both have, `discordant` is the share of answers that just one of the
    two gets right. The `difference` in accuracy (variant − reference), its 95 % interval `low` to `high`, `p` and the
    name of the `test` are those of `paired.compare`; `p_holm` is corrected over the table.
    """
    rows = []
    for name, reference in references.items():
        a, b = aligned(replies, name, reference)
        seeds, n = a.shape
        discordant = float((a != b).mean()) if a.size else math.nan
        found = compare(a, b)
        rows.append(
            {
                "variant": name,
                "reference": reference,
                "seeds": seeds,
                "n": n,
                "discordant": discordant,
                "difference": found.difference,
                "low": found.low,
                "high": found.high,
                "p": found.p,
                "test": found.test,
            }
        )
    table = pd.DataFrame(rows, columns=DIFFERENCES)
    return table.assign(p_holm=holm(table["p"]))


def against(replies: pd.DataFrame, reference: str) -> pd.DataFrame:
    """How much more accurate than one `reference` every other variant is, as `differences`.

    Rows with an injection strategy of their own are left out. There is no line where the reference has no replies.
    """
    names = present_variants(replies)
    others = [name for name in names if name != reference and not has_own_strategy(name)]
    return differences(replies, dict.fromkeys(others, reference) if reference in names else {})


def against_matched(replies: pd.DataFrame) -> pd.DataFrame:
    """How much more accurate than as much training without pauses every variant that pauses is, as `differences`.

    The reference of a row is its own matched baseline, which trains the same parts of the LM. Rows whose match is not
    finished, and rows with an injection strategy of their own, are left out.
    """
    names = present_variants(replies)
    matches = {name: matched_baseline(name) for name in names if parse(name).pauses and not has_own_strategy(name)}
    return differences(replies, {name: match for name, match in matches.items() if match in names})


def unmatched(replies: pd.DataFrame) -> str:
    """Which variants that pause have no matched baseline to be compared with, in words; empty where all have one."""
    names = present_variants(replies)
    lacking = [name for name in names if parse(name).pauses and matched_baseline(name) not in names]
    if not lacking:
        return ""
    needed = dict.fromkeys(map(matched_baseline, lacking))
    return f"Left out, since what they are matched with is not finished ({', '.join(needed)}): {', '.join(lacking)}."


def pauses_by_correctness(replies: pd.DataFrame) -> pd.DataFrame:
    """How many pauses correct and incorrect replies have, one line a variant that pauses, all its seeds together.

    There are `n_correct` and `n_incorrect` replies with `mean_correct` and `mean_incorrect` pauses. The `difference`
    (incorrect − correct) has a 95 % bootstrap interval, `p` is that of a rank test (`p_holm` over the table), and
    `superiority` is how often an incorrect reply has more pauses than a correct one, ties half. These are nan where a
    kind has fewer than two replies. `truncated_rate` is the share of replies cut at the limit: their pauses measure the
    limit. With several seeds a problem has several replies, so the bootstrap draws problems and the variance of the
    rank test is clustered by problem.
    """
    rows = []
    for name in present_variants(replies):
        if not parse(name).pauses:
            continue
        mine = replies[replies["variant"] == name]
        is_correct = mine["correct"].astype(bool)
        correct, incorrect = mine[is_correct], mine[~is_correct]
        several = mine["seed"].nunique() > 1
        clusters = (incorrect["problem_id"], correct["problem_id"]) if several else None
        found = compare_groups(incorrect["n_pauses"], correct["n_pauses"], clusters)
        rows.append(
            {
                "variant": name,
                "n_correct": len(correct),
                "n_incorrect": len(incorrect),
                "mean_correct": correct["n_pauses"].mean(),
                "mean_incorrect": incorrect["n_pauses"].mean(),
                "difference": found.difference,
                "low": found.low,
                "high": found.high,
                "p": found.p,
                "superiority": found.superiority,
                "truncated_rate": mine["truncated"].mean(),
            }
        )
    table = pd.DataFrame(rows, columns=PAUSES)
    return table.assign(p_holm=holm(table["p"]))


def over_seeds(replies: pd.DataFrame) -> pd.DataFrame:
    """The accuracy and the pauses of every variant, one line each, all its seeds together.

    `seeds` and `n` are the numbers of seeds and problems. The `accuracy` has a 95 % interval `low` to `high` and the
    standard error `se`, of which `se_seeds` and `se_problems` are the parts (`statistics.crossed`). The interval is
    that of `crossed`, kept within 0 to 1, but Wilson's where there is one seed (`se_seeds` is then nan) or all replies
    are alike. `pauses_mean`, `pauses_mean_correct` and `pauses_mean_incorrect` are pauses per reply, `truncated_rate`
    is the share of replies cut at the limit.
    """
    rows = []
    for name in present_variants(replies):
        mine, answers = replies[replies["variant"] == name], grid(replies, name)
        seeds, n = answers.shape
        found = crossed(answers)
        low, high = max(found.low, 0), min(found.high, 1)
        if seeds == 1 or found.se == 0:
            low, high = wilson(answers[0].sum(), n)
        is_correct = mine["correct"].astype(bool)
        rows.append(
            {
                "variant": name,
                "seeds": seeds,
                "n": n,
                "accuracy": found.mean,
                "low": low,
                "high": high,
                "se": found.se,
                "se_seeds": found.se_seeds,
                "se_problems": found.se_problems,
                "pauses_mean": mine["n_pauses"].mean(),
                "pauses_mean_correct": mine.loc[is_correct, "n_pauses"].mean(),
                "pauses_mean_incorrect": mine.loc[~is_correct, "n_pauses"].mean(),
                "truncated_rate": mine["truncated"].mean(),
            }
        )
    return pd.DataFrame(rows, columns=OVER_SEEDS)


def detectable(replies: pd.DataFrame) -> tuple[str, float]:
    """The smallest true difference in accuracy that these problems can show, in words and as a share.

    It is a difference between a variant with a trained pause head and its matched baseline, for a two-sided 5 % test
    with power 80 % (`paired.detectable`), the median over these variants. Nan where none of them is finished with its
    match, or where no difference could be found.
    """
    table = against_matched(replies)
    table = table[table["variant"].isin(trained_head(table["variant"].tolist())) & (table["n"] > 0)]
    if table.empty:
        needed = "a variant with a trained pause head and its matched baseline"
        return f"What these problems can show is not known before {needed} are finished.", math.nan
    pairs = [aligned(replies, *names) for names in zip(table["variant"], table["reference"])]
    found = pd.Series([paired.detectable(ours - others) for ours, others in pairs])
    found = found.where(found <= 1)  # no share differs by more
    seeds = f" with {table['seeds'].min()} seeds" if table["seeds"].min() > 1 else ""
    basis = f"on {table['n'].min():,} problems{seeds}, of which a variant and its matched baseline answer "
    basis += f"{table['discordant'].median():.1%} differently (median of {len(table)} variants)"
    if found.isna().all():
        return f"No difference in accuracy is found in 8 of 10 cases {basis}.", math.nan
    said = f"found in 8 of 10 cases is {100 * found.median():.1f} points {basis}"
    return f"The smallest true difference in accuracy that is {said}.", float(found.median())


def intervention_effects(replies: pd.DataFrame, intervened: pd.DataFrame) -> pd.DataFrame:
    """What the interventions do, one line a variant and intervention.

    Before them comes a line `none` for the plain replies of the variant. `intervened` is that of `loading`, and its
    order is kept; a variant whose plain replies are not finished is left out. `allowed` is how many pauses a reply may
    have where this is all that the intervention changes: infinitely many in the plain replies, nan for other
    interventions. `n` problems have the `accuracy` with its 95 % interval (`over_seeds`). The paired `difference` in
    accuracy to the plain replies has an interval `low` to `high`, `p`, and `p_holm` over the table. `pauses_mean` is
    per reply, `truncated_rate` the share of replies cut at the limit.
    """
    rows = []
    for variant in present_variants(intervened):
        plain = replies[replies["variant"] == variant].assign(intervention="none", allowed=math.inf)
        if plain.empty:
            continue
        rows.append(_effect(plain, NO_COMPARISON))
        changed = intervened[intervened["variant"] == variant]
        for _, mine in changed.groupby("intervention", sort=False):
            both = pd.concat([mine.assign(variant="changed"), plain.assign(variant="plain")])
            rows.append(_effect(mine, compare(*aligned(both, "changed", "plain"))))
    table = pd.DataFrame(rows, columns=EFFECTS)
    return table.assign(p_holm=holm(table["p"]))


def _effect(mine: pd.DataFrame, found: Comparison) -> dict:
    """A line of `intervention_effects`: of the replies of one variant under one intervention, and how they compare."""
    (total,) = over_seeds(mine).to_dict("records")
    return {
        "variant": mine["variant"].iloc[0],
        "intervention": mine["intervention"].iloc[0],
        "allowed": mine["allowed"].iloc[0],
        "n": total["n"],
        "accuracy": total["accuracy"],
        "accuracy_low": total["low"],
        "accuracy_high": total["high"],
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "pauses_mean": total["pauses_mean"],
        "truncated_rate": total["truncated_rate"],
    }


def strategies(replies: pd.DataFrame) -> pd.DataFrame:
    """The rows that have an injection strategy of their own, side by side with as much training without pauses.

    One line a row such as `sft_peft@word` and one for its matched baseline, the `reference`: `variant`, its `strategy`
    (missing for a baseline), the numbers `n` of problems, `accuracy`, `low`, `high` and `pauses_mean` of `over_seeds`,
    and the paired `difference` in accuracy to the reference with its 95 % interval `difference_low` to
    `difference_high`, its `p`, and `p_holm` over the table. Without the baseline the differences are missing; without
    such a row the table is empty.
    """
    names = present_variants(replies)
    matches = {name: matched_baseline(name) for name in names if has_own_strategy(name)}
    if not matches:
        return pd.DataFrame(columns=OWN_STRATEGIES)
    compared = differences(replies, {name: match for name, match in matches.items() if match in names})
    compared = compared.rename(columns={"low": "difference_low", "high": "difference_high"})
    columns = ["variant", "reference", "difference", "difference_low", "difference_high", "p", "p_holm"]
    mine = replies[replies["variant"].isin([*matches, *matches.values()])]
    found = over_seeds(mine).merge(compared[columns], on="variant", how="left")
    return found.assign(strategy=found["variant"].map(lambda name: parse(name).strategy))[OWN_STRATEGIES]
