"""Two finished rows side by side, of one experiment or of two: what differs in their settings, their losses, and which
problems just one of them gets right.

>>> two = TwoRuns(settings, settings.but(variant="baseline_matched"))
>>> two.reading     # the paired difference in accuracy, in a sentence
"""

from functools import cached_property
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.analysis.statistics.intervals import NAN, wilson
from pauselib.analysis.statistics.paired import NO_COMPARISON, Comparison, compare
from pauselib.analysis.tables.loading import read_replies, training_record
from pauselib.errors import InputError
from pauselib.settings import Settings
from pauselib.variants import matched_baseline

SIDES = ("first", "second")
NOT_THERE = "–"  # where one of the two has no such setting
ENDS = {  # which of the two are right -> what is counted
    (True, True): "both right",
    (True, False): "only the first right",
    (False, True): "only the second right",
    (False, False): "both wrong",
}


def the_other(settings: Settings) -> Settings:
    """The row that a row is compared with, by the settings `other_experiment`, `other_variant` and `other_seed`.

    Each is that of the row itself where it is not given; but where none is, the other is the matched baseline.
    """
    given = settings.other_experiment, settings.other_variant, settings.other_seed
    if given == ("", "", -1):
        return settings.but(variant=matched_baseline(settings.variant))
    return settings.but(
        experiment=settings.other_experiment or settings.experiment,
        variant=settings.other_variant or settings.variant,
        seed=settings.seed if settings.other_seed == -1 else settings.other_seed,
    )


