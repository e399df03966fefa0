"""The model card: README.md in a model's folder, which the hub shows."""

import json
from collections.abc import Iterable
from pathlib import Path

from pauselib.files import read_json
from pauselib.located import located
from pauselib.manifests import manifest, why_stale
from pauselib.sources.models import at_revision, is_named, pinned
from pauselib.sources.packaged import PACKAGED
from pauselib.tasks import find
from pauselib.variants import parse

CARD = """---
{front}
---
# {variant} of {model}

{what} It was made by pauselib, a research workbook on pause tokens; it is an experiment and no product.

* Trained: {trained}; {steps} steps, of which step {best_step} is kept. Losses on validation rows: {losses}.
* Data: `{dataset}` (task `{task}`); {rows}.
* Prompt, with `\\n` for a line break: `{prompt}`
* Licence: {licence}.
* Settings: `{settings}`
"""
PAUSES = (
    "A causal language model with a pause token, which has an embedding and a head beside the vocabulary; at a "
    "pause the model says nothing."
)
NO_PAUSES = "A causal language model without pauses, which the models with pauses are compared with."
TRAINED_PARTS = """
## How to load it

This folder holds what was trained and names its base in `config.json`. With pauselib installed:

    import pauselib
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained("model")  # the path of this folder

`python -m pauselib.model.export FOLDER TARGET` makes a folder of it that needs neither the base nor pauselib.
"""


def training_card(settings, names: Iterable[str], record: dict) -> str:
    """Return a trained model's card, which lists the settings that are named; `record` is of training.json."""
    from huggingface_hub import ModelCardData

    variant, licence = parse(settings.variant), licence_of(settings.source)
    (model, _), (dataset, _) = at_revision(settings.source), at_revision(settings.problems, "dataset")
    on_hub = model in PACKAGED or not (is_named(model) or located(model))
    front = ModelCardData(
        license=licence,
        base_model=(PACKAGED[model].hub_id if model in PACKAGED else model) if on_hub else None,
        datasets=[dataset] if "/" in dataset and not located(dataset) else None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["pause-tokens"] if variant.pauses else None,
    )
    places = {"model": without_place(settings.model), "dataset": without_place(settings.dataset)}
    used = settings.of(*names) | places
    losses = {name: record[name] for name in ("eval_loss", "lm_loss", "pause_loss") if name in record}
    injected = f"pauses were injected by the strategy `{settings.strategy}`"
    return CARD.format(
        front=front.to_yaml(),
        variant=settings.variant,
        model=without_place(pinned(settings.source)),
        what=PAUSES if variant.pauses else NO_PAUSES,
        trained=", ".join(f"{row['part']} ({row['parameters']:,} numbers)" for row in record["trainable"]),
        steps=record["steps"],
        best_step=record["best_step"],
        losses=", ".join(f"{name} {value:.4f}" for name, value in losses.items()),
        dataset=without_place(pinned(settings.problems, "dataset")),
        task=settings.task,
        rows=injected if variant.pauses else "the answers are as they were given",
        prompt=json.dumps(find(settings.task).prompt("QUESTION"), ensure_ascii=False)[1:-1],
        licence=f"{licence}, as that of its base" if licence else "that of its base, which is not known here",
        settings=json.dumps({name: value for name, value in used.items() if value not in ("", {})}, ensure_ascii=False),
    )


def without_place(source: str) -> str:
    """Return a source as a card names it, which others read: of a path its last part."""
    return Path(source).name if located(source) else source


def licence_of(source: str) -> str | None:
    """Return the licence of a model as its card gives it; None where there is none to be had."""
    if is_named(source):
        return "mit" if source == "tiny" else PACKAGED[source].licence
    from huggingface_hub import ModelCard

    name, _ = at_revision(source)
    place = located(name)
    try:
        return ModelCard.load(place / "README.md" if place else name).data.license
    except Exception:  # no card, no network, no front matter: each has errors of its own
        return None


def results(model: Path) -> str:
    """Return what the replies of the model in a variant's folder came to; empty where there are none of this model."""
    made_from, metrics = manifest(model.parent), read_json(model.parent / "metrics.json")
    if not made_from or not metrics or why_stale(model.parent):
        return ""
    values = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items() if name != "n" and value is not None)
    limit = made_from["settings"]["max_new_tokens"]
    return f"* Greedy replies to {metrics['n']} test problems, of at most {limit} tokens: {values}.\n"
