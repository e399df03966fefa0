"""Ratios of counts: how many times as many pauses one kind of replies has as another."""

import numpy as np
import pandas as pd


def rate_ratios(counts, terms: pd.DataFrame, model_number, clusters, level: float = 0.95) -> pd.DataFrame:
    """The rate ratio of every term: how many times as large the `counts` (n) are where it is larger by 1.

    One line a term with the columns `ratio`, `low`, `high` and `p`. This is a Poisson regression on `terms` (n, terms)
    with a constant for each `model_number` (n). The covariance is clustered by the labels `clusters` (n) (t with
    clusters − 1), so the counts need not vary as a Poisson's.
    """
    numbers = pd.Series(np.asarray(model_number), index=terms.index)
    fit = clustered_poisson(counts, terms, pd.get_dummies(numbers, dtype=float), clusters)
    return term_ratios(fit, terms.columns, level)


def clustered_poisson(counts, terms: pd.DataFrame, beside: pd.DataFrame, clusters):
    """The Poisson regression of `counts` (n) on `terms` (n, terms) and other columns `beside` them, fitted by
    statsmodels.

    The covariance is clustered by the labels `clusters` (n), and the tests are t tests with clusters − 1.
    """
    import statsmodels.api as sm

    design = pd.concat([terms, beside], axis=1)
    model = sm.GLM(np.asarray(counts, float), design, family=sm.families.Poisson())
    return model.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(clusters)[0]}, use_t=True)


def term_ratios(fit, names, level: float = 0.95) -> pd.DataFrame:
    """The ratios of some terms of a regression, one line each: `ratio`, its interval `low` to `high`, and `p`."""
    found = pd.concat([np.exp(fit.params), np.exp(fit.conf_int(1 - level)), fit.pvalues], axis=1).loc[names]
    return found.set_axis(["ratio", "low", "high", "p"], axis=1)
