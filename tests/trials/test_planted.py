"""The trial on models of which it is known what a pause does in them: it has to tell them apart."""

import pandas as pd
import pytest
from planted import CLOSE, N_WORDS, carrier, questions

from pauselib.analysis.claims.computation import computation
from pauselib.analysis.claims.judged import judged_claim
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER
from pauselib.analysis.tables.contrasts import Trials
from pauselib.trials import conditions
from pauselib.trials.scorer import Scorer
from pauselib.trials.trial import COLUMNS, lines_of_problem

UNITS = {"pauses": [N_WORDS], "masked": [N_WORDS], "given": [CLOSE]}
ASKED = ["step"], ["pauses", "masked"], [4]


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


def judged(found: Trials) -> dict:
    """The claim that pauses buy computation, as the trials show it."""
    return judged_claim(plan(1), "computation", computation(found, "computation", plan(1)))


def test_pauses_that_compute_are_found(trials):
    found = judged(trials("pauses"))
    assert found["verdict"] == LARGER
    assert found["low"] > 1  # nats: without pauses the digit is one of twenty tokens, with them it is known


def test_positions_alone_are_no_computation(trials):
    found = trials("position")
    contrasts = found.contrasts("sft_peft").set_index("contrast")
    assert contrasts.loc["above nothing", "low"] > 0.2  # pauses do help against nothing
    assert abs(contrasts.loc["beyond masked", "estimate"]) < 0.01  # and so do masked ones
    assert judged(found)["verdict"] == EQUIVALENT


def test_where_nothing_matters_nothing_is_found(trials):
    found = trials("nothing")
    contrasts = found.contrasts("sft_peft").set_index("contrast")
    assert contrasts.loc[["beyond masked", "above nothing"], "estimate"].abs().max() < 0.01
    assert contrasts.loc["control", "low"] > 0
    assert judged(found)["verdict"] == EQUIVALENT
