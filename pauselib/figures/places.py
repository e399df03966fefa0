"""The picture of the places of pauses in a reply."""

import numpy as np
import pandas as pd

from pauselib.analysis.why.places import NUMBER_PLACES
from pauselib.figures.style import LINE, looks, panels, shows


@shows("Where in the reply the pauses of one variant are, at which numbers, and how many stand in a row.")
def places_of_variant(found: dict[str, pd.DataFrame], variant: str | None):
    """Draw the tables of `places.pause_places` for one variant; the marks are where an even spread would be."""
    relative, numbers, runs = (found[key][found[key]["variant"] == variant] for key in ("relative", "numbers", "runs"))
    if relative.empty and runs.empty:
        return panels(0)[0]
    figure, (first, second, third) = panels(3)
    colour = looks([variant])[variant]["color"]
    middle = (relative["low"] + relative["high"]) / 2
    first.bar(middle, relative["share"], width=0.09, color=colour, label="pauses")
    first.plot(middle, relative["expected"], "_", color=LINE, markersize=14, label="if spread evenly")
    first.set(title="place in the reply", xlabel="0 the start, 1 the end", ylabel="share of the pauses")
    first.legend(frameon=False)
    present = [place for place in NUMBER_PLACES if place in set(numbers["number"])]
    numbers = numbers.set_index("number").loc[present]
    x = np.arange(len(numbers))
    second.bar(x, numbers["share"], color=colour)
    second.plot(x, numbers["expected"], "_", color=LINE, markersize=24)
    second.set_xticks(x, [words.replace(" a ", "\na ") for words in present], fontsize=8)
    second.set(title="at numbers", ylabel="share of the pauses")
    third.bar(runs["length"], runs["n"], color=colour)
    third.set(title="pauses in a row", xlabel="pauses", ylabel="runs")
    figure.suptitle(variant, fontsize=9)
    return figure