class TwoRuns:
    """Two finished rows. The tables call them `first` and `second`; `names` says which they are."""

    def __init__(self, first: Settings, second: Settings):
        """Raises InputError, with the place and the cure, where one of them has no replies or stale ones."""
        self.both = (first, second)
        for one in self.both:
            check_finished(one)

    @property
    def names(self) -> tuple[str, str]:
        """What tells the two apart: the variants, with experiment and seed where these differ."""
        first, second = self.both
        parts = [[one.variant] for one in self.both]
        if first.experiment != second.experiment:
            parts = [[*part, f"experiment {one.experiment}"] for part, one in zip(parts, self.both)]
        if first.seed != second.seed:
            parts = [[*part, f"seed {one.seed}"] for part, one in zip(parts, self.both)]
        return tuple(", ".join(part) for part in parts)

    @cached_property
    def differing_settings(self) -> pd.DataFrame:
        """What the two were made from where it differs, one line a setting: `made`, `setting`, `first`, `second`.

        `made` is what depends on it: the replies, the model, the rows it was trained on, and so on; what only one of
        the two has is one line without a setting. Files that were given are there by their digests, and versions too.
        What differs alike in two places is shown once.
        """
        values = [origins(one.variant_folder()) for one in self.both]
        made = [{what for what, _ in side} for side in values]
        lines = {}
        for what, setting in dict.fromkeys([*values[0], *values[1]]):
            if what not in made[0] & made[1]:
                lines[what] = (what, "", *("made" if what in side else NOT_THERE for side in made))
                continue
            first, second = (side.get((what, setting), NOT_THERE) for side in values)
            if first != second:
                lines.setdefault((setting, first, second), (what, setting, first, second))
        return pd.DataFrame(lines.values(), columns=["made", "setting", *SIDES])

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The losses of both trainings by step, as in training.json, with `run`: one of `names`."""
        frames = []
        for name, one in zip(self.names, self.both):
            record = training_record(one.variant_folder())
            frames.append(pd.DataFrame(record.get("history", [])).assign(run=name))
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def about_losses(self) -> str:
        """Whether the losses are about the same text, in words."""
        rows = [
            (runs.manifest(one.variant_folder() / "model") or {}).get("inputs", {}).get("data") for one in self.both
        ]
        if rows[0] is not None and rows[0] == rows[1]:
            return "Both were trained and validated on the same rows, so their losses compare."
        return "They were trained and validated on different rows, so their losses are not about the same text."

    @cached_property
    def replies(self) -> pd.DataFrame:
        """The problems that both answered, with the same id, question and gold answer: one line each.

        The columns are `problem_id`, `question`, `gold`, those of `read_replies` for each of the two with `_first` or
        `_second` behind them, and `end`, one of ENDS.
        """
        tables = [read_replies(one.variant_folder()) for one in self.both]
        shared = tables[0].merge(
            tables[1], on=["problem_id", "question", "gold"], suffixes=[f"_{side}" for side in SIDES]
        )
        ends = [ENDS[bool(a), bool(b)] for a, b in zip(shared["correct_first"], shared["correct_second"])]
        return shared.assign(end=pd.Series(ends, dtype=object))

    @cached_property
    def found(self) -> Comparison:
        """How much more often the first is right than the second, paired by problem (`paired.compare`)."""
        if self.replies.empty:
            return NO_COMPARISON
        return compare(*([self.replies[f"correct_{side}"].astype(float)] for side in SIDES))

    @cached_property
    def paired(self) -> pd.DataFrame:
        """The two on the problems that both answered, and their difference (first − second): three lines.

        `correct` of `n` replies are right. The `accuracy` has a 95 % interval `low` to `high`, Wilson's for one of the
        two and that of `paired.compare` for the difference, with its `p` and the name of the `test`. `pauses_mean` is
        per reply, `truncated_rate` the share of replies that were cut at the limit.
        """
        lines = [self.line_of(name, side) for name, side in zip(self.names, SIDES)]
        first, second = lines
        less = {name: first[name] - second[name] for name in ("correct", "pauses_mean", "truncated_rate")}
        found = {"accuracy": self.found.difference, "low": self.found.low, "high": self.found.high, "p": self.found.p}
        lines.append({"run": "first − second", "n": first["n"], **less, **found, "test": self.found.test})
        return pd.DataFrame(lines)

    def line_of(self, name: str, side: str) -> dict:
        """A line of `paired` about one of the two."""
        mine, n = self.replies, len(self.replies)
        right = int(mine[f"correct_{side}"].sum())
        low, high = wilson(right, n) if n else (NAN, NAN)
        return {
            "run": name,
            "n": n,
            "correct": right,
            "accuracy": right / n if n else NAN,
            "low": low,
            "high": high,
            "pauses_mean": mine[f"n_pauses_{side}"].mean(),
            "truncated_rate": mine[f"truncated_{side}"].mean(),
            "p": NAN,
            "test": NOT_THERE,
        }

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """How many of the shared problems both get right, only one of them, and none: `problems`, `how_many`."""
        counts = self.replies["end"].value_counts()
        return pd.DataFrame({"problems": ENDS.values(), "how_many": [int(counts.get(end, 0)) for end in ENDS.values()]})

    @cached_property
    def reading(self) -> str:
        """The paired difference, and what was left out, in words."""
        n, names = len(self.replies), self.names
        if self.both[0] == self.both[1]:
            return f"Both are the same run, {names[0]}."
        if not n:
            return "They have no problem in common, so nothing of their replies can be paired."
        counts = dict(self.agreement.itertuples(index=False))
        gap, low, high = [f"{100 * value:+.1f}" for value in (self.found.difference, self.found.low, self.found.high)]
        shares = [f"{100 * self.replies[f'correct_{side}'].mean():.1f} %" for side in SIDES]
        only = [counts[ENDS[True, False]], counts[ENDS[False, True]]]
        others = [len(read_replies(one.variant_folder())) - n for one in self.both]
        left_out = f" Not in both: {others[0]} problems of the first, {others[1]} of the second." if any(others) else ""
        return (
            f"On the {n:,} problems that both answered, {names[0]} is right in {shares[0]}, {names[1]} in {shares[1]}: "
            f"{gap} points (95 % interval {low} to {high}, {self.found.test} p = {self.found.p:.2g}). "
            f"{only[0]} are right in the first alone, {only[1]} in the second alone.{left_out}"
        )


def check_finished(settings: Settings) -> None:
    """Raise InputError, with the place and the cure, where a row has no replies, or stale ones."""
    folder = settings.variant_folder()
    found = runs.manifest(folder)
    of_row = (found or {"settings": {}})["settings"].get
    if (
        found
        and runs.why_stale(folder) is None
        and (of_row("variant"), of_row("seed")) == (settings.variant, settings.seed)
    ):
        return
    place = f"{settings.variant} of experiment {settings.experiment}, seed {settings.seed}"
    stale = runs.why_stale(folder) or f"they are of {of_row('variant')}, seed {of_row('seed')}"
    why = f"are stale: {stale}" if (folder / runs.MANIFEST).exists() else "are not finished"
    raise InputError(
        f"The replies of {place}, {why} under {settings.runs_dir}: `papermill notebooks/evaluate.ipynb out.ipynb "
        f"-p variant {settings.variant} -p experiment {settings.experiment} -p seed {settings.seed}` makes them."
    )


def origins(folder: Path, by: str = "") -> dict[tuple[str, str], str]:
    """All that the files in a folder were made from, however far back: (what was made, setting) -> value, as text.

    Files that were given are there with their digests, and versions as what was made `versions`. `by` is the name of
    the input as which the folder was reached.
    """
    found, made = runs.manifest(folder) or {}, what_is_in(folder, by)
    places = found.get("places", {})
    values = {(made, name): str(value) for name, value in found.get("settings", {}).items()}
    given = {name: digest for name, digest in found.get("inputs", {}).items() if name not in places}
    values |= {(made, f"{name} (digest)"): digest for name, digest in given.items()}
    for name, place in places.items():
        values |= {key: value for key, value in origins((folder / place).resolve(), name).items() if key not in values}
    return values | {("versions", name): version for name, version in found.get("versions", {}).items()}


def what_is_in(folder: Path, by: str) -> str:
    """What a folder holds that was reached as an input, or, where `by` is empty, that replies are in."""
    if by == "base":
        return "first step"
    if by != "data":
        return by or "replies"
    if folder.parent.name == "injected":
        return "injected rows"
    return "clean rows of the seed" if folder.parent.name.startswith("seed-") else "clean rows"
