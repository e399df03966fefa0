"""Where do the pauses of a reply come from: from what the injector drew, and from how well the head has learned that?

For one row of an experiment, the head is compared with one that has learned the injector exactly: its probability of a
pause, and its loss by the steps of its training.

The strategy `random` draws the number K of pauses of an answer with n tokens uniformly from 0 to 10 (or it is always
10), and for each of them one of the n + 1 gaps. Who has learned just that, and nothing of the text, knows the gap i,
how many pauses stand in the gaps before it and in it, and about n. With a pauses before the gap and r in it,

    p(pause) = Σ_K w(K) P(B > r) / Σ_K w(K) P(B ≥ r),  B ~ Binomial(K − a, 1 / (n + 1 − i)),

where w(K) = p(K) Binomial(a; K, i / (n + 1)) weighs how well K fits the pauses so far. So the rate falls with the
length of the answer, and rises with the pauses so far: for many gaps and no limit on K it is (a + 1) / i. No text says
more, since what is drawn does not depend on it.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from pauselib.analysis.tables.loading import training_record
from pauselib.analysis.why.positions import token_table
from pauselib.injection.rows import read_rows
from pauselib.manifests import manifest
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT

EDGES = {
    "so_far": list(range(12)),
    "gap": [0, 1, 2, 5, 10, 20, 40, 80, 160, 320],
    "length": [0, 20, 40, 60, 80, 100, 120, 160, 240, 320],
}
"""The bins of each column of `rates`: from each number to before the next one."""

IN_WORDS = {"so_far": "pauses so far", "gap": "words so far", "length": "words in the reply"}


class PauseOrigin:
    """Where the pauses of a row's replies come from, over its seeds."""

    def __init__(self, settings: Settings, variant: str | None, replies: pd.DataFrame):
        """`replies` is a table as `loading.with_tokens` gives it; a row that has none has empty tables."""
        rows = [settings.but(variant=variant, seed=seed) for seed in settings.seeds] if variant else []
        self.rows = [row for row in rows if prior_of(row) is not None]
        self.variant, self.prior = variant, prior_of(self.rows[0]) if self.rows else np.ones(1)
        mine = replies["variant"] == variant if self.rows else np.zeros(len(replies), bool)
        self.table = rates(replies[mine], self.prior)

    @cached_property
    def by(self) -> pd.DataFrame:
        """The head's probability of a pause and the implied one by each column of `EDGES` (`rates_by`)."""
        return pd.concat([rates_by(self.table, column, edges) for column, edges in EDGES.items()], ignore_index=True)

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The loss of the pause head by `step`, in nats a token, the mean over the seeds: in `training`, and on the
        validation answers `loss`, with the lowest ones there (`lowest_losses`), `constant` and `implied`.

        Where the answers of some seeds are gone, only the other seeds count.
        """
        found = [pause_losses(row).assign(**lowest_losses(row, self.prior)) for row in self.rows]
        table = pd.concat(found) if found else pd.DataFrame(columns=["step", "training", "loss", "constant", "implied"])
        known = table[table["implied"].notna()]
        return (table if known.empty else known).groupby("step", as_index=False).mean()


def prior_of(row: Settings) -> np.ndarray | None:
    """How likely each number of pauses is in a row's training answers, (most + 1), by the manifest of its injected
    rows. None where these are not there, or were not drawn by the strategy `random` alone with labelled pauses.
    """
    drawn = (manifest(row.injected_folder()) or {}).get("settings", {})
    if drawn.get("strategy") != "random" or not drawn["label_pauses"]:
        return None
    most = drawn["n_random_pauses"]
    if drawn["variable_number_of_pauses"]:
        return np.full(most + 1, 1 / (most + 1))
    return np.eye(most + 1)[most]


def lowest_losses(row: Settings, prior: np.ndarray) -> dict[str, float]:
    """The lowest losses of a pause head on a row's validation answers, in nats a token: by one `constant` rate for all
    tokens, and by the `implied` ones; nan where the answers are gone.
    """
    if not (row.injected_folder() / "validation.parquet").exists():
        return {"constant": np.nan, "implied": np.nan}
    rows = read_rows(row.injected_folder(), "validation")
    pause_id = max(int(ids.max()) for ids in rows["input_ids"])  # one past the vocabulary, where any answer has one
    answers = [ids[start:] for ids, start in zip(rows["input_ids"], rows["prompt_length"])]
    has_pauses = bool(rows["n_pauses"].sum())
    texts = [[PAUSE_TEXT if has_pauses and token == pause_id else "" for token in ids] for ids in answers]
    table = token_table(pd.DataFrame({"tokens": texts}))
    table["length"] -= 1  # the last word of an answer is its end token
    implied, share = implied_at(table, prior), table["pause"].mean()
    return {"constant": cross_entropy(table["pause"], share), "implied": cross_entropy(table["pause"], implied)}


def cross_entropy(happened, probability) -> float:
    """The mean of −log of the probability that was given to what happened, yes or no, in nats."""
    given = np.where(happened, probability, 1 - np.asarray(probability))
    with np.errstate(divide="ignore"):
        return float(-np.log(given).mean())


def pause_losses(row: Settings) -> pd.DataFrame:
    """The loss of a row's pause head by `step`, in nats a token: in `training`, and on validation answers, `loss`."""
    names = {"step": "step", "pause_loss": "training", "eval_pause_loss": "loss"}
    history = training_record(row.variant_folder()).get("history", [])
    found = pd.DataFrame(history).reindex(columns=list(names)).rename(columns=names).astype(float)
    return found.groupby("step", as_index=False).first().dropna(subset=["training", "loss"], how="all")


