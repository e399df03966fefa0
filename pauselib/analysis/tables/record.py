"""What an experiment consists of: its record, the `config.yaml` that a run of the whole graph writes, or without one
what is on disk. An analysis takes from it what is not given, and one that leaves out some of it is partial.
"""

from pathlib import Path

from pauselib import runs
from pauselib.analysis.tables import loading
from pauselib.artifacts import DEFAULTS
from pauselib.decoding.interventions import INTERVENTION_SETTINGS
from pauselib.manifests import manifest_digest
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
    """Return the settings in an experiment's record, or without one those of what is on disk.

    Raises InputError for a record that holds no settings.
    """
    path = folder / RECORD
    return read_config(path) if path.exists() else on_disk(folder)


def on_disk(folder: Path) -> dict:
    """Return the settings of what was made below an experiment's folder, from the manifests: those that all of them
    share, and the rows, seeds, interventions and trials. What is not there has no entry.
    """

    def settings_in(pattern: str) -> list[dict]:
        manifests = [runs.manifest(path.parent) for path in sorted(folder.glob(f"{pattern}/{runs.MANIFEST}"))]
        return [one["settings"] for one in manifests if one]

    def made(pattern: str) -> list[dict]:
        return [one for one in settings_in(pattern) if {"variant", "seed"} <= one.keys()]

    rows, trials = made("seed-*/*"), made(f"seed-*/*/{trial_name()}")
    injected, of_rows = settings_in("seed-*/injected/*"), {parse(row["variant"]).strategy for row in rows}
    shared: dict[str, dict] = {}
    for one in [*injected, *settings_in("seed-*/*/model"), *rows, *trials]:
        for name, value in one.items():
            if value != {}:  # no patterns, of a row whose strategy takes none
                shared.setdefault(name, {})[str(value)] = value
    shared["strategy"] = {name: name for name in (one.get("strategy") for one in injected) if name not in of_rows}
    of_all = {name: next(iter(values.values())) for name, values in shared.items() if len(values) == 1}
    of_all |= {name: value for one in settings_in("data") for name, value in one.items()}
    changed = [intervention(row) for row in made("seed-*/*/interventions/*")]
    listed = {
        "seeds": sorted({row["seed"] for row in rows}),
        "variants": list(dict.fromkeys(["all", *(row["variant"] for row in rows if row["variant"] not in VARIANTS)])),
        "interventions": [one for i, one in enumerate(changed) if one not in changed[:i]],
        "trials": list(dict.fromkeys(row["variant"] for row in trials if parse(row["variant"]).pauses)),
    }
    of_all = {name: value for name, value in of_all.items() if name in Settings.model_fields}
    return of_all | {name: values for name, values in listed.items() if values}


def intervention(row: dict) -> dict:
    """Return an intervention as an experiment lists it, from the settings in a manifest of its replies."""
    changes = {name: row[name] for name in INTERVENTION_SETTINGS if name in row and row[name] != DEFAULTS[name]}
    return {"variant": row["variant"], **changes}


def left_out(settings: Settings) -> list[Path]:
    """Return the folders of those results of the experiment that are finished, and that the settings don't ask for."""
    everything = whole(settings)
    more = loading.asked_for(everything).keys() - loading.asked_for(settings).keys()
    made = {folder for folder in more if (folder / runs.MANIFEST).exists()}
    return sorted(made.difference(loading.stale_folders(everything) if made else ()))


def read_from(settings: Settings) -> dict[str, str]:
    """Return the digests of the manifests of all results that the settings ask for and that are there, by folder."""
    there = [folder for folder in loading.asked_for(settings) if runs.manifest(folder)]
    return {folder.relative_to(settings.folder()).as_posix(): manifest_digest(folder) for folder in there}


def why_read_again(settings: Settings) -> str | None:
    """Return which result is another one than its report was made from, in words; None where none is, or the report
    does not say.
    """
    before, now = runs.read_json(settings.folder() / READ), read_from(settings)
    others = [] if before is None else [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"{others[0]} is another one than it was made from" if others else None
