"""How well the pause heads of finished rows are calibrated."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pauselib.analysis.tables.loading import Asked, joined, training_record


def calibration(rows: Iterable[Asked]) -> pd.DataFrame:
    """How well the pause heads of finished rows know their validation answers, by bins of their probability.

    A line has the `variant`, the `seed`, and what `training.calibration` gives: the `low` edge of the bin, the number
    `n` of tokens in it, the mean probability `predicted` and the share `observed`. Beside these stand the head's mean
    cross-entropy there, `head_loss` in nats a token, and the one of the best `constant` rate. Models that were trained
    before this was noted have no line.
    """
    from scipy.stats import entropy

    frames = []
    for one in rows:
        record = training_record(one.row.variant_folder())
        bins = pd.DataFrame(record.get("calibration") or [])
        if len(bins):
            rate = np.average(bins["observed"], weights=bins["n"])
            losses = {"head_loss": record.get("pause_loss"), "constant": entropy([rate, 1 - rate])}
            frames.append(bins.assign(variant=one.variant, seed=one.seed, **losses))
    return joined(frames, ["variant", "seed", "low", "n", "predicted", "observed", "head_loss", "constant"])
