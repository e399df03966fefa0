"""The pause model around tiny random models of four families, tied or not. V is 50, as is the pause's id."""

import subprocess
import sys

import pytest
import torch
from conftest import KINDS, ROOT, same_weights
from torch.nn.functional import nll_loss
from transformers import AutoModelForCausalLM

from pauselib.model.pause_model import PauseForCausalLM

V = P = 50
IDS = torch.tensor([[3, 14, P, 15, 9, P, P, 2], [6, 5, 3, P, 5, 8, 9, 7]])
LABELS = torch.tensor([[-100, -100, P, 15, 9, P, P, 2], [-100, 5, 3, P, 5, -100, -100, -100]])  # 10, of which 4 pauses


@pytest.fixture(params=[(kind, tied) for kind in KINDS for tied in (False, True)], ids=lambda p: p[0] + "-tied" * p[1])
def model(request, tiny_lm):
    return PauseForCausalLM.around(tiny_lm(*request.param)).eval()


@torch.no_grad()
def test_given_that_there_is_no_pause_the_words_are_those_of_the_language_model(model):
    words = IDS.clamp(max=V - 1)
    logits = model(input_ids=words).logits
    p_pause = logits[..., P].exp()
    assert p_pause.min() > 0.01
    assert p_pause.max() < 0.99
    torch.testing.assert_close(
        logits[..., :V] - torch.log1p(-p_pause)[..., None], model.lm(input_ids=words).logits.log_softmax(-1)
    )


@torch.no_grad()
def test_a_pause_is_read_through_its_own_embedding(model):
    before = model(input_ids=IDS).logits
    model.pause_embedding.weight.neg_()
    after = model(input_ids=IDS).logits
    changed = (before - after).abs().amax(-1) > 1e-6
    assert changed.tolist() == [[False] * 2 + [True] * 6, [False] * 3 + [True] * 5]  # from the first pause on


def test_the_pause_head_and_embedding_are_drawn_by_seed_as_wide_as_said_and_beside_the_lm(tiny_lm, monkeypatch):
    one, same, other = (PauseForCausalLM.around(tiny_lm(), seed=seed) for seed in (1, 1, 2))
    assert same_weights(one, same)
    assert not torch.equal(one.pause_head.weight, other.pause_head.weight)
    draws = torch.cat([PauseForCausalLM.around(tiny_lm(), seed=seed).pause_embedding.weight for seed in range(20)])
    assert draws.std().item() == pytest.approx(one.lm.get_input_embeddings().weight.std().item(), rel=0.1)
    assert 0.9 * 32**-0.5 < one.pause_head.weight.abs().max() <= 32**-0.5
    monkeypatch.setattr(torch.Tensor, "item", lambda _: 1.0)  # which a device without data has not
    assert PauseForCausalLM.around(tiny_lm().to("meta")).pause_head.weight.is_meta


def test_a_saved_model_comes_back_bit_for_bit_with_its_end_token_and_the_pauses_behind_a_prompt(model, tmp_path):
    model.generation_config.eos_token_id, model.config.prompt_pauses = 7, 3
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert type(again) is PauseForCausalLM
    assert (again.generation_config.eos_token_id, again.config.prompt_pauses) == (7, 3)
    assert same_weights(model, again)
    with torch.no_grad():
        assert torch.equal(again(input_ids=IDS).logits, model(input_ids=IDS).logits)


def test_the_loss_is_one_cross_entropy_over_all_words_and_the_pause(model):
    out = model(input_ids=IDS, labels=LABELS)
    logits = model(input_ids=IDS).logits
    torch.testing.assert_close(logits.exp().sum(-1), torch.ones(2, 8))
    torch.testing.assert_close(
        out.loss, nll_loss(logits[:, :-1].flatten(0, 1), LABELS[:, 1:].flatten(), ignore_index=-100)
    )
    torch.testing.assert_close(out.loss, out.pause_loss + out.lm_loss)
    part = model(input_ids=IDS, labels=LABELS, num_items_in_batch=torch.tensor(40))  # of a larger batch
    torch.testing.assert_close(part.loss, out.loss * 10 / 40)


