"""What an experiment consists of: its record, the `config.yaml` that a run of the whole graph writes, or what is on
disk. An analysis takes from it what is not given, and one that leaves out some of it is partial.
"""

from pathlib import Path

from pauselib.analysis.tables.loading import asked_for
from pauselib.artifacts import DEFAULTS
from pauselib.decoding.interventions import INTERVENTION_SETTINGS
from pauselib.files import read_json
from pauselib.manifests import MANIFEST, manifest, manifest_digest
from pauselib.settings import Settings, injected_names, values_in
from pauselib.settings.yaml_text import read_config
from pauselib.trials import trial_name
from pauselib.variants import VARIANTS, parse

RECORD = "config.yaml"
READ = ".read_from.json"  # beside a report: the digests of what it was made from


def settings_of_analysis(variables: dict) -> Settings:
    """Return the settings of an analysis, from a notebook's `globals()`: what is not given is that of the experiment.

    Given is what papermill put in, and what differs from its default. Raises InputError as `Settings` does.
    """
    asked, injected = values_in(variables), injected_names(variables)
    given = {name: value for name, value in asked.items() if name in injected or value != DEFAULTS[name]}
    place = Settings(**{name: value for name, value in asked.items() if name in ("experiment", "runs_dir")})
    return Settings(**{**recorded(place.folder()), **place.of("experiment", "runs_dir"), **given})


def whole(settings: Settings) -> Settings:
    """Return the settings of everything that an experiment consists of, in its place."""
    return Settings(**{**recorded(settings.folder()), **settings.of("experiment", "runs_dir")})


def recorded(folder: Path) -> dict:
    """Return the settings of an experiment's record, or of what is on disk. Raises InputError for an empty record."""
    path = folder / RECORD
    return read_config(path) if path.exists() else on_disk(folder)


def on_disk(folder: Path) -> dict:
    """Return the settings that all manifests below an experiment's folder share, and its rows, seeds, interventions and
    trials. What is not there has no entry.
    """

    def noted(pattern: str) -> list[dict]:
        manifests = [manifest(path.parent) for path in sorted(folder.glob(f"{pattern}/{MANIFEST}"))]
        return [one["settings"] for one in manifests if one]

    rows = [one for one in noted("seed-*/*") if "variant" in one]  # a seed's clean rows are there too
    injected, trials = noted("seed-*/injected/*"), noted(f"seed-*/*/{trial_name()}")
    every = [*injected, *noted("seed-*/*/model"), *rows, *trials]
    found = {}
    for name in Settings.model_fields:
        values = [one[name] for one in every if one.get(name, {}) != {}]  # patterns are {} where a strategy takes none
        found |= {name: values[0]} if values and all(value == values[0] for value in values) else {}
    strategies = {one["strategy"] for one in injected} - {parse(row["variant"]).strategy for row in rows}
    found["strategy"] = strategies.pop() if len(strategies) == 1 else DEFAULTS["strategy"]
    found |= {name: value for one in noted("data") for name, value in one.items()}
    changed = [intervention(row) for row in noted("seed-*/*/interventions/*")]
    listed = {
        "seeds": sorted({row["seed"] for row in rows}),
        "variants": list(dict.fromkeys(["all", *(row["variant"] for row in rows if row["variant"] not in VARIANTS)])),
        "interventions": [one for i, one in enumerate(changed) if one not in changed[:i]],
        "trials": list(dict.fromkeys(row["variant"] for row in trials if parse(row["variant"]).pauses)),
    }
    found |= {name: values for name, values in listed.items() if values}
    return {name: value for name, value in found.items() if name in Settings.model_fields}


def intervention(row: dict) -> dict:
    """Return an intervention as an experiment lists it, from the settings in a manifest of its replies."""
    changes = {name: row[name] for name in INTERVENTION_SETTINGS if name in row and row[name] != DEFAULTS[name]}
    return {"variant": row["variant"], **changes}


def read_from(settings: Settings) -> dict[str, str]:
    """Return the digests of the manifests of all results that the settings ask for and that are there, by folder."""
    there = [one.folder for one in asked_for(settings) if manifest(one.folder)]
    return {folder.relative_to(settings.folder()).as_posix(): manifest_digest(folder) for folder in there}


def why_read_again(settings: Settings) -> str | None:
    """Return which result is another one than its report was made from, in words; None where none is, or the report
    does not say.
    """
    before, now = read_json(settings.folder() / READ), read_from(settings)
    others = [] if before is None else [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"{others[0]} is another one than it was made from" if others else None
