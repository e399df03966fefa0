"""What an experiment consists of: its record, the `config.yaml` that a run of the whole graph writes, or else what its
manifests say. An analysis takes from it what is not given.
"""

from pathlib import Path

from pauselib.analysis.tables.loading import asked_for, values_of
from pauselib.artifacts import DEFAULTS
from pauselib.decoding.interventions import INTERVENTION_SETTINGS
from pauselib.files import read_json
from pauselib.manifests import MANIFEST, manifest, manifest_digest
from pauselib.settings import Settings, injected_names, values_in
from pauselib.settings.yaml_text import read_config
from pauselib.variants import VARIANTS, parse

RECORD = "config.yaml"
READ = ".read_from.json"  # beside a report: the digests of what it was made from


def settings_of_analysis(variables: dict) -> Settings:
    """Return the settings of an analysis, from a notebook's `globals()`: what is not given is that of the experiment.

    Given is what papermill put in, and what differs from its default. Raises InputError as `Settings` does.
    """
    asked, injected = values_in(variables), injected_names(variables)
    given = {name: value for name, value in asked.items() if name in injected or value != DEFAULTS[name]}
    place = {name: value for name, value in asked.items() if name in ("experiment", "runs_dir")}
    return whole(Settings(**place)).but(**given)


def whole(settings: Settings) -> Settings:
    """Return the settings of an experiment in its place: those of its record, or of what is on disk.

    Raises InputError for an empty record.
    """
    folder = settings.folder()
    found = read_config(folder / RECORD) if (folder / RECORD).exists() else on_disk(folder)
    return Settings(**{**found, **settings.of("experiment", "runs_dir")})


def on_disk(folder: Path) -> dict:
    """Return the settings in the manifests below an experiment's folder, of several values the first, and its seeds and
    rows. Its interventions and trials are not among them.
    """
    used = values_of(path.parent for path in sorted(folder.rglob(MANIFEST)))
    rows = [name for name in used.get("variant", []) if name not in VARIANTS]
    others = {parse(name).strategy for name in rows}  # the experiment's own strategy is that of no row
    found = {name: [value for value in values if value != {}] for name, values in used.items()}
    found["strategy"] = [name for name in found.get("strategy", []) if name not in others]
    of_rows = {"variant", "seed", *INTERVENTION_SETTINGS}
    names = [name for name in Settings.model_fields if name not in of_rows and found.get(name)]
    listed = {"seeds": sorted(used["seed"])} if "seed" in used else {}
    return {name: found[name][0] for name in names} | listed | {"variants": ["all", *rows]}


def read_from(settings: Settings) -> dict[str, str]:
    """Return the plan, and the digests of the manifests of all results that are asked for and there, by folder."""
    there = [one.folder for one in asked_for(settings) if manifest(one.folder)]
    found = {folder.relative_to(settings.folder()).as_posix(): manifest_digest(folder) for folder in there}
    return {"plan": str(settings.plan), **found}


def why_read_again(settings: Settings) -> str | None:
    """Return which result is another one than its report was made from, in words; None where none is, or the report
    does not say.
    """
    before, now = read_json(settings.folder() / READ), read_from(settings)
    others = [] if before is None else [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return f"{others[0]} is another one than it was made from" if others else None
