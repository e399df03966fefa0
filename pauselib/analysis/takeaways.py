"""The published takeaways, and the question behind them, as hypotheses that the replies of an experiment decide or not.

Each is a line of one table, with an estimate, a verdict and a sentence. A claim `holds` or `does not hold` where an
interval or a test decides it. Otherwise one `cannot tell`, which is no evidence for either side. The margins below come
from the size of the published experiment, not from any results here.

The takeaways are about the rows of the published table, with the experiment's own injection strategy. Replies of rows
with a strategy of their own, such as `sft_peft@word`, are left out.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from pauselib.analysis.comparisons import aligned, differences, present_variants, trained_head
from pauselib.analysis.statistics import clustered_slope, crossed, equivalence, holm
from pauselib.variants import VARIANTS

BEST = "sft_peft"
"""What the published takeaways call the best way to train."""

MARGIN = 0.03
"""A difference in accuracy that the published work could not have seen.

It is half of one accuracy's 95 % interval on the 1,319 published problems.
"""

SMALLEST_SHARE = 0.1
"""A difference in pauses per reply that is below this share of their mean is called none."""

COLUMNS = ["claim", "what", "estimate", "low", "high", "test", "p", "verdict", "reading"]
HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot tell"
NO_ESTIMATE = (math.nan, math.nan, math.nan)


def takeaways(replies: pd.DataFrame, intervened: pd.DataFrame, margin: float = MARGIN) -> pd.DataFrame:
    """One line a published takeaway, and one for the question whether pauses help.

    A line has the `claim`, `what` its `estimate` is with the interval `low` to `high`, the `test` and its `p`, the
    `verdict` (`holds`, `does not hold`, `cannot tell`), and a `reading` of one sentence. A small p speaks for the
    claim, but in the third line for any difference. The interval is one of 95 %, for the equivalence test of 90 %.
    Numbers are nan where a claim has nothing to go by.

    `replies` and `intervened` are those of `loading`, and `margin` is a difference in accuracy, as a share, that is
    called none. Raises ValueError for a margin that is not above 0.
    """
    lines = [
        best_variant(replies),
        embedding_effect(replies, margin),
        incorrect_pause_more(replies),
        pauses_help(replies, intervened, margin),
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def takeaway(
    claim: str, what: str, test: str, reading: str, verdict: str = UNKNOWN, estimate=NO_ESTIMATE, p: float = math.nan
) -> dict:
    """A line of `takeaways`; `estimate` is the estimate with the ends of its interval."""
    value, low, high = estimate
    return dict(zip(COLUMNS, (claim, what, value, low, high, test, p, verdict, reading)))


def verdict_of(holds: bool, fails: bool) -> str:
    """The verdict on a claim that the test speaks for, or against, or neither."""
    if holds:
        return HOLDS
    return FAILS if fails else UNKNOWN


def seeds_in_words(seeds: int) -> str:
    """How many seeds there are, in words."""
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def scope_in_words(seeds: int) -> str:
    """What a verdict from so many seeds is about, as the end of a sentence."""
    return (
        "one seed, so this is about these trained models, not about training" if seeds == 1 else seeds_in_words(seeds)
    )


def points(share: float) -> str:
    """A share as percentage points with their sign."""
    return f"{100 * share:+z.1f}"


def listed(names: list[str]) -> str:
    """Some names in words: three of them, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def published_heads(names: list[str]) -> list[str]:
    """Those of the rows that are published ones and have a trained pause head."""
    return trained_head([name for name in names if name in VARIANTS])


