"""The model and the dataset of an experiment, as a report names them: without a path of the machine."""

from pathlib import PurePath

from pauselib import runs
from pauselib.manifests import is_path
from pauselib.settings import Settings
from pauselib.variants import FIRST_STEP


def sources(settings: Settings) -> dict[str, str]:
    """Return the names of the `model` and the `dataset` that the clean rows were made from, or else that are asked for.

    One in a local folder has the folder's name, and the digest of what was read from it.
    """
    data, row = runs.manifest(settings.folder() / "data") or {}, settings.but(seed=settings.seeds[0])
    first = runs.manifest(row.but(variant=FIRST_STEP).variant_folder() / "model") or {}
    used = settings.of("model", "dataset") | data.get("settings", {})
    of_data = [digest for name, digest in data.get("inputs", {}).items() if name != "tokenizer of"]
    of_model = [digest for name, digest in first.get("inputs", {}).items() if name == "base"]
    return {"model": named(used["model"], of_model), "dataset": named(used["dataset"], of_data)}


def named(source: str, digests: list[str]) -> str:
    """Return the name of a model or dataset, for a folder with the digests of what was read from it."""
    if not is_path(source):
        return source
    return " ".join([PurePath(source).name, *(f"(digest {', '.join(digests)})" for _ in digests[:1])])
