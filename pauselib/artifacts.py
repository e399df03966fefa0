"""What the steps make: where each artifact is, and the settings that make it, as its manifest names them."""

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from pauselib import runs, tasks
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, INTERVENTIONS, active_interventions
from pauselib.errors import InputError
from pauselib.injection.strategies import STRATEGIES, find_strategies, prompt_pauses
from pauselib.located import located, refuse_missing
from pauselib.manifests import CODE, changes, code_digest, in_words, manifest, manifest_digest, why_stale
from pauselib.settings import BY_STEP, Settings, settings_of_step
from pauselib.sources.models import model_source, source_digest, tokenizer_digest
from pauselib.sources.problems import CURE, GENERATOR, digests
from pauselib.trials.contents import CONTENTS
from pauselib.trials.sites import SITES
from pauselib.variants import FIRST_STEP, VARIANTS, Variant, parse

SEED = 42  # the seed whose training data are those of the settings' data seed

DEFAULTS = json.loads(json.dumps({name: field.default for name, field in Settings.model_fields.items()}))
"""What a setting is by default, in the form of a manifest."""

IF_MISSING = {name: value for name, value in DEFAULTS.items() if name not in ("variant", "seed", "trial_checkpoints")}
"""What a setting is where a manifest lacks it. Each names its row, and more checkpoints than asked for do no harm."""

CLASSES = (*INTERVENTIONS, *map(type, (*SITES.values(), *CONTENTS.values(), *map(tasks.find, tasks.NAMES))))
for known in (*(one.gaps for one in STRATEGIES.values()), *CLASSES):
    code_digest(known)  # at once: the file may be changed while its old code runs on


class Artifact(NamedTuple):
    """Something that a step makes: what it is, its folder, and the settings and digests of code of its manifest."""

    what: str
    folder: Path
    settings: dict
    code: dict = {}

    def asked(self, inputs: dict | None = None) -> dict:
        """Return what is compared with its manifest; unless its `inputs` are given they are not compared."""
        return {"settings": self.settings, "code": self.code, "inputs": inputs}

    def difference(self, inputs: dict | None = None) -> str:
        """Return what it was made from that is requested otherwise now, in words; empty where it is not there."""
        found = manifest(self.folder)
        return in_words(changes(found, self.asked(inputs), IF_MISSING)) if found else ""


def code_of(kind: str, **named: object) -> dict[str, str]:
    """Return the digests of functions or classes that settings name, as a manifest names them."""
    digests = {f"{CODE}{kind} {name}": code_digest(one) for name, one in named.items()}
    return {name: digest for name, digest in digests.items() if digest}


def code_of_task(settings: Settings) -> dict[str, str]:
    """Return the digest of the task's code."""
    return code_of("task", **{settings.task: type(tasks.find(settings.task))})


def for_seed(settings: Settings) -> Settings:
    """Return the settings with the data seed of what a row is trained on: problems, validation split, pauses.

    It moves with the seed, so that several seeds train on different data; the test problems stay those of all.
    """
    return settings.but(data_seed=(settings.data_seed + settings.seed - SEED) % 2**32)


def settings_of_card(variant: Variant) -> tuple[str, ...]:
    """Return the names of the settings that a model's card lists: those of its data and of its training."""
    injected = settings_of_step("inject") if variant.pauses else ()
    second = settings_of_step("second_step") if variant.second_step else ()
    return tuple(dict.fromkeys([*settings_of_step("data"), *injected, *settings_of_step("first_step"), *second]))


def needs_first_step(settings: Settings) -> bool:
    """Return whether the first step's model is asked where pauses are put into the answers."""
    return any(one.needs_model for one in find_strategies(settings.strategy))


def pauses_of_prompt(settings: Settings) -> int:
    """Return how many pauses stand between every prompt and its answer."""
    return prompt_pauses(**settings.of(*settings_of_step("inject")))


def recipe(settings: Settings) -> SimpleNamespace:
    """Return how a variant is trained, as `training.warmup` takes it."""
    given = dict(settings)
    if not parse(settings.variant).second_step:
        given |= {name: given[f"base_{name}"] for name in BY_STEP} | {"trial_checkpoints": ()}
    return SimpleNamespace(**given, prompt_pauses=pauses_of_prompt(settings))


