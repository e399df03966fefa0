"""Replies do not depend on how they were decoded."""

import pytest
import torch

from pauselib import rows as injection
from pauselib.decoding.greedy import Reply, generate
from pauselib.interventions import Intervention, Pausing
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.sources import problems
from pauselib.training import warmup as training


@pytest.fixture(scope="module")
def asked():
    """The embedded model as a pause model with an untrained head that pauses now and then, and twelve prompts of
    different length.
    """
    lm, tokenizer = training.load_model("tiny"), training.load_tokenizer("tiny")
    model = PauseForCausalLM.around(lm).eval()
    model.pause_head.bias.data += torch.tensor([1.0, -1.0])
    ids, starts, _ = injection.tokenize(problems.load("toy", "train", 12), tokenizer)
    return model, [row[:start].tolist() for row, start in zip(ids, starts)], tokenizer.eos_token_id


def one_by_one(model, prompts, end, n):
    """Greedy decoding written out, without cache, batch or padding."""
    replies = []
    for prompt in prompts:
        ids = list(prompt)
        while len(ids) < len(prompt) + n:
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
            if ids[-1] == end:
                break
        said = ids[len(prompt) :]
        replies.append(Reply([token for token in said if token != end], truncated=said[-1] != end))
    return replies


@pytest.mark.parametrize("batch_size", [1, 5, 256])
def test_replies_are_those_of_decoding_one_by_one_without_a_cache(asked, batch_size):
    model, prompts, end = asked
    expected = one_by_one(model, prompts, end, 100)
    assert generate(model, prompts, end, 100, batch_size=batch_size) == expected
    assert {reply.truncated for reply in expected} == {True, False}
    assert any(model.config.pause_token_id in reply.ids for reply in expected)


def test_replies_are_those_of_transformers_generate(asked):
    model, prompts, end = asked
    prompt = torch.tensor([prompts[0]])
    theirs = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=40,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=end,
    )[0, prompt.shape[1] :]
    assert generate(model, prompts[:1], end, 40)[0].ids == [token for token in theirs.tolist() if token != end]


def test_forbidden_pauses_are_those_of_transformers_suppress_tokens(asked):
    model, prompts, end = asked
    ours = generate(
        model,
        prompts,
        end,
        40,
        batch_size=5,
        pausing=Pausing(Intervention(max_pauses=0), model.config.pause_token_id, str),
    )
    for prompt, reply in zip(prompts[:4], ours):
        ids = torch.tensor([prompt])
        theirs = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=40,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=end,
            suppress_tokens=[model.config.pause_token_id],
        )
        assert reply.ids == [token for token in theirs[0, ids.shape[1] :].tolist() if token != end]


@pytest.mark.parametrize(
    "how",
    [Intervention(max_pauses=3), Intervention(draw_pauses=True), Intervention(forced_pauses=2, forced_at="number")],
)
def test_a_reply_under_an_intervention_does_not_depend_on_its_batch(asked, how):
    model, prompts, end = asked
    text = training.load_tokenizer("tiny").decode
    one, many = (
        generate(
            model,
            prompts,
            end,
            60,
            batch_size=n,
            pausing=Pausing(how, model.config.pause_token_id, lambda token: text([token])),
        )
        for n in (1, 12)
    )
    assert one == many
    assert one != generate(model, prompts, end, 60)


def test_beside_each_token_stand_the_model_s_probabilities_there(asked):
    model, prompts, end = asked
    reply = generate(model, prompts[:3], end, 30)[2]
    said = torch.tensor([prompts[2] + reply.ids])
    with torch.no_grad():
        given = model(said).logits[0, len(prompts[2]) - 1 : -1].exp()
    assert reply.p_pause == pytest.approx(given[:, -1].tolist(), rel=1e-3)
    assert reply.p_best == pytest.approx((given[:, :-1].max(-1).values / given[:, :-1].sum(-1)).tolist(), rel=1e-3)
    says_pause = [token == model.config.pause_token_id for token in reply.ids]
    assert says_pause == [best < pause / (1 - pause) for pause, best in zip(reply.p_pause, reply.p_best)]


def test_a_model_without_a_pause_token_has_none_to_give(asked):
    _, prompts, end = asked
    reply = generate(training.load_model("tiny"), prompts[:1], end, 20)[0]
    assert set(reply.p_pause) == {0.0}
    assert all(0 < p <= 1 for p in reply.p_best)
    assert len(reply.p_best) == len(reply.ids)


def test_the_published_limit_counts_the_prompt_but_no_padding(asked):
    model, prompts, end = asked
    limit = max(map(len, prompts)) + 5
    for prompt, reply in zip(prompts, generate(model, prompts, end, 1000, max_total_tokens=limit)):
        assert len(prompt) + len(reply.ids) <= limit
        assert reply.truncated == (len(prompt) + len(reply.ids) == limit)


def test_a_prompt_that_fills_the_limit_gets_an_empty_cut_reply(asked):
    model, prompts, end = asked
    assert generate(model, prompts[:1], end, 10, max_total_tokens=len(prompts[0])) == [Reply([], truncated=True)]
