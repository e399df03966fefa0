"""Greedy decoding of the test problems: this package beside `generate` of transformers in batches of 8 in dataset order, in one run.

    python benchmarks/decoding.py runs/tiny/seed-42/sft_peft/model [200]

The replies must be the same; what is printed is the ratio of the times.
"""

import sys
import time

import torch

from pauselib import rows as injection
from pauselib.decoding.greedy import generate
from pauselib.sources import problems
from pauselib.training import warmup as training


def main(model_folder: str, n: str = "200", max_new_tokens: str = "200") -> None:
    torch.set_num_threads(1)
    model, tokenizer = training.load_model(model_folder), training.load_tokenizer(model_folder)
    ids, starts, _ = injection.tokenize(problems.load("toy", "test", int(n)), tokenizer)
    prompts = [row[:start].tolist() for row, start in zip(ids, starts)]
    end = tokenizer.eos_token_id
    generate(model, prompts[:4], end, 5)
    started = time.perf_counter()
    ours = generate(model, prompts, end, int(max_new_tokens))
    spent = time.perf_counter() - started
    started, theirs = time.perf_counter(), []
    for i in range(0, len(prompts), 8):
        batch = tokenizer.pad({"input_ids": prompts[i : i + 8]}, return_tensors="pt")
        out = model.generate(
            **batch,
            max_new_tokens=int(max_new_tokens),
            do_sample=False,
            eos_token_id=end,
            pad_token_id=tokenizer.pad_token_id,
        )
        theirs += [row[batch["input_ids"].shape[1] :].tolist() for row in out]
    plain = time.perf_counter() - started
    theirs = [row[: row.index(end)] if end in row else row for row in theirs]
    same = sum(reply.ids == row for reply, row in zip(ours, theirs))
    print(
        f"{n} prompts, {sum(len(r.ids) for r in ours):,} tokens, {sum(r.truncated for r in ours)} cut: this package {spent:.1f} s, batches of 8 {plain:.1f} s: {plain / spent:.1f} times as fast; {same} of {n} replies the same"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
