"""Where do the pauses of a reply come from: from what the injector drew, and from how well the head has learned that?

For one row of an experiment: the head's probability of a pause beside the one that the injector implies, by the pauses
so far, the words so far and the length of the reply; the head's loss by the steps of its training beside the lowest
ones; and how many pauses a reply has beside how many a head would say that has learned the injector exactly.

>>> print(study.pause_origin.reading)
"""

from functools import cached_property

import numpy as np
import pandas as pd

from pauselib import runs
from pauselib.analysis.tables.audit import published
from pauselib.analysis.tables.loading import training_record
from pauselib.analysis.why.injector import greedy_pauses, history, implied_rate, rates, rates_by
from pauselib.injection.rows import read_rows
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT

EDGES = {
    "so_far": list(range(12)),
    "gap": [0, 1, 2, 5, 10, 20, 40, 80, 160, 320],
    "length": [0, 20, 40, 60, 80, 100, 120, 160, 240, 320],
}
"""The bins of each column of `injector.rates`: from each number to before the next one."""

BATCHES_IN_ORDER = 50
"""How many batches transformers' sampler goes through from the longest to the shortest rows."""

IN_WORDS = {"so_far": "pauses so far", "gap": "words so far", "length": "words in the reply"}
"""What these columns are. Words are tokens that are no pause."""


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
        """The head's probability of a pause and the implied one by each column of `EDGES` (`injector.rates_by`)."""
        return pd.concat([rates_by(self.table, column, edges) for column, edges in EDGES.items()], ignore_index=True)

    @cached_property
    def lowest(self) -> dict[int, dict[str, float]]:
        """The lowest losses of a pause head by seed (`losses_of_injector`): of the seeds whose answers are there, or of
        all, as nan, where none has them.
        """
        found = {row.seed: losses_of_injector(row, self.prior) for row in self.rows}
        return {seed: one for seed, one in found.items() if not np.isnan(one["implied"])} or found

    @cached_property
    def losses(self) -> pd.DataFrame:
        """The loss of the pause head by `step`, the mean over the seeds of `lowest`, in nats a token: `training`, and
        on the validation answers `loss`, with the lowest ones there of one rate for all tokens, `constant`, and of the
        `implied` ones.
        """
        columns = ["step", "training", "loss", "constant", "implied"]
        rows = [row for row in self.rows if row.seed in self.lowest]
        frames = [pause_losses(row).assign(**self.lowest[row.seed]) for row in rows]
        found = pd.concat(frames) if frames else pd.DataFrame(columns=columns)
        return found.groupby("step", as_index=False).mean()

    @cached_property
    def counts(self) -> dict[str, float]:
        """Per reply that was not cut, the mean of the pauses and of the places where it has some: as `said`, and as
        `implied` by greedy decoding (`injector.greedy_pauses`). None where there are no replies.
        """
        if self.table.empty:
            return {}
        pauses, places = greedy_pauses(self.table, self.prior)
        said = self.table.groupby("reply")["pause"].sum().reindex(range(len(pauses)), fill_value=0)
        opened = (self.table["pause"] & self.table["opens"]).sum()
        found = {"pauses said": said.mean(), "places said": opened / len(pauses)}
        found |= {"pauses implied": pauses.mean(), "places implied": places.mean(), "replies": len(pauses)}
        return {name: float(value) for name, value in found.items()}

    @cached_property
    def learned(self) -> float:
        """The share of what there is to learn of the injector, beside its mean rate, that the head has learned at the
        last evaluation. It is below 0 where one rate for all tokens would do better, and nan where it is not known or
        where, on so few answers, one rate does as well as the exact head.
        """
        last = self._last
        if not last["implied"] < last["constant"]:
            return float("nan")
        return float((last["constant"] - last["loss"]) / (last["constant"] - last["implied"]))

    @property
    def _last(self) -> pd.Series:
        """The losses at the last evaluation; all nan where there was none."""
        return self.losses.dropna(subset="loss").reindex([self.losses["loss"].last_valid_index()]).iloc[0]

    @property
    def reading(self) -> str:
        """All of it in words, with the published number of pauses and what explains it, or that nothing here does."""
        if not self.counts:
            return "Not known: no row has both replies and answers in which the strategy random has put pauses."
        counts, drawn = self.counts, float(self.prior @ np.arange(len(self.prior)))
        said = (
            f"The injector puts {drawn:.1f} pauses into an answer whatever its length. At the tokens of the "
            f"{counts['replies']:.0f} replies of {self.variant} that were not cut, a head that has learned it exactly "
            f"would give a pause a probability of {self.table['implied'].mean():.3f} on average; the head gives "
            f"{self.table['head'].mean():.3f}. By greedy decoding the exact one would say "
            f"{counts['pauses implied']:.2f} pauses a reply in {counts['places implied']:.2f} places; {self.variant} "
            f"says {counts['pauses said']:.2f} in {counts['places said']:.2f}."
        )
        return " ".join(filter(None, [said, self._learned_in_words(), self._published_in_words()]))

    def _learned_in_words(self) -> str:
        """How much of the injector the head has learned."""
        last = self._last
        if np.isnan(last["implied"]):
            return ""
        found = f"it has learned {self.learned:.0%} of the difference"
        if np.isnan(self.learned):
            found = "on so few answers the two tell nothing apart"
        elif self.learned <= 0:
            found = "it has not even learned how often there is a pause"
        seeds = f" (seed {', '.join(map(str, self.lowest))})" if len(self.lowest) < len(self.rows) else ""
        order = ""
        if self.rows[0].group_by_length and last["step"] <= BATCHES_IN_ORDER:
            order = (
                " With `group_by_length` so few steps go from the longest answers to the shortest, where pauses are "
                "dense, so a head that ends there expects too many."
            )
        return (
            f"After {last['step']:.0f} steps the head's loss{seeds} is {last['loss']:.4f} nats a token, against "
            f"{last['constant']:.4f} of one rate for all tokens and {last['implied']:.4f} of the exact head: "
            f"{found}.{order}"
        )

    def _published_in_words(self) -> str:
        """Whether the injector's rate reaches the published number of pauses."""
        cells = dict(zip(published()["variant"], published()["pauses_mean"]))
        cell = cells.get(self.variant.partition("@")[0])
        if not cell:
            return ""
        if self.counts["pauses implied"] >= float(cell):
            return f"The published number is {cell}: with this LM's certainty the exact head reaches it."
        return (
            f"The published number is {cell}. With this LM's certainty the exact head stays below it, so however long "
            "a head is trained, what the injector draws does not explain that number here."
        )


