"""Made-up replies whose truth is known: of many problems by shares, of a few by hand, and with tokens by hand."""

import numpy as np
import pandas as pd

from pauselib.analysis.claims.judged import judged_claim
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.tables.comparisons import trained_head
from pauselib.tokens import PAUSE_TEXT as P
from pauselib.variants import VARIANTS

PAUSING = [name for name, variant in VARIANTS.items() if variant.pauses]
HEADS = trained_head(PAUSING)
NONE = pd.DataFrame(columns=["seed", "variant", "problem_id", "correct", "intervention", "allowed"])


def made_up(rng, share=lambda _: 0.6, problems=300, seeds=1, more_sites=1.0, names=PAUSING, alike=0.8) -> pd.DataFrame:
    """Replies of the variants, each correct in its share of the problems, of which a share `alike` is by the problem
    alone, and so is pausing. Incorrect replies pause in `more_sites` times as many places, of two pauses each.
    """
    hard, talks = rng.random(problems), rng.gamma(8, 0.5, problems)
    shape = (len(names), seeds, problems)
    shares = np.array([share(name) for name in names])[:, None, None]
    correct = np.where(rng.random(shape) < alike, hard, rng.random(shape)) < shares
    sites = rng.poisson(talks * np.where(correct, 1, more_sites))
    levels = {"variant": names, "seed": range(1, seeds + 1), "problem_id": [f"test-{i}" for i in range(problems)]}
    index = pd.MultiIndex.from_product(levels.values(), names=levels)
    columns = {"correct": correct.ravel(), "n_pauses": 2 * sites.ravel(), "n_sites": sites.ravel(), "truncated": False}
    return pd.DataFrame(columns, index=index).reset_index()


def forbidden(replies: pd.DataFrame) -> pd.DataFrame:
    """These replies as those of models that may not pause."""
    return replies.assign(intervention="max_pauses-0", allowed=0.0, n_pauses=0, n_sites=0)


def judged_by(claim: str, estimate):
    """judged(*replies): the line of a claim by version 1 of the plan, of replies that it is estimated from."""
    return lambda *replies: judged_claim(plan(1), claim, estimate(*replies, plan(1)))


def better(name: str, by: float, base: float = 0.6):
    """The share correct of the variants where one of them is better than the others."""
    return lambda other: base + by * (other == name)


def answers_of(name: str, correct, seed: int = 1) -> pd.DataFrame:
    """Replies of one variant to the problems test-0, test-1, …, correct as told, without pauses."""
    problems = [f"test-{i}" for i in range(len(correct))]
    told = {"variant": name, "seed": seed, "problem_id": problems, "correct": np.asarray(correct, bool)}
    return pd.DataFrame({**told, "n_pauses": 0, "n_sites": 0, "truncated": False})


def reply(tokens: list[str], p_best=0.5, p_pause=0.1, **fields) -> dict:
    """A correct reply of `sft`; one probability stands for every token's."""
    n = len(tokens)
    lists = {name: [p] * n if np.isscalar(p) else p for name, p in (("p_best", p_best), ("p_pause", p_pause))}
    usual = {"seed": 1, "variant": "sft", "problem_id": "a", "correct": True, "truncated": False}
    return {**usual, "n_pauses": tokens.count(P), "n_tokens": n, "tokens": tokens, **lists, **fields}


def rows(table: pd.DataFrame, *columns: str) -> list[tuple]:
    return list(table[list(columns)].itertuples(index=False, name=None))
