"""A causal language model that can pause: a pause token beside the vocabulary, with an embedding and a head of its own.

    log p(pause) = log_softmax(pause_head(h))[pause]
    log p(v)     = log_softmax(pause_head(h))[no pause] + log_softmax(lm_head(h))[v]

The pause token's id is V, the number of rows of the LM embeddings. It is one past the vocabulary and in no tokenizer,
so nothing is resized and no id moves. The head sees a detached h: its loss moves only the head itself.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy, linear, log_softmax
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from pauselib.model.configuration import PauseConfig

SPEAK, PAUSE = 0, 1  # the two classes of the pause head
LOGITS_AT_ONCE = 2**26  # a quarter of a gigabyte; the loss of more positions is computed in parts
SOFTMAX_AT_ONCE = 2**19  # of them in float32, where the others are in bfloat16: what a processor's nearest cache holds


def logits_of(head: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """Return the logits (..., V) of a head at `hidden` (..., width): in float32, whatever the precision around it."""
    with torch.autocast(hidden.device.type, enabled=False):
        if head.weight.dtype == torch.float32:
            return head(hidden.float())
        bias = getattr(head, "bias", None)
        return linear(hidden.float(), head.weight.float(), None if bias is None else bias.float())


def labelled_positions(hidden: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the hidden states (m, width) that predict a labelled token, and those tokens (m).

    `hidden` is (batch, length, width), `labels` (batch, length) with -100 where there is none.
    """
    labelled = labels[:, 1:] != -100
    return hidden[:, :-1][labelled], labels[:, 1:][labelled]


def rounds_head(head: nn.Module) -> bool:
    """Return whether the loss of a head is computed from products in bfloat16: within autocast, where neither the head
    nor an adapter of it is trained, on a GPU or a processor with AMX; on others float32 is faster.
    """
    kind = head.weight.device.type
    known = getattr(torch.cpu, "get_capabilities", dict)()  # nothing where torch is older
    fast = kind == "cuda" or (kind == "cpu" and known.get("amx_bf16", False))
    plain = getattr(head, "bias", None) is None and not any(one.requires_grad for one in head.parameters())
    return fast and plain and torch.is_autocast_enabled(kind)


class RoundedLoss(torch.autograd.Function):
    """The summed cross-entropy under a head that is not trained: its products in bfloat16, its softmax in float32."""

    @staticmethod
    def forward(ctx, hidden, targets, weight):
        """Return the loss, and compute the gradient at `hidden` at once, so that no logits are kept."""
        logits, size = linear(hidden.bfloat16(), weight), max(1, SOFTMAX_AT_ONCE // len(weight))
        losses = []
        for part, at in zip(logits.split(size), targets[:, None].split(size)):
            log_p = log_softmax(part.float(), dim=-1)
            losses.append(-log_p.gather(-1, at).sum())
            part.copy_(log_p.exp_().scatter_add_(-1, at, log_p.new_full(at.shape, -1)))  # the gradient at the logits
        ctx.gradient = (logits @ weight).to(hidden.dtype) if ctx.needs_input_grad[0] else None
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx, of_loss):
        """Return the gradient at the hidden states."""
        return ctx.gradient * of_loss, None, None


