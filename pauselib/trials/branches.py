"""Branches: how a gold text goes on with something put in, as tokens with positions of their own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pauselib.trials.sites import GoldText, Result


@dataclass(frozen=True)
class Branch:
    """Tokens that follow the first `shared` tokens of a gold text.

    Each sees these and the tokens of the branch up to itself, and has a position, counted from the start of the text.
    A label is the place in the branch where a digit is predicted, the digit's token, and the index of its result.
    """

    shared: int
    ids: list[int]
    positions: list[int]
    labels: list[tuple[int, int, int]]


def branch(
    text: GoldText,
    results: list[Result],
    gaps: list[int],
    inserted: list[int],
    masked: bool = False,
    keep_last: bool = False,
) -> Branch:
    """Return the branch in which each of the `inserted` tokens stands before the gold token that `gaps` (ascending)
    names, to the last digit of the last of the `results`.

    `masked`: the inserted tokens take their positions and are hidden from all that follows; so they are left out,
    whatever they would have computed. With `keep_last` the last of them stays.
    """
    ids, positions, labels = [], [], []
    digits = {token: result.index for result in results for token in range(result.start, result.end)}
    n_before = 0
    for gold in range(gaps[0], max(digits) + 1):
        while n_before < len(gaps) and gaps[n_before] == gold:
            if not masked or (keep_last and n_before == len(gaps) - 1):
                ids.append(inserted[n_before])
                positions.append(gold + n_before)
            n_before += 1
        if gold in digits:
            labels.append((len(ids) - 1, text.ids[gold], digits[gold]))
        ids.append(text.ids[gold])
        positions.append(gold + n_before)
    return Branch(gaps[0], ids[:-1], positions[:-1], labels)  # the last digit predicts nothing


def packed(branches: Iterable[Branch], size: int) -> Iterator[list[Branch]]:
    """Return the branches in groups, in their order, each of `size` tokens at most, or of one branch."""
    pack, n_tokens = [], 0
    for one in branches:
        if pack and n_tokens + len(one.ids) > size:
            yield pack
            pack, n_tokens = [], 0
        pack.append(one)
        n_tokens += len(one.ids)
    if pack:
        yield pack
