"""Two finished rows side by side, of one experiment or of two: what differs in how they were made, their losses, their
accuracy paired by problem, and the replies that changed. The tables call the two `first` and `second`.
"""

from pathlib import Path

import pandas as pd

from pauselib.analysis.statistics.intervals import NAN, wilson
from pauselib.analysis.statistics.paired import compare
from pauselib.analysis.tables.loading import read_replies, training_record
from pauselib.artifacts import IF_MISSING, artifacts_of
from pauselib.errors import InputError
from pauselib.manifests import CODE, manifest, why_stale
from pauselib.settings import Settings
from pauselib.variants import matched_baseline

SIDES = ("first", "second")
NOT_THERE = "–"  # where one of the two has no such setting


def two_rows(settings: Settings) -> tuple[Settings, Settings]:
    """Return a row and the one it is compared with, by `other_experiment`, `other_variant` and `other_seed`.

    Each of these that is not given is that of the row itself; where none is, the other is the matched baseline. Raises
    InputError, with the cure, where one of the two has no replies, or stale ones.
    """
    seed = settings.seed if settings.other_seed == -1 else settings.other_seed
    given = {"experiment": settings.other_experiment, "variant": settings.other_variant}
    if not any(given.values()) and settings.other_seed == -1:
        given = {"variant": matched_baseline(settings.variant)}
    other = settings.but(**{name: value for name, value in given.items() if value}, seed=seed)
    for row in (settings, other):
        reason = why_stale(row.variant_folder())
        if reason:
            name = f"-p variant {row.variant} -p experiment {row.experiment} -p seed {row.seed}"
            cure = f"`papermill notebooks/evaluate.ipynb out.ipynb {name}` makes them"
            raise InputError(f"The replies in {row.variant_folder()} can't be compared, since {reason}: {cure}.")
    return settings, other


def names(rows: tuple[Settings, Settings]) -> list[str]:
    """Return what two rows are called in tables and pictures: the variants, with experiment and seed."""
    return [f"{row.variant} ({row.experiment}, seed {row.seed})" for row in rows]


def differing_settings(rows: tuple[Settings, Settings]) -> pd.DataFrame:
    """Return what two rows were made from where it differs, one line a setting: `made`, `setting`, `first`, `second`.

    `made` is what depends on it: the replies, the model, the rows that it was trained on, and so on; what only one of
    the two has is one line without a setting. What differs alike in two places is shown once. A setting of what is
    made that its manifest lacks is its default, and code is compared where both name it, as in `manifests.changes`.
    """
    values = [origins(row.variant_folder()) for row in rows]
    made = [{what for what, _ in side} for side in values]
    known = [{(one.what, name) for one in artifacts_of(row, "evaluate") for name in one.settings} for row in rows]
    lines = {}
    for what, setting in dict.fromkeys([*values[0], *values[1]]):
        if what not in made[0] & made[1]:
            lines[what] = (what, "", *("made" if what in side else NOT_THERE for side in made))
            continue
        default, key = str(IF_MISSING.get(setting, NOT_THERE)), (what, setting)
        pair = tuple(side.get(key, default if key in theirs else NOT_THERE) for side, theirs in zip(values, known))
        if pair[0] != pair[1] and not (setting.startswith(CODE) and NOT_THERE in pair):
            lines.setdefault((setting, *pair), (what, setting, *pair))
    return pd.DataFrame(lines.values(), columns=["made", "setting", *SIDES])


def origins(folder: Path, made: str = "replies") -> dict[tuple[str, str], str]:
    """Return all that what is in a folder was made from, however far back: (what was made, setting) -> value, as text.

    Files that were given are there with their digests, and versions as what was made `versions`.
    """
    found = manifest(folder) or {}
    places = found.get("places", {})
    values = {(made, name): str(value) for name, value in found.get("settings", {}).items()}
    given = {name: digest for name, digest in found.get("inputs", {}).items() if name not in places}
    values |= {(made, f"{name} (digest)"): digest for name, digest in given.items()}
    values |= {(made, name): digest for name, digest in found.get("code", {}).items()}
    for name, place in places.items():
        source = (folder / place).resolve()
        rows = "injected rows" if source.parent.name == "injected" else "clean rows"
        before = origins(source, {"base": "first step", "data": rows}.get(name, name))
        values = values | before | values  # what is nearer counts
    return values | {("versions", name): version for name, version in found.get("versions", {}).items()}


def losses(rows: tuple[Settings, Settings]) -> pd.DataFrame:
    """Return the losses of both trainings by step, as in training.json, with `run`: one of `names`."""
    records = [training_record(row.variant_folder()).get("history", []) for row in rows]
    frames = [pd.DataFrame(record).assign(run=name) for record, name in zip(records, names(rows))]
    return pd.concat(frames, ignore_index=True)


def paired_replies(rows: tuple[Settings, Settings]) -> pd.DataFrame:
    """Return the problems that both answered, with the same id, question and gold answer, one line each: these, and the
    columns of `read_replies` of each row with `_first` or `_second` behind them.
    """
    first, second = (read_replies(row.variant_folder()) for row in rows)
    return first.merge(second, on=["problem_id", "question", "gold"], suffixes=[f"_{side}" for side in SIDES])


def paired_accuracy(rows: tuple[Settings, Settings], paired: pd.DataFrame) -> pd.DataFrame:
    """Return the two on the problems that both answered (`paired_replies`), and their difference: three lines.

    `correct` of `n` are right. The `accuracy` has a 95 % interval `low` to `high`, Wilson's for one of the two and that
    of `paired.compare` for the difference, with its `p`. `alone` counts what only that one gets right; `pauses_mean` is
    per reply.
    """
    n, lines, right = len(paired), [], [paired[f"correct_{side}"].astype(int) for side in SIDES]
    for name, side, mine, other in zip(names(rows), SIDES, right, right[::-1]):
        low, high = wilson(int(mine.sum()), n)
        line = {"run": name, "n": n, "correct": mine.sum(), "alone": (mine > other).sum(), "accuracy": mine.mean()}
        lines.append({**line, "low": low, "high": high, "p": NAN, "pauses_mean": paired[f"n_pauses_{side}"].mean()})
    found, (first, second) = compare([right[0]], [right[1]]), lines
    less = {name: first[name] - second[name] for name in ("correct", "alone", "pauses_mean")}
    difference = {"accuracy": found.difference, "low": found.low, "high": found.high, "p": found.p}
    return pd.DataFrame([first, second, {"run": "first − second", "n": n, **less, **difference}])


def changed_replies(paired: pd.DataFrame) -> pd.DataFrame:
    """Return the problems that just one of the two gets `right`, with both replies: `problem_id`, `right`, `question`,
    `gold`, `first`, `second`. Those of the first come first.
    """
    apart = paired[paired["correct_first"] != paired["correct_second"]]
    right = apart["correct_first"].map({True: "first", False: "second"})
    table = apart.assign(right=right).rename(columns={f"reply_{side}": side for side in SIDES})
    columns = ["problem_id", "right", "question", "gold", *SIDES]
    return table.sort_values("right", kind="stable", ignore_index=True)[columns]
