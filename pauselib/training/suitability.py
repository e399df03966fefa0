"""Which models can be trained here: those whose logits and cache a pause model can rely on."""

import torch
from transformers import PreTrainedModel

from pauselib.decoding.batch_cache import batch_cache
from pauselib.decoding.greedy import last_logits, prefill
from pauselib.errors import InputError
from pauselib.located import reason

CLOSE = 0.2  # standard deviations of the logits; the same computed in another order differs by far less in bfloat16


def check_model(lm) -> None:
    """Raise InputError for a model that can't become a pause model, or whose replies depend on padding or the cache."""
    error, why = torch.inf, ""
    try:
        check_plain_head(lm)
        error = decoding_error(lm)
    except (InputError, torch.OutOfMemoryError):
        raise
    except Exception as raised:  # what a model of another kind lacks is told in as many ways as there are families
        why = f" ({type(raised).__name__}: {reason(raised)})"
    if not error < CLOSE:
        raise InputError(
            f"{type(lm).__name__} can't be read with padding and a cache of keys and values alone{why}: choose a "
            "model of another family, with attention in every layer."
        )


@torch.no_grad()
def check_plain_head(lm: PreTrainedModel) -> None:
    """Raise InputError unless the LM's logits are what its LM head makes of its last hidden state."""
    ids = torch.arange(4, device=lm.device).unsqueeze(0)
    was_training = lm.training
    lm.eval()
    capped = getattr(lm.config.get_text_config(), "final_logit_softcapping", None)  # hardly shows on small logits
    plain = lm.get_output_embeddings()(lm.base_model(inputs_embeds=lm.get_input_embeddings()(ids)).last_hidden_state)
    same = torch.allclose(lm(input_ids=ids).logits, plain, atol=1e-3, rtol=1e-2)
    lm.train(was_training)
    if capped or not same:
        raise InputError(
            f"{type(lm).__name__} changes its logits after the LM head (soft-capping or scaling), which a pause model "
            "does not reproduce, or they are no numbers: choose a model of another family, or fetch its files again."
        )


@torch.no_grad()
def decoding_error(lm) -> float:
    """Return by how much the logits of a padded batch with a cache differ from those of its rows alone: the median over
    the words, in standard deviations of the logits, of the row where it is largest.
    """
    n_words = lm.get_input_embeddings().weight.shape[0]
    rows = [(torch.arange(3, 3 + length, device=lm.device) % n_words)[None] for length in (3, 5, 9)]
    alone = torch.cat([lm(input_ids=row).logits[:, -1] for row in rows]).float()
    cache = batch_cache(n_rows=3, length=8)
    prefill(lm, [row[0, :-1].tolist() for row in rows], cache)
    padded = last_logits(lm, torch.cat([row[:, -1:] for row in rows]), torch.tensor([3, 5, 9], device=lm.device), cache)
    return ((padded - alone).abs().median(dim=-1).values / alone.std(dim=-1)).max().item()
