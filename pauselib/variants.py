"""The rows of the experiment: what each one unfreezes. A variant is a row of data, named as it was published.

Twenty are the published ones. `baseline_matched` is trained as `sft_peft` is, on as many clean answers as there are
injected ones. A row may also have an injection strategy of its own, which its name says after an `@`.

>>> VARIANTS["sft_fr_pembed_peft"].pause_embedding
False
>>> parse("sft_unfr_lm_head.yaml").name
'sft_unfr_lm_head'
>>> parse("sft_peft@word").strategy
'word'
"""

import functools
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from pauselib.errors import InputError, nearest

FIRST_STEP = "baseline_1_epoch"  # the model that every other variant starts from
MATCHED = "baseline_matched"  # as much training as the variants that pause, without pauses


def part(modules: Callable | None, trained: str = "", frozen: str = "", needs: str | None = None):
    """Declare a part of the model that a variant may train: a boolean field of `Variant`, and all that there is to say
    about it.

    `modules(model)` lists the modules of a model that are trained in full (None: adapters are trained instead).
    `trained` and `frozen` are what a name says where the part is trained or frozen. A part with `needs` is only ever
    trained together with that other part.
    """
    return field(default=False, metadata={"modules": modules, "trained": trained, "frozen": frozen, "needs": needs})


@dataclass(frozen=True)
class Variant:
    """What is trained in one row of the table; everything that is not named here stays frozen.

    The order of the parts is their order in a name.
    """

    pause_embedding: bool = part(lambda model: [model.pause_embedding], frozen="_fr_pembed")  # the pause's input vector
    pause_head: bool = part(
        lambda model: [model.pause_head], frozen="_fr_phead"
    )  # decides between pausing and speaking
    lm_head: bool = part(lambda model: [model.get_output_embeddings()], trained="_unfr_lm_head")  # the output matrix
    lm_embeddings: bool = part(  # the input vectors of all other tokens
        lambda model: [model.get_input_embeddings()], trained="_embed", needs="lm_head"
    )
    lora: bool = part(None, trained="_peft")  # low-rank adapters on the attention layers, merged after training
    epochs: int | None = None  # a published baseline's passes over the clean answers, from the original model
    strategy: str | None = None  # an injection strategy of the row's own; None: that of the experiment

    @property
    def pauses(self) -> bool:
        """Whether the variant has a pause token at all: the baselines have none."""
        return self.pause_embedding or self.pause_head

    @property
    def second_step(self) -> bool:
        """Whether training starts from the first step's model instead of the original one."""
        return self.epochs is None

    @property
    def name(self) -> str:
        """The published name, with the injection strategy behind it where the row has one of its own."""
        if not self.pauses:
            return f"baseline_{self.epochs}_epoch" if self.epochs else MATCHED
        marks = (PARTS[name]["trained" if getattr(self, name) else "frozen"] for name in PARTS)
        return "sft" + "".join(marks) + (f"@{self.strategy}" if self.strategy else "")


PARTS = {f.name: f.metadata for f in fields(Variant) if "modules" in f.metadata}
"""What may be trained: the boolean fields of `Variant` with what `part` declares of each."""


@functools.cache
def parse(name: str) -> Variant:
    """Return the variant of a name, with or without `.yaml`.

    Raises InputError for an unknown name, with the nearest known one.
    """
    plain, _, strategy = name.removesuffix(".yaml").partition("@")
    variant = parse_baseline(plain) if plain.startswith("baseline") else parse_parts(plain, strategy or None)
    if variant is None or variant.name != name.removesuffix(".yaml"):
        raise InputError(
            f"There is no variant {name!r}: did you mean '{nearest(plain, VARIANTS)}'? "
            "All names are in pauselib.variants.VARIANTS."
        )
    return variant


def parse_baseline(name: str) -> Variant | None:
    """Return the baseline of a name, or None where there is none."""
    if name == MATCHED:
        return Variant(lora=True)
    found = re.fullmatch(r"baseline_([12])_epoch", name)
    return Variant(lora=True, epochs=int(found[1])) if found else None


def parse_parts(name: str, strategy: str | None) -> Variant | None:
    """Return the variant that pauses of a name without its strategy, or None where some of the name is left."""
    if not name.startswith("sft"):
        return None
    left, trained = name.removeprefix("sft"), {}
    for part_name, declared in PARTS.items():
        mark = declared["trained"] or declared["frozen"]
        said = left.startswith(mark) and (declared["needs"] is None or trained[declared["needs"]])
        left = left.removeprefix(mark) if said else left
        trained[part_name] = said == bool(declared["trained"])
    return None if left else Variant(**trained, strategy=strategy)


def published_names() -> list[str]:
    """Return the names of the published table, in its order."""
    pause_parts, lm_parts = ("", "_fr_phead", "_fr_pembed"), ("", "_unfr_lm_head", "_unfr_lm_head_embed")
    pausing = ["sft" + "".join(marks) for marks in itertools.product(pause_parts, lm_parts, ("", "_peft"))]
    return [*pausing, FIRST_STEP, "baseline_2_epoch"]


VARIANTS: dict[str, Variant] = {}
"""All variants by name, in the order of the published table, and after them the one that this project added."""
VARIANTS.update({name: parse(name) for name in [*published_names(), MATCHED]})
