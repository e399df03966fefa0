"""The published takeaways, and the question behind them, as hypotheses: what the replies of an experiment say, as numbers, a verdict and a sentence.

The margins below come from the size of the published experiment, not from any results here. A claim `holds` or `does not hold` where an interval or test
decides it, and else one `cannot tell`, which is no evidence for either side.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from pauselib.analysis.comparisons import aligned, differences, finished, trained_head
from pauselib.analysis.statistics import clustered_slope, crossed, equivalence, holm
from pauselib.variants import VARIANTS

BEST = "sft_peft"  # what the published takeaways call the best way to train
MARGIN = 0.03  # of accuracy: half of one accuracy's 95 % interval on the 1,319 published problems, so what the published work could not have seen
SMALLEST_SHARE = 0.1  # of the mean pauses per reply: a difference in pauses below a tenth of them is called none
COLUMNS = ["claim", "what", "estimate", "low", "high", "test", "p", "verdict", "reading"]
HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot tell"


def takeaways(replies: pd.DataFrame, intervened: pd.DataFrame, margin: float = MARGIN) -> pd.DataFrame:
    """One row a published takeaway, and one for the question whether pauses help: the `claim`, `what` the `estimate` is, its interval `low` to `high`, the `test` and its `p`,

    the `verdict` (`holds`, `does not hold`, `cannot tell`) and a `reading` of one sentence. A small p speaks for the claim, in the third
    for any difference. The interval is one of 95 %, of 90 % for the equivalence test of `margin` (accuracy, as a share). Nan where a claim has nothing to go by.
    `replies` as `analysis.predictions`, `intervened` as `analysis.intervened`. Raises ValueError for a margin that is not above 0.
    """
    return pd.DataFrame(
        [best(replies), embedding(replies, margin), uncertainty(replies), benefit(replies, intervened, margin)],
        columns=COLUMNS,
    )


def row(
    claim: str,
    what: str,
    test: str,
    estimate=(math.nan,) * 3,
    p: float = math.nan,
    verdict: str = UNKNOWN,
    reading: str = "",
) -> dict:
    return dict(zip(COLUMNS, (claim, what, *estimate, test, p, verdict, reading)))


def counted(seeds: int) -> str:
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def about(seeds: int) -> str:
    """What a verdict from so many seeds is about, as the end of a sentence."""
    return counted(seeds) + (", so this is about these trained models, not about training" if seeds == 1 else "")


def points(share: float) -> str:
    return f"{100 * share:+z.1f}"


def missing(names: list[str]) -> str:
    """Which of the named things are missing, three of them by name."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def best(replies: pd.DataFrame) -> dict:
    """Is training both pause parts with LoRA the most accurate of all variants that pause?

    An intersection-union test: it holds where it is better than every other one, each at one-sided 2.5 %, which needs no correction
    (Berger 1982, doi:10.1080/00401706.1982.10487790); p is the largest. It does not hold where some other is better at one-sided 2.5 % after Holm.
    The estimate is the difference to the closest rival, the one with the least.
    """
    claim = "Training the pause embedding, the pause head and LoRA gives the best accuracy of the variants that pause."
    wanted = [name for name, variant in VARIANTS.items() if variant.pauses]
    table = differences(replies, BEST)  # rival − BEST
    rivals = table[table["variant"].isin(wanted) & table["p"].notna()]
    test = f"intersection-union of {len(wanted) - 1} one-sided paired tests"
    unfinished = set(wanted).difference(finished(replies))
    if absent := [name for name in wanted if name in (unfinished or set(wanted) - {BEST, *rivals["variant"]})]:
        told = f"Not decided: {missing(absent)} not finished for the same seeds."
        return row(claim, f"accuracy of {BEST} − that of its closest rival", test, reading=told)
    closest = rivals.loc[rivals["difference"].idxmax()]
    rival_worse, rival_better = (
        (rivals["p"] / 2).where(side, 1 - rivals["p"] / 2)
        for side in (rivals["difference"] < 0, rivals["difference"] > 0)
    )
    p, better = float(rival_worse.max()), holm(rival_better)
    beaten, winners = int((rival_worse <= 0.025).sum()), rivals.loc[better <= 0.025, "variant"].to_list()
    verdict = HOLDS if beaten == len(rivals) else FAILS if winners else UNKNOWN
    told = f"{BEST} is better than {beaten} of its {len(rivals)} rivals at one-sided 2.5 %"
    told += (
        f", and worse than {missing(winners)} after correction"
        if winners
        else ", and no rival is better after correction"
    )
    told += f"; its lead over the closest, {closest['variant']}, is {points(-closest['difference'])} points ({about(int(rivals['seeds'].min()))})."
    estimate = (-closest["difference"], -closest["high"], -closest["low"])
    return row(
        claim,
        f"accuracy of {BEST} − that of {closest['variant']}",
        f"{test} ({closest['test']})",
        estimate,
        p,
        verdict,
        told,
    )


def embedding_pairs() -> list[tuple[str, str]]:
    """The pairs of variants with a trained pause head that differ only in the pause embedding: (trained, frozen)."""
    names = {variant: name for name, variant in VARIANTS.items()}
    trained = [name for name in trained_head(list(VARIANTS)) if VARIANTS[name].pause_embedding]
    return [
        (name, names[other]) for name in trained if (other := replace(VARIANTS[name], pause_embedding=False)) in names
    ]


