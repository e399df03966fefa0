"""The published takeaways, and the question behind them, each judged by the rule of `verdicts`.

Four lines of one table: is training the pause parts with LoRA the best way, does training the pause embedding matter,
do incorrect replies pause in more places, and do pauses help? What is claimed, what is estimated for it, and the margin
are those of the registered plan, `prereg.yaml`; each claim has a module of its own.

The takeaways are about the rows of the published table, with the experiment's own injection strategy. Replies of rows
with a strategy of their own, such as `sft_peft@word`, are left out.
"""

from collections.abc import Iterable

import pandas as pd

from pauselib.analysis.claims.benefit import pauses_help
from pauselib.analysis.claims.best import best_variant
from pauselib.analysis.claims.claim import COLUMNS
from pauselib.analysis.claims.embedding import embedding_effect
from pauselib.analysis.claims.pause_sites import incorrect_pause_more
from pauselib.analysis.claims.plan import Plan
from pauselib.settings import Settings

BUILT_IN = {
    "dataset": (
        "toy",
        "Built in by the generated problems: where a reply pauses is mostly a matter of the narrator of its scene, "
        "whose noun is drawn independently of how hard the problem is. So incorrect replies can hardly pause in more "
        "places than correct ones, and that they don't says nothing about other problems.",
    ),
    "model": (
        "tiny",
        "Built in by the pretraining of the embedded model: its text is full of inserted words that carry no loss, so "
        "it has learned to read past whatever is inserted. So neither training the pause embedding nor forbidding the "
        "pauses can change much, and that they don't says nothing about other models.",
    ),
}
"""What makes a takeaway null by construction: a setting, its value, and what that builds in, in words."""


def judged_claims(
    replies: pd.DataFrame, intervened: pd.DataFrame, plan: Plan, more: Iterable[dict] = ()
) -> pd.DataFrame:
    """One line a claim: the published takeaways, whether pauses help, and the lines that are given as `more`.

    A line has the `claim`, the verdict that it `says` and the `verdict` that it has; `what` its `estimate` is, with the
    interval `low` to `high` of the plan's level; the `margin`; `beyond_below` and `equivalent_above`, the margins at
    which the verdict is another (see `verdicts.Judgement`); what would have been `detectable`, as far from no effect;
    and a `reading` in words. Differences are shares. Numbers are nan where a claim has nothing to go by.

    `replies` and `intervened` are those of `loading`; a line of `more` is made by `claims.takeaway`.
    """
    lines = [
        best_variant(replies, plan),
        embedding_effect(replies, plan),
        incorrect_pause_more(replies, plan),
        pauses_help(replies, intervened, plan),
        *more,
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def null_by_construction(settings: Settings) -> list[str]:
    """Which of the takeaways an experiment can't but find null, by its model and its problems, in sentences."""
    return [words for name, (value, words) in BUILT_IN.items() if getattr(settings, name) == value]


def trial_claims(trials, plan: Plan) -> list[dict]:
    """The lines of the claims that the insertion trials decide, as `more` of `judged_claims`."""
    return trials.takeaways()
