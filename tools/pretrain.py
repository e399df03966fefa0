"""Make the embedded model `tiny`: its tokenizer, its text and its training from scratch.

    python tools/pretrain.py runs/pretrained             # 2,600 steps: 40 minutes on two cores, and a C compiler
    python tools/pretrain.py runs/pretrained --steps 100 # two minutes

The folder was copied to pauselib/sources/tiny. The text has problems of the generator's `pretrain` split in 36 layouts,
of which the experiment's is one: header and last line are drawn apart. Hesitations and
slips stand at random places. No loss is taken on them, so the model learns to read past them and never to say them.
"""

import argparse
import itertools
import random
import re
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

from pauselib import manifests
from pauselib.files import write_json
from pauselib.sources import generator

HEADERS = (
    "Question: {question}\nAnswer:\n",
    "Problem: {question}\n\nSolution: ",
    "Q: {question}\nA: ",
    "{question}\n\n",
    "## {question}\n",
    "### INPUT: {question}\n\n ### Answer:",
)
LAST_LINES = ("The answer is {n}.", "Answer: {n}", "So it is {n} in all.", "= {n}", "Result: {n}", "#### {n}")
HESITATIONS = (
    " uh, um, er, hm, mm, eh, ah, oh, erm, hmm, huh, like, well, so, right, okay, see, look, anyway, yeah, no, wait, "
    "sorry, hold on"
).split(",")
BLOCK = 320  # tokens in a row of a batch; documents follow one another, parted by the end token


def document(rng: random.Random, row: dict) -> tuple[str, str]:
    """Return a problem in one of many layouts, in two parts: what is asked and what is answered."""
    *lines, last = row["answer"].split("\n")
    answer = "\n".join([*lines, rng.choice(LAST_LINES).format(n=last.removeprefix("#### "))])
    if rng.random() < 0.4:
        answer = re.sub(r"<<(.*?)=(\d+)>>\d+", r"\1=\2", answer)
    return rng.choice(HEADERS).format(question=row["question"]), answer


