"""What an experiment has on disk, as tables.

A row that is not finished is shown as missing where a table has one line a row, and left out where it has one line a
reply. Only what the experiment asks for is read: its seeds, variants and interventions. What else lies in its folder,
from an earlier run, stays out.
"""

import re
from pathlib import Path

import pandas as pd

from pauselib import runs, tasks
from pauselib.analysis.statistics.intervals import wilson
from pauselib.artifacts import replies_artifact, trial_artifact, why_unfinished
from pauselib.settings import Settings
from pauselib.sources import generator
from pauselib.tokens import PAUSE_TEXT
from pauselib.trials import models_of_trial
from pauselib.variants import FIRST_STEP, PARTS, parse

METRICS = (
    "accuracy", "step_accuracy", "eval_loss",
    "pauses_mean", "pauses_mean_correct", "pauses_mean_incorrect", "truncated_rate", "n",
)  # fmt: skip
"""What is taken over from metrics.json, in the order of the table's columns."""

REPLY_COLUMNS = ["seed", "variant", "problem_id", "correct", "n_pauses", "n_sites", "truncated"]
"""What a table of replies has at the least, also an empty one."""

SITE = f"(?:{re.escape(PAUSE_TEXT)})+"
"""A place where a reply pauses, as a pattern of its text: a run of pauses."""


def row_folders(settings: Settings) -> dict[tuple[int, str], Path]:
    """The folder of every row that the experiment asks for, by seed and variant, whether it exists or not.

    They come seed by seed, and within a seed in the order of `settings.variants`.
    """
    return {
        (seed, name): settings.but(seed=seed, variant=name).variant_folder()
        for seed in settings.seeds
        for name in settings.variants
    }


def trial_rows(settings: Settings) -> dict[tuple[int, str], Settings]:
    """The settings of every insertion trial that the experiment asks for, by seed and model: of its rows in
    `settings.trials`, and of the models that these are compared with.
    """
    asked = [name for name in settings.trials if name in settings.variants]
    models = dict.fromkeys(model for name in asked for model in models_of_trial(name))
    return {(seed, name): settings.but(seed=seed, variant=name) for seed in settings.seeds for name in models}


def curve_rows(settings: Settings) -> dict[tuple[int, str, int], Settings]:
    """The settings of every trial of a checkpoint that the experiment asks for, by seed, model and step; with those of
    the first step's model, as the step 0, where it asks for any.
    """
    found = {}
    for (seed, name), row in trial_rows(settings).items():
        steps = settings.trial_checkpoints if parse(name).second_step else ()
        found |= {(seed, name, step): row for step in steps}
    seeds = dict.fromkeys(seed for seed, _, _ in found)
    return found | {(seed, FIRST_STEP, 0): settings.but(seed=seed, variant=FIRST_STEP) for seed in seeds}


def finished_trials(settings: Settings) -> dict[tuple[int, str], Path]:
    """The folders of those of `trial_rows` that are finished (`artifacts.why_unfinished`)."""
    rows = trial_rows(settings)
    return {key: trial_artifact(row).folder for key, row in rows.items() if why_unfinished(row, "trial") is None}


def finished_checkpoints(settings: Settings) -> dict[tuple[int, str, int], Path]:
    """The folders of those of `curve_rows` that are finished (`artifacts.why_unfinished`)."""
    rows = {key: (row, key[2] or None) for key, row in curve_rows(settings).items()}
    return {
        key: trial_artifact(row, step).folder
        for key, (row, step) in rows.items()
        if why_unfinished(row, "trial", step) is None
    }


def finished_folders(settings: Settings) -> dict[tuple[int, str], Path]:
    """Those of `row_folders` whose replies are finished (`artifacts.why_unfinished`)."""
    rows = {(seed, name): settings.but(seed=seed, variant=name) for seed, name in row_folders(settings)}
    return {key: row.variant_folder() for key, row in rows.items() if why_unfinished(row, "evaluate") is None}


def asked_for(settings: Settings) -> dict[Path, tuple]:
    """All replies, of rows and interventions, and trials that the experiment asks for, by their folders, which may not
    exist: as `artifacts.why_unfinished` takes them.
    """
    rows = [settings.but(seed=seed, variant=name) for seed, name in row_folders(settings)]
    changed = [settings.but(seed=seed, **one) for one in settings.interventions for seed in settings.seeds]
    rows += [row for row in changed if row.variant in settings.variants]
    steps = [(row, key[2] or None) for key, row in curve_rows(settings).items()]
    trials = [(row, None) for row in trial_rows(settings).values()] + steps
    of_trials = {trial_artifact(row, step).folder: (row, "trial", step) for row, step in trials}
    return {replies_artifact(row).folder: (row, "evaluate") for row in rows} | of_trials


