"""The claims as readers see them: the first sentence, picture and limits of a report, and the table of all claims."""

import math
from html import escape

import pandas as pd

from pauselib import figures
from pauselib.analysis.claims.verdicts import UNDECIDED
from pauselib.figures.tables import NONE, VERDICT_COLOURS

UNITS = {"points": (100, "+.1f"), "nats": (1, "+.3f"), "log ratio": (1, "+.2f"), "": (1, ".2f")}  # scale, format


def claims_as_read(claims: pd.DataFrame) -> pd.DataFrame:
    """Return `study.claims` with numbers as text in their units and without what follows from them, decided first."""
    lines = []
    for claim in claims.to_dict("records"):
        scale, form = UNITS[claim["unit"]]
        value, low, high = (f"{scale * claim[name] + 0.0:{form}}" for name in ("estimate", "low", "high"))
        found = NONE if math.isnan(claim["low"]) else f"{value} {claim['unit']} ({low} to {high})"
        margin = f"{scale * claim['margin']:{form}} {claim['unit']}".strip(" +")
        lines.append({**claim, "estimate and 95 % interval": found.replace("  ", " "), "margin": margin})
    order = ["claim", "verdict", "estimate and 95 % interval", "margin", "doubt", "what", "says"]
    is_undecided = claims["verdict"] == UNDECIDED
    return pd.DataFrame(lines)[order].iloc[is_undecided.argsort(kind="stable")].reset_index(drop=True)


def finding(study) -> str:
    """Return the primary claim of the plan with its verdict as HTML, and below it what was estimated of what."""
    claim = study.plan.claims[study.plan.primary].claim
    verdict, found, margin, doubt, what, _ = map(escape, claims_as_read(study.claims).set_index("claim").loc[claim])
    mark = f'<mark style="background: {VERDICT_COLOURS[verdict]}">{verdict}</mark>'
    numbers = f"Estimate and 95 % interval: {found}. Margin: {margin}."
    about = f"{escape(study.about)} Estimated: {what}."
    return f'<p class="finding">“{escape(claim)}” Verdict: {mark}. {doubt or numbers}</p><p class="about">{about}</p>'


def first_picture(study):
    """Return the picture of all claims that have an interval, or without one that of the accuracies."""
    if study.claims["low"].isna().all():
        return figures.accuracies(study.over_seeds, study.against_matched)
    read = claims_as_read(study.claims).set_index("claim").loc[study.claims["claim"]]
    texts = [f"{verdict}: {found}" for verdict, found in zip(read["verdict"], read["estimate and 95 % interval"])]
    return figures.claims_beside_margins(study.claims, texts)


def limits(study) -> str:
    """Return what the report can't say (`Study.limits`) as an HTML list."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in study.limits)
    return f'<div class="limits"><h3>What this can\'t say</h3><ul>{items}</ul></div>'
