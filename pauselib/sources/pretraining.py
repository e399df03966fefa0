"""What made the embedded model `tiny`: its tokenizer, its text and its training from scratch
(`notebooks/pretrain.ipynb` runs it).

The text tells problems of the generator's `pretrain` split in 36 layouts, of which the experiment's is one: the header,
the way a calculation is written and the last line are drawn apart. Like people's speech it is full of
hesitations and slips at random places; the model learns to read past them, and no loss is taken on them, so it never
learns to say them. The pause token is not among them.
"""

import itertools
import random
import re

import numpy as np
import torch

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
    """A problem in one of many layouts, in two parts: what is asked and what is answered."""
    *lines, last = row["answer"].split("\n")
    answer = "\n".join([*lines, rng.choice(LAST_LINES).format(n=last.removeprefix("#### "))])
    if rng.random() < 0.4:
        answer = re.sub(r"<<(.*?)=(\d+)>>\d+", r"\1=\2", answer)
    return rng.choice(HEADERS).format(question=row["question"]), answer


def make_tokenizer(vocab_size: int = 1024, n_documents: int = 20_000):
    """A byte-level BPE tokenizer (any text round-trips; digits are single tokens), trained on the pretraining text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    rng = random.Random("tokenizer")
    text = (
        "".join(document(rng, row)) + rng.choice(HESITATIONS) for row in generator.make("pretrain", n_documents, seed=0)
    )
    tokenizer.train_from_iterator(text, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", model_max_length=2048
    )


def make_model(vocab_size: int):
    """An untrained Mistral of 1.4 million parameters: 6 layers of 128, untied as Mistral-7B is."""
    from transformers import MistralConfig, MistralForCausalLM

    return MistralForCausalLM(
        MistralConfig(
            vocab_size=vocab_size,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=6,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            sliding_window=None,
            tie_word_embeddings=False,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=2,
        )
    )


def hesitate(
    rng: np.random.Generator, ids: np.ndarray, max_rate: float, words: list[int], slips: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`ids` with hesitations and slips at random gaps, in runs of one or more, and their labels: -100 at what was
    inserted.
    """
    n_runs = rng.binomial(len(ids), rng.uniform(0, max_rate))
    counts = np.bincount(
        rng.integers(0, len(ids), n_runs), weights=rng.geometric(0.5, n_runs), minlength=len(ids)
    ).astype(int)
    habit = rng.choice(words) if rng.random() < 0.5 else rng.choice(slips)  # some people have one, others many
    inserted = np.where(rng.random(counts.sum()) < rng.random(), habit, rng.choice(slips, counts.sum()))
    where = np.repeat(np.arange(len(ids)), counts)  # before the token at this index
    return np.insert(ids, where, inserted), np.insert(ids, where, -100)


def rows(tokenizer, seed: int):
    """Endless rows of `BLOCK` tokens: ids and labels, two int64 arrays."""
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


def pretrain(n_steps: int, batch_size: int = 32, lr: float = 4e-3, seed: int = 0, every: int = 50, show=None):
    """Train a fresh model for `n_steps` batches of `batch_size` rows and return it with its tokenizer and the loss
    history.

    `show(step, loss)` is called every `every` steps. Muon for the matrices of the layers, AdamW for the rest; the
    learning rate rises over 100 steps and falls over the last 40 %.
    """
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer)).train()
    inner = [p for name, p in model.named_parameters() if "layers" in name and p.ndim == 2]
    outer = [p for name, p in model.named_parameters() if not ("layers" in name and p.ndim == 2)]
    optimizers = [
        torch.optim.Muon(inner, lr=lr, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(outer, lr=lr, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(o, lambda i: min((i + 1) / 100, 1, (n_steps - i) / (0.4 * n_steps)))
        for o in optimizers
    ]
    compiled = torch.compile(model)  # 1.5 times as fast on two cores
    history, losses = [], []
    source = rows(tokenizer, seed)
    for i in range(1, n_steps + 1):
        ids, labels = (torch.from_numpy(np.stack(x)) for x in zip(*itertools.islice(source, batch_size)))
        with torch.autocast("cpu", torch.bfloat16):
            logits = compiled(input_ids=ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        losses.append(loss.item())
        if i % every == 0 or i == n_steps:
            history.append({"step": i, "loss": float(np.mean(losses))})
            losses.clear()
            if show:
                show(i, history[-1]["loss"])
    return model, tokenizer, history