def implied_rate(gap, before, in_gap, length, prior: np.ndarray) -> np.ndarray:
    """The probability of a pause by the formula above, for each place of four arrays of one shape; 0 where there are
    more pauses so far than the injector draws.
    """
    from scipy.stats import binom

    gap, before, in_gap, length = (np.asarray(values) for values in np.broadcast_arrays(gap, before, in_gap, length))
    here, share_before = 1 / (length + 1 - gap), gap / (length + 1)
    more, as_many = np.zeros(gap.shape), np.zeros(gap.shape)
    for number, probability in enumerate(prior):
        if probability:
            left = np.maximum(number - before, 0)
            weight = probability * binom.pmf(before, number, share_before)
            more += weight * binom.sf(in_gap, left, here)
            as_many += weight * binom.sf(in_gap - 1, left, here)
    return np.divide(more, as_many, out=np.zeros(gap.shape), where=as_many > 0)


def implied_at(tokens: pd.DataFrame, prior: np.ndarray) -> np.ndarray:
    """The implied probability of a pause at each line of a table of tokens (`positions.token_table`)."""
    return implied_rate(tokens["gap"], tokens["before"], tokens["in_gap"], tokens["length"], prior)


def rates(replies: pd.DataFrame, prior: np.ndarray) -> pd.DataFrame:
    """The tokens of some replies that were not cut, as in `positions.token_table`, with `p_best`, the `head`'s
    probability of a pause and the `implied` one.
    """
    whole = replies[~replies["truncated"].astype(bool)]
    table = token_table(whole, "p_best", "p_pause").rename(columns={"p_pause": "head"})
    return table.assign(implied=implied_at(table, prior))


def rates_by(table: pd.DataFrame, column: str, edges: list[int]) -> pd.DataFrame:
    """The mean probability of a pause by bins of a column of `rates`: from each of the `edges` to before the next one.

    A line has `bins_of` (the column), the bin's `low` edge and the mean of the column in it, `value`, the number of
    tokens `n`, and the mean probability by the `head` and as `implied`. Empty bins are left out.
    """
    bins = pd.cut(table[column], [*edges, np.inf], right=False, labels=edges)
    by_bin = table.assign(low=bins, value=table[column]).groupby("low", observed=True)
    means = by_bin.agg(n=("head", "size"), value=("value", "mean"), head=("head", "mean"), implied=("implied", "mean"))
    found = means.reset_index().astype({"low": int}).assign(bins_of=column)
    return found[["bins_of", "low", "value", "n", "head", "implied"]]
