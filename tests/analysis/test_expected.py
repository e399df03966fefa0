"""Expected pauses of correct and incorrect replies: found where they differ, undecided where little is known."""

import numpy as np
import pandas as pd
import pytest

from pauselib.analysis.claims.pause_sites import incorrect_expect_more
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, FEW_PROBLEMS, LARGER, NOT_FINISHED, UNDECIDED, judge

MARGIN = plan(2).margin("incorrect")


def replies(rare: float, ratio: float = 1.0, longer: float = 1.0, problems=500, seeds=3, draw=0) -> pd.DataFrame:
    """Replies of one variant of which a share is correct: the pauses of a problem are Gamma distributed around 2, and
    `ratio` times as many in incorrect replies, which are `longer`.
    """
    rng = np.random.default_rng(draw)
    of_problem = rng.gamma(0.7, 2 / 0.7, (1, problems))
    correct = rng.random((seeds, problems)) < rare
    more = np.where(correct, 1.0, ratio)
    expected = of_problem * more * rng.gamma(4, 1 / 4, (seeds, problems))
    at = np.indices(correct.shape).reshape(2, -1)
    found = pd.DataFrame({"seed": 42 + at[0], "problem_id": [f"test-{i}" for i in at[1]], "variant": "sft_peft"})
    n_pauses = rng.poisson(expected)
    n_tokens = (np.where(correct, 99, 100 * longer - 1) + n_pauses).astype(int)
    columns = {"correct": correct, "expected_pauses": expected, "n_pauses": n_pauses, "n_tokens": n_tokens}
    return found.assign(truncated=False, **{name: values.ravel() for name, values in columns.items()})


def test_more_pauses_in_incorrect_replies_are_found_and_by_their_length_none_are_left():
    longer = replies(0.4, ratio=1.5, longer=1.5, problems=2000)
    found = incorrect_expect_more(longer, plan(2))
    assert judge(found, MARGIN).verdict == LARGER
    assert found.estimate == pytest.approx(1.5, rel=0.1)
    for_each_word = incorrect_expect_more(longer, plan(2), per_word=True)
    assert for_each_word.estimate == pytest.approx(1.0, rel=0.1)
    assert judge(incorrect_expect_more(replies(0.4, problems=2000), plan(2)), MARGIN).verdict == EQUIVALENT


@pytest.mark.parametrize("rare", [0.003, 0.01, 0.99, 0.4])
def test_a_world_without_effect_is_seldom_given_a_confident_verdict_at_the_floor_and_the_ceiling(rare):
    verdicts = [judge(incorrect_expect_more(replies(rare, draw=i), plan(2)), MARGIN).verdict for i in range(40)]
    assert sum(one not in (UNDECIDED, EQUIVALENT) for one in verdicts) <= 2  # 5 % of the draws


def test_with_few_problems_of_a_class_that_pause_nothing_is_decided():
    few = replies(0.4)
    few.loc[few["correct"] & (few["problem_id"] > "test-2"), "n_pauses"] = 0
    assert few[few["correct"] & (few["n_pauses"] > 0)]["problem_id"].nunique() > 40
    for table, doubt in (
        (few.assign(n_pauses=few["n_pauses"] * ~few["correct"]), FEW_PROBLEMS),
        (few.assign(correct=False), NOT_FINISHED),
        (few.assign(expected_pauses=np.nan), NOT_FINISHED),
        (few.assign(truncated=True), NOT_FINISHED),
        (few.assign(variant="sft_fr_phead"), NOT_FINISHED),
    ):
        assert incorrect_expect_more(table, plan(2)).doubt == doubt