def clean_artifact(settings: Settings) -> Artifact:
    """Return the clean rows that the test problems are from."""
    folder = settings.folder() / "data"
    return Artifact("clean rows", folder, settings.of(*settings_of_step("data")), code_of_task(settings))


def drawn_artifact(settings: Settings) -> Artifact:
    """Return the clean rows that a row is trained on: those of `clean_artifact`, its own with another seed than 42."""
    own = for_seed(settings)
    if own.data_seed == settings.data_seed:
        return clean_artifact(settings)
    return clean_artifact(own)._replace(folder=settings.variant_folder().parent / "data")


def injected_artifact(settings: Settings) -> Artifact:
    """Return the injected rows of a variant's strategy."""
    names = settings.row_strategy.split("+")
    code = code_of("strategy", **{name: STRATEGIES[name].gaps for name in names})
    used = for_seed(settings).of(*settings_of_step("inject"))
    return Artifact("injected rows", settings.injected_folder(), used, code)


def model_artifact(settings: Settings) -> Artifact:
    """Return the model of a variant."""
    variant = parse(settings.variant)
    names = settings_of_step("second_step" if variant.second_step else "first_step")
    if variant.second_step and not variant.pauses:
        names = (*names, "n_copies")
    if variant.second_step and settings.trial_checkpoints:
        names = (*names, "trial_checkpoints")
    return Artifact("model", settings.variant_folder() / "model", settings.of(*names))


def replies_artifact(settings: Settings) -> Artifact:
    """Return the replies of a variant, plain or under an intervention."""
    interventions = active_interventions(settings.of(*INTERVENTION_SETTINGS))
    names = (*settings_of_step("evaluate"), *(settings_of_step("intervene") if interventions else ()))
    code = code_of_task(settings) | code_of("intervention", **{type(one).__name__: type(one) for one in interventions})
    return Artifact("replies", settings.replies_folder(), settings.of(*names), code)


def trial_artifact(settings: Settings, step: int | None = None) -> Artifact:
    """Return the insertion trial of a variant, or that of the weights which were kept at a step."""
    code = code_of_task(settings) | code_of("site", **{name: type(SITES[name]) for name in settings.trial_sites})
    code |= code_of("content", **{name: type(CONTENTS[name]) for name in settings.trial_contents})
    code["step"] = str(step or "last")  # whose weights these are; older manifests don't say it
    folder = settings.variant_folder() / ("trial" if step is None else f"trial-at-step-{step}")
    return Artifact("trial", folder, settings.of(*settings_of_step("trial")), code)


def source_inputs(settings: Settings) -> dict[str, str]:
    """Return the digests of what clean rows are made from: the problems, and the tokenizer of the model. Raises
    InputError for problems that were in a folder when clean rows were made and are nowhere now.
    """
    found, before = digests(settings.problems), manifest(clean_artifact(settings).folder) or {"inputs": {}}
    from_files = {name for name, one in before["inputs"].items() if re.fullmatch("[0-9a-f]{16}", one)}
    if found.get("dataset") == settings.problems and from_files - {"tokenizer of"} and not settings.overwrite:
        refuse_missing("dataset", settings.dataset, f"{CURE}.")
    return {**found, "tokenizer of": tokenizer_digest(settings.source)}


def inputs_on_this_machine(settings: Settings, artifact: Artifact) -> dict | None:
    """Return the inputs of clean rows, or of a model that is trained from the experiment's; None for other artifacts,
    and where these inputs are on the hub or in a package, which asking would fetch.
    """
    is_here, found = settings.model == "tiny" or located(settings.model), manifest(artifact.folder)
    if artifact.what == "clean rows" and (settings.dataset == GENERATOR or located(settings.dataset)):
        if is_here or not found:
            return source_inputs(settings) if is_here else None
        same = settings.of("model", "model_revision").items() <= found["settings"].items()
        return {**digests(settings.problems), "tokenizer of": found["inputs"].get("tokenizer of")} if same else None
    if found and artifact.what in ("model", "first step") and not parse(artifact.settings["variant"]).second_step:
        given = located(settings.start_from) if "given" in found["inputs"] else None
        now = {"base": source_digest(model_source(settings.source))} if is_here else {}
        now |= {"given": manifest_digest(given)} if given and manifest(given) else {}
        return {**found["inputs"], **now} if now else None
    return None