def best_variant(replies: pd.DataFrame) -> dict:
    """Is training both pause parts with LoRA the most accurate of all variants that pause?

    This is an intersection-union test. The claim holds where the variant is better than every other one, each at
    one-sided 2.5 %, which needs no correction (Berger 1982, doi:10.1080/00401706.1982.10487790); p is the largest of
    them. It does not hold where some other variant is better at one-sided 2.5 % after Holm's correction. The estimate
    is the difference to the closest rival, the one with the smallest lead of `BEST`.
    """
    claim = "Training the pause embedding, the pause head and LoRA gives the best accuracy of the variants that pause."
    wanted = [name for name, variant in VARIANTS.items() if variant.pauses]
    test = f"intersection-union of {len(wanted) - 1} one-sided paired tests"
    table = differences(replies, BEST)  # rival − BEST
    rivals = table[table["variant"].isin(wanted) & table["p"].notna()]
    present = set(present_variants(replies))
    absent = [name for name in wanted if name not in present]
    if not absent:
        absent = [name for name in wanted if name != BEST and name not in set(rivals["variant"])]
    if absent:
        what = f"accuracy of {BEST} − that of its closest rival"
        return takeaway(claim, what, test, f"Not decided: {listed(absent)} not finished for the same seeds.")
    p_worse = one_sided(rivals["p"], rivals["difference"] < 0)
    p_better = holm(one_sided(rivals["p"], rivals["difference"] > 0))
    beaten = int((p_worse <= 0.025).sum())
    winners = rivals.loc[p_better <= 0.025, "variant"].to_list()
    verdict = verdict_of(holds=beaten == len(rivals), fails=bool(winners))
    closest = rivals.loc[rivals["difference"].idxmax()]
    reading = f"{BEST} is better than {beaten} of its {len(rivals)} rivals at one-sided 2.5 %, and "
    reading += f"worse than {listed(winners)} after correction" if winners else "no rival is better after correction"
    reading += f"; its lead over the closest, {closest['variant']}, is {points(-closest['difference'])} points"
    reading += f" ({scope_in_words(int(rivals['seeds'].min()))})."
    estimate = (-closest["difference"], -closest["high"], -closest["low"])
    what, test = f"accuracy of {BEST} − that of {closest['variant']}", f"{test} ({closest['test']})"
    return takeaway(claim, what, test, reading, verdict, estimate, float(p_worse.max()))


def one_sided(p: pd.Series, on_this_side: pd.Series) -> pd.Series:
    """The one-sided p values of two-sided ones: half of each where the estimate is on the side asked for."""
    return (p / 2).where(on_this_side, 1 - p / 2)


def embedding_pairs() -> list[tuple[str, str]]:
    """The pairs of variants with a trained pause head that differ only in the pause embedding: (trained, frozen)."""
    names = {variant: name for name, variant in VARIANTS.items()}
    pairs = []
    for name in trained_head(list(VARIANTS)):
        frozen = replace(VARIANTS[name], pause_embedding=False)
        if VARIANTS[name].pause_embedding and frozen in names:
            pairs.append((name, names[frozen]))
    return pairs


def embedding_effect(replies: pd.DataFrame, margin: float = MARGIN) -> dict:
    """Does training the pause embedding change the accuracy by less than `margin`, in the mean over the finished pairs?

    For every seed and problem there is the mean difference of the pairs that differ only in the pause embedding, and of
    these an equivalence test. The claim holds where the 90 % interval is within ±margin, and does not where all of it
    is outside.
    """
    claim = "Training the pause embedding has little effect on the accuracy."
    what = "accuracy with a trained pause embedding − that with a frozen one"
    test = f"equivalence within ±{100 * margin:g} points (two one-sided t tests)"
    wanted, present = embedding_pairs(), present_variants(replies)
    pairs = [(trained, frozen) for trained, frozen in wanted if trained in present and frozen in present]
    effects = differences_of_pairs(replies, pairs)
    if effects.size == 0:
        names = listed([f"{trained} / {frozen}" for trained, frozen in wanted])
        return takeaway(claim, what, test, f"Not decided: no pair of {names} finished for the same seeds.")
    values = effects.mean(axis=0)  # (seeds, problems)
    found = equivalence(values, margin)
    is_within = -margin < found.low and found.high < margin
    is_outside = found.low > margin or found.high < -margin
    verdict = verdict_of(holds=is_within, fails=is_outside)
    place = {HOLDS: "within", FAILS: "outside", UNKNOWN: "partly outside"}[verdict]
    of_pairs = effects.mean(axis=(1, 2))
    reading = f"The 90 % interval, {points(found.low)} to {points(found.high)} points, is {place} ±{100 * margin:g}; "
    reading += f"the {len(pairs)} of {len(wanted)} pairs that are finished range from {points(of_pairs.min())} to "
    reading += f"{points(of_pairs.max())} ({scope_in_words(len(values))})."
    return takeaway(claim, what, test, reading, verdict, (found.mean, found.low, found.high), found.p)


def differences_of_pairs(replies: pd.DataFrame, pairs: list[tuple[str, str]]) -> np.ndarray:
    """The difference in correctness, first − second of every pair of variants, as a (pairs, seeds, problems) array.

    It is of the seeds and problems that all of the variants have, and empty where there are none.
    """
    if not pairs:
        return np.empty((0, 0, 0))
    firsts, seconds = zip(*pairs)
    answers = aligned(replies, *firsts, *seconds)
    return answers[: len(pairs)] - answers[len(pairs) :]


