"""What no two settings may say together, and what no setting may say that its own type and limits let through."""

from pauselib import tasks
from pauselib.declared import MOST_TOY, shown
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions, check_intervention
from pauselib.errors import InputError, one_of
from pauselib.injection.strategies import check_patterns, find_strategies
from pauselib.variants import parse

LONGEST_NAME, LONGEST_PATH = 255, 3_000  # bytes; most systems allow 4,096, and there are folders and files below


def check_contradictions(settings) -> None:
    """Raise InputError, in one sentence, where the settings of an experiment can't be meant together."""
    one_of("task", settings.task, tasks.NAMES)
    of_rows = [parse(name).strategy for name in (settings.variant, *settings.variants)]
    for names in (settings.strategy, *filter(None, of_rows)):
        find_strategies(names)
    check_patterns(settings)
    active_interventions(settings.of(*INTERVENTION_SETTINGS))
    for name, value in settings:
        if isinstance(value, tuple):
            check_each_once(
                name, value, value if name != "interventions" else [check_intervention(row) for row in value]
            )
    check_path(settings)
    check_toy_sizes(settings)
    check_training(settings)


def check_toy_sizes(settings) -> None:
    """Raise InputError for more generated problems than can be meant."""
    for name, value in settings.of("n_train", "n_test").items():
        if settings.dataset == "toy" and value > MOST_TOY:
            raise InputError(f"{name} is {value}: of the toy problems, which are generated, give at most {MOST_TOY}.")


def check_each_once(name: str, values: tuple, named: list | tuple) -> None:
    """Raise InputError where two of a setting's values are `named` the same."""
    if len(set(named)) < len(named):
        raise InputError(f"{name} is {shown(list(values))}: name each of them once.")


def check_path(settings) -> None:
    """Raise InputError where runs_dir and experiment have a part that no disk takes as a name."""
    folder = settings.folder()
    longest = max(len(part.encode()) for part in folder.parts)
    if longest > LONGEST_NAME or len(str(folder).encode()) > LONGEST_PATH:
        raise InputError(f"The folder {shown(str(folder))} has too long a name: give a shorter experiment or runs_dir.")


def check_training(settings) -> None:
    """Raise InputError for a training that can't be done."""
    if settings.batch_size % settings.gradient_accumulation_steps:
        raise InputError(
            f"batch_size {settings.batch_size} is not a multiple of gradient_accumulation_steps "
            f"{settings.gradient_accumulation_steps}."
        )
    for name, value in settings.of("max_steps", "base_max_steps").items():
        if value == 0:
            raise InputError(f"{name} is 0: give a number of at least 1, or -1 for a full epoch.")
    last = max(settings.trial_checkpoints, default=0)
    if 0 < settings.max_steps < last:
        raise InputError(
            f"trial_checkpoints has step {last}, but max_steps is {settings.max_steps}: give steps up to that, or a "
            "larger max_steps."
        )
