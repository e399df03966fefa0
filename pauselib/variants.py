"""The rows of the experiment: what each one unfreezes. A variant is a row of data, named as it was published.

Twenty are the published ones; `baseline_matched` is trained as `sft_peft` is, on as many clean answers as there are injected ones.

>>> VARIANTS["sft_fr_pembed_peft"].pause_embedding
False
>>> parse("sft_unfr_lm_head.yaml").name
'sft_unfr_lm_head'
"""

import difflib
import re
from dataclasses import dataclass

from pauselib.errors import InputError

FIRST_STEP = "baseline_1_epoch"  # the model that every other variant starts from
MATCHED = "baseline_matched"  # as much training as the variants that pause, without pauses


@dataclass(frozen=True)
class Variant:
    """What is trained in one row of the table; everything not named here stays frozen."""

    pause_embedding: bool = False  # the input vector of the pause token
    pause_head: bool = False  # the classifier that decides between pausing and speaking
    lm_head: bool = False  # the output matrix of the language model
    lm_embeddings: bool = False  # the input vectors of all other tokens
    lora: bool = False  # low-rank adapters on the attention layers, merged after training
    epochs: int | None = (
        None  # the published baselines: passes over the clean answers from the original model; None: a second step, from the first one's model
    )

    @property
    def pauses(self) -> bool:
        """Whether the variant has a pause token at all: the baselines have none."""
        return self.pause_embedding or self.pause_head

    @property
    def second_step(self) -> bool:
        """Whether training starts from the first step's model, not from the original one."""
        return self.epochs is None

    @property
    def name(self) -> str:
        """The published name."""
        if not self.pauses:
            return f"baseline_{self.epochs}_epoch" if self.epochs else MATCHED
        frozen = {(True, True): "", (True, False): "_fr_phead", (False, True): "_fr_pembed"}[
            self.pause_embedding, self.pause_head
        ]
        return "sft" + frozen + "_unfr_lm_head" * self.lm_head + "_embed" * self.lm_embeddings + "_peft" * self.lora


def parse(name: str) -> Variant:
    """The variant of a published name, with or without `.yaml`. Raises ValueError for an unknown name, with the nearest one."""
    plain = name.removesuffix(".yaml")
    if plain == MATCHED:
        return Variant(lora=True)
    if match := re.fullmatch(r"baseline_([12])_epoch", plain):
        return Variant(lora=True, epochs=int(match[1]))
    if match := re.fullmatch(r"sft(_fr_phead|_fr_pembed)?(_unfr_lm_head(_embed)?)?(_peft)?", plain):
        frozen, lm_head, embeddings, lora = match.groups()
        return Variant(frozen != "_fr_pembed", frozen != "_fr_phead", bool(lm_head), bool(embeddings), bool(lora))
    nearest = difflib.get_close_matches(plain, VARIANTS, n=1, cutoff=0)[0]
    raise InputError(
        f"There is no variant '{name}': did you mean '{nearest}'? All names are in pauselib.variants.VARIANTS."
    )


VARIANTS: dict[str, Variant] = {
    name: parse(name)
    for name in [
        f"sft{frozen}{lm}{lora}"
        for frozen in ("", "_fr_phead", "_fr_pembed")
        for lm in ("", "_unfr_lm_head", "_unfr_lm_head_embed")
        for lora in ("", "_peft")
    ]
    + ["baseline_1_epoch", "baseline_2_epoch", MATCHED]
}
"""All variants by name, in the order of the published table, which has all but the last."""
