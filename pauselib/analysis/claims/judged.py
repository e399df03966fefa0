"""The claims of the plan, each a line of one table: its estimate, its interval and its verdict by the plan's margin.

What is claimed and what is estimated for it is in the registered plan, `prereg.yaml`; each claim has a module that
gives its `Estimate`. The claims are about the rows of the published table, with the experiment's own injection
strategy. Replies of rows with another strategy, such as `sft_peft@word`, are left out.
"""

from collections.abc import Iterable

import pandas as pd

from pauselib.analysis.claims.accuracy import best_variant, embedding_effect, pauses_help
from pauselib.analysis.claims.computation import computation
from pauselib.analysis.claims.pause_sites import incorrect_pause_more
from pauselib.analysis.claims.preregistration import Preregistration
from pauselib.analysis.claims.verdicts import Estimate, judge
from pauselib.analysis.tables.contrasts import Trials
from pauselib.settings import Settings

COLUMNS = [
    "claim", "says", "what", "verdict", "estimate", "low", "high", "margin", "unit", "doubt",
    "beyond_below", "equivalent_above", "detectable",
]  # fmt: skip

ESTIMATED = {  # claim of the plan -> what is estimated, and the unit that its numbers are written in
    "best": ("accuracy of sft_peft − that of the best other", "points"),
    "embedding": ("largest difference in accuracy, up or down, that training the pause embedding makes", "points"),
    "incorrect": ("places with pauses in an incorrect reply : those in a correct one", ""),
    "forbidden": ("accuracy with pauses − that with the pauses forbidden", "points"),
    "computation": ("log likelihood of hard results: pauses beyond masked ones, and above nothing", "nats"),
    "steps": ("share of hard results that are right: pauses beyond masked ones, and above nothing", "points"),
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


def judged_claim(plan: Preregistration, name: str, found: Estimate) -> dict:
    """The line of the claim that the plan calls `name`, judged by its margin; see `judged_claims`."""
    claim, margin, (what, unit) = plan.claims[name], plan.margin(name), ESTIMATED[name]
    judgement = judge(found.low, found.high, margin, found.null, found.doubt, found.doubt_of_none)
    line = {"claim": claim.claim, "says": claim.says, "what": what, "margin": margin, "unit": unit}
    return {**line, **found._asdict(), **judgement._asdict()}


def judged_claims(
    replies: pd.DataFrame, intervened: pd.DataFrame, plan: Preregistration, more: Iterable[dict] = ()
) -> pd.DataFrame:
    """One line a claim: the published claims, whether pauses help, and the lines that are given as `more`.

    A line has the `claim`, the verdict that it `says`, `what` its `estimate` is, and the fields of `verdicts.Estimate`
    and `verdicts.Judgement`. The interval is of the plan's level. Differences are shares, and `unit` says how to write
    them. Numbers are nan where a claim has nothing to go by.

    `replies` and `intervened` are those of `loading`; lines of `more` are those of `trial_claims`.
    """
    lines = [
        judged_claim(plan, "best", best_variant(replies, plan)),
        judged_claim(plan, "embedding", embedding_effect(replies, plan)),
        judged_claim(plan, "incorrect", incorrect_pause_more(replies, plan)),
        judged_claim(plan, "forbidden", pauses_help(replies, intervened, plan)),
        *more,
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def trial_claims(trials: Trials, plan: Preregistration) -> list[dict]:
    """The lines of the claims that the insertion trials decide, one an outcome, as `more` of `judged_claims`."""
    return [judged_claim(plan, name, computation(trials, name, plan)) for name in ("computation", "steps")]


def null_by_construction(settings: Settings) -> list[str]:
    """Which of the claims an experiment can't but find null, by its model and its problems, in sentences."""
    return [words for name, (value, words) in BUILT_IN.items() if getattr(settings, name) == value]
