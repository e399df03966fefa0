"""The injected rows of an experiment, under runs/<experiment>/data/: making them once, and reading them back."""

from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.errors import InputError
from pauselib.injection import rows as injection
from pauselib.settings import Settings
from pauselib.sources import problems

SETTINGS = (
    "model", "dataset", "dataset_config", "n_train", "n_test", "data_seed", "strategy", "n_random_pauses", "variable_number_of_pauses",
    "n_pauses_per_patterns", "n_copies", "unit", "validation_split", "validation_share", "max_length", "too_long",
)  # fmt: skip


def made_from(settings: Settings) -> dict:
    """What the data of an experiment depend on."""
    from pauselib.training.warmup import model_source

    folder = Path(settings.dataset)
    inputs = {
        f"{split}.jsonl": runs.digest(folder / f"{split}.jsonl")
        for split in ("train", "test")
        if (folder / f"{split}.jsonl").exists()
    }
    return {
        "settings": settings.of(*SETTINGS),
        "inputs": {**inputs, "tokenizer of": runs.source_digest(model_source(settings.model))},
        "versions": runs.versions("tokenizers", "numpy", "pyarrow"),
    }


def make(settings: Settings, asked: bool = False) -> tuple[Path, dict]:
    """The folder of the injected data, made now unless it is there, and counts: rows of each split and how many were too long."""
    folder = settings.folder() / "data"
    runs.make_once(folder, made_from(settings), lambda part: build(settings, part), asked)
    return folder, runs.read_json(folder / "counts.json")


def build(settings: Settings, folder: Path) -> None:
    """Write train, validation and test parquet files and counts.json."""
    from pauselib.training.warmup import load_tokenizer, pause_token_id

    tokenizer, pause_id = load_tokenizer(settings.model), pause_token_id(settings.model)
    train, test = (
        problems.load(settings.dataset, split, n, settings.data_seed, settings.dataset_config)
        for split, n in (("train", settings.n_train), ("test", settings.n_test))
    )
    rows, n_long = injection.fit(
        injection.inject(train, tokenizer, pause_id, settings), settings.max_length, settings.too_long, pause_id
    )
    if not rows:
        raise InputError(f"All {n_long} rows are longer than max_length {settings.max_length}: raise it.")
    parts = dict(
        zip(
            ("train", "validation"),
            injection.split(rows, settings.validation_split, settings.validation_share, settings.data_seed),
        )
    )
    parts["test"] = injection.plain_rows(test, tokenizer)
    for split, part in parts.items():
        pd.DataFrame(part).to_parquet(folder / f"{split}.parquet", index=False)
    runs.write_json(folder / "counts.json", {**{split: len(part) for split, part in parts.items()}, "too_long": n_long})


def read(folder: Path, split: str) -> pd.DataFrame:
    """The rows of a split: `problem_id`, `question`, `answer`, `copy`, `input_ids`, `completion_mask`, `n_pauses`."""
    return pd.read_parquet(folder / f"{split}.parquet")


def clean(rows: pd.DataFrame, pause_id: int, once: bool = True) -> pd.DataFrame:
    """The rows without their pauses, one a problem, or with `once` off as many as there are: what the baselines are trained on."""
    rows = (rows.drop_duplicates("problem_id") if once else rows).copy()
    keep = [ids != pause_id for ids in rows["input_ids"]]
    for column in ("input_ids", "completion_mask"):
        rows[column] = [values[k] for values, k in zip(rows[column], keep)]
    return rows.assign(n_pauses=0)