def make_tokenizer(vocab_size: int = 1024, n_documents: int = 20_000) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer, in which every digit is a token, trained on the pretraining text."""
    tokenizer = Tokenizer(models.BPE())
    bytes_of_text = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), bytes_of_text])
    tokenizer.decoder = decoders.ByteLevel()
    special, alphabet = ["<s>", "</s>", "<pad>"], pre_tokenizers.ByteLevel.alphabet()
    options = {"special_tokens": special, "initial_alphabet": alphabet, "show_progress": False}
    rng, problems = random.Random("tokenizer"), generator.make("pretrain", n_documents, seed=0)
    text = ("".join(document(rng, row)) + rng.choice(HESITATIONS) for row in problems)
    tokenizer.train_from_iterator(text, trainers.BpeTrainer(vocab_size=vocab_size, **options))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    named = dict(zip(("bos_token", "eos_token", "pad_token"), special))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=2048, **named)


def make_model(vocab_size: int, width: int = 128) -> MistralForCausalLM:
    """Return an untrained Mistral of 1.4 million parameters: 6 layers of width 128, untied as Mistral-7B is."""
    layers = {"num_hidden_layers": 6, "hidden_size": width, "intermediate_size": 3 * width}
    attention = {"num_attention_heads": 4, "num_key_value_heads": 2, "sliding_window": None}
    ids = {"vocab_size": vocab_size, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    config = MistralConfig(max_position_embeddings=2048, tie_word_embeddings=False, **layers, **attention, **ids)
    return MistralForCausalLM(config)


def hesitate(rng, ids: np.ndarray, max_rate: float, words: list[int], slips: np.ndarray) -> tuple:
    """Return ids with `words` or `slips` at random gaps, in runs, and their labels: -100 at what was inserted."""
    n_runs = rng.binomial(len(ids), rng.uniform(0, max_rate))
    gaps, lengths = rng.integers(0, len(ids), n_runs), rng.geometric(0.5, n_runs)
    counts = np.bincount(gaps, weights=lengths, minlength=len(ids)).astype(int)
    habit = rng.choice(words) if rng.random() < 0.5 else rng.choice(slips)  # some people have one, others many
    inserted = np.where(rng.random(counts.sum()) < rng.random(), habit, rng.choice(slips, counts.sum()))
    where = np.repeat(np.arange(len(ids)), counts)  # before the token at this index
    return np.insert(ids, where, inserted), np.insert(ids, where, -100)


def rows(tokenizer, seed: int):
    """Yield rows without end of `BLOCK` tokens: ids and labels, two int64 arrays."""
    rng, draw = np.random.default_rng(seed), random.Random(seed)
    words = [ids[-1] for ids in tokenizer(HESITATIONS, add_special_tokens=False)["input_ids"] if len(ids) == 1]
    slips = np.array([i for i in range(3, len(tokenizer)) if not re.search(r"[\d\n<>=]", tokenizer.decode([i]))])
    ids, labels = np.empty(0, int), np.empty(0, int)
    stream = generator.stream("pretrain", seed + 1)
    while True:
        parts = [document(draw, row) for row in itertools.islice(stream, 256)]
        asked = tokenizer([q for q, _ in parts])["input_ids"]
        answered = tokenizer([a + tokenizer.eos_token for _, a in parts], add_special_tokens=False)["input_ids"]
        for question, answer in zip(asked, answered):
            talkative = draw.random() < 0.7
            for part, max_rate in ((question, 0.06 * talkative), (answer, 0.2 * talkative)):
                with_slips, with_blanks = hesitate(rng, np.array(part), max_rate, words, slips)
                ids, labels = np.append(ids, with_slips), np.append(labels, with_blanks)
        n = len(ids) // BLOCK
        yield from zip(ids[: n * BLOCK].reshape(n, BLOCK), labels[: n * BLOCK].reshape(n, BLOCK))
        ids, labels = ids[n * BLOCK :], labels[n * BLOCK :]


def pretrain(n_steps: int, batch_size: int = 32, lr: float = 4e-3, seed: int = 0, compiled=torch.compile):
    """Train a fresh model for `n_steps` batches of `batch_size` rows; return it, its tokenizer, and the steps' losses.

    Muon for the matrices of the layers, AdamW for the rest. The learning rate rises over 100 steps and falls over the
    last 40 %. `compiled` makes a step 1.5 times as fast on two cores.
    """
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer)).train()
    matrices = [p for name, p in model.named_parameters() if "layers" in name and p.ndim == 2]
    others = [p for name, p in model.named_parameters() if not ("layers" in name and p.ndim == 2)]
    optimizers = [
        torch.optim.Muon(matrices, lr=lr, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    schedules = [LambdaLR(one, lambda i: min((i + 1) / 100, 1, (n_steps - i) / (0.4 * n_steps))) for one in optimizers]
    forward, source, losses = compiled(model), rows(tokenizer, seed), []
    for _ in tqdm(range(n_steps)):
        ids, labels = (torch.from_numpy(np.stack(x)) for x in zip(*itertools.islice(source, batch_size)))
        with torch.autocast("cpu", torch.bfloat16):
            logits = forward(input_ids=ids, use_cache=False).logits
        loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        losses.append(loss.item())
    return model, tokenizer, losses


def main() -> None:
    """Make the model in the folder that the command names, with its settings in made_from.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the model goes")
    parser.add_argument("--steps", type=int, default=2600, help="batches of 32 rows of 320 tokens (2600)")
    given = parser.parse_args()
    model, tokenizer, _ = pretrain(given.steps)
    model.save_pretrained(given.folder)
    tokenizer.save_pretrained(given.folder)
    settings = {"n_steps": given.steps, "batch_size": 32, "lr": 4e-3, "seed": 0}
    versions = manifests.versions("torch", "transformers", "tokenizers")
    write_json(given.folder / "made_from.json", {"settings": settings, "versions": versions})


if __name__ == "__main__":
    main()
