"""The trial on models of which it is known what a pause does in them: it has to tell them apart."""

import pandas as pd
import pytest
from planted import CLOSE, N_WORDS, carrier, questions

from pauselib.analysis.claims.benefit import benefit
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import LARGER, SMALLER, judge
from pauselib.analysis.tables.contrasts import Trials
from pauselib.trials import conditions
from pauselib.trials.scorer import Scorer
from pauselib.trials.trial import COLUMNS, lines_of_problem

UNITS = {"pauses": [N_WORDS], "masked": [N_WORDS], "given": [CLOSE]}
ASKED = ["step"], ["pauses", "masked"], [1]


def outcomes(model, variant: str) -> pd.DataFrame:
    """The trial of a model, as that of a variant."""
    scorer = Scorer(model)
    texts = questions(100)
    scorer.check(texts[0])
    asked = conditions(*ASKED, scorer.pauses, ">>")
    lines = [line for text in texts for line in lines_of_problem(scorer, text, asked, UNITS, 0)]
    return pd.DataFrame(lines, columns=COLUMNS).assign(seed=42, variant=variant)


@pytest.fixture(scope="module")
def trials():
    """trials(way): the trials of a model, and of a start and a matched baseline in which nothing matters."""
    others = [outcomes(carrier("nothing", seed=1), name) for name in ("baseline_1_epoch", "baseline_matched")]
    return lambda way: Trials(pd.concat([outcomes(carrier(way), "sft_peft"), *others], ignore_index=True))


def judged(found: Trials) -> str:
    """The verdict on the claim that a pause makes a result likelier."""
    return judge(benefit(found, "computation", plan()), plan().margin("computation")).verdict


def test_pauses_that_compute_are_found(trials):
    found = trials("pauses")
    assert judged(found) == LARGER
    assert benefit(found, "computation", plan()).low > 1  # nats: with a pause the digit is known


def test_positions_alone_are_no_computation(trials):
    found = trials("position")
    contrasts = found.contrasts("sft_peft").set_index("contrast")
    assert contrasts.loc["nothing", "low"] > 0.05  # a pause does help against nothing
    assert abs(contrasts.loc["own", "estimate"]) < 0.01  # and so does a hidden one
    assert judged(found) == SMALLER


def test_where_nothing_matters_nothing_is_found(trials):
    found = trials("nothing")
    contrasts = found.contrasts("sft_peft").set_index("contrast")
    assert contrasts.loc[["own", "nothing"], "estimate"].abs().max() < 0.01
    assert contrasts.loc["control", "low"] > 0
    assert judged(found) == SMALLER
