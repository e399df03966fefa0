"""The result table of an experiment, from whatever is finished under its folder."""

import pandas as pd

from pauselib import runs
from pauselib.analysis.statistics import wilson
from pauselib.decoding.evaluation import read_predictions
from pauselib.decoding.interventions import NAMES
from pauselib.injection import data
from pauselib.settings import Settings
from pauselib.variants import VARIANTS

METRICS = [
    "accuracy",
    "eval_loss",
    "pauses_mean",
    "pauses_mean_correct",
    "pauses_mean_incorrect",
    "truncated_rate",
    "n",
]


def results(settings: Settings) -> pd.DataFrame:
    """One row a variant and seed: `seed`, `variant`, the metrics (None where the variant is not finished), and what is unfrozen.

    `accuracy_low` to `accuracy_high` is the 95 % Wilson interval of the accuracy, over test problems.
    """
    rows = []
    for seed in settings.seeds:
        for name in settings.variants:
            metrics = runs.read_json(settings.but(seed=seed, variant=name).variant_folder() / "metrics.json") or {}
            parts = {
                part: getattr(VARIANTS[name], part)
                for part in ("pause_embedding", "pause_head", "lm_head", "lm_embeddings", "lora")
            }
            made_from = {"model_digest": metrics.get("made_from", {}).get("inputs", {}).get("model")}
            known = {key: metrics.get(key) for key in METRICS}
            low, high = wilson(round(metrics["accuracy"] * metrics["n"]), metrics["n"]) if metrics else (None, None)
            rows.append(
                {
                    "seed": seed,
                    "variant": name,
                    **known,
                    "accuracy_low": low,
                    "accuracy_high": high,
                    **parts,
                    **made_from,
                }
            )
    return pd.DataFrame(rows)


def predictions(settings: Settings) -> pd.DataFrame:
    """The replies of all finished variants and seeds: the fields of predictions.jsonl with `seed` and `variant`. Empty where none is."""
    frames = [
        pd.DataFrame(read_predictions(folder / "predictions.jsonl")).assign(seed=seed, variant=name)
        for seed in settings.seeds
        for name in settings.variants
        if (folder := settings.but(seed=seed, variant=name).variant_folder()) and (folder / "metrics.json").exists()
    ]
    if not frames:
        return pd.DataFrame(columns=["seed", "variant", "correct", "n_pauses", "truncated"])
    return pd.concat(frames, ignore_index=True)


def with_tokens(settings: Settings, replies: pd.DataFrame) -> pd.DataFrame:
    """Those of `predictions` that have it with what the model gave at each token (`tokens`, `p_pause`, `p_best`, see `evaluation.predict`)
    and `n_steps`, the number of calculations (`<<`) in the gold answer."""
    columns = ["problem_id", "tokens", "p_pause", "p_best"]
    kept = (settings.folder() / "data" / "test.parquet").exists()
    rows = data.read(settings.folder() / "data", "test") if kept else pd.DataFrame({"problem_id": [], "answer": []})
    steps = dict(zip(rows["problem_id"], rows["answer"].map(lambda answer: answer.count("<<"))))
    frames = []
    for (seed, name), part in replies.groupby(["seed", "variant"], sort=False):
        path = settings.but(seed=int(seed), variant=name).variant_folder() / "tokens.parquet"
        frames += [part.merge(pd.read_parquet(path), on="problem_id")] if path.exists() else []
    found = (
        pd.concat(frames, ignore_index=True)
        if frames
        else replies[:0].reindex(columns=replies.columns.union(columns, sort=False))
    )
    return found.assign(n_steps=found["problem_id"].map(steps))


def intervened(settings: Settings) -> pd.DataFrame:
    """The replies under every finished intervention: the fields of predictions.jsonl with `seed`, `variant`, `intervention` (its name) and its settings."""
    frames = []
    for seed in settings.seeds:
        for name in settings.variants:
            folder = settings.but(seed=seed, variant=name).variant_folder() / "interventions"
            found = [
                (runs.read_json(path)["made_from"]["settings"], path.parent) for path in folder.glob("*/metrics.json")
            ]
            for changed, path in sorted(found, key=lambda pair: [pair[0][setting] for setting in reversed(NAMES)]):
                given = {
                    "seed": seed,
                    "variant": name,
                    "intervention": path.name,
                    **{setting: changed[setting] for setting in NAMES},
                }
                frames.append(pd.DataFrame(read_predictions(path / "predictions.jsonl")).assign(**given))
    return (
        pd.concat(frames, ignore_index=True)
        if frames
        else pd.DataFrame(columns=["seed", "variant", "intervention", "correct", "n_pauses", *NAMES])
    )


def pausing(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of variants that have a pause token: all but the baselines."""
    return rows[rows["variant"].map(lambda name: VARIANTS[name].pauses).astype(bool)]


def finished(settings: Settings, table: pd.DataFrame) -> str:
    """How many rows are finished, and how to make the others."""
    missing = table.loc[table["accuracy"].isna(), "variant"].tolist()
    told = f"{len(table) - len(missing)} of {len(table)} rows are finished under {settings.folder().name}."
    if missing:
        told += f" `papermill notebooks/evaluate.ipynb out.ipynb -p variant {missing[0]} -p experiment {settings.experiment}` makes one more, `make run` all of them."
    return told


def artifacts(settings: Settings) -> pd.DataFrame:
    """Where each row's files are, relative to the experiment's folder; `–` where there is none yet."""
    names = {
        "predictions": "predictions.jsonl",
        "model": "model",
        "warmup notebook": "warmup.ipynb",
        "evaluate notebook": "evaluate.ipynb",
    }
    rows = []
    for seed in settings.seeds:
        for name in settings.variants:
            folder = settings.but(seed=seed, variant=name).variant_folder()
            found = {
                column: (folder / file).relative_to(settings.folder()).as_posix() if (folder / file).exists() else "–"
                for column, file in names.items()
            }
            tracking = (runs.read_json(folder / "training.json") or {}).get("tracking") or "–"
            rows.append({"seed": seed, "variant": name, **found, "tracking": tracking})
    return pd.DataFrame(rows)


def used(settings: Settings) -> dict[str, str]:
    """The settings and versions that the finished files were made from, by their manifests; several values where the rows differ."""
    folder = settings.folder()
    found: dict[str, dict] = {}
    for path in [
        folder / "data" / runs.MANIFEST,
        *sorted(folder.glob("seed-*/*/training.json")),
        *sorted(folder.glob("seed-*/*/metrics.json")),
    ]:
        record = runs.read_json(path) or {}
        origin = record.get("made_from", record)
        for name, value in {**origin.get("settings", {}), **origin.get("versions", {})}.items():
            if name not in ("variant", "seed"):
                found.setdefault(name, {})[str(value)] = None
    return {name: ", ".join(values) for name, values in found.items()}
