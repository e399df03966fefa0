"""Ratios of counts: how many times as many pauses one kind of replies has as another."""

import numpy as np
import pandas as pd


def clustered_poisson(counts, terms: pd.DataFrame, beside: pd.DataFrame, clusters):
    """The Poisson regression of `counts` (n) on `terms` (n, terms) and other columns `beside` them, fitted by
    statsmodels.

    The covariance is clustered by the labels `clusters` (n), so the counts need not vary as a Poisson's, and the tests
    are t tests with clusters − 1.
    """
    import statsmodels.api as sm

    design = pd.concat([terms, beside], axis=1)
    model = sm.GLM(np.asarray(counts, float), design, family=sm.families.Poisson())
    return model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(clusters)[0]}, use_t=True)


def term_ratios(fit, names, level: float = 0.95) -> pd.DataFrame:
    """How many times as large the counts are where a term is larger by 1: of some terms of a regression, one line each,
    the `ratio`, its interval `low` to `high`, and `p`.
    """
    found = pd.concat([np.exp(fit.params), np.exp(fit.conf_int(1 - level)), fit.pvalues], axis=1).loc[names]
    return found.set_axis(["ratio", "low", "high", "p"], axis=1)