def given_first_step(settings: Settings) -> Path | None:
    """Return the folder of the finished first step that `start_from` names, None where it is empty. Raises InputError
    for another folder, and for the first step of another model.
    """
    if not settings.start_from:
        return None
    folder, base = located(settings.start_from), source_digest(model_source(settings.source))
    made = (manifest(folder) if folder else None) or {"settings": {}, "inputs": {}}
    variant = VARIANTS.get(made["settings"].get("variant"))
    if not (variant and variant.is_first_step) or made["inputs"].get("base") != base:
        raise InputError(
            f"start_from is '{settings.start_from}', which holds no {FIRST_STEP} of the model '{settings.source}': "
            "name the folder `model` of one, or leave it out, and each seed trains its own."
        )
    return folder


def before(notebook: str, row: Settings) -> list[tuple[str, str]]:
    """Return what a notebook needs for a row, directly: other notebooks, each with a variant of the same seed."""
    variant, first = parse(row.variant), ("warmup", FIRST_STEP)
    if notebook == "inject":
        return [first] if needs_first_step(row) else []
    if notebook == "warmup":  # the injected rows where it pauses, and the first step where it starts from that
        return [*[("inject", row.variant)] * variant.pauses, *[first] * variant.second_step]
    return [("warmup", row.variant)]


def artifacts_of(settings: Settings, notebook: str, step: int | None = None) -> list[Artifact]:
    """Return what a notebook needs and makes, in the order in which it is made; the last is its own."""
    found = [drawn_artifact(settings)]
    for needed, variant in before(notebook, settings):
        *others, made = artifacts_of(settings.but(variant=variant), needed)
        found += [*others, made if variant == settings.variant else made._replace(what="first step")]
    if notebook in ("evaluate", "trial"):
        found.append(clean_artifact(settings))
    own = {"inject": injected_artifact, "warmup": model_artifact, "evaluate": replies_artifact}
    found.append(trial_artifact(settings, step) if notebook == "trial" else own[notebook](settings))
    return list({one.folder: one for one in found}.values())


def why_unfinished(settings: Settings, notebook: str, step: int | None = None, of_sources: bool = False) -> str | None:
    """Return why what a notebook makes of a row doesn't count as finished, in words; None where it does.

    This is the one rule. It is there with its files as they were made; it and all that it was made from, far back, was
    made with the settings and the code requested now, and is still there. With `of_sources` that includes the problems
    and the model, where they are on this machine.
    """
    settings = settings.of_row()
    artifacts = artifacts_of(settings, notebook, step)
    own, folders = artifacts[-1], {Path(os.path.abspath(one.folder)) for one in artifacts}
    if manifest(own.folder) is None:
        return f"{own.what} missing or unreadable"
    for one in artifacts:
        changed = one.difference(inputs_on_this_machine(settings, one) if of_sources else None)
        if changed:
            return f"{one.what} made with {changed}"
        places = (manifest(one.folder) or {}).get("places", {}).values()
        others = {Path(os.path.abspath(one.folder / place)) for place in places} - folders
        if others:
            place = "/".join(min(others).parts[-2:])
            return f"{one.what} made from {place}, which is not what is asked for"
    return why_stale(own.folder)


def check_possible(settings: Settings, notebook: str) -> None:
    """Raise InputError for an intervention on a variant that has no pauses, and where something that a notebook's step
    needs was made from other settings, problems or models, and may not be made again.
    """
    intervened = notebook == "evaluate" and active_interventions(settings.of(*INTERVENTION_SETTINGS))
    if intervened and not parse(settings.variant).pauses:
        raise InputError(f"{settings.variant} never pauses, so interventions change nothing: choose one that pauses.")
    for artifact in () if settings.overwrite else artifacts_of(settings, notebook):
        runs.check_same(artifact.folder, artifact.asked(inputs_on_this_machine(settings, artifact)), IF_MISSING)
