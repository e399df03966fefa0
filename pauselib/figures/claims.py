"""The picture of a report's first screen: what was found of every claim, beside its margin."""

import math
import textwrap

import pandas as pd

from pauselib.analysis.claims.verdicts import UNDECIDED
from pauselib.figures.accuracy import forest
from pauselib.figures.style import LINE, panels, shows

CHARACTERS = 52  # characters of a claim on one line
FARTHEST = 4  # margins; what is farther has an arrow at the edge
BAND = "#cfe2f3"


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
