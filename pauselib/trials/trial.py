"""The insertion trial of one model: every condition for every result of the gold answers to the test problems."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from pauselib.progress import Progress
from pauselib.tasks import Task
from pauselib.trials import conditions
from pauselib.trials.branches import branch
from pauselib.trials.contents import NOTHING, Content
from pauselib.trials.gold_texts import gold_texts
from pauselib.trials.scorer import Scorer
from pauselib.trials.sites import GoldText, Site

COLUMNS = ["problem_id", "result", "site", "content", "dose", "log_likelihood", "n_digits", "correct"]
"""The columns of a trial. `result` is the number of the result in its problem, `log_likelihood` that of all its digits
in nats, `n_digits` how many tokens these are, and `correct` whether each of them is the most likely word.
"""


def run_trial(
    model,
    tokenizer,
    rows: pd.DataFrame,
    task: Task,
    sites: Iterable[str],
    contents: Iterable[str],
    doses: Iterable[int],
    seed: int = 42,
) -> pd.DataFrame:
    """Return the trial of a trained model on clean rows: one line for every result and condition, see `COLUMNS`.

    `sites` and `contents` are names of `SITES` and `CONTENTS`, see `conditions`; the gold text as it is has the content
    `nothing`. `seed` is that of the training, and of random places.
    """
    scorer, texts = prepared(model, tokenizer, rows, task, seed)
    with_results = [text for text in texts if text.results]
    if with_results:
        scorer.check(max(with_results, key=lambda text: len(text.ids)))
    asked = conditions(sites, contents, doses, scorer.pauses, task.repeated_after)
    units = {content.name: content.unit(tokenizer, scorer.pause_id) for _, content, _ in asked}
    found, progress = [], Progress("problem", len(with_results))
    for n_done, text in enumerate(with_results, 1):
        found += lines_of_problem(scorer, text, asked, units, seed)
        progress.update(n_done)
    return pd.DataFrame(found, columns=COLUMNS)


def prepared(model, tokenizer, rows: pd.DataFrame, task: Task, seed: int) -> tuple[Scorer, list[GoldText]]:
    """Return what scores with a trained model, and the gold texts of clean rows as it reads them."""
    scorer = Scorer(model, seed)
    prompt_pauses = [scorer.pause_id] * scorer.model.config.prompt_pauses
    return scorer, gold_texts(rows, tokenizer, task, prompt_pauses)


def lines_of_problem(
    scorer, text: GoldText, asked: list[tuple[Site, Content, int]], units: dict[str, list[int]], seed: int
) -> list[tuple]:
    """Return the lines of one problem, in the order of the conditions that are `asked` for, those of nothing first."""
    lines, p_pause = lines_of_nothing(scorer, text)
    text, branches, keys = replace(text, p_pause=p_pause), [], []
    for site, content, dose in asked:
        for results in [text.results] if site.of_problem else [[result] for result in text.results]:
            inserted = content.tokens(units[content.name], dose, text, results[0])
            gaps = site.gaps(text, results[0], len(inserted), seed)
            branches.append(branch(text, results, gaps, inserted, content.masked, site.predicts))
            keys += [(site.name, content.name, dose, index) for _, _, index in branches[-1].labels]
    return lines + summed(text.problem_id, keys, *scorer.follow(branches))


def lines_of_nothing(scorer, text: GoldText) -> tuple[list[tuple], np.ndarray]:
    """Return the lines of one problem whose text is the gold one, and the probability of a pause before its tokens."""
    likelihoods, best, p_pause = scorer.read(text)
    keys = [("", NOTHING, 0, result.index) for result in text.results for _ in range(result.start, result.end)]
    return summed(text.problem_id, keys, likelihoods, best), p_pause


def summed(problem_id: str, keys: list[tuple], likelihoods: np.ndarray, best: np.ndarray) -> list[tuple]:
    """Return a line for each run of equal keys (site, content, dose, result), of all its digits: their log likelihoods
    summed, and whether each is the best word.
    """
    starts = [place for place, key in enumerate(keys) if place == 0 or key != keys[place - 1]]
    n_digits = np.diff([*starts, len(keys)])
    sums = np.add.reduceat(likelihoods.astype(float), starts)
    right = np.logical_and.reduceat(best, starts)
    columns = zip(starts, sums.tolist(), n_digits.tolist(), right.tolist())
    return [
        (problem_id, keys[place][3], *keys[place][:3], likelihood, n, correct)
        for place, likelihood, n, correct in columns
    ]


def step_accuracy(model, tokenizer, rows: pd.DataFrame, task: Task) -> float | None:
    """Return the share of the gold results of clean rows whose digits are all a trained model's best words, given the
    gold text before each; None where the gold answers have no results.
    """
    scorer, texts = prepared(model, tokenizer, rows, task, seed=0)
    correct = [line[-1] for text in texts if text.results for line in lines_of_nothing(scorer, text)[0]]
    return float(np.mean(correct)) if correct else None


def summary(found: pd.DataFrame) -> dict:
    """Return a trial in numbers: `problems` and `results`, and in `conditions` an object each with the mean
    `log_likelihood` and the `step_accuracy`; none where the gold answers have no results.
    """
    results = found[found["content"] == NOTHING]
    means = found.groupby(["site", "content", "dose"], sort=False)[["log_likelihood", "correct"]].mean()
    means = means.rename(columns={"correct": "step_accuracy"}).reset_index()
    return {
        "problems": int(results["problem_id"].nunique()),
        "results": len(results),
        "conditions": means.to_dict("records"),
    }
