"""All that an experiment's replies say, computed when asked for and once: what the analyze notebook shows and the report holds.

>>> study = Study(settings)
>>> study.takeaways        # the published claims with estimates, intervals, tests and verdicts
>>> study.pictures["accuracy"]
"""

from functools import cached_property

import pandas as pd

from pauselib import runs
from pauselib.analysis import audit
from pauselib.analysis import comparisons as comparison
from pauselib.analysis import reasons as pausing
from pauselib.analysis import results as analysis
from pauselib.analysis.takeaways import takeaways
from pauselib.report import figures
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP, MATCHED


class Study:
    """The tables of an experiment (attributes, see the functions they come from), from whatever is finished under its folder."""

    def __init__(self, settings: Settings):
        self.settings = settings

    @cached_property
    def table(self) -> pd.DataFrame:
        return analysis.results(self.settings)

    @cached_property
    def replies(self) -> pd.DataFrame:
        return analysis.predictions(self.settings)

    @cached_property
    def intervened(self) -> pd.DataFrame:
        return analysis.intervened(self.settings)

    @cached_property
    def tokens(self) -> pd.DataFrame:
        return analysis.with_tokens(self.settings, analysis.pausing(self.replies))

    @cached_property
    def over_seeds(self) -> pd.DataFrame:
        return comparison.over_seeds(self.replies)

    @cached_property
    def against_start(self) -> pd.DataFrame:
        """Every variant against the model it started from."""
        return comparison.differences(self.replies, FIRST_STEP)

    @cached_property
    def against_matched(self) -> pd.DataFrame:
        """Every variant against as much training without pauses."""
        return comparison.differences(self.replies, MATCHED)

    @cached_property
    def detectable(self) -> str:
        return comparison.detectable(self.replies, FIRST_STEP)[0]

    @cached_property
    def pauses(self) -> pd.DataFrame:
        return comparison.pauses_by_correctness(self.replies)

    @cached_property
    def takeaways(self) -> pd.DataFrame:
        return takeaways(self.replies, self.intervened)

    @cached_property
    def effects(self) -> pd.DataFrame:
        return comparison.effects(self.replies, self.intervened)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        return pausing.reasons(self.tokens)

    @cached_property
    def rule(self) -> pd.DataFrame:
        return pausing.rule(self.tokens)

    @cached_property
    def places(self) -> dict[str, pd.DataFrame]:
        return pausing.places(self.tokens)

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """The five most frequent tokens before and after the pauses of the example variant, as text that shows spaces and line breaks."""
        mine = self.places["neighbours"]
        mine = mine[mine["variant"] == self.example].groupby("side").head(5)
        return mine.assign(token=mine["token"].map(repr)).sort_values(["side", "n"], ascending=[False, False])

    @cached_property
    def nearest(self) -> pd.DataFrame:
        """The tokens whose embeddings are most like each variant's pause embedding: `variant`, `seed`, `tokens` (with their cosines)."""
        rows = []
        for seed, name in self.finished:
            record = runs.read_json(self.settings.but(seed=seed, variant=name).variant_folder() / "training.json")
            listed = ", ".join(f"{row['token']!r} {row['cosine']:.2f}" for row in record["nearest_tokens"][:5])
            rows += [{"variant": name, "seed": seed, "tokens": listed}] if listed else []
        return pd.DataFrame(rows, columns=["variant", "seed", "tokens"])

    @cached_property
    def audit(self) -> pd.DataFrame:
        return audit.beside(self.over_seeds)

    @property
    def finished(self) -> list[tuple[int, str]]:
        """(seed, variant) of the finished rows."""
        done = self.table[self.table["accuracy"].notna()]
        return list(zip(done["seed"].astype(int), done["variant"]))

    @property
    def example(self) -> str | None:
        """The variant that pictures of one variant show: the one asked for if it has pauses to show, else the first that has."""
        shown = list(dict.fromkeys(self.places["runs"]["variant"]))
        return self.settings.variant if self.settings.variant in shown else next(iter(shown), None)

    @cached_property
    def pictures(self) -> dict:
        """The pictures by name, each drawn when first asked for."""
        pausing_replies = analysis.pausing(self.replies)
        draw = {
            "accuracy": lambda: figures.accuracies(self.over_seeds, self.against_start, FIRST_STEP),
            "by_pauses": lambda: figures.accuracy_by_pauses(pausing_replies),
            "histograms": lambda: figures.pause_histograms(pausing_replies),
            "certainty": lambda: figures.certainty(pausing.by_certainty(self.tokens), self.rule),
            "reasons": lambda: figures.reasons(self.reasons),
            "interventions": lambda: figures.interventions(self.effects),
            "places": lambda: figures.places(self.places, self.example),
        }
        return Drawn(draw)


class Drawn(dict):
    """Pictures by name, drawn at the first look."""

    def __init__(self, draw: dict):
        super().__init__()
        self.draw = draw

    def __missing__(self, name: str):
        self[name] = self.draw[name]()
        return self[name]
