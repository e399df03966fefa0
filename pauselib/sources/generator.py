"""Word problems in GSM8K's format, made by this project: the embedded dataset `toy`.

A problem is a scene (what is counted), a person and two to five steps of arithmetic. The answer tells one step a line
with GSM8K's calculator annotations and closes with `#### n`:

    Rosa has 17 shells. A neighbour brings 9 more shells. Rosa sells 5. How many shells does Rosa have now?

    Next, there are <<17+9=26>>26 shells.
    So Rosa has <<26-5=21>>21 shells.
    #### 21

People say the same thing in many ways, and some people in more ways than others. Every scene has a narrator of its own,
from one who opens an answer with one of fifty phrases, all equally likely, to one with a clear favourite: the weights
fall as rank^-s, s from 0 to 1 over the scenes. So the next word is sometimes uncertain for a model that has learned the
text perfectly, as it is in people's text.
"""

import hashlib
import itertools
import operator
import random
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml


class Split(NamedTuple):
    """What makes the problems of one split: those behind the embedded model are easier, and told less steadily."""

    share: range  # of the questions, by their digest, in sixteenths
    largest: int  # the largest number told; products grow with it
    steady: bool  # whether only the first step is opened in many ways, and the others by one of three words


SPLITS = {
    "train": Split(range(0, 4), 160, True),
    "test": Split(range(4, 6), 160, True),
    "pretrain": Split(range(6, 16), 90, False),  # what the embedded model was made from
}

APPLY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.floordiv}  # division is exact
WORDS = yaml.safe_load(Path(__file__).with_name("generator.yaml").read_text(encoding="utf-8"))
ITEMS, NAMES, OPENINGS, FURTHER = (WORDS[name] for name in ("items", "names", "openings", "further"))
CLAUSES, STARTS, EVENTS, ASKS = (WORDS[name] for name in ("clauses", "starts", "events", "asks"))


@cache
def narrator(item: str, phrases: tuple[str, ...]) -> tuple[list[str], list[float]]:
    """The order in which this scene's narrator prefers `phrases`, and the cumulated weights rank^-s of that order."""
    order = list(phrases)
    random.Random(f"narrator {item} {len(phrases)}").shuffle(order)
    sharpness = ITEMS.index(item) / (len(ITEMS) - 1)
    return order, list(itertools.accumulate(rank**-sharpness for rank in range(1, len(order) + 1)))


def say(rng: random.Random, item: str, phrases: list[str]) -> str:
    """Draw one of `phrases` as this scene's narrator prefers them."""
    order, weights = narrator(item, tuple(phrases))
    return rng.choices(order, cum_weights=weights)[0]


def step(rng: random.Random, name: str, items: str, a: int, op: str, b: int, openings: list[str]) -> str:
    """One line of an answer: an opening, a clause, the annotated calculation, the unit."""
    c = APPLY[op](a, b)
    clause = say(rng, items, CLAUSES).format(name=name)
    return f"{say(rng, items, openings)} {clause} <<{a}{op}{b}={c}>>{c} {items}."


def event(rng: random.Random, total: int, steps_left: int, largest: int) -> tuple[str, int, int]:
    """A next event that the running total allows: operation, operand up to `largest`, and the size of a pack."""
    product, pack = 600 * largest // 90, 12 * largest // 90
    operands = {
        "+": range(2, largest + 1),
        "-": range(1, total),
        "*": range(2, min(6, product // total) + 1),
        "/": [k for k in range(2, 10) if total % k == 0 and total // k > 2],
        "packs": range(2, pack + 1) if steps_left >= 2 else (),
    }
    kind = rng.choice([kind for kind, allowed in operands.items() if allowed])
    return kind, rng.choice(operands[kind]), rng.choice(operands[kind]) if kind == "packs" else 0


def problem(rng: random.Random, largest: int, steady: bool) -> dict:
    """One problem with numbers up to `largest`: `question`, `answer`, `n_steps` (2 to 5 lines of calculation)."""
    name, items, n_steps = rng.choice(NAMES), rng.choice(ITEMS), rng.randint(2, 5)
    total = rng.randint(3, largest)
    told = [rng.choice(STARTS).format(name=name, items=items, b=total)]
    lines = []
    while len(lines) < n_steps:
        kind, b, c = (
            event(rng, total, n_steps - len(lines), largest) if total > 2 else ("+", rng.randint(2, largest), 0)
        )
        told.append(rng.choice(EVENTS[kind]).format(name=name, items=items, b=b, c=c))
        if kind == "packs":
            lines.append(step(rng, name, items, b, "*", c, FURTHER if steady and lines else OPENINGS))
            kind, b = "+", b * c
        lines.append(step(rng, name, items, total, kind, b, FURTHER if steady and lines else OPENINGS))
        total = APPLY[kind](total, b)
    told.append(rng.choice(ASKS).format(name=name, items=items))
    return {"question": " ".join(told), "answer": "\n".join([*lines, f"#### {total}"]), "n_steps": n_steps}


def stream(split: str, seed: int):
    """Yield different problems of one split without end: `train`, `test`, or `pretrain` (the embedded model's own).

    A question is in one split alone, whatever the seed.
    """
    rng, seen = random.Random(f"toy {split} {seed}"), set()
    while True:
        row = problem(rng, SPLITS[split].largest, SPLITS[split].steady)
        sixteenth = hashlib.blake2b(row["question"].encode(), digest_size=1).digest()[0] % 16
        if sixteenth in SPLITS[split].share and row["question"] not in seen:
            seen.add(row["question"])
            yield row


def make(split: str, n: int, seed: int) -> list[dict]:
    """The first `n` problems of a split's stream, as rows with `question`, `answer` and `n_steps`."""
    return list(itertools.islice(stream(split, seed), n))
