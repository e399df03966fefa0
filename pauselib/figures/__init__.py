"""Every picture is a function of tables that returns a figure; the first paragraph of its docstring is its alternative
text.

>>> show(figures.accuracies(study.over_seeds, study.against_matched))

A new picture is a function here and a call where it is shown: in a cell of a notebook, or a line of
templates/report.html.j2.
"""

from pauselib.figures.accuracy import accuracies, accuracy_under_interventions
from pauselib.figures.comparison import losses_of_two
from pauselib.figures.curve import learning_curves
from pauselib.figures.pause_origin import pause_origin
from pauselib.figures.pauses import accuracy_by_pauses, certainty_curve, pause_histograms, rate_ratios
from pauselib.figures.places import places_of_variant
from pauselib.figures.training import injected, loss_curve
from pauselib.figures.trials import trial_gains

__all__ = [
    "accuracies",
    "accuracy_by_pauses",
    "accuracy_under_interventions",
    "certainty_curve",
    "injected",
    "learning_curves",
    "loss_curve",
    "losses_of_two",
    "pause_histograms",
    "pause_origin",
    "places_of_variant",
    "rate_ratios",
    "trial_gains",
]