def prior_of(row: Settings) -> np.ndarray | None:
    """How likely each number of pauses is, (most + 1), in a row's training answers, by the manifest of its injected
    rows.

    None where these are not there, or were not drawn by the strategy `random` alone with labelled pauses.
    """
    drawn = (runs.manifest(row.injected_folder()) or {}).get("settings", {})
    if drawn.get("strategy") != "random" or not drawn["label_pauses"]:
        return None
    most = drawn["n_random_pauses"]
    if drawn["variable_number_of_pauses"]:
        return np.full(most + 1, 1 / (most + 1))
    return np.eye(most + 1)[most]


def losses_of_injector(row: Settings, prior: np.ndarray) -> dict[str, float]:
    """The lowest losses of a pause head on a row's validation answers, in nats a token: with one `constant` rate for
    all tokens, and with the `implied` ones; nan where the answers are gone.
    """
    if not (row.injected_folder() / "validation.parquet").exists():
        return {"constant": np.nan, "implied": np.nan}
    rows = read_rows(row.injected_folder(), "validation")
    pause_id = max(int(ids.max()) for ids in rows["input_ids"])  # one past the vocabulary, where any answer has one
    answers = [ids[start:] for ids, start in zip(rows["input_ids"], rows["prompt_length"])]
    has_pauses = bool(rows["n_pauses"].sum())
    texts = [[PAUSE_TEXT if has_pauses and token == pause_id else "" for token in ids] for ids in answers]
    table = history(pd.DataFrame({"tokens": texts}), with_end=True)
    implied = implied_rate(table["gap"], table["before"], table["in_gap"], table["length"], prior)
    share = np.full(len(table), table["pause"].mean())
    return {"constant": cross_entropy(table["pause"], share), "implied": cross_entropy(table["pause"], implied)}


def cross_entropy(happened, probability) -> float:
    """The mean of −log of the probability that was given to what happened, yes or no, in nats."""
    given = np.where(happened, probability, 1 - np.asarray(probability))
    with np.errstate(divide="ignore"):
        return float(-np.log(given).mean())


def pause_losses(row: Settings) -> pd.DataFrame:
    """The loss of a row's pause head by `step`, in nats a token: in `training`, and on validation answers, `loss`."""
    record = training_record(row.variant_folder())
    names = {"step": "step", "pause_loss": "training", "eval_pause_loss": "loss"}
    found = pd.DataFrame(record.get("history", [])).reindex(columns=list(names)).rename(columns=names).astype(float)
    return found.groupby("step", as_index=False).first().dropna(subset=["training", "loss"], how="all")
