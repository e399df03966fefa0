"""What is put into a gold text: a content is one class."""

import itertools
from typing import ClassVar

from pauselib.trials.sites import GoldText, Result

NOTHING = "nothing"
"""The condition that all others are compared with: the gold text as it is."""


class Content:
    """What is put in. A dose is a number of positions."""

    name: ClassVar[str]
    meaning: ClassVar[str]
    masked: ClassVar[bool] = False  # whether what follows can't see it
    needs_embedding: ClassVar[bool] = False  # whether it says something of models with a pause embedding only

    def unit(self, tokenizer, pause_id: int) -> list[int]:
        """Return the tokens that are put in again and again until the dose is reached."""
        raise NotImplementedError

    def tokens(self, unit: list[int], dose: int, text: GoldText, result: Result) -> list[int]:
        """Return the tokens that are put in."""
        return list(itertools.islice(itertools.cycle(unit), dose))


class Pauses(Content):
    """Pause tokens; in a model without a pause embedding, with the one that a variant would start from."""

    name, meaning = "pauses", "pauses"

    def unit(self, tokenizer, pause_id):
        """Return the pause."""
        return [pause_id]


class MaskedPauses(Pauses):
    """The same positions without computation: the attention mask hides the pauses from all that follows, but the last
    one right before a result, where the first digit is predicted.
    """

    name, meaning, masked = "masked", "masked pauses", True


class UnmovedPauses(Pauses):
    """Pauses that are seen and move no position: each has that of the token it stands before, which keeps its own. So
    what visible pauses do beyond these is what moving all that follows does.
    """

    name, meaning, moves = "unmoved", "pauses that move no position", False


class PieceOfQuestion(Content):
    """As many tokens of the question as there would be pauses, what a filler has to beat: repeating the problem helps
    some models (Leviathan et al. 2025, arXiv 2512.14982). The piece is drawn, the same for every model.
    """

    name, meaning = "question", "a piece of the question"

    def unit(self, tokenizer, pause_id):
        """Return nothing, since each problem has its own."""
        return []

    def tokens(self, unit, dose, text, result):
        """Return tokens of the prompt, from a drawn place on; behind its last one stands its first."""
        words = text.ids[1 : text.heading] or text.ids[:1]
        first = int(text.draw(result, seed=0).integers(len(words)))
        return list(itertools.islice(itertools.cycle(words), first, first + dose))


class UntrainedVectors(Content):
    """The vector that a pause embedding is drawn as, before any training, in the pause's place."""

    name, meaning, needs_embedding = "untrained", "untrained vectors", True

    def unit(self, tokenizer, pause_id):
        """Return the id behind the pause's, which stands for that vector."""
        return [pause_id + 1]


class Filler(Content):
    """A text of the vocabulary that says nothing."""

    text: ClassVar[str]

    def unit(self, tokenizer, pause_id):
        """Return the text's tokens, without a space that some tokenizers put before any text."""
        ids = tokenizer(self.text, add_special_tokens=False)["input_ids"]
        return [token for token in ids if tokenizer.convert_ids_to_tokens(token) != "▁"]


class Newlines(Filler):
    """Line breaks."""

    name, meaning, text = "newline", "line breaks", "\n"


class Dots(Filler):
    """Three dots, as in Pfau et al. (2024); a dose may cut them."""

    name, meaning, text = "dots", "'...'", "..."


class GivenResult(Filler):
    """The positive control, which goes right before the result: the result itself and what stands behind it where it is
    repeated (in GSM8K's `<<17+9=26>>26` that is `26>>`), so that nothing has to be computed.
    """

    name, meaning = "given", "the result itself"

    def __init__(self, between: str = ""):
        """`between` is what stands between a result and its repetition."""
        self.text = between

    def tokens(self, unit, dose, text, result):
        """Return the digits and what follows them."""
        return [*text.ids[result.start : result.end], *unit]


KINDS = (Pauses, MaskedPauses, UnmovedPauses, PieceOfQuestion, UntrainedVectors, Newlines, Dots)
CONTENTS = {kind.name: kind() for kind in KINDS}
"""All contents by name, but the positive control."""
