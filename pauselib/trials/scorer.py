"""Scores gold texts and their branches with one model. A branch is how a text goes on with something put in. A text is
read once, and all its branches go on from what was read.

Branches stand side by side in one sequence, and an attention mask of four dimensions keeps them apart: a token sees the
gold tokens that its branch shares, and the tokens of its own branch up to itself. So a condition costs its own tokens
alone, without padding, and the numbers are those of a forward pass of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import log_softmax
from transformers import DynamicCache

from pauselib.errors import InputError
from pauselib.model.pause_model import PAUSE, PauseForCausalLM, logits_of
from pauselib.trials.sites import GoldText, Result

PACK = 256  # tokens of branches in one forward pass
CLOSE = {torch.float32: 0.02, torch.bfloat16: 0.2}  # nats: two ways to compute the same differ by less


@dataclass(frozen=True)
class Branch:
    """Tokens that follow the first `shared` tokens of a gold text, with their positions in it.

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
    moves: bool = True,
) -> Branch:
    """Return the branch in which each of the `inserted` tokens stands before the gold token that `gaps` (ascending)
    names, to the last digit of the last of the `results`. Without gaps it is the gold answer itself.

    `masked` ones take their positions and are hidden from all that follows, so they are left out; with `keep_last` the
    last of them stays. Unless it `moves` what follows, an inserted token has the position of the gold token behind it.
    """
    ids, positions, labels = [], [], []
    digits = {token: result.index for result in results for token in range(result.start, result.end)}
    n_before, first = 0, gaps[0] if gaps else text.start
    inserted_first = gaps and (not masked or (keep_last and gaps[0] == gaps[-1]))
    first -= first in digits and not inserted_first  # what predicts the first digit
    for gold in range(first, max(digits) + 1):
        while n_before < len(gaps) and gaps[n_before] == gold:
            if not masked or (keep_last and n_before == len(gaps) - 1):
                ids.append(inserted[n_before])
                positions.append(gold + n_before * moves)
            n_before += 1
        if gold in digits and ids:
            labels.append((len(ids) - 1, text.ids[gold], digits[gold]))
        ids.append(text.ids[gold])
        positions.append(gold + n_before * moves)
    return Branch(first, ids[:-1], positions[:-1], labels)  # the last digit predicts nothing


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


