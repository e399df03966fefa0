"""In which precision things are: the heads and what is trained in float32, whatever the layers are in."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from pauselib.decoding.evaluation import completion_log_likelihoods
from pauselib.decoding.greedy import generate
from pauselib.model import pause_model
from pauselib.model.pause_model import PauseForCausalLM, logits_of, rounds_head, summed_loss, token_logits
from pauselib.model.precision import as_loaded_in, frozen_matrices_in_bfloat16, set_trained_precision
from pauselib.model.unfreezing import unfreeze
from pauselib.variants import VARIANTS

IDS = torch.tensor([[3, 14, 50, 15, 9, 50, 50, 2]])


@pytest.mark.parametrize("bias", [True, False])
def test_logits_are_float32_inside_autocast_and_of_weights_in_bfloat16(bias):
    torch.manual_seed(0)
    head, hidden = nn.Linear(8, 5, bias=bias), torch.randn(3, 8)
    plain = head(hidden)
    with torch.autocast("cpu", torch.bfloat16):
        assert head(hidden).dtype == torch.bfloat16
        assert torch.equal(logits_of(head, hidden), plain)
    rounded = nn.Linear(8, 5, bias=bias)
    rounded.load_state_dict({name: value.bfloat16() for name, value in head.state_dict().items()})
    assert torch.equal(logits_of(head.bfloat16(), hidden.bfloat16()), rounded(hidden.bfloat16().float()))


@torch.no_grad()
@pytest.mark.parametrize("pauses", [True, False])
def test_the_logits_that_decide_are_float32_of_a_model_in_bfloat16_whether_it_pauses_or_not(pauses, tiny_lm):
    model = PauseForCausalLM.around(tiny_lm("mistral")) if pauses else tiny_lm("mistral")
    as_loaded_in("bfloat16", model)
    words = IDS.clamp(max=49)
    logits, read = token_logits(model, input_ids=words), []
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())
    torch.testing.assert_close(token_logits(model, keep=1, input_ids=words), logits[:, -1:])
    rows = pd.DataFrame({"input_ids": [words[0].numpy()], "completion_mask": [np.array([0] + [1] * 7)]})
    expected = logits[0, :-1].log_softmax(-1).gather(-1, words[0, 1:, None])[:, 0]
    np.testing.assert_allclose(completion_log_likelihoods(model, rows)[0], expected.numpy(), rtol=1e-4)
    generate(model, [words[0].tolist()], -1, 1, each=lambda replies: read.append(replies[0]))
    assert read[0].p_best[0] == pytest.approx(logits[0, -1, :50].softmax(-1).max().item(), rel=1e-3)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_loss_in_parts_is_the_loss_of_all(n, monkeypatch):
    torch.manual_seed(0)
    head, hidden, targets = nn.Linear(8, 5), torch.randn(n, 8), torch.arange(n) % 5
    monkeypatch.setattr(pause_model, "LOGITS_AT_ONCE", 15)  # three positions
    torch.testing.assert_close(
        summed_loss(head, hidden, targets), cross_entropy(head(hidden), targets, reduction="sum")
    )


@pytest.mark.parametrize("n", [0, 1, 7])
def test_the_loss_of_a_frozen_head_is_that_of_its_rounded_weights_and_states_and_so_is_its_gradient(n, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    head, targets = nn.Linear(8, 5, bias=False).requires_grad_(False), torch.arange(n) % 5
    hidden = torch.randn(n, 8, requires_grad=True)
    monkeypatch.setattr(pause_model, "LOGITS_AT_ONCE", 15)  # three positions
    monkeypatch.setattr(pause_model, "SOFTMAX_AT_ONCE", 10)  # two of them
    exact = cross_entropy(head(hidden), targets, reduction="sum")
    (expected,) = torch.autograd.grad(exact, hidden)
    with torch.autocast("cpu", torch.bfloat16):
        loss = summed_loss(head, hidden, targets)
    (2 * loss).backward()
    assert loss.dtype == hidden.grad.dtype == torch.float32
    torch.testing.assert_close(loss, exact, atol=0.03, rtol=0)
    torch.testing.assert_close(hidden.grad, 2 * expected, atol=0.02, rtol=0.02)
    assert n == 0 or not torch.equal(loss, exact)


@pytest.mark.parametrize("name", ["sft_unfr_lm_head", "sft_peft"])
def test_only_a_head_that_is_frozen_is_rounded_and_only_where_that_is_fast(name, tiny_lm, monkeypatch):
    model = unfreeze(PauseForCausalLM.around(tiny_lm("mistral")), VARIANTS[name])
    head, found = model.get_output_embeddings(), {}
    for amx in (True, False, "unknown"):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda amx=amx: {"amx_bf16": amx})
        if amx == "unknown":  # in an older torch
            monkeypatch.delattr(torch.cpu, "get_capabilities")
        assert not rounds_head(head)
        with torch.autocast("cpu", torch.bfloat16), frozen_matrices_in_bfloat16(model):
            found[amx] = rounds_head(head), head.weight.dtype
    rounded = (True, torch.bfloat16) if name == "sft_peft" else (False, torch.float32)
    assert found == {True: rounded, False: (False, torch.float32), "unknown": (False, torch.float32)}
    assert head.weight.dtype == torch.float32


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("pure_bfloat16", torch.bfloat16)])
@pytest.mark.parametrize("name", ["sft_unfr_lm_head_embed_peft", "sft_fr_pembed", "baseline_matched"])
def test_what_is_trained_has_its_precision_and_adapters_float32_beside_bfloat16(name, precision, dtype, tiny_lm):
    lm, variant = tiny_lm("mistral").bfloat16(), VARIANTS[name]
    model = unfreeze(PauseForCausalLM.around(lm) if variant.pauses else lm, variant)
    set_trained_precision(model, precision)
    for parameter_name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.dtype == (torch.float32 if "lora_" in parameter_name else dtype)
        elif "mlp" in parameter_name:
            assert parameter.dtype == torch.bfloat16


@pytest.mark.parametrize(("dtype", "moved"), [("bfloat16", [1, 1]), ("pure_bfloat16", [1, 0])])
def test_in_pure_bfloat16_a_weight_from_a_64th_on_is_not_moved_by_a_published_step(dtype, moved, tiny_lm):
    model = unfreeze(PauseForCausalLM.around(tiny_lm("mistral").bfloat16()), VARIANTS["sft_unfr_lm_head"])
    head = model.get_output_embeddings().weight
    with torch.no_grad():
        head[::2], head[1::2] = 1.5 * 2**-7, 1.5 * 2**-6
    set_trained_precision(model, dtype)
    before = [row.clone() for row in (head[0], head[1])]
    with torch.autocast("cpu", torch.bfloat16):
        model(input_ids=IDS, labels=IDS).loss.backward()
    torch.optim.AdamW([head], lr=5e-5, weight_decay=0.0).step()  # the first step of AdamW is as large as its rate
    assert [int((row != old).all()) for row, old in zip((head[0], head[1]), before)] == moved
    assert [int((row != old).any()) for row, old in zip((head[0], head[1]), before)] == moved


@pytest.mark.parametrize("name", ["sft_peft", "sft_unfr_lm_head_embed_peft", "sft"])
def test_frozen_matrices_held_in_bfloat16_change_nothing_and_come_back(name, tiny_lm):
    def loss_and_gradients(held: bool):
        model = PauseForCausalLM.around(tiny_lm("mistral"))
        model = unfreeze(model, VARIANTS[name], lora_dropout=0.0)
        before = {n: p.clone() for n, p in model.state_dict().items()}
        with frozen_matrices_in_bfloat16(model) if held else torch.no_grad():
            assert held == (next(p for n, p in model.named_parameters() if "mlp" in n).dtype == torch.bfloat16)
            with torch.enable_grad(), torch.autocast("cpu", torch.bfloat16):
                model(input_ids=IDS, labels=IDS).loss.backward()
        assert all(torch.equal(p, before[n]) for n, p in model.state_dict().items())
        return [p.grad for p in model.parameters() if p.requires_grad]

    for plain, held in zip(loss_and_gradients(False), loss_and_gradients(True), strict=True):
        assert torch.equal(plain, held)
