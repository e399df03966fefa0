"""What no two settings may say together, and what no setting may say that its own type and limits let through."""

from pauselib import tasks
from pauselib.declared import shown
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions, check_intervention
from pauselib.errors import InputError, one_of
from pauselib.injection.strategies import check_patterns, find_strategies
from pauselib.variants import parse


def check_contradictions(settings) -> None:
    """Raise InputError, in one sentence, where the settings of an experiment can't be meant together."""
    one_of("task", settings.task, tasks.NAMES)
    of_rows = [parse(name).strategy for name in (settings.variant, *settings.variants)]
    for names in (settings.strategy, *filter(None, of_rows)):
        find_strategies(names)
    check_patterns(settings)
    active_interventions(settings.of(*INTERVENTION_SETTINGS))
    named = {name: value for name, value in settings if isinstance(value, tuple)}
    named["interventions"] = [check_intervention(row) for row in settings.interventions]
    for name, values in named.items():
        if len(set(values)) < len(values):
            raise InputError(f"{name} is {shown(list(getattr(settings, name)))}: name each of them once.")
    check_training(settings)


def check_training(settings) -> None:
    """Raise InputError for a training that can't be done."""
    if settings.batch_size % settings.gradient_accumulation_steps:
        raise InputError(f"batch_size {settings.batch_size} is not a multiple of gradient_accumulation_steps.")
    for name, value in settings.of("max_steps", "base_max_steps").items():
        if value == 0:
            raise InputError(f"{name} is 0: give a number of at least 1, or -1 for a full epoch.")
    last = max(settings.trial_checkpoints, default=0)
    if 0 < settings.max_steps < last:
        raise InputError(f"trial_checkpoints has step {last}, but max_steps is {settings.max_steps}: raise that.")
