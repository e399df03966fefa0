"""Training beside TRL's stock SFTTrainer: the same backbone, rows and settings, LoRA on query and value, but no pause.

The stock trainer can't train a pause model, so it sees the same rows without their pauses, which is a little less work.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import cpu_seconds, fastest_of_both, growth, row
from pauselib import tasks
from pauselib.artifacts import recipe
from pauselib.injection.rows import inject, tokenize
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.unfreezing import unfreeze
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer, pause_token_id
from pauselib.sources.problems import load_problems
from pauselib.training.warmup import quiet, sft_config
from pauselib.variants import VARIANTS
from tools.pretrain import make_model

STEPS = 40
PAUSES = {"n_random_pauses": 10, "variable_number_of_pauses": True}


def rows_of(n: int = 8 * STEPS):
    """Return the clean rows of some problems, and the injected ones."""
    tokenizer = load_tokenizer("tiny")
    clean = tokenize(load_problems("toy", "train", n), tokenizer, tasks.find("gsm8k"))
    return clean, inject(clean, tokenizer, pause_token_id("tiny"), **PAUSES)


def trainer_of(model, rows, folder: str, stock: bool = False):
    """Return a trainer of these rows, without evaluations or checkpoints: TRL's own, or this package's."""
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTTrainer

    from pauselib.training.trainer import PauseTrainer, as_dataset

    options = sft_config(recipe(Settings(max_steps=STEPS, eval_steps=1000)), Path(folder), len(rows))
    options.eval_strategy = options.save_strategy = "no"
    options.load_best_model_at_end = False
    kind = SFTTrainer if stock else PauseTrainer
    trainer = kind(model, options, train_dataset=as_dataset(rows), processing_class=load_tokenizer("tiny"))
    trainer.remove_callback(PrinterCallback)
    return trainer


def training_seconds(make_trainer: Callable) -> float:
    """Return the processor time of the training alone."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        trainer = make_trainer(folder)
        return cpu_seconds(trainer.train)


def variant_model(name: str, backbone=None):
    """Return a variant's model ready for training."""
    lm = backbone or load_model("tiny")
    model = PauseForCausalLM.around(lm) if VARIANTS[name].pauses else lm
    return unfreeze(model, VARIANTS[name], r=16, lora_alpha=32, lora_dropout=0.05)


def compare() -> list[dict]:
    """Measure the steps of three variants, and of the stock trainer on the backbone alone."""
    clean, injected = rows_of()
    lines = []
    for name in ("sft_peft", "sft", "sft_fr_pembed"):
        seconds = fastest_of_both(
            lambda folder, name=name: trainer_of(variant_model(name), injected, folder),
            lambda folder: trainer_of(variant_model("baseline_matched"), clean, folder, stock=True),
            training_seconds,
        )
        lines.append(row(f"train {name}, {STEPS} steps", *seconds, "SFTTrainer, LoRA, no pauses", "1.1"))
    return lines


def grow() -> list[dict]:
    """Measure a model of twice the width."""
    _, injected = rows_of()
    seconds = {}
    for width in (128, 256):

        def make_trainer(folder: str, width: int = width):
            return trainer_of(variant_model("sft_peft", make_model(884, width)), injected, folder)

        seconds[f"width {width}"] = min(training_seconds(make_trainer) for _ in range(2))
    return [growth("training, by width", seconds)]
