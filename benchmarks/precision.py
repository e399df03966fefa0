"""Mixed precision beside float32: the seconds and the losses of the same training steps, what an insertion trial finds
in the two models that come of it, and replies in bfloat16.

On the real model that comes in a package, where it can be had; otherwise on the embedded one, where there is little to
gain.
"""

import copy
import tempfile
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import torch

from benchmarks import cpu_seconds, fastest_of_both, row
from pauselib import tasks
from pauselib.artifacts import recipe
from pauselib.decoding.greedy import generate, next_tokens
from pauselib.errors import InputError
from pauselib.injection.rows import inject, prompt_ids, tokenize
from pauselib.model.pause_model import rounds_head, summed_loss
from pauselib.model.precision import frozen_matrices_in_bfloat16
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer, model_source, pause_token_id
from pauselib.sources.problems import load_problems
from pauselib.training.warmup import quiet, trainer_of, untrained
from pauselib.trials.trial import run_trial
from pauselib.variants import parse

STEPS, REPLIES, TOKENS, TRIAL = 4, 24, 40, 20


def model_name() -> str:
    """Return the name of the model to measure."""
    try:
        model_source("smollm2")
    except InputError as error:
        print(error)
        return "tiny"
    return "smollm2"


def train(settings: Settings, rows, problems) -> tuple[float, list[float], pd.Series]:
    """Return the processor time of the training steps, the loss of each, and the means of the trained model's trial."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        tokenizer, splits, how = load_tokenizer(settings.model), {"train": rows, "validation": rows}, recipe(settings)
        trainer = trainer_of(how, untrained(how, settings.model), tokenizer, splits, Path(folder))
        trainer.args.eval_strategy = trainer.args.save_strategy = "no"
        trainer.args.load_best_model_at_end = False
        trainer.args.logging_steps = 1
        with frozen_matrices_in_bfloat16(trainer.model) if trainer.autocast else nullcontext():
            seconds = cpu_seconds(trainer.train)
        losses = [entry["loss"] for entry in trainer.history()]
        trained = trainer.model.merge_and_unload().eval()
        found = run_trial(trained, tokenizer, problems, tasks.find("gsm8k"), ["step"], ["pauses"], [4])
    return seconds, losses, found.groupby(["content", "dose"])["log_likelihood"].mean()


def outcomes(found: pd.Series) -> str:
    """Return the mean log likelihood of a result as it is, and what pauses before its calculation change, in words."""
    plain = found["nothing", 0]
    change = f", with 4 pauses {found['pauses', 4] - plain:+.4f}" if "pauses" in found.index.levels[0] else ""
    return f"trial {plain:.4f} nats{change}"


def compare(dataset: str = "toy") -> list[dict]:
    """Measure a few training steps of two variants in both precisions, a large LM head, then replies in both."""
    name = model_name()
    tokenizer, task = load_tokenizer(name), tasks.find("gsm8k")
    clean = tokenize(load_problems(dataset, "train", 8 * STEPS), tokenizer, task)
    problems = tokenize(load_problems(dataset, "train", 8 * STEPS + TRIAL), tokenizer, task).iloc[8 * STEPS :]
    of_strategies = {"n_random_pauses": 10, "variable_number_of_pauses": True}
    injected = inject(clean, tokenizer, pause_token_id(name), **of_strategies)
    lines = []
    for variant in ("sft_peft", "baseline_matched"):
        rows = injected if parse(variant).pauses else clean
        n_tokens = STEPS * 8 * rows["input_ids"].str.len().mean()
        seconds, said = {}, {}
        for dtype in ("mixed", "float32"):
            settings = Settings(model=name, variant=variant, max_steps=STEPS, learning_rate=2e-4, dtype=dtype)
            seconds[dtype], losses, found = train(settings, rows, problems)
            losses = ", ".join(f"{loss:.3f}" for loss in losses)
            said[dtype] = f"{n_tokens / seconds[dtype]:.0f} tokens/s, losses {losses}, {outcomes(found)}"
        what = f"{name}, {variant}, {STEPS} steps, {said['mixed']}"
        lines.append(row(what, seconds["mixed"], seconds["float32"], f"float32, {said['float32']}", "1.6"))
    return [*lines, compare_head(), compare_choice(), compare_decoding(name, dataset)]


def compare_head() -> dict:
    """Measure the loss of a frozen LM head of 151,936 words, with its gradient, beside the same in float32."""
    torch.manual_seed(0)
    head = torch.nn.Linear(896, 151_936, bias=False).requires_grad_(False)
    rounded = copy.deepcopy(head).bfloat16()
    hidden, targets = torch.randn(220, 896, requires_grad=True), torch.arange(220)
    losses = {}

    def loss(mixed: bool) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            found = summed_loss(rounded if mixed and rounds_head(rounded) else head, hidden, targets)
        found.backward()
        losses[mixed] = f"{found.item() / 220:.4f}"

    seconds = fastest_of_both(lambda: loss(True), lambda: loss(False))
    what = f"loss of an LM head of 896 × 151,936 in mixed precision, {losses[True]}"
    return row(what, *seconds, f"float32, {losses[False]}", "2.5 with AMX, 1 without")


def compare_choice() -> dict:
    """Measure the choice of the next words from 151,936 for 64 replies, beside torch's functions for its numbers."""
    logits = torch.randn(64, 151_936).log_softmax(-1)
    model = SimpleNamespace(config=SimpleNamespace())
    seconds = fastest_of_both(
        lambda: next_tokens(model, logits, [], None), lambda: (logits.logsumexp(-1), logits.max(-1)), tries=5
    )
    return row("choosing the next of 151,936 words, 64 replies", *seconds, "logsumexp and max", "1")


@torch.inference_mode()
def compare_decoding(name: str, dataset: str) -> dict:
    """Measure replies of the weights in bfloat16 beside those in float32, and count those that are the same."""
    tokenizer = load_tokenizer(name)
    prompts = prompt_ids(tokenize(load_problems(dataset, "test", REPLIES), tokenizer, tasks.find("gsm8k")))
    seconds, replies = {}, {}
    for dtype in ("bfloat16", "float32"):
        model = load_model(name, dtype)
        limits = tokenizer.eos_token_id, TOKENS

        def decode(model=model, dtype=dtype, limits=limits) -> None:
            replies[dtype] = [reply.ids for reply in generate(model, prompts, *limits, show=False)]

        seconds[dtype] = cpu_seconds(decode)
    same = sum(a == b for a, b in zip(replies["bfloat16"], replies["float32"]))
    what = f"{name}, {REPLIES} replies of {TOKENS} tokens in bfloat16, {same} as in float32"
    return row(what, seconds["bfloat16"], seconds["float32"], "float32", "(not used: replies depend on the batch)")
