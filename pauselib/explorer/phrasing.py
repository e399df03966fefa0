"""How the questions are phrased that a model was trained on: three of them, and a hint at one that is far from them."""

import functools
import itertools
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pauselib.explorer.contents import changed_at
from pauselib.settings import Settings

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s]")
N_EXAMPLES = 3
ALIKE = 0.5  # of an example's pairs of words, at most, are in another one


class Phrasing:
    """The questions of a training set as pairs of neighbouring words, in which every number counts as the same word.

    >>> Phrasing(["Ada has 7 plums."], ["Ada has 12 plums."]).hint("Why has Ada 5 plums?")
    '3 of its 5 pairs of neighbouring words are in no training question: the model may not understand it.'
    """

    def __init__(self, training: Iterable[str], others: Iterable[str]):
        """`others` are questions of the same kind that were not trained on, those of the validation rows."""
        self.training = list(dict.fromkeys(training))
        self.known = frozenset().union(*map(pairs, self.training))
        self.least = min(map(self.share_known, others), default=0.0)

    def share_known(self, question: str) -> float:
        """The share of a question's pairs of words that are in a training question; 1 where it has no pair."""
        found = pairs(question)
        return len(found & self.known) / len(found) if found else 1.0

    def hint(self, question: str) -> str:
        """What of a question is new, in words, where more of it is than of any validation question; else nothing."""
        found = pairs(question)
        if not self.training or self.share_known(question) >= self.least:
            return ""
        words = f"{len(found - self.known)} of its {len(found)} pairs of neighbouring words are in no training question"
        return f"{words}: the model may not understand it."

    def examples(self) -> list[str]:
        """Some short training questions that are not much alike, the shortest first."""
        chosen: list[str] = []
        for question in sorted(self.training, key=len):
            mine = pairs(question)
            if all(len(mine & pairs(one)) <= ALIKE * len(mine) for one in chosen):
                chosen.append(question)
            if len(chosen) == N_EXAMPLES:
                break
        return chosen


def pairs(question: str) -> frozenset[tuple[str, str]]:
    """The pairs of neighbouring words of a question, whatever their case; a number is `#`, a mark is a word."""
    words = ["#" if word[0].isdigit() else word for word in WORD.findall(question.lower())]
    return frozenset(itertools.pairwise(words))


def phrasing_of(settings: Settings) -> Phrasing:
    """The phrasing of what a seed of an experiment was trained on; an empty one where its data are gone."""
    own = settings.variant_folder().parent / "data"
    folder = own if (own / "train.parquet").exists() else settings.folder() / "data"
    return phrasing_in(folder, changed_at(folder / "train.parquet"))


@functools.lru_cache(maxsize=4)
def phrasing_in(folder: Path, _changed: int) -> Phrasing:
    """The phrasing of the clean rows in a folder, read once as long as they are the same."""
    return Phrasing(*(questions_in(folder / f"{split}.parquet") for split in ("train", "validation")))


def questions_in(path: Path) -> list[str]:
    """The questions in a file of rows; none where there is no such file."""
    return pd.read_parquet(path, columns=["question"])["question"].tolist() if path.exists() else []