def stale_folders(settings: Settings) -> dict[Path, str]:
    """Why what is in a folder that is asked for doesn't count as finished, by folder. No table has them."""
    there = {folder: how for folder, how in asked_for(settings).items() if (folder / runs.MANIFEST).exists()}
    reasons = {folder: why_unfinished(*how) for folder, how in there.items()}
    return {folder: reason for folder, reason in reasons.items() if reason}


def results(settings: Settings) -> pd.DataFrame:
    """The result table, one line a seed and variant: the metrics, what is unfrozen, and `model_digest`.

    The metrics are those of METRICS: `eval_loss` in nats per token, pauses per reply, shares of the `n` replies.
    `accuracy_low` to `accuracy_high` is the 95 % Wilson interval of the accuracy over the test problems. What is
    unfrozen is in the boolean columns of PARTS. The metrics and the digest of the model that gave the replies are
    missing where a row is not finished.
    """
    rows, finished = [], finished_folders(settings)
    for (seed, name), folder in row_folders(settings).items():
        metrics = runs.read_json(folder / "metrics.json") if (seed, name) in finished else {}
        low, high = None, None
        if metrics:
            low, high = wilson(round(metrics["accuracy"] * metrics["n"]), metrics["n"])
        variant = parse(name)
        inputs = (runs.manifest(folder) or {}).get("inputs", {})
        rows.append(
            {
                "seed": seed,
                "variant": name,
                **{metric: metrics.get(metric) for metric in METRICS},
                "accuracy_low": low,
                "accuracy_high": high,
                **{part: getattr(variant, part) for part in PARTS},
                "model_digest": inputs.get("model"),
            }
        )
    return pd.DataFrame(rows)


def read_replies(folder: Path) -> pd.DataFrame:
    """The replies in a folder, one line each, with the fields of predictions.jsonl and `n_sites`.

    `n_sites` is the number of places where a reply pauses: a run of pauses with no text between them is one.
    """
    replies = pd.DataFrame(runs.read_json_lines(folder / "predictions.jsonl"))
    return replies.assign(n_sites=replies["reply"].str.count(SITE))


def predictions(settings: Settings) -> pd.DataFrame:
    """The replies of all finished rows: one line a reply, with the columns of `read_replies`, `seed` and `variant`.

    They are in the order of `row_folders`, without stale ones. The table is empty where nothing is finished.
    """
    frames = []
    for (seed, name), folder in finished_folders(settings).items():
        frames.append(read_replies(folder).assign(seed=seed, variant=name))
    if not frames:
        return pd.DataFrame(columns=REPLY_COLUMNS)
    return pd.concat(frames, ignore_index=True)


def with_tokens(settings: Settings, replies: pd.DataFrame) -> pd.DataFrame:
    """Those of the `replies` (`predictions`) whose tokens were kept, with these and the difficulty of their problems.

    `tokens` (texts), `p_pause` and `p_best` (probabilities) are lists with one item a token, see `evaluation.predict`;
    `difficulty` is that of the problem by the task, for GSM8K the number of calculations in the gold answer, missing
    where the data are gone; `scene` is what a generated problem is about, missing for all others.
    """
    frames = []
    for (seed, name), mine in replies.groupby(["seed", "variant"], sort=False):
        path = settings.but(seed=int(seed), variant=name).variant_folder() / "tokens.parquet"
        if path.exists():
            frames.append(mine.merge(pd.read_parquet(path), on="problem_id"))
    if frames:
        found = pd.concat(frames, ignore_index=True)
    else:
        found = replies[:0].reindex(columns=[*replies.columns, "tokens", "p_pause", "p_best"])
    scenes = found["question"].map(generator.scene) if settings.dataset == "toy" and len(found) else None
    return found.assign(difficulty=found["problem_id"].map(_difficulties(settings)), scene=scenes)


def _difficulties(settings: Settings) -> dict[str, int]:
    """The difficulty of every test problem by its `problem_id`; none where the data are gone."""
    path = settings.folder() / "data" / "test.parquet"
    if not path.exists():
        return {}
    problems, task = pd.read_parquet(path, columns=["problem_id", "answer"]), tasks.find(settings.task)
    return {name: task.difficulty(answer) for name, answer in zip(problems["problem_id"], problems["answer"])}


def intervened(settings: Settings) -> pd.DataFrame:
    """The replies under the finished ones of `settings.interventions`, in that order, one line a reply.

    The columns are those of `read_replies`, `seed`, `variant`, `intervention` (its name: that of its folder),
    and `allowed`: how many pauses a reply may have where this is all that the intervention changes, else missing.
    Interventions of variants that are no rows of the experiment are left out, and the table is empty where there is
    none.
    """
    frames = []
    for asked in settings.interventions:
        only_a_limit = set(asked) == {"variant", "max_pauses"}
        for seed in settings.seeds:
            row = settings.but(seed=seed, **asked)
            folder = row.replies_folder()
            if row.variant not in settings.variants or why_unfinished(row, "evaluate"):
                continue
            replies = read_replies(folder)
            allowed = float(asked["max_pauses"]) if only_a_limit else float("nan")
            frames.append(replies.assign(seed=seed, variant=row.variant, intervention=folder.name, allowed=allowed))
    if not frames:
        return pd.DataFrame(columns=[*REPLY_COLUMNS, "intervention", "allowed"])
    return pd.concat(frames, ignore_index=True)


