"""The claims as readers see them: the first sentence, picture and limits of a report, and the table of all claims."""

import math
from html import escape

import pandas as pd

from pauselib import figures
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED
from pauselib.analysis.study import Study
from pauselib.figures.tables import NONE, VERDICT_COLOURS
from pauselib.trials import REGISTERED_SITE

UNITS = {"points": (100, "+.1f"), "nats": (1, "+.3f"), "log ratio": (1, "+.2f"), "": (1, ".2f")}  # scale, format
MEANS = {
    LARGER: "The whole interval is above the margin",
    OPPOSITE: "The whole interval is beyond the margin, on the other side of no effect",
    EQUIVALENT: "The whole interval is within the margin, so the effect is too small to count",
    UNDECIDED: "The interval is neither within the margin nor beyond it",
}
REGISTERED = {  # by `Study.plan_status`
    "registered": "The claims and margins were registered in prereg.yaml before the results. All else is exploratory.",
    "registered, unfinished": "This is an interim look: not all registered seeds are finished, so no verdict is final.",
    "not registered": "Nothing here was registered before the results were known: all of it is exploratory.",
}
ALWAYS = (
    "It is about this model, these problems and this length of training. Others may differ.",
    "Undecided is no evidence, neither for a claim nor against it.",
)


def estimate(claim: dict) -> str:
    """Return the estimate of a line of `study.claims` in its unit with its interval, `–` where there is none."""
    if math.isnan(claim["estimate"]):
        return NONE
    scale, form = UNITS[claim["unit"]]
    value, low, high = (f"{scale * claim[name] + 0.0:{form}}" for name in ("estimate", "low", "high"))
    return " ".join(filter(None, [value, claim["unit"], f"({low} to {high})"]))


def margin(claim: dict) -> str:
    """Return the margin of a line of `study.claims` in its unit."""
    scale, form = UNITS[claim["unit"]]
    return f"{scale * claim['margin']:{form}} {claim['unit']}".strip(" +")


def reason(claim: dict) -> str:
    """Return why a line of `study.claims` has its verdict: a doubt about the data, or what its interval says."""
    return claim["doubt"].rstrip(".") or MEANS[claim["verdict"]]


def claims_as_read(claims: pd.DataFrame) -> pd.DataFrame:
    """Return `study.claims` as people read them, decided ones first."""
    lines = [
        {
            **{"claim": claim["claim"], "verdict": claim["verdict"], "estimate and 95 % interval": estimate(claim)},
            **{"margin": margin(claim), "why": f"{reason(claim)}.", "what": claim["what"], "says": claim["says"]},
        }
        for claim in claims.to_dict("records")
    ]
    return pd.DataFrame(lines).sort_values("verdict", key=lambda verdicts: verdicts == UNDECIDED, kind="stable")


def finding(study: Study) -> str:
    """Return the primary claim of the plan with its verdict as a sentence of HTML, and of what it is."""
    registered, used = plan(), study.used.set_index("setting")["value"]
    claim = study.claims.set_index("claim", drop=False).loc[registered.claims[registered.primary].claim].to_dict()
    mark = f'<mark style="background: {VERDICT_COLOURS[claim["verdict"]]}">{claim["verdict"]}</mark>'
    numbers = "" if math.isnan(claim["estimate"]) else f": {estimate(claim)}, margin {margin(claim)}"
    sentence = f"“{escape(claim['claim'])}” Verdict: {mark}. {escape(reason(claim))}{numbers}."
    about = f"Experiment {study.settings.experiment}: model {used['model']}, problems {used['dataset']}."
    about += f" Estimated: {claim['what']}."
    return f'<p class="finding">{sentence}</p><p class="about">{escape(about)}</p>'


def first_picture(study: Study):
    """Return the picture of the main finding: the trial at the registered site, or without a trial the accuracies."""
    gains = study.trials.gains()
    gains = gains[gains["site"] == REGISTERED_SITE]
    if gains.empty:
        return figures.accuracies(study.over_seeds, study.against_matched)
    figure = figures.trial_gains(gains, study.trial_variant, "log_likelihood")
    for axis in figure.axes:
        axis.set_title("Put in before a hard calculation: above 0 it helps, below 0 it costs", fontsize=9)
        axis.set(xlabel="how many are put in", ylabel="gain of the result's log likelihood, nats")
    return figure


def limits(study: Study) -> str:
    """Return what the report can't say as an HTML list: what always holds, what is built in, registered, finished."""
    sentences = [*ALWAYS, *study.built_in, REGISTERED[study.plan_status], *study.scope]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<div class="limits"><h3>What this can\'t say</h3><ul>{items}</ul></div>'