def test_the_pause_loss_is_that_of_the_two_classes_alone(model):
    log_p = model(input_ids=IDS).logits[:, :-1][LABELS[:, 1:] != -100]
    is_pause = LABELS[:, 1:][LABELS[:, 1:] != -100] == P
    by_hand = -(log_p[is_pause, P].sum() + torch.log1p(-log_p[~is_pause, P].exp()).sum()) / 10
    torch.testing.assert_close(model(input_ids=IDS, labels=LABELS).pause_loss, by_hand.detach())


@pytest.mark.parametrize("labels", [torch.full_like(IDS, -100), torch.where(IDS == P, P, -100)])
def test_labels_without_words_have_no_lm_loss(tiny_lm, labels):
    out = PauseForCausalLM.around(tiny_lm())(input_ids=IDS, labels=labels)
    assert out.loss.isfinite()
    assert out.lm_loss == 0


def moved(model, loss) -> set[str]:
    """The parameters that a loss would move, up to the first two parts of their names."""
    loss.backward()
    return {".".join(key.split(".")[:2]) for key, p in model.named_parameters() if p.grad is not None and p.grad.any()}


def test_the_pause_loss_moves_the_pause_head_alone_and_the_lm_loss_everything_else(model):
    hidden = model.lm.base_model(inputs_embeds=model.embed(IDS)).last_hidden_state.flatten(0, 1)
    assert moved(model, model.losses(hidden, IDS.flatten(), 16)[0]) == {"pause_head.weight", "pause_head.bias"}
    model.zero_grad()
    hidden = model.lm.base_model(inputs_embeds=model.embed(IDS)).last_hidden_state.flatten(0, 1)
    backbone = f"lm.{model.lm.base_model_prefix}"
    moves = {"pause_embedding.weight", backbone}
    if not model.config.text_config.tie_word_embeddings:  # otherwise it is the embeddings, a part of the backbone
        moves.add("lm.lm_head")
    assert moved(model, model.losses(hidden, IDS.flatten(), 16)[1]) == moves


def greedy(model, ids, **settings):
    """Up to 12 tokens behind (batch, length) ids, in which 0 is padding."""
    out = model.generate(
        input_ids=ids, attention_mask=(ids != 0).long(), max_new_tokens=12, do_sample=False, pad_token_id=0, **settings
    )
    return out[:, ids.shape[1] :]


@torch.no_grad()
def test_a_padded_batch_says_what_each_prompt_says_alone_with_and_without_cache(model):
    model.pause_head.bias.copy_(torch.tensor([1.0, 0.0]))  # or else a pause is nearly always likelier than any word
    model.pause_head.weight *= 2
    prompts = [[3, 14, 15, 9], [6, 5], [7, P, 1], [9, 8, 7, 6]]
    alone = torch.cat([greedy(model, torch.tensor([prompt])) for prompt in prompts])
    padded = torch.tensor([[0] * (4 - len(prompt)) + prompt for prompt in prompts])
    assert 0 < (alone == P).sum() < alone.numel()
    assert greedy(model, padded).tolist() == alone.tolist()
    assert greedy(model, padded, use_cache=False).tolist() == alone.tolist()


def test_resizing_the_embeddings_is_refused(tiny_lm):
    with pytest.raises(NotImplementedError, match="can't be resized"):
        PauseForCausalLM.around(tiny_lm()).resize_token_embeddings(V + 1)


def test_the_pause_id_is_the_number_of_rows_even_where_a_tokenizer_has_fewer_tokens(tiny_lm, tokenizer):
    lm = tiny_lm()
    lm.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64)  # 448 rows for 400 tokens, as Qwen2.5 has
    config = PauseForCausalLM.around(lm).config
    assert (config.pause_token_id, config.vocab_size) == (448, 449)


@pytest.mark.parametrize("imports", ["import pauselib, transformers", "import transformers, pauselib"])
def test_a_fresh_python_loads_a_saved_model_after_import_pauselib(tiny_lm, tmp_path, imports):
    PauseForCausalLM.around(tiny_lm()).save_pretrained(tmp_path)
    code = f"{imports}; print(type(transformers.AutoModelForCausalLM.from_pretrained({str(tmp_path)!r})).__name__)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "PauseForCausalLM"