class Scorer:
    """A model that scores gold texts.

    Token ids from the pause's on stand for vectors beside the vocabulary: the model's pause embedding, and behind it
    the one that was drawn before any training. A model without pause parts has the drawn one in both places.
    """

    def __init__(self, model, seed: int = 0):
        """`seed` is that of the training, which draws the pause embedding."""
        self.pauses = isinstance(model, PauseForCausalLM)
        self.lm = model.lm if self.pauses else model
        drawn = PauseForCausalLM.around(self.lm, seed)
        self.model = model if self.pauses else drawn
        self.pause_id = self.model.config.pause_token_id
        self.prompt_pauses = [self.pause_id] * self.model.config.prompt_pauses
        self.vectors = torch.cat([self.model.pause_embedding.weight, drawn.pause_embedding.weight]).detach()

    def embed(self, ids: list[int]) -> torch.Tensor:
        """Return the embeddings of tokens as a batch of one row, (1, n, width)."""
        ids = torch.tensor([ids], device=self.lm.device)
        beside = ids >= self.pause_id
        words = self.lm.get_input_embeddings()(ids.masked_fill(beside, 0))
        return torch.where(beside[..., None], self.vectors[(ids - self.pause_id).clamp(min=0)].to(words.dtype), words)

    def hidden(self, ids: list[int], **options) -> torch.Tensor:
        """Return the last hidden states at tokens, (n, width)."""
        return self.lm.base_model(inputs_embeds=self.embed(ids), **options).last_hidden_state[0]

    @torch.inference_mode()
    def read(self, text: GoldText) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read a gold text, whose branches can be scored then. Return the log likelihood of every digit of its results
        and whether it is the best word there, and the pause head's probability of a pause before every token.
        """
        self.cache = DynamicCache()
        end = max(result.end for result in text.results)
        hidden = self.hidden(text.ids[:end], past_key_values=self.cache, use_cache=True)
        digits = [token for result in text.results for token in range(result.start, result.end)]
        likelihoods, best = self.judge(hidden[[token - 1 for token in digits]], [text.ids[token] for token in digits])
        head = log_softmax(logits_of(self.model.pause_head, hidden[:-1]), dim=-1)[:, PAUSE].exp()
        return likelihoods, best, np.concatenate([[0.0], head.cpu().numpy()])

    def judge(self, hidden: torch.Tensor, tokens: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the log likelihood of `tokens` (m) at hidden states (m, width), and whether each is the best word."""
        words = log_softmax(logits_of(self.lm.get_output_embeddings(), hidden), dim=-1)
        tokens = torch.tensor(tokens, dtype=torch.long, device=words.device)
        likelihoods = words.gather(-1, tokens[:, None])[:, 0]
        return likelihoods.cpu().numpy(), (words.argmax(-1) == tokens).cpu().numpy()

    @torch.inference_mode()
    def follow(self, branches: list[Branch]) -> tuple[np.ndarray, np.ndarray]:
        """Return the log likelihoods of all labels of branches of the last text, and whether each is the best word."""
        found = [self.follow_pack(pack) for pack in packed(branches, PACK)]
        return tuple(np.concatenate(parts) for parts in zip(*found))

    def follow_pack(self, branches: list[Branch]) -> tuple[np.ndarray, np.ndarray]:
        """As `follow`, for branches that are computed in one forward pass."""
        n_read = self.cache.get_seq_length()
        ids = [token for one in branches for token in one.ids]
        positions = [place for one in branches for place in one.positions]
        hidden = self.hidden(
            ids,
            attention_mask=self.mask(branches, n_read),
            position_ids=torch.tensor([positions], device=self.lm.device),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.cache.crop(-len(ids))
        starts = np.cumsum([0, *(len(one.ids) for one in branches)])
        labels = [(start + place, token) for start, one in zip(starts, branches) for place, token, _ in one.labels]
        places, tokens = zip(*labels)
        return self.judge(hidden[list(places)], list(tokens))

    def mask(self, branches: list[Branch], n_read: int) -> torch.Tensor:
        """Return what is added to the attention's logits, (1, 1, tokens, n_read + tokens): 0 where one sees another."""
        device = self.lm.device
        lengths = torch.tensor([len(one.ids) for one in branches], device=device)
        owner = torch.repeat_interleave(torch.arange(len(branches), device=device), lengths)
        shared = torch.tensor([one.shared for one in branches], device=device)[owner]
        sees_text = torch.arange(n_read, device=device) < shared[:, None]
        sees_own = (owner[:, None] == owner).tril()
        seen = torch.cat([sees_text, sees_own], dim=1)
        added = torch.zeros(seen.shape, dtype=self.vectors.dtype, device=device)
        return added.masked_fill(~seen, torch.finfo(added.dtype).min)[None, None]

    @torch.inference_mode()
    def check(self, text: GoldText) -> None:
        """Raise InputError for a model whose numbers depend on the way they are computed: one that looks back in other
        ways than by attention over positions.
        """
        result = text.results[-1]
        one = branch(text, [result], [result.step] * 2, [self.pause_id] * 2)
        places, tokens, _ = zip(*one.labels)
        self.read(text)
        hidden = self.hidden([*text.ids[: one.shared], *one.ids])[one.shared :]
        alone, _ = self.judge(hidden[list(places)], list(tokens))
        try:
            twice, _ = self.follow([one, one])  # the second has to be blind to the first
        except torch.OutOfMemoryError:
            raise
        except (ValueError, RuntimeError):  # a mask of four dimensions is not of a shape that the model knows
            twice = np.full(2 * len(tokens), np.nan)
        rounded = torch.is_autocast_enabled(self.lm.device.type)
        close = CLOSE[torch.bfloat16 if rounded else self.vectors.dtype]
        if not np.allclose(twice[len(tokens) :], alone, rtol=close, atol=close):
            raise InputError(
                f"{type(self.lm).__name__} can't be used in an insertion trial, since its attention doesn't take a "
                "mask and positions of one's own: choose a model of another family."
            )
