"""The rows of the experiment: what each one unfreezes. A variant is a row of data, named as it was published.

Twenty are the published ones. Five matched baselines train what the others train of the language model (LM), on as many
clean answers as there are injected ones: what differs is due to pauses, not to more training. The name of a row may end
in an injection strategy, after an `@`.

>>> VARIANTS["sft_fr_pembed_peft"].pause_embedding
False
>>> parse("sft_unfr_lm_head.yaml").name
'sft_unfr_lm_head'
>>> parse("sft_peft@word").strategy
'word'
>>> matched_baseline("sft_fr_phead_unfr_lm_head_peft")
'baseline_matched_unfr_lm_head_peft'
"""

import functools
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields

from pauselib.errors import InputError, did_you_mean

FIRST_STEP = "baseline_1_epoch"  # the model that all others start from, but for baseline_2_epoch
MATCHED = "baseline_matched"  # as much training as `sft_peft`, without pauses; others have the LM's parts behind it


def part(modules: Callable | None, trained: str = "", frozen: str = "", needs: str | None = None):
    """Declare a part of the model that a variant may train: a boolean field of `Variant`.

    `modules(model)` lists the modules that are trained in full (None: adapters are trained instead). `trained` and
    `frozen` are what a name has where the part is trained or frozen. One with `needs` is only trained beside that one.
    """
    return field(default=False, metadata={"modules": modules, "trained": trained, "frozen": frozen, "needs": needs})


@dataclass(frozen=True)
class Variant:
    """What is trained in one row of the table; everything that is not named here stays frozen.

    The order of the parts is their order in a name.
    """

    pause_embedding: bool = part(lambda model: [model.pause_embedding], frozen="_fr_pembed")  # the pause's input vector
    pause_head: bool = part(lambda model: [model.pause_head], frozen="_fr_phead")  # decides between pause and word
    lm_head: bool = part(lambda model: [model.get_output_embeddings()], trained="_unfr_lm_head")  # the output matrix
    lm_embeddings: bool = part(  # the input vectors of all other tokens
        lambda model: [model.get_input_embeddings()], trained="_embed", needs="lm_head"
    )
    lora: bool = part(None, trained="_peft")  # low-rank adapters on the attention layers, merged after training
    epochs: int | None = None  # a published baseline's passes over the clean answers, from the original model
    strategy: str | None = None  # the row's injection strategy; None: that of the experiment

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
        """The published name, with the row's injection strategy behind it where it has one."""
        if self.epochs:
            return f"baseline_{self.epochs}_epoch"
        if not self.pauses:
            return MATCHED + "".join(self.marks(LM_PARTS)).removeprefix(MATCHED_MARK)
        return "sft" + "".join(self.marks(PARTS)) + (f"@{self.strategy}" if self.strategy else "")

    def marks(self, parts: Iterable[str]) -> list[str]:
        """Return what a name says of some parts, each trained or frozen here."""
        return [PARTS[name]["trained" if getattr(self, name) else "frozen"] for name in parts]


PARTS = {f.name: f.metadata for f in fields(Variant) if "modules" in f.metadata}
"""What may be trained: the boolean fields of `Variant` with what `part` declares of each."""

LM_PARTS = [name for name, declared in PARTS.items() if declared["trained"]]
"""The parts of the LM: a name says where they are trained, while of a pause part it says where it is frozen."""

MATCHED_MARK = PARTS["lora"]["trained"]
"""What the name of a matched baseline leaves out where it is all that there would be to say."""


@functools.cache
def parse(name: str) -> Variant:
    """Return the variant of a name, with or without `.yaml`. Raises InputError, with the nearest name, for another."""
    plain, _, strategy = name.removesuffix(".yaml").partition("@")
    variant = parse_baseline(plain) if plain.startswith("baseline") else parse_parts(plain, strategy or None)
    if variant is None or variant.name != name.removesuffix(".yaml"):
        raise InputError(
            f"There is no variant {name!r}{did_you_mean(plain, VARIANTS)} All names are in pauselib.variants.VARIANTS."
        )
    return variant


def parse_baseline(name: str) -> Variant | None:
    """Return the baseline of a name, or None where there is none."""
    if name.startswith(MATCHED):
        trained = read_marks(name.removeprefix(MATCHED) or MATCHED_MARK, LM_PARTS)
        return None if trained is None else Variant(**trained)
    found = re.fullmatch(r"baseline_([12])_epoch", name)
    return Variant(lora=True, epochs=int(found[1])) if found else None


def parse_parts(name: str, strategy: str | None) -> Variant | None:
    """Return the variant that pauses of a name without its strategy, or None where some of the name is left."""
    trained = read_marks(name.removeprefix("sft"), PARTS) if name.startswith("sft") else None
    return None if trained is None else Variant(**trained, strategy=strategy)


def read_marks(left: str, parts: Iterable[str]) -> dict[str, bool] | None:
    """Return which of the parts are trained by the marks of a name, or None where some of it is no mark of theirs."""
    trained = {}
    for name in parts:
        declared = PARTS[name]
        mark = declared["trained"] or declared["frozen"]
        marked = left.startswith(mark) and (declared["needs"] is None or trained[declared["needs"]])
        left = left.removeprefix(mark) if marked else left
        trained[name] = marked == bool(declared["trained"])
    return None if left else trained


def matched_baseline(name: str) -> str:
    """Return the baseline that trains what a variant trains of the LM, as long and on clean answers.

    Where a variant trains nothing of the LM, that is the first step's model. A baseline is its own match.
    """
    variant = parse(name)
    if not variant.pauses:
        return variant.name
    trained = {part_name: getattr(variant, part_name) for part_name in LM_PARTS}
    return Variant(**trained).name if any(trained.values()) else FIRST_STEP


def published_names() -> list[str]:
    """Return the names of the published table, in its order."""
    pause_parts, lm_parts = ("", "_fr_phead", "_fr_pembed"), ("", "_unfr_lm_head", "_unfr_lm_head_embed")
    pausing = ["sft" + "".join(marks) for marks in itertools.product(pause_parts, lm_parts, ("", "_peft"))]
    return [*pausing, FIRST_STEP, "baseline_2_epoch"]


VARIANTS: dict[str, Variant] = {}
"""All variants by name, in the order of the published table, and after them the matched baselines that were added."""
VARIANTS.update({name: parse(name) for name in published_names()})
VARIANTS.update({name: parse(name) for name in map(matched_baseline, published_names())})
