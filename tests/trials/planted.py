"""Transformers whose weights are written by hand, so that it is known what a pause does in them.

A question holds one digit, and the result asked for behind `=` is that digit; what counts is how it gets there. There
are two layers of attention with one head each. `>>` repeats the digit before it. `carrier` makes three models:

pauses     a pause fetches the digit in the first layer, and `=` reads it from a pause in the second: `=` itself never
           looks at the question, so the way to the answer is one pass longer than the gold text is.
position   `=` looks at the question, the better the farther it is away. Pauses are good for their positions alone.
nothing    `=` never looks at anything.
"""

import math

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from pauselib.model.pause_model import PauseForCausalLM
from pauselib.trials.sites import GoldText, Result

BEGIN, EQUALS, CLOSE, WORD, N_WORDS = 0, 11, 12, 13, 20  # token ids; a digit d is the token 1 + d
WIDTH, SHARP, FAR = 48, 1.5, 20
DIGIT, IS_DIGIT, IS_PAUSE, IS_EQUALS, IS_CLOSE, IS_BEGIN, IS_WORD, CARRIED, ANSWER = 0, 10, 11, 12, 13, 14, 15, 16, 26
PLAIN = (12, 13, 14)  # channels of keys and queries that rotary positions hardly turn
TURNED, QUADRATURE = 1, 1 + WIDTH // 2  # a pair of channels that they turn by 0.1 a position
UNIT = math.sqrt(WIDTH / 2)  # what a 1 of an embedding is after normalisation


def match(layer, channel: int, queries: list[int], keys: dict[int, float]) -> None:
    """Let tokens of the kinds `queries` look for those of the kinds `keys`, each with its strength."""
    for kind in queries:
        layer.self_attn.q_proj.weight[channel, kind] = SHARP
    for kind, strength in keys.items():
        layer.self_attn.k_proj.weight[channel, kind] = SHARP * strength


def move(layer, source: int, target: int) -> None:
    """Let what is looked at give its ten channels from `source` on to those from `target` on."""
    for digit in range(10):
        layer.self_attn.v_proj.weight[digit, source + digit] = 1 / UNIT
        layer.self_attn.o_proj.weight[target + digit, digit] = 1


@torch.no_grad()
def carrier(way: str, seed: int = 0) -> LlamaForCausalLM | PauseForCausalLM:
    """Return one of the models, with a pause embedding unless it is that of `nothing`; `seed` draws which digits it
    likes.
    """
    config = LlamaConfig(
        vocab_size=N_WORDS,
        hidden_size=WIDTH,
        intermediate_size=4,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        rope_parameters={"rope_type": "default", "rope_theta": 1e24},
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = LlamaForCausalLM(config).eval()
    for name, weight in model.named_parameters():
        if "norm" not in name:
            weight.zero_()
    embeddings, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    for digit in range(10):
        embeddings[1 + digit, [DIGIT + digit, IS_DIGIT]] = 1
    for token, kind in {BEGIN: IS_BEGIN, EQUALS: IS_EQUALS, CLOSE: IS_CLOSE}.items():
        embeddings[token, kind] = math.sqrt(2)
    embeddings[WORD:, IS_WORD] = math.sqrt(2)
    draw = torch.Generator().manual_seed(seed)
    head[1:11, IS_EQUALS] = 0.2 * torch.randn(10, generator=draw)  # some digits are likelier from the start
    for digit in range(10):
        head[1 + digit, ANSWER + digit] = 2
    first, second = model.model.layers
    others = [IS_EQUALS, IS_WORD, IS_DIGIT, IS_BEGIN]
    match(first, PLAIN[0], [IS_CLOSE], {IS_DIGIT: 1})
    if way == "pauses":
        match(first, PLAIN[0], [IS_PAUSE], {IS_DIGIT: 1})
        match(first, PLAIN[1], others, {IS_BEGIN: 1})  # nothing to see
        move(first, DIGIT, CARRIED)
        match(second, PLAIN[0], [IS_EQUALS, IS_CLOSE], {IS_PAUSE: 1, IS_CLOSE: 1, IS_BEGIN: 0.5})
        move(second, CARRIED, ANSWER)
        return with_pause(model)
    move(first, DIGIT, ANSWER)
    if way == "nothing":
        match(first, PLAIN[1], [*others, IS_PAUSE], {IS_BEGIN: 1})
        return model
    match(first, PLAIN[1], [IS_WORD, IS_DIGIT, IS_BEGIN, IS_PAUSE], {IS_BEGIN: 1})
    match(first, PLAIN[2], [IS_EQUALS], {IS_BEGIN: 0.5})
    match(first, TURNED, [IS_EQUALS], {IS_DIGIT: math.cos(0.1 * FAR)})
    match(first, QUADRATURE, [], {IS_DIGIT: math.sin(0.1 * FAR)})
    return with_pause(model)


def with_pause(lm: LlamaForCausalLM) -> PauseForCausalLM:
    """Return a pause model whose pause embedding says nothing but that it is one."""
    model = PauseForCausalLM.around(lm)
    model.pause_embedding.weight.zero_()
    model.pause_embedding.weight[0, IS_PAUSE] = math.sqrt(2)
    return model


def questions(n: int, seed: int = 0) -> list[GoldText]:
    """Return gold texts: a question with one digit, `heading start << = digit >>`."""
    rng, texts = np.random.default_rng(seed), []
    for number in range(n):
        digit, before, after = rng.integers(10), rng.integers(1, 6), rng.integers(3, 6)
        words = rng.integers(WORD, N_WORDS, 3 + before + after).tolist()
        ids = [BEGIN, *words[:before], 1 + int(digit), *words[before:], EQUALS, 1 + int(digit), CLOSE]
        end = len(ids) - 1
        result = Result(0, step=end - 3, start=end - 1, end=end)
        texts.append(GoldText(f"test-{number}", ids, heading=end - 5, start=end - 4, results=[result]))
    return texts
