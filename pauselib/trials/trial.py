"""The insertion trial of one model: every condition for every result of the gold answers to the test problems."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from pauselib.injection.rows import prompt_lengths
from pauselib.progress import Progress
from pauselib.tasks import Task
from pauselib.tokens import token_spans
from pauselib.trials import conditions
from pauselib.trials.contents import NOTHING, Content
from pauselib.trials.scorer import Scorer, branch
from pauselib.trials.sites import GoldText, Result, Site

COLUMNS = ["problem_id", "result", "site", "content", "dose", "log_likelihood", "n_digits", "correct"]
"""`result` is the number of the result in its problem, `log_likelihood` that of all its digits in nats, `n_digits` how
many tokens these are, and `correct` whether each is the most likely word.
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

    For `sites`, `contents` and `doses` see `conditions`; the gold text as it is has the content `nothing`. `seed` is
    that of the training, and of random places. Of `injected` only digits behind the first pause are in the lines.
    """
    scorer = Scorer(model, seed)
    texts = gold_texts(rows, tokenizer, task, scorer.prompt_pauses)
    if texts:
        scorer.check(max(texts, key=lambda text: len(text.ids)))
    asked = conditions(sites, contents, doses, scorer.pauses, task.repeated_after)
    units = {content.name: content.unit(tokenizer, scorer.pause_id) for _, content, _ in asked}
    found, progress = [], Progress("problem", len(texts))
    for n_done, text in enumerate(texts, 1):
        found += lines_of_problem(scorer, text, asked, units, seed)
        progress.update(n_done)
    return pd.DataFrame(found, columns=COLUMNS)


def gold_texts(rows: pd.DataFrame, tokenizer, task: Task, between: list[int]) -> list[GoldText]:
    """Return the gold texts of the clean rows that have results, in their order.

    `between` are the tokens that a model was trained to find between every prompt and its answer.
    """
    prompts = token_spans([task.prompt(question) for question in rows["question"]], tokenizer)
    answers = token_spans(rows["answer"].tolist(), tokenizer, add_special_tokens=False)
    texts = []
    for row, n_prompt, of_prompt, of_answer in zip(rows.itertuples(), prompt_lengths(rows), prompts, answers):
        start = n_prompt + len(between)
        prompt = task.prompt(row.question)
        heading = task.answer_heading if task.answer_heading in prompt else ""  # then it is the last line
        heading = token_at(of_prompt, prompt.rfind(heading or prompt.rstrip().rpartition("\n")[2]))
        results = [
            Result(
                index,
                step=start + token_at(of_answer, task.step_start(row.answer, first)),
                start=start + token_at(of_answer, first),
                end=start + token_at(of_answer, last - 1) + 1,
            )
            for index, (first, last) in enumerate(task.results(row.answer))
        ]
        ids = np.insert(row.input_ids, n_prompt, between).tolist()
        texts += [GoldText(row.problem_id, ids, heading, start, results)] if results else []
    return texts


def token_at(offsets: list[tuple[int, int]], character: int) -> int:
    """Return the token that a character of the text stands in, given the first and last bounds of each."""
    return int(np.argmax(np.array(offsets)[:, 1] > character))


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
            moves = getattr(content, "moves", True)  # no attribute of `Content`, whose digest finished trials have
            branches.append(branch(text, results, gaps, inserted, content.masked, site.predicts, moves))
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
    of_runs = zip(map(keys.__getitem__, starts), sums.tolist(), n_digits.tolist(), right.tolist())
    return [(problem_id, key[3], *key[:3], likelihood, n, correct) for key, likelihood, n, correct in of_runs]


def step_accuracy(model, tokenizer, rows: pd.DataFrame, task: Task) -> float | None:
    """Return the share of the gold results of clean rows whose digits are all a trained model's best words, given the
    gold text before each; None where the gold answers have no results.
    """
    scorer = Scorer(model)
    texts = gold_texts(rows, tokenizer, task, scorer.prompt_pauses)
    correct = [line[-1] for text in texts for line in lines_of_nothing(scorer, text)[0]]
    return float(np.mean(correct)) if correct else None
