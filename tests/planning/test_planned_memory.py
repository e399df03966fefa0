"""The memory that a plan foretells: counted by hand for a few tensors, and beside what the system measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from pauselib.planning.memory import HeldBytes, training
from pauselib.planning.work import Batch
from pauselib.settings import Settings
from pauselib.variants import parse

SIZES = (8, 768, 8000)  # layers, width, words: 53 million parameters


def test_what_is_held_at_once_is_counted_and_what_is_free_again_is_not():
    with HeldBytes() as held:
        kept = torch.zeros(10)
        for _ in range(3):
            torch.ones(100).sum()
        view = kept[:5]
    assert (held.now, held.most) == (40, 40 + 400 + 4)
    del kept, view
    assert held.now == 0


@pytest.mark.parametrize("dtype", ["float32", "mixed", "bfloat16"])
def test_the_parameters_that_are_trained_and_their_moments_are_counted(dtype, tiny_lm):
    config, batch = tiny_lm("mistral").config, Batch(2, 10, 8, 2)
    full = training(config, parse("sft_unfr_lm_head"), Settings(dtype=dtype), batch, batch)
    assert full.trained == 32 + 2 * 32 + 2 + 50 * 32  # the pause's embedding, its head with the biases, the LM head
    checkpointed = Settings(dtype=dtype, gradient_checkpointing=True)
    adapters = [training(config, parse("sft_peft"), one, batch, batch) for one in (Settings(dtype=dtype), checkpointed)]
    assert adapters[0].checkpoint == 3 * 4 * adapters[0].trained  # adapters, and two moments of each number
    assert adapters[1].flops > adapters[0].flops  # what is not kept is computed again


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not say how much was held")
def test_a_foretold_peak_is_within_a_quarter_of_the_measured_one():
    command = [sys.executable, "-m", "benchmarks.planning", json.dumps(SIZES), "sft_peft"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [one["what"] for one in found] == ["training sft_peft", "decoding"]
    for one in found:
        assert one["planned MB"] == pytest.approx(one["measured MB"], rel=0.25), one
