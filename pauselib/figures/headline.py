"""The claims as readers see them: the first sentence, picture and limits of a report, and the table of all claims."""

import math
import textwrap
from html import escape

import pandas as pd

from pauselib.analysis.claims.verdicts import UNDECIDED
from pauselib.figures.accuracy import accuracies, forest
from pauselib.figures.style import LINE, panels, shows
from pauselib.figures.tables import NONE, VERDICT_COLOURS

UNITS = {"points": (100, "+.1f"), "nats": (1, "+.3f"), "log ratio": (1, "+.2f"), "": (1, ".2f")}  # scale, format
CHARACTERS = 52  # characters of a claim on one line
FARTHEST = 4  # margins; what is farther has an arrow at the edge
BAND = "#cfe2f3"


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


@shows(
    "The estimate and 95 % interval of each claim, in multiples of its margin. Effects in the coloured middle are too "
    "small to count, an interval to the right of it shows the claim, and one to the left the opposite."
)
def claims_beside_margins(claims: pd.DataFrame, texts: list[str]):
    """Draw `study.claims` that have an interval, each in multiples of its margin, with `texts` of all at the right."""
    found = claims.assign(text=texts).dropna(subset=["low", "high"]).reset_index(drop=True)
    null = (found["unit"] == "").astype(float)  # of a ratio
    of_margin = found[["estimate", "low", "high"]].sub(null, axis=0).div(found["margin"], axis=0)
    figure, (axis,) = panels(1, width=6.6, height=0.5 + 0.26 * len(found))
    axis.axvspan(-1, 1, color=BAND, alpha=0.6, linewidth=0)
    axis.axvline(0, color=LINE, linewidth=0.8)
    look, filling = {"color": LINE, "marker": "o"}, found["verdict"].map({UNDECIDED: "white"}).fillna(LINE)
    looks = [look | {"markerfacecolor": colour} for colour in filling]
    labels = ["\n".join(textwrap.wrap(claim, CHARACTERS)) for claim in found["claim"]]
    forest(axis, labels, looks, of_margin.clip(-FARTHEST, FARTHEST), "estimate")
    ends = of_margin[["low", "high"]].stack()
    for (y, _), end in ends[ends.abs() > FARTHEST].items():
        axis.plot(math.copysign(FARTHEST, end), -y, marker=">" if end > 0 else "<", color=LINE, clip_on=False)
    right = axis.secondary_yaxis("right")
    right.set_yticks([-y for y in range(len(found))], found["text"])
    right.tick_params(length=0, pad=10)
    label = "effect in margins: what is coloured is too small to count\nfilled: decided; open: undecided"
    axis.set(xlim=(-FARTHEST, FARTHEST), xticks=range(-FARTHEST, FARTHEST + 1), xlabel=label)
    return figure


def first_picture(study):
    """Return the picture of all claims that have an interval, or without one that of the accuracies."""
    if study.claims["low"].isna().all():
        return accuracies(study.over_seeds, study.against_matched)
    read = claims_as_read(study.claims).set_index("claim").loc[study.claims["claim"]]
    texts = [f"{verdict}: {found}" for verdict, found in zip(read["verdict"], read["estimate and 95 % interval"])]
    return claims_beside_margins(study.claims, texts)


def limits(study) -> str:
    """Return what the report can't say (`Study.limits`) as an HTML list."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in study.limits)
    return f'<div class="limits"><h3>What this can\'t say</h3><ul>{items}</ul></div>'
