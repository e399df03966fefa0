"""Ratios of counts: how many times as many pauses one kind of replies has as another."""

import numpy as np
import pandas as pd


def rate_ratios(counts, terms: pd.DataFrame, model_number, clusters, level: float = 0.95) -> pd.DataFrame:
    """The rate ratio of every term: how many times as large the `counts` (n) are where it is larger by 1.

    One line a term with the columns `ratio`, `low`, `high` and `p`. This is a Poisson regression on `terms` (n, terms)
    with a constant for each `model_number` (n). The covariance is clustered by the labels `clusters` (n) (t with
    clusters − 1), so the counts need not vary as a Poisson's.
    """
    import statsmodels.api as sm

    numbers = pd.Series(np.asarray(model_number), index=terms.index)
    design = pd.concat([terms, pd.get_dummies(numbers, dtype=float)], axis=1)
    model = sm.GLM(np.asarray(counts, float), design, family=sm.families.Poisson())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(clusters)[0]}, use_t=True)
    found = pd.concat([np.exp(fit.params), np.exp(fit.conf_int(1 - level)), fit.pvalues], axis=1).loc[terms.columns]
    return found.set_axis(["ratio", "low", "high", "p"], axis=1)
