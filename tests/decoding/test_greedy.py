"""Replies do not depend on how they were decoded."""

import pytest
import torch
from conftest import one_by_one

from pauselib import tasks
from pauselib.decoding import greedy
from pauselib.decoding.greedy import Chooser, Reply, generate
from pauselib.decoding.interventions import Cap, Draw, Force, Room, Shift
from pauselib.injection.rows import prompt_ids, tokenize
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.sources.problems import load_problems


@pytest.fixture(scope="module")
def asked():
    """The embedded model as a pause model with an untrained head that pauses now and then, and twelve prompts of
    different length.
    """
    lm, tokenizer = load_model("tiny"), load_tokenizer("tiny")
    model = PauseForCausalLM.around(lm).eval()
    model.pause_head.bias.data += torch.tensor([1.0, -1.0])
    rows = tokenize(load_problems("toy", "train", 12), tokenizer, tasks.find("gsm8k"))
    return model, prompt_ids(rows), tokenizer.eos_token_id


@pytest.fixture(scope="module")
def expected(asked):
    """The replies to these prompts, of at most 100 tokens."""
    return one_by_one(*asked, 100)


@pytest.mark.parametrize("batch_size", [1, 5, 256])
def test_replies_are_those_of_decoding_one_by_one_without_a_cache(asked, expected, batch_size, monkeypatch):
    monkeypatch.setattr(greedy, "READ_TOGETHER", 5)  # prompts
    model, prompts, end = asked
    assert generate(model, prompts, end, 100, batch_size=batch_size) == expected
    assert {reply.truncated for reply in expected} == {True, False}
    assert any(model.config.pause_token_id in reply.ids for reply in expected)


def test_replies_are_those_of_transformers_generate_and_forbidden_pauses_those_of_its_suppress_tokens(asked):
    model, prompts, end = asked
    chooser = Chooser([Cap(max_pauses=0)], model.config.pause_token_id, str)
    plain = generate(model, prompts[:4], end, 40)
    ours = generate(model, prompts[:4], end, 40, chooser=chooser)
    for prompt, reply, suppressed in [*zip(prompts, plain, [[]] * 4), *zip(prompts, ours, [[chooser.pause_id]] * 4)]:
        ids, how = torch.tensor([prompt]), {"max_new_tokens": 40, "do_sample": False, "eos_token_id": end}
        how |= {"attention_mask": torch.ones_like(ids), "pad_token_id": end, "suppress_tokens": suppressed or None}
        theirs = model.generate(ids, **how)
        assert reply.ids == [token for token in theirs[0, ids.shape[1] :].tolist() if token != end]


@pytest.mark.parametrize(
    "how", [Cap(max_pauses=3), Draw(draw_pauses=True), Force(forced_pauses=2, forced_at="number")], ids=str
)
def test_a_reply_under_an_intervention_does_not_depend_on_its_batch(asked, how, monkeypatch):
    monkeypatch.setattr(greedy, "READ_TOGETHER", 5)  # prompts
    model, prompts, end = asked

    def replies(batch_size: int) -> list[Reply]:
        return generate(model, prompts, end, 60, batch_size=batch_size, chooser=choosing(model, how))

    assert replies(1) == replies(12)
    assert replies(1) != generate(model, prompts, end, 60)


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
    assert set(generate(model.lm, prompts[:1], end, 20)[0].p_pause) == {0.0}


def test_the_published_limit_counts_the_prompt_but_no_padding(asked):
    model, prompts, end = asked
    limit = max(map(len, prompts)) + 5
    for prompt, reply in zip(prompts, generate(model, prompts, end, 1000, max_total_tokens=limit)):
        assert len(prompt) + len(reply.ids) <= limit
        assert reply.truncated == (len(prompt) + len(reply.ids) == limit)
    assert generate(model, prompts[:1], end, 10, max_total_tokens=len(prompts[0])) == [Reply([], truncated=True)]
    chooser, room_for_five = choosing(model, Force(forced_pauses=3, forced_at="start")), len(prompts[0]) + 5
    (reply,) = generate(model, prompts[:1], end, 1000, max_total_tokens=room_for_five, chooser=chooser)
    assert len(spoken(model, reply)) == 5  # under an intervention it counts no pauses


def choosing(model, *how) -> Chooser:
    """What chooses the tokens under interventions, with the texts of the embedded tokenizer."""
    text = load_tokenizer("tiny").decode
    return Chooser(how, model.config.pause_token_id, lambda token: text([token]))


def spoken(model, reply: Reply) -> list[int]:
    return [token for token in reply.ids if token != model.config.pause_token_id]


def test_under_an_intervention_pauses_take_nothing_from_what_may_be_said(asked):
    model, prompts, end = asked
    forced = Force(forced_pauses=2, forced_at="number")
    short, long = (generate(model, prompts, end, n, chooser=choosing(model, forced)) for n in (60, 200))
    assert {reply.truncated for reply in short} == {True, False}
    for reply, whole in zip(short, long):
        assert spoken(model, reply) == spoken(model, whole)[:60]
        assert reply.truncated == (len(spoken(model, reply)) == 60)
    assert max(len(reply.ids) for reply in short) > 60


@pytest.mark.parametrize(("room", "n_pauses"), [(1, 10), (4, 40)])
def test_a_reply_that_never_stops_pausing_ends_where_there_is_no_more_room(asked, room, n_pauses):
    model, prompts, end = asked
    never_speaks = choosing(model, Shift(pause_bias=100.0), Room(pause_room=room))
    (reply,) = generate(model, prompts[:1], end, 10, chooser=never_speaks)
    assert reply == Reply([model.config.pause_token_id] * n_pauses, truncated=True)


def test_there_is_never_more_room_than_the_model_has_positions(tiny_lm):
    model = PauseForCausalLM.around(tiny_lm("gpt2")).eval()  # with 128 positions
    never_speaks = choosing(model, Shift(pause_bias=100.0))
    replies = generate(model, [[1] * 90, [1] * 8], -1, 30, chooser=never_speaks)
    assert [len(reply.ids) for reply in replies] == [128 - 90, 4 * 30]


def test_each_token_is_told_with_all_replies_so_far(asked):
    model, prompts, end = asked
    told = []
    replies = generate(model, prompts[:3], end, 5, each=lambda said: told.append([len(said[i].ids) for i in range(3)]))
    assert told == [[n, n, n] for n in range(1, 6)]
    assert [len(reply.ids) for reply in replies] == [5, 5, 5]