def of_pausing_variants(rows: pd.DataFrame) -> pd.DataFrame:
    """The lines of a table that are about variants with a pause token: all but the baselines'."""
    return rows[rows["variant"].map(lambda name: parse(name).pauses).astype(bool)]


def finished_sentence(settings: Settings, table: pd.DataFrame) -> str:
    """How many rows of `results` are finished, and how to make the others, in words."""
    missing = table.loc[table["accuracy"].isna(), "variant"].tolist()
    sentence = f"{len(table) - len(missing)} of {len(table)} rows are finished under {settings.folder().name}."
    for folder, reason in stale_folders(settings).items():
        place = folder.relative_to(settings.folder()).as_posix()
        sentence += f" {place} is stale and left out: {reason}."
    if missing:
        command = f"papermill notebooks/evaluate.ipynb out.ipynb -p variant {missing[0]} -p experiment"
        sentence += f" `{command} {settings.experiment}` makes one more, `make run` all of them."
    return sentence


def artifacts(settings: Settings) -> pd.DataFrame:
    """Where each row's files are, relative to the experiment's folder, and where its training was logged.

    A file that is not there yet, and a log that was not asked for, is shown as `–`.
    """
    files = {
        "predictions": "predictions.jsonl",
        "model": "model",
        "warmup notebook": "warmup.ipynb",
        "evaluate notebook": "evaluate.ipynb",
        "trial notebook": "trial.ipynb",
    }
    rows = []
    for (seed, name), folder in row_folders(settings).items():
        row = {"variant": name, "seed": seed}
        for column, file in files.items():
            path = folder / file
            row[column] = path.relative_to(settings.folder()).as_posix() if path.exists() else "–"
        rows.append({**row, "tracking": training_record(folder).get("tracking") or "–"})
    return pd.DataFrame(rows)


def training_record(folder: Path) -> dict:
    """What the warm-up of a row noted, from `model/`, whose manifest has its digest, or where no model is there, the
    copy beside it; empty where a row is not trained.
    """
    return runs.read_json(folder / "model" / "training.json") or runs.read_json(folder / "training.json") or {}


def nearest_tokens(settings: Settings) -> pd.DataFrame:
    """The five tokens whose embeddings are most like the pause embedding of each finished row, from training.json.

    `variant`, `seed`, and `tokens`: their texts with their cosines. A variant without a pause embedding has no line.
    """
    rows = []
    for (seed, name), folder in finished_folders(settings).items():
        nearest = training_record(folder)["nearest_tokens"][:5]
        if nearest:
            listed = ", ".join(f"{row['token']!r} {row['cosine']:.2f}" for row in nearest)
            rows.append({"variant": name, "seed": seed, "tokens": listed})
    return pd.DataFrame(rows, columns=["variant", "seed", "tokens"])


def values_used(settings: Settings) -> dict[str, list]:
    """The settings and package versions that the experiment's files were made from: each one's values, without repeats.

    They are read from the manifests of the clean rows, the injected rows, the models, the replies and the trials. The
    model of the first step counts whether or not it is a row of the experiment, since the others start from it.
    """
    rows = [settings.but(seed=seed, variant=name) for seed in settings.seeds for name in settings.variants]
    first = [settings.but(seed=seed, variant=FIRST_STEP) for seed in settings.seeds]
    injected = dict.fromkeys(row.injected_folder() for row in rows)
    models = dict.fromkeys(row.variant_folder() / "model" for row in [*rows, *first])
    replies = [row.variant_folder() for row in rows]
    trials = [trial_artifact(row).folder for row in trial_rows(settings).values()]
    found: dict[str, dict[str, object]] = {}
    for folder in [settings.folder() / "data", *injected, *models, *replies, *trials]:
        manifest = runs.manifest(folder) or {}
        noted = [manifest.get(kind, {}) for kind in ("settings", "versions", "notes")]
        for name, value in {name: value for kind in noted for name, value in kind.items()}.items():
            found.setdefault(name, {})[str(value)] = value
    return {name: list(values.values()) for name, values in found.items()}


def settings_used(settings: Settings) -> dict[str, str]:
    """`values_used` as text, several values joined by commas, without the variant and the seed: these differ by row."""
    used = values_used(settings)
    return {name: ", ".join(map(str, values)) for name, values in used.items() if name not in ("variant", "seed")}
