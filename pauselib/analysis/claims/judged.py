"""The claims of the plan, each a line of one table: its estimate, its interval and its verdict by the plan's margin.

What is claimed and what is estimated for it is in the plan; each claim has a function that gives its `Estimate`. The
claims are about the rows of the published table, with the experiment's own injection strategy. Replies of rows with
another strategy, such as `sft_peft@word`, are left out.
"""

import pandas as pd

from pauselib.analysis.claims.accuracy import as_drawn, best_variant, embedding_effect, pauses_help, pauses_in_training
from pauselib.analysis.claims.benefit import benefit, computation, contrast, slope
from pauselib.analysis.claims.pause_sites import incorrect_expect_more, incorrect_pause_more
from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import Estimate, judge
from pauselib.analysis.tables.comparisons import published_heads
from pauselib.analysis.tables.contrasts import Trials
from pauselib.settings import Settings

COLUMNS = "claim says what verdict estimate low high margin unit doubt beyond_below equivalent_above detectable".split()

ACCURACY = {
    "best": ("accuracy of sft_peft − that of the best other", "points"),
    "embedding": ("largest difference in accuracy, up or down, that training the pause embedding makes", "points"),
    "forbidden": ("accuracy with pauses − that with the pauses forbidden", "points"),
}
ESTIMATED = {  # by version and claim of the plan: what is estimated, and the unit that its numbers are written in
    1: ACCURACY
    | {
        "incorrect": ("places with pauses in an incorrect reply : those in a correct one", ""),
        "computation": ("log likelihood of hard results: pauses beyond masked ones, and above nothing", "nats"),
        "steps": ("share of hard results that are right: pauses beyond masked ones, and above nothing", "points"),
    },
    2: ACCURACY
    | {
        "computation": ("log likelihood of results: a pause above the same hidden, and above nothing", "nats"),
        "slope": ("the effect of a pause at impossible results − at certain ones, by a line", "nats"),
        "cost": ("log likelihood of results: nothing − a pause", "nats"),
        "teaching": ("a pause − the same hidden, less that after matched training", "nats"),
        "steps": ("share of results that are right: a pause above the same hidden, and above nothing", "points"),
        "training": ("accuracy of sft_peft − that of as much training without pauses", "points"),
        "incorrect": ("expected pauses of an incorrect reply : those of a correct one", ""),
        "density": ("the same for each spoken token", ""),
    },
}

BUILT_IN = {
    "dataset": (
        "toy",
        "Built in by the generated problems: where a reply pauses is mostly a matter of the narrator of its scene, "
        "whose noun is drawn independently of how hard the problem is. So incorrect replies can hardly pause in more "
        "places than correct ones.",
    ),
    "model": (
        "tiny",
        "Built in by the pretraining of the embedded model: its text is full of inserted words that carry no loss, so "
        "it has learned to read past whatever is inserted. So neither training the pause embedding nor forbidding the "
        "pauses can change much.",
    ),
}
"""What makes a claim null by construction: a setting, its value, and what that builds in, in words."""


def judged_claims(
    replies: pd.DataFrame, intervened: pd.DataFrame, trials: Trials, plan: Preregistration
) -> pd.DataFrame:
    """One line a claim, in the order of the plan, judged by its margin.

    A line has the `claim`, the verdict that it `says`, `what` its `estimate` is, and the fields of `verdicts.Estimate`
    and `verdicts.Judgement`. The interval is of the plan's level. Differences are shares, and `unit` says how to write
    them. Numbers are nan where a claim has nothing to go by. `replies` and `intervened` are those of `loading`.
    """
    replies = as_drawn(replies, intervened, published_heads(replies), plan)
    found = {"forbidden": pauses_help(replies, intervened, plan)}
    found |= {"best": best_variant(replies, plan), "embedding": embedding_effect(replies, plan)}
    if plan.version == 1:
        found["incorrect"] = incorrect_pause_more(replies, plan)
        found |= {name: computation(trials, name, plan) for name in ("computation", "steps")}
    else:
        found |= {name: benefit(trials, name, plan) for name in ("computation", "steps")}
        found["slope"] = slope(trials, plan)
        found["cost"] = contrast(trials, "nothing", plan, sign=-1)
        found["teaching"] = contrast(trials, "teaching", plan)
        found["training"] = pauses_in_training(replies, plan)
        found["incorrect"] = incorrect_expect_more(replies, plan)
        found["density"] = incorrect_expect_more(replies, plan, per_word=True)
    lines = [judged_claim(plan, name, found[name]) for name in plan.claims]
    return pd.DataFrame(lines, columns=COLUMNS)


def judged_claim(plan: Preregistration, name: str, found: Estimate) -> dict:
    """The line of the claim that the plan calls `name`; see `judged_claims`."""
    claim, margin, (what, unit) = plan.claims[name], plan.margin(name), ESTIMATED[plan.version][name]
    line = {"claim": claim.claim, "says": claim.says, "what": what, "margin": margin, "unit": unit}
    return {**line, **found._asdict(), **judge(found, margin)._asdict()}


def null_by_construction(settings: Settings) -> list[str]:
    """Which of the claims an experiment can't but find null, by its model and its problems, in sentences."""
    return [words for name, (value, words) in BUILT_IN.items() if getattr(settings, name) == value]
