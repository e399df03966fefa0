"""What an experiment has on disk, as tables.

Only what the experiment asks for (`asked_for`) and what is finished (`artifacts.why_unfinished`) is read. A row that is
not finished is shown as missing where a table has one line a row, and left out where it has one line a reply.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from pauselib.analysis.statistics.intervals import chance_level, wilson
from pauselib.artifacts import replies_artifact, trial_artifact, why_unfinished
from pauselib.files import read_json, read_json_lines
from pauselib.manifests import MANIFEST, manifest
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT
from pauselib.trials import models_of_trial
from pauselib.variants import FIRST_STEP, PARTS, parse

METRICS = ("accuracy", "step_accuracy", "eval_loss", "pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect")
METRICS += ("truncated_rate", "n")
"""What is taken over from metrics.json, in the order of the table's columns."""

REPLY_COLUMNS = ["seed", "variant", "problem_id", "correct", "n_pauses", "n_sites", "truncated"]  # also of no replies
REPLY_COLUMNS += ["expected_pauses", "gold", "predicted"]
SITE = f"(?:{re.escape(PAUSE_TEXT)})+"  # a place where a reply pauses, as a pattern of its text

REPLIES, INTERVENED, TRIAL, CHECKPOINT = "replies", "intervened", "trial", "checkpoint"
"""Kinds of results: the replies of a row, those under an intervention, its trial, and that of a checkpoint."""


class Asked(NamedTuple):
    """A result that an experiment asks for: its kind, the settings of its row, and its folder, which may not exist; of
    a checkpoint the step.
    """

    kind: str
    row: Settings
    folder: Path
    step: int | None = None

    @property
    def why_unfinished(self) -> str | None:
        """Why it doesn't count as finished, in words; None where it does."""
        notebook = "trial" if self.kind in (TRIAL, CHECKPOINT) else "evaluate"
        return why_unfinished(self.row, notebook, self.step)


def asked_for(settings: Settings) -> list[Asked]:
    """Every result that the experiment asks for, kind by kind, and within a kind seed by seed.

    These are the replies of its rows; the interventions on them, one by one; the trials of its rows in
    `settings.trials` and of the models that these are compared with; and the trials of the checkpoints of all these
    models, with the first step's model as their step 0.
    """

    def result(kind: str, seed: int, variant: str, step: int | None = None, **changes) -> Asked:
        row = settings.but(seed=seed, variant=variant, **changes)
        part = trial_artifact(row, step) if kind in (TRIAL, CHECKPOINT) else replies_artifact(row)
        return Asked(kind, row, part.folder, step)

    seeds, rows = settings.seeds, set(settings.variants)
    pausing = [name for name in settings.trials if name in rows]
    models = list(dict.fromkeys(model for name in pausing for model in models_of_trial(name)))
    found = [result(REPLIES, seed, name) for seed in seeds for name in settings.variants]
    changed = [result(INTERVENED, seed, **changes) for changes in settings.interventions for seed in seeds]
    found += [one for one in changed if one.row.variant in rows]
    found += [result(TRIAL, seed, name) for seed in seeds for name in models]
    steps = [(name, step) for name in models if parse(name).second_step for step in settings.trial_checkpoints]
    found += [result(CHECKPOINT, seed, name, step) for seed in seeds for name, step in steps]
    return found + [result(CHECKPOINT, seed, FIRST_STEP) for seed in seeds if steps]


def finished(settings: Settings, kind: str) -> list[Asked]:
    """The results of a kind that the experiment asks for and that are finished."""
    return [one for one in asked_for(settings) if one.kind == kind and one.why_unfinished is None]


def stale_folders(settings: Settings) -> dict[Path, str]:
    """Why what is in a folder that is asked for doesn't count as finished, by folder. No table has them."""
    there = [one for one in asked_for(settings) if (one.folder / MANIFEST).exists()]
    return {one.folder: reason for one in there if (reason := one.why_unfinished)}


def results(settings: Settings) -> pd.DataFrame:
    """The result table, one line a seed and variant: the metrics, what is unfrozen, and `model_digest`.

    The METRICS are `eval_loss` in nats per token, pauses per reply, and shares of the `n` replies; they are missing
    where a row is not finished. `accuracy_low` to `accuracy_high` is the 95 % Wilson interval over the test problems.
    `by_chance` is `intervals.chance_level`, `expected_pauses` the mean of that of `read_replies`.
    """
    rows, computed = [], ("accuracy_low", "accuracy_high", "expected_pauses", "by_chance")
    for one in (one for one in asked_for(settings) if one.kind == REPLIES):
        row = {"seed": one.row.seed, "variant": one.row.variant, **dict.fromkeys((*METRICS, *computed))}
        if one.why_unfinished is None:
            metrics, replies = read_json(one.folder / "metrics.json"), read_replies(one.folder)
            row |= {metric: metrics.get(metric) for metric in METRICS}
            row["accuracy_low"], row["accuracy_high"] = wilson(round(row["accuracy"] * row["n"]), row["n"])
            row["expected_pauses"] = replies["expected_pauses"].mean()
            row["by_chance"] = chance_level(replies["gold"], replies["predicted"])
        row |= {part: getattr(parse(one.row.variant), part) for part in PARTS}
        rows.append({**row, "model_digest": (manifest(one.folder) or {}).get("inputs", {}).get("model")})
    return pd.DataFrame(rows)