def embedding(replies: pd.DataFrame, margin: float = MARGIN) -> dict:
    """Does training the pause embedding change the accuracy by less than `margin`, in the mean over the finished pairs?

    For every seed and problem the mean difference of the pairs that differ only in it, then an equivalence test: it holds where the 90 %
    interval is within ±margin, does not where all of it is outside.
    """
    claim = "Training the pause embedding has little effect on the accuracy."
    what = "accuracy with a trained pause embedding − that with a frozen one"
    test = f"equivalence within ±{100 * margin:g} points (two one-sided t tests)"
    wanted, present = embedding_pairs(), set(replies["variant"])
    pairs = [pair for pair in wanted if present.issuperset(pair)]
    values = np.empty((0, 0))
    if pairs:
        trained, frozen = np.split(
            aligned(replies, *(trained for trained, _ in pairs), *(frozen for _, frozen in pairs)), 2
        )
        values = (trained - frozen).mean(axis=0)
    if values.size == 0:
        return row(
            claim,
            what,
            test,
            reading=f"Not decided: no pair of {missing([' / '.join(pair) for pair in wanted])} finished for the same seeds.",
        )
    found = equivalence(values, margin)
    outside = found.low > margin or found.high < -margin
    verdict = HOLDS if -margin < found.low and found.high < margin else FAILS if outside else UNKNOWN
    each = (trained - frozen).mean(axis=(1, 2))
    place = {HOLDS: "within", FAILS: "outside", UNKNOWN: "partly outside"}[verdict]
    told = f"The 90 % interval, {points(found.low)} to {points(found.high)} points, is {place} ±{100 * margin:g}; "
    told += f"the {len(pairs)} of {len(wanted)} pairs that are finished range from {points(each.min())} to {points(each.max())} ({about(len(values))})."
    return row(claim, what, test, (found.mean, found.low, found.high), found.p, verdict, told)


def uncertainty(replies: pd.DataFrame) -> dict:
    """Do incorrect replies have more pauses than correct ones, within the variants whose pause head was trained?

    Least squares of the pauses of a reply on whether it is incorrect, with a constant for every variant and seed, variance clustered by
    problem. A frozen pause head pauses up to the limit, so its counts measure the limit. It holds where the 95 % interval is above 0, does
    not where it is below a tenth of the mean pauses per reply. Only the problems count as a sample, so several seeds are only more models.
    """
    claim = "Incorrect replies have more pauses than correct ones."
    what, test = "pauses per reply, incorrect − correct", "least squares within variant and seed, clustered by problem"
    heads = trained_head(finished(replies))
    mine = replies[replies["variant"].isin(heads)].assign(incorrect=lambda rows: ~rows["correct"].astype(bool))
    mine = mine[mine.groupby(["variant", "seed"])["incorrect"].transform("nunique") == 2]
    if mine.empty:
        lacking = "has both correct and incorrect replies" if heads else "is finished"
        return row(
            claim, what, test, reading=f"Not decided: none of {missing(trained_head(list(VARIANTS)))} {lacking}."
        )
    cells = pd.get_dummies(mine["variant"] + " " + mine["seed"].astype(str), drop_first=True)
    estimate, low, high, p = clustered_slope(
        mine["n_pauses"], np.column_stack([mine["incorrect"], cells]), mine["problem_id"]
    )
    smallest = SMALLEST_SHARE * mine["n_pauses"].mean()
    verdict = HOLDS if low > 0 else FAILS if high < smallest else UNKNOWN
    means = mine.pivot_table(index="variant", columns="incorrect", values="n_pauses")
    more = int((means[True] > means[False]).sum())
    decided = {
        HOLDS: "above 0",
        FAILS: f"below the {smallest:.2f} that would count",
        UNKNOWN: f"neither above 0 nor below the {smallest:.2f} that would count",
    }
    told = f"Incorrect replies have {estimate:+.2f} pauses ({low:+.2f} to {high:+.2f}), {decided[verdict]}; "
    told += f"more in {more} of {len(means)} variants, not more in {len(means) - more} "
    told += f"({counted(mine['seed'].nunique())}; about these trained models, not about training)."
    return row(claim, what, test, (estimate, low, high), p, verdict, told)


def benefit(replies: pd.DataFrame, intervened: pd.DataFrame, margin: float = MARGIN) -> dict:
    """Are models with a trained pause head more accurate with their pauses than with the same pauses forbidden (max_pauses 0)?

    For every seed and problem the mean difference of the variants that have both kinds of replies. It holds where the 95 % interval is above
    0, does not where the 90 % interval is below `margin`: then what pauses are worth is less than that, or nothing. p is of no difference.
    """
    claim = "Pauses help: the same model is more accurate with its pauses than without them."
    what, test = "accuracy with pauses − that with the pauses forbidden", "paired t test over problems (and seeds)"
    forbidden = intervened[intervened["intervention"] == "max_pauses-0"]
    heads = [name for name in trained_head(finished(replies)) if name in set(forbidden["variant"])]
    values = np.empty((0, 0))
    if heads:
        both = pd.concat([replies, forbidden.assign(variant=forbidden["variant"] + " forbidden")])
        plain, without = np.split(aligned(both, *heads, *(f"{name} forbidden" for name in heads)), 2)
        values = (plain - without).mean(axis=0)
    if values.size == 0:
        return row(
            claim,
            what,
            test,
            reading="Not decided: no variant with a trained pause head has been evaluated with max_pauses 0 for the same seeds.",
        )
    found, near = crossed(values), equivalence(values, margin)
    verdict = HOLDS if found.low > 0 else FAILS if near.high < margin else UNKNOWN
    told = f"With its pauses {', '.join(heads)} {'is' if len(heads) == 1 else 'are'} {points(found.mean)} points more accurate "
    told += f"({points(found.low)} to {points(found.high)}) than with them forbidden"
    told += f"; what they are worth is below {100 * margin:g} points" if verdict == FAILS else ""
    return row(
        claim, what, test, (found.mean, found.low, found.high), found.p, verdict, f"{told} ({about(len(values))})."
    )