def summed_loss(head: nn.Module, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy of `targets` (m) under a head's logits at `hidden` (m, width)."""
    size = max(1, LOGITS_AT_ONCE // head.weight.shape[0])
    parts = zip(hidden.split(size), targets.split(size))
    if rounds_head(head):
        weight = head.weight.bfloat16()
        return torch.stack([RoundedLoss.apply(at, to, weight) for at, to in parts]).sum()
    losses = [cross_entropy(logits_of(head, at), to, reduction="sum") for at, to in parts]
    return torch.stack(losses).sum()


@dataclass
class PauseOutput(CausalLMOutputWithPast):
    """`loss` = `pause_loss` + `lm_loss`, each a sum over the labelled positions divided by their number."""

    pause_loss: torch.Tensor | None = None
    lm_loss: torch.Tensor | None = None


class PauseForCausalLM(PreTrainedModel, GenerationMixin):
    """Any causal language model of transformers, with a pause token. Make one with `PauseForCausalLM.around(lm)`."""

    config_class = PauseConfig
    base_model_prefix = "lm"
    supports_gradient_checkpointing = True
    _keep_in_fp32_modules_strict = ("pause_head",)
    _supports_sdpa = _supports_flash_attn = _supports_flex_attn = _supports_attention_backend = True

    def __init__(self, config: PauseConfig, lm: PreTrainedModel | None = None):
        super().__init__(config)
        self.lm = AutoModelForCausalLM.from_config(config.text_config) if lm is None else lm
        width = self.lm.get_input_embeddings().embedding_dim  # that of the last hidden state, too
        self.pause_embedding = nn.Embedding(1, width)
        self.pause_head = nn.Linear(width, 2)
        self.post_init()

    @classmethod
    def around(cls, lm: PreTrainedModel, seed: int = 42) -> "PauseForCausalLM":
        """Wrap a causal language model that `suitability.check_plain_head` accepts, which becomes part of the result.

        The pause embedding is drawn from N(0, s) with s the standard deviation of the LM embeddings as its layers get
        them, the pause head from U(-1/sqrt(d), 1/sqrt(d)) (the default of `torch.nn.Linear`).
        """
        config = PauseConfig(text_config=lm.config.to_dict())
        model = cls(config, lm)
        model.pause_embedding.to(lm.dtype)
        model.generation_config = lm.generation_config
        draw = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            bound = model.pause_head.in_features**-0.5
            for weight in (model.pause_head.weight, model.pause_head.bias):
                weight.copy_(torch.empty(weight.shape).uniform_(-bound, bound, generator=draw))
            embeddings = lm.get_input_embeddings()
            given = embeddings(torch.arange(len(embeddings.weight), device=lm.device))  # Gemma scales its rows here
            spread, weight = given.float().std().item(), model.pause_embedding.weight
            weight.copy_(torch.empty(weight.shape).normal_(0, spread, generator=draw))
        return model.to(lm.device)

    def embed(self, input_ids: torch.Tensor) -> torch.Tensor:
        """(batch, length) ids -> (batch, length, width) embeddings."""
        is_pause = input_ids == self.config.pause_token_id
        spoken = self.lm.get_input_embeddings()(input_ids.masked_fill(is_pause, 0))
        paused = self.pause_embedding(torch.zeros_like(input_ids))
        return torch.where(is_pause.unsqueeze(-1), paused.to(spoken.dtype), spoken)

    def log_probabilities(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., width) last hidden states -> (..., V + 1) log probabilities; the pause is the last of them."""
        head = log_softmax(logits_of(self.pause_head, hidden.detach()), dim=-1)
        words = log_softmax(logits_of(self.lm.get_output_embeddings(), hidden), dim=-1)
        return torch.cat([head[..., SPEAK, None] + words, head[..., PAUSE, None]], dim=-1)

    def losses(
        self, hidden: torch.Tensor, targets: torch.Tensor, n: torch.Tensor | int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The two parts of the cross-entropy of `targets` (m) at `hidden` (m, width): sums, divided by `n`."""
        is_pause = targets == self.config.pause_token_id
        classes = torch.where(is_pause, PAUSE, SPEAK)
        pause_loss = cross_entropy(logits_of(self.pause_head, hidden.detach()), classes, reduction="sum")
        lm_loss = summed_loss(self.lm.get_output_embeddings(), hidden[~is_pause], targets[~is_pause])
        return pause_loss / n, lm_loss / n

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        logits_to_keep=0,
        num_items_in_batch=None,
        **kwargs,
    ) -> PauseOutput:
        """With `labels` (batch, length; -100 where there is none): the losses, averaged over the labelled positions, or
        divided by `num_items_in_batch`. Heads are computed at those positions alone, so there are no logits. Without:
        `logits`, the log probabilities (batch, length or the last `logits_to_keep`, V + 1).
        """
        if inputs_embeds is None:
            inputs_embeds = self.embed(input_ids)
        out = self.lm.base_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=use_cache,
            **kwargs,
        )
        hidden = out.last_hidden_state
        shared = {name: out.get(name) for name in ("past_key_values", "hidden_states", "attentions")}
        if labels is None:
            return PauseOutput(logits=self.log_probabilities(hidden[:, -logits_to_keep:]), **shared)
        hidden, targets = labelled_positions(hidden, labels)
        n = max(1, len(targets)) if num_items_in_batch is None else num_items_in_batch
        pause_loss, lm_loss = self.losses(hidden, targets, n)
        return PauseOutput(
            loss=pause_loss + lm_loss, pause_loss=pause_loss.detach(), lm_loss=lm_loss.detach(), **shared
        )

    def get_output_embeddings(self):
        """Return the language model's head, which has no row for the pause."""
        return self.lm.get_output_embeddings()

    def resize_token_embeddings(self, *args, **kwargs):
        """Refuse: the pause token's id is the number of rows of the embeddings."""
        raise NotImplementedError("It can't be resized, as the pause's id is the number of rows: resize it before.")


def token_logits(model: nn.Module, keep: int = 0, **inputs) -> torch.Tensor:
    """Return the logits (batch, length or the last `keep`, V or V + 1) of a language model, with a pause or without.

    They are in float32, as `logits_of` has them: a language model's own forward pass rounds them to its weights'.
    """
    if hasattr(model, "pause_head"):
        return model(**inputs, logits_to_keep=keep).logits
    hidden = model.base_model(**inputs).last_hidden_state
    return logits_of(model.get_output_embeddings(), hidden[:, -keep:])


AutoModelForCausalLM.register(PauseConfig, PauseForCausalLM)
