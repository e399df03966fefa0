"""What the steps make, part by part: where it is, and the settings that make it, as its manifest names them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pauselib.conditions import trial_name
from pauselib.interventions import INTERVENTION_SETTINGS, active_interventions
from pauselib.settings import Settings, settings_of_step
from pauselib.strategies import find_strategies
from pauselib.variants import FIRST_STEP, parse

SEED = 42  # the seed whose training data are those of the settings' data seed


class Part(NamedTuple):
    """Something that a step makes: what it is, its folder, and the settings that its manifest names."""

    what: str
    folder: Path
    settings: dict


def drawn(settings: Settings) -> Settings:
    """Return the settings with the data seed of what a row is trained on: problems, validation split, pauses.

    With seed 42 it is that of the settings, and with another seed as much another one: so several seeds train on
    different data. The test problems are the same for all of them, since the settings' own data seed draws these.
    """
    return settings.but(data_seed=(settings.data_seed + settings.seed - SEED) % 2**32)


def needs_first_step(settings: Settings) -> bool:
    """Return whether the first step's model is asked where pauses are put into the answers."""
    return any(one.needs_model for one in find_strategies(settings.strategy))


def clean_part(settings: Settings) -> Part:
    """Return the clean rows that the test problems are from."""
    return Part("clean rows", settings.folder() / "data", settings.of(*settings_of_step("data")))


def drawn_part(settings: Settings) -> Part:
    """Return the clean rows that a row is trained on: those of `clean_part`, or with another seed than 42 its own."""
    own = drawn(settings)
    if own.data_seed == settings.data_seed:
        return clean_part(settings)
    return Part("clean rows", settings.variant_folder().parent / "data", own.of(*settings_of_step("data")))


def injected_part(settings: Settings) -> Part:
    """Return the injected rows of a variant's strategy."""
    return Part("injected rows", settings.injected_folder(), drawn(settings).of(*settings_of_step("inject")))


def model_part(settings: Settings) -> Part:
    """Return the model of a variant."""
    variant = parse(settings.variant)
    names = settings_of_step("second_step" if variant.second_step else "first_step")
    if variant.second_step and not variant.pauses:
        names = (*names, "n_copies")
    if variant.second_step and settings.trial_checkpoints:
        names = (*names, "trial_checkpoints")
    return Part("model", settings.variant_folder() / "model", settings.of(*names))


def replies_part(settings: Settings) -> Part:
    """Return the replies of a variant, plain or under an intervention."""
    interventions = active_interventions(settings.of(*INTERVENTION_SETTINGS))
    names = (*settings_of_step("evaluate"), *(settings_of_step("intervene") if interventions else ()))
    return Part("replies", settings.replies_folder(), settings.of(*names))


def trial_part(settings: Settings, step: int | None = None) -> Part:
    """Return the insertion trial of a variant, or that of the weights which were kept at a step."""
    return Part("trial", settings.variant_folder() / trial_name(step), settings.of(*settings_of_step("trial")))


def parts_of(settings: Settings, notebook: str) -> Iterator[Part]:
    """Return what the step of a notebook needs and makes, in the order in which it is made; the last is its own."""
    variant = parse(settings.variant)
    first = model_part(settings.but(variant=FIRST_STEP))._replace(what="first step")
    asks_first = variant.pauses and needs_first_step(settings)
    yield drawn_part(settings)
    if asks_first:
        yield first
    if variant.pauses:
        yield injected_part(settings)
    if notebook == "inject":
        return
    if variant.second_step and not asks_first:
        yield first
    yield model_part(settings)
    if notebook in ("evaluate", "trial") and clean_part(settings) != drawn_part(settings):
        yield clean_part(settings)
    if notebook == "evaluate":
        yield replies_part(settings)
    if notebook == "trial":
        yield trial_part(settings)