def incorrect_pause_more(replies: pd.DataFrame) -> dict:
    """Do incorrect replies have more pauses than correct ones, within the variants whose pause head was trained?

    The estimate is the slope of a reply's pauses on whether it is incorrect, by least squares with a constant for every
    variant and seed and a variance clustered by problem. A frozen pause head pauses up to the limit, so its counts
    would measure the limit. The claim holds where the 95 % interval is above 0, and does not where it is below
    SMALLEST_SHARE of the mean pauses per reply. Only the problems count as a sample: several seeds are no more than
    several models.
    """
    claim = "Incorrect replies have more pauses than correct ones."
    what, test = "pauses per reply, incorrect − correct", "least squares within variant and seed, clustered by problem"
    heads = published_heads(present_variants(replies))
    mine = replies[replies["variant"].isin(heads)]
    mine = mine.assign(incorrect=~mine["correct"].astype(bool))
    mine = mine[mine.groupby(["variant", "seed"])["incorrect"].transform("nunique") == 2]
    if mine.empty:
        names = listed(published_heads(list(VARIANTS)))
        lacking = "has both correct and incorrect replies" if heads else "is finished"
        return takeaway(claim, what, test, f"Not decided: none of {names} {lacking}.")
    models = pd.get_dummies(mine["variant"] + " " + mine["seed"].astype(str), drop_first=True)
    columns = np.column_stack([mine["incorrect"], models])
    estimate, low, high, p = clustered_slope(mine["n_pauses"], columns, mine["problem_id"])
    smallest = SMALLEST_SHARE * mine["n_pauses"].mean()
    verdict = verdict_of(holds=low > 0, fails=high < smallest)
    place = {
        HOLDS: "above 0",
        FAILS: f"below the {smallest:.2f} that would count",
        UNKNOWN: f"neither above 0 nor below the {smallest:.2f} that would count",
    }[verdict]
    means = mine.pivot_table(index="variant", columns="incorrect", values="n_pauses")
    more = int((means[True] > means[False]).sum())
    reading = f"Incorrect replies have {estimate:+.2f} pauses ({low:+.2f} to {high:+.2f}), {place}; "
    reading += f"more in {more} of {len(means)} variants, not more in {len(means) - more} "
    reading += f"({seeds_in_words(mine['seed'].nunique())}; about these trained models, not about training)."
    return takeaway(claim, what, test, reading, verdict, (estimate, low, high), p)


def pauses_help(replies: pd.DataFrame, intervened: pd.DataFrame, margin: float = MARGIN) -> dict:
    """Are models with a trained pause head more accurate with their pauses than with the same pauses forbidden?

    They are forbidden under the intervention that allows 0 pauses and changes nothing else. For every seed and problem
    there is the mean difference of the variants that have both kinds of replies. The claim holds where the 95 %
    interval is above 0, and does not where the 90 % interval is below `margin`: then what pauses are worth is less than
    that, or nothing. p is of no difference.
    """
    claim = "Pauses help: the same model is more accurate with its pauses than without them."
    what, test = "accuracy with pauses − that with the pauses forbidden", "paired t test over problems (and seeds)"
    forbidden = intervened[intervened["allowed"] == 0]
    heads = [name for name in published_heads(present_variants(replies)) if name in set(forbidden["variant"])]
    both = pd.concat([replies, forbidden.assign(variant=forbidden["variant"] + " forbidden")])
    effects = differences_of_pairs(both, [(name, f"{name} forbidden") for name in heads])
    if effects.size == 0:
        lacking = "no variant with a trained pause head has been evaluated with max_pauses 0 for the same seeds"
        return takeaway(claim, what, test, f"Not decided: {lacking}.")
    values = effects.mean(axis=0)  # (seeds, problems)
    found, near = crossed(values), equivalence(values, margin)
    verdict = verdict_of(holds=found.low > 0, fails=near.high < margin)
    verb = "is" if len(heads) == 1 else "are"
    reading = f"With its pauses {', '.join(heads)} {verb} {points(found.mean)} points more accurate "
    reading += f"({points(found.low)} to {points(found.high)}) than with them forbidden"
    if verdict == FAILS:
        reading += f"; what they are worth is below {100 * margin:g} points"
    reading += f" ({scope_in_words(len(values))})."
    return takeaway(claim, what, test, reading, verdict, (found.mean, found.low, found.high), found.p)
