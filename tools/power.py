"""How likely each verdict of the plan is, by simulation: `python -m tools.power --seeds 5 --problems 434`.

The effect of a claim is drawn as a (seeds, problems) array around a true effect with the claim's `spread`, and goes
through the same interval and the same rule as data would. A benefit is the smaller one of two effects: both are drawn
with the same true effect, apart from each other. A ratio is drawn as its logarithm.
"""

import argparse
import math

import numpy as np
import pandas as pd

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.claims.verdicts import Estimate, judge
from pauselib.analysis.statistics.intervals import crossed

RATIOS, MINIMA = ("incorrect", "density"), ("computation", "steps")


def drawn(rng: np.random.Generator, true: float, spread: tuple[float, float, float], seeds: int, problems: int):
    """Return an effect, (seeds, problems), around the true one."""
    of_seeds, of_problems, rest = spread
    return (
        true
        + rng.normal(0, of_seeds, (seeds, 1))
        + rng.normal(0, of_problems, (1, problems))
        + rng.normal(0, rest, (seeds, problems))
    )


def estimated(name: str, rng: np.random.Generator, true: float, seeds: int, problems: int) -> Estimate:
    """Return the estimate of a claim from one draw of data with a true effect."""
    spread, level = plan(2).claims[name].spread, plan(2).level
    parts = [drawn(rng, true, spread, seeds, problems) for _ in range(1 + (name in MINIMA))]
    found = [crossed(part, level) for part in parts]
    high = min(crossed(part, 1 - (1 - level) / len(parts)).high for part in parts)
    low = min(one.low for one in found)
    if name in RATIOS:
        return Estimate(low=math.exp(low), high=math.exp(high), null=1.0)
    return Estimate(low=low, high=high, one_sided=name in MINIMA)


def power(seeds: int, problems: int, draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Return one line for each claim with a spread and each true effect (none, the margin, twice the margin): how often
    each verdict comes out, as shares of the draws.
    """
    rng, lines = np.random.default_rng(seed), []
    for name, claim in plan(2).claims.items():
        margin = plan(2).margin(name)
        for times in (0, 1, 2) if claim.spread else ():
            true = math.log1p(times * margin) if name in RATIOS else times * margin
            verdicts = [judge(estimated(name, rng, true, seeds, problems), margin).verdict for _ in range(draws)]
            shares = pd.Series(verdicts).value_counts(normalize=True).to_dict()
            lines.append({"claim": name, "true effect, margins": times, **shares})
    return pd.DataFrame(lines).fillna(0.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--problems", type=int, default=434)
    parser.add_argument("--draws", type=int, default=1000)
    print(power(**vars(parser.parse_args())).round(3).to_string(index=False))
