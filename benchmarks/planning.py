"""What `make plan` says of memory beside what was measured: a random model of 86 million parameters on the CPU.

python -m benchmarks.planning
"""

import ctypes
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1")

import pandas as pd
import torch

from pauselib.decoding.greedy import generate
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.precision import train_in_float32
from pauselib.model.unfreezing import unfreeze
from pauselib.planning import memory
from pauselib.planning.work import Batch
from pauselib.settings import Settings
from pauselib.variants import parse

VARIANTS = ("sft_peft", "sft", "sft_unfr_lm_head_embed", "sft_fr_pembed", "baseline_matched")
BATCH, VALIDATION = Batch(8, 200, 900, 40), Batch(16, 150, 1400, 80)
PROMPTS, N_NEW = (64, 100), 150


def config(layers: int = 12, width: int = 768, words: int = 16_000):
    """Return the configuration of a random Mistral; of 86 million parameters unless said otherwise."""
    from transformers import MistralConfig

    sizes = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": layers}
    return MistralConfig(vocab_size=words, num_attention_heads=12, num_key_value_heads=4, pad_token_id=0, **sizes)


def of_this_process(what: str) -> int:
    """Return the bytes that the system says this process has (`VmRSS`) or has had at the most (`VmHWM`)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return int(line.split()[1]) * 1024


def peak(work: Callable) -> int:
    """Return how many bytes some work adds at the most to what this process has."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = of_this_process("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the most so far is forgotten
    work()
    return of_this_process("VmHWM") - before


def inputs(batch: Batch, pause_id: int | None) -> dict[str, torch.Tensor]:
    """Return a batch of that shape, with made-up ids."""
    ids = torch.randint(5, 1000, (batch.rows, batch.length))
    labels = torch.full_like(ids, -100)
    labels.view(-1)[-batch.labelled :] = ids.view(-1)[-batch.labelled :]
    if pause_id is not None:
        labels.view(-1)[-batch.pauses :] = ids.view(-1)[-batch.pauses :] = pause_id
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}


def train(of, name: str, settings: Settings) -> None:
    """Train a random model for two steps, then evaluate it, with real tensors."""
    from transformers import AutoModelForCausalLM

    variant, lm = parse(name), AutoModelForCausalLM.from_config(of)
    model = unfreeze(PauseForCausalLM.around(lm) if variant.pauses else lm, variant, settings)
    train_in_float32(model)
    pause_id = of.vocab_size if variant.pauses else None
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], foreach=False)
    for _ in range(2):
        model.train()(**inputs(BATCH, pause_id), use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        model.eval()(**inputs(VALIDATION, pause_id), use_cache=False)


def decode(of) -> None:
    """Decode with a random model, in which no reply ends before its limit."""
    from transformers import AutoModelForCausalLM

    model = PauseForCausalLM.around(AutoModelForCausalLM.from_config(of)).eval()
    generate(model, [[7] * PROMPTS[1]] * PROMPTS[0], -1, N_NEW, batch_size=PROMPTS[0], show=False)


def compare(of, variants: tuple[str, ...]) -> list[dict]:
    """Return the measured and the planned peak in MB of the training of variants, and of decoding."""
    settings, found = Settings(), []
    for name in variants:
        planned = memory.training(of, parse(name), settings, BATCH, VALIDATION).peak
        found.append((f"training {name}", peak(lambda name=name: train(of, name, settings)), planned))
    planned = memory.decoding(of, parse("sft"), settings, PROMPTS, N_NEW)
    found.append(("decoding", peak(lambda: decode(of)), planned))
    return [{"what": what, "measured MB": one / 1e6, "planned MB": other / 1e6} for what, one, other in found]


def main(*arguments: str) -> None:
    """Compare and print a table, or as JSON what is asked for: sizes of the model, and variants."""
    train(config(1, 48, 2000), "sft_peft", Settings())  # imports, and what they keep
    decode(config(1, 48, 2000))
    if arguments:
        sizes, *variants = arguments
        print(json.dumps(compare(config(*json.loads(sizes)), tuple(variants))))
        return
    table = pd.DataFrame(compare(config(), VARIANTS))
    table["planned / measured"] = table["planned MB"] / table["measured MB"]
    print(table.round(2).to_markdown(index=False))


if __name__ == "__main__":
    os.environ.get("MALLOC_MMAP_THRESHOLD_") or os.execve(  # freed memory goes back to the system
        sys.executable,
        [sys.executable, "-m", "benchmarks.planning", *sys.argv[1:]],
        {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},
    )
    main(*sys.argv[1:])