def read_replies(folder: Path) -> pd.DataFrame:
    """The replies in a folder, one line each, with the fields of predictions.jsonl, `n_sites` and `expected_pauses`.

    `n_sites` is the number of places where a reply pauses: a run of pauses with no text between them is one.
    `expected_pauses` is the sum of the pause head's probabilities: of tokens.parquet, or a published field, else nan.
    """
    replies, path = pd.DataFrame(read_json_lines(folder / "predictions.jsonl")), folder / "tokens.parquet"
    replies = pd.DataFrame({"expected_pauses": float("nan"), **replies, "n_sites": replies["reply"].str.count(SITE)})
    if path.exists():
        tokens = pd.read_parquet(path, columns=["problem_id", "p_pause"]).set_index("problem_id")
        replies["expected_pauses"] = replies["problem_id"].map(tokens["p_pause"].map(sum)).astype(float)
    return replies


def predictions(settings: Settings) -> pd.DataFrame:
    """The replies of all finished rows, one line a reply: the columns of `read_replies`, `seed` and `variant`."""
    rows = finished(settings, REPLIES)
    frames = [read_replies(one.folder).assign(seed=one.row.seed, variant=one.row.variant) for one in rows]
    return joined(frames, REPLY_COLUMNS)


def intervened(settings: Settings) -> pd.DataFrame:
    """The replies under the finished ones of `settings.interventions`, in that order, one line a reply.

    Beside the columns of `predictions` there are `intervention` (the name of its folder) and `allowed`: how many pauses
    a reply may have where this is all that the intervention changes, else missing.
    """
    frames = []
    for one in finished(settings, INTERVENED):
        allowed = float(one.row.max_pauses) if one.folder.name == f"max_pauses-{one.row.max_pauses}" else float("nan")
        replies = read_replies(one.folder).assign(seed=one.row.seed, variant=one.row.variant)
        frames.append(replies.assign(intervention=one.folder.name, allowed=allowed))
    return joined(frames, [*REPLY_COLUMNS, "intervention", "allowed"])


def joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The lines of several tables as one; where there is none, an empty table with these columns."""
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def with_tokens(settings: Settings, replies: pd.DataFrame) -> pd.DataFrame:
    """Those of the `replies` (`predictions`) whose tokens were kept, with these.

    `tokens` (texts), `p_pause` and `p_best` (probabilities) are lists with one item a token, see `evaluation.predict`.
    """
    frames = []
    for (seed, name), mine in replies.groupby(["seed", "variant"], sort=False):
        path = settings.but(seed=int(seed), variant=name).variant_folder() / "tokens.parquet"
        if path.exists():
            frames.append(mine.merge(pd.read_parquet(path), on="problem_id"))
    return joined(frames, [*replies.columns, "tokens", "p_pause", "p_best"])


def of_pausing_variants(rows: pd.DataFrame) -> pd.DataFrame:
    """The lines of a table that are about variants with a pause token: all but the baselines'."""
    return rows[rows["variant"].map(lambda name: parse(name).pauses).astype(bool)]


def training_record(folder: Path) -> dict:
    """What the warm-up of a row noted, from `model/`, or the copy beside it; empty where a row is not trained."""
    return read_json(folder / "model" / "training.json") or read_json(folder / "training.json") or {}


def calibration(rows: Iterable[Asked]) -> pd.DataFrame:
    """How well the pause heads of finished rows know their validation answers, by bins of their probability.

    A line has the `variant`, the `seed`, and what `warmup.calibration` gives: the `low` edge of the bin, the number
    `n` of tokens in it, the mean probability `predicted` and the share `observed`. Beside these stand the head's mean
    cross-entropy there, `head_loss` in nats a token, and the one of the best `constant` rate. Older trainings noted the
    head's loss as a mean over rows alone, or none of this, and then have no line.
    """
    from scipy.stats import entropy

    frames = []
    for one in rows:
        record = training_record(one.row.variant_folder())
        bins = pd.DataFrame(record.get("calibration") or [])
        if len(bins):
            rate = np.average(bins["observed"], weights=bins["n"])
            head = np.average(bins["loss"], weights=bins["n"]) if "loss" in bins else record.get("pause_loss")
            losses = {"head_loss": head, "constant": entropy([rate, 1 - rate])}
            frames.append(bins.assign(variant=one.row.variant, seed=one.row.seed, **losses))
    return joined(frames, ["variant", "seed", "low", "n", "predicted", "observed", "head_loss", "constant"])


def values_used(settings: Settings) -> dict[str, list]:
    """The settings and package versions that the experiment's files were made from: each one's values, without repeats.

    They are read from the manifests of the clean rows, the injected rows, the models, the replies and the trials. The
    model of the first step counts whether or not it is a row of the experiment, since the others start from it.
    """
    asked = [one for one in asked_for(settings) if one.kind in (REPLIES, TRIAL)]
    rows = [one.row for one in asked if one.kind == REPLIES]
    models = [*rows, *(settings.but(seed=seed, variant=FIRST_STEP) for seed in settings.seeds)]
    folders = [settings.folder() / "data", *(row.injected_folder() for row in rows)]
    folders += [*(row.variant_folder() / "model" for row in models), *(one.folder for one in asked)]
    return values_of(folders)


def values_of(folders: Iterable[Path]) -> dict[str, list]:
    """The settings, versions and notes in the manifests of some folders: each one's values, without repeats."""
    found: dict[str, list] = {}
    for made_from in filter(None, map(manifest, folders)):
        for kind in ("settings", "versions", "notes"):
            for name, value in made_from.get(kind, {}).items():
                values = found.setdefault(name, [])
                values += [value] if value not in values else []
    return found
