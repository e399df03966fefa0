# ruff: noqa: F401
"""Every picture is a function of tables that returns a figure; its decorator has its alternative text.

>>> show(figures.accuracies(study.over_seeds, study.against_matched))
"""

from pauselib.figures.accuracy import accuracies, accuracy_under_interventions
from pauselib.figures.pauses import accuracy_by_pauses, calibration, pause_origin, places_of_variant
from pauselib.figures.training import injected, loss_curve, losses_of_two
from pauselib.figures.trials import learning_curves, trial_gains
