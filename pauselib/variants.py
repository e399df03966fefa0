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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace

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
    def is_first_step(self) -> bool:
        """Whether it is what the second step starts from."""
        return self.epochs == 1

    @property
    def second_step(self) -> bool:
        """Whether training starts from the first step's model instead of the original one."""
        return self.epochs is None

    @property
    def name(self) -> str:
        """The published name, with the row's injection strategy behind it where it has one."""
        if self.epochs:
            return f"baseline_{self.epochs}_epoch"
        if not self.pauses:  # that of LoRA is left out where it is the only mark
            return MATCHED + "".join(self.marks(LM_PARTS)).removeprefix(PARTS["lora"]["trained"])
        return "sft" + "".join(self.marks(PARTS)) + (f"@{self.strategy}" if self.strategy else "")

    def marks(self, parts: Iterable[str]) -> list[str]:
        """Return what a name says of some parts, each trained or frozen here."""
        return [PARTS[name]["trained" if getattr(self, name) else "frozen"] for name in parts]


PARTS = {f.name: f.metadata for f in fields(Variant) if "modules" in f.metadata}
"""What may be trained: the boolean fields of `Variant` with what `part` declares of each."""

LM_PARTS = [name for name, declared in PARTS.items() if declared["trained"]]
"""The parts of the LM: a name says where they are trained, while of a pause part it says where it is frozen."""


SUBSETS = [dict(zip(PARTS, trained)) for trained in itertools.product((False, True), repeat=len(PARTS))]
POSSIBLE = [one for one in SUBSETS if all(one.get(PARTS[name]["needs"], True) for name in PARTS if one[name])]
BASELINES = [Variant(lora=True, epochs=epochs) for epochs in (1, 2)]
BY_NAME = {variant.name: variant for variant in [*(Variant(**one) for one in POSSIBLE), *BASELINES]}
"""Every variant by its name. That which trains nothing has none: the matched baseline of that name follows it, and
takes its place.
"""


@functools.cache
def parse(name: str) -> Variant:
    """Return the variant of a name, with or without `.yaml`. Raises InputError, with the nearest name, for another."""
    whole = name.removesuffix(".yaml")
    plain, _, strategy = whole.partition("@")
    variant = replace(BY_NAME[plain], strategy=strategy or None) if plain in BY_NAME else None
    if variant is None or variant.name != whole:
        raise InputError(
            f"There is no variant {name!r}{did_you_mean(plain, VARIANTS)} All names are in pauselib.variants.VARIANTS."
        )
    return variant


def matched_baseline(name: str) -> str:
    """Return the baseline that trains what a variant trains of the LM, as long and on clean answers.

    Where a variant trains nothing of the LM, that is the first step's model. A baseline is its own match.
    """
    variant = parse(name)
    if not variant.pauses:
        return variant.name
    trained = {part_name: getattr(variant, part_name) for part_name in LM_PARTS}
    return Variant(**trained).name if any(trained.values()) else FIRST_STEP


PAUSE_MARKS, LM_MARKS = ("", "_fr_phead", "_fr_pembed"), ("", "_unfr_lm_head", "_unfr_lm_head_embed")
PUBLISHED = ["sft" + "".join(marks) for marks in itertools.product(PAUSE_MARKS, LM_MARKS, ("", "_peft"))]
PUBLISHED += [FIRST_STEP, "baseline_2_epoch"]
"""The names of the published table, in its order."""

VARIANTS = {name: parse(name) for name in [*PUBLISHED, *map(matched_baseline, PUBLISHED)]}
"""All variants by name, in the order of the published table, and after them the matched baselines that were added."""
