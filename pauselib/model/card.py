"""The model card: README.md in a model's folder, which the hub shows."""

import json
from collections.abc import Iterable
from pathlib import Path

from pauselib import runs
from pauselib.sources.located import located
from pauselib.sources.models import at_revision, is_named, pinned
from pauselib.sources.packaged import PACKAGED
from pauselib.tasks import find
from pauselib.variants import FIRST_STEP, parse

CARD = """---
{front}
---
# {variant} of {model}

{what} It was made by pauselib, a research workbook on pause tokens; it is an experiment and no product.{start}

## What was trained

{trained}

In {steps} steps, of which step {best_step} is kept. The loss on validation rows there is {losses}.

## Data

The problems are those of `{dataset}` (task `{task}`); {rows}
A prompt is the following text, with a problem in place of QUESTION and `\\n` for a line break; the answer follows it:

    {prompt}

## Settings

{settings}

## Licence

{licence}
"""

PAUSES = (
    "A causal language model with a pause token, which stands beside the vocabulary with an embedding and a head of "
    "its own; at a pause the model says nothing."
)
SECOND_STEP = (
    "\n\nIt is a second step: it began with the model of the first one (`{first_step}`), which was trained on clean "
    "answers, without pauses. The settings of that step begin with `base_`."
)
NO_PAUSES = "A causal language model without pauses: what the models with pauses are compared with."

TRAINED_PARTS = """
## How to load it

This folder holds what was trained and names its base in `config.json`. With pauselib installed:

    import pauselib
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained("model")  # the path of this folder

`python -m pauselib.model.export FOLDER TARGET` makes a folder of it that needs neither the base nor pauselib.
"""

EXPORTED = """
## How to load it

    from transformers import AutoModelForCausalLM, AutoTokenizer
    model = AutoModelForCausalLM.from_pretrained("folder"{code})  # the path of this folder
    tokenizer = AutoTokenizer.from_pretrained("folder"{code})

In lm-evaluation-harness: `lm_eval --model hf --model_args pretrained=folder{argument} --tasks ...`.
"""

OF_PAUSES = """
The pause token has the id {pause_id}, one past the vocabulary. It is chosen, sampled and searched like any token: the
logits are the log probabilities of {pause_id} words and the pause. {shown}
The model was trained to find {prompt_pauses} pauses between a prompt and the answer.
"""

RESULTS = """
## Replies to {n} test problems

| | |
| --- | --- |
{rows}

Greedy, at most {max_new_tokens} new tokens, pauses among them.
"""


def training_card(settings, names: Iterable[str], record: dict) -> str:
    """Return the card of a trained model, by the settings as its row took them, the names of those that it lists, and
    the record in `training.json`.
    """
    from huggingface_hub import ModelCardData

    variant, (model, _) = parse(settings.variant), at_revision(settings.source)
    licence = licence_of(settings.source)
    hub_id = PACKAGED[model].hub_id if model in PACKAGED else model
    on_hub = model in PACKAGED or not (is_named(model) or located(model))
    dataset, _ = at_revision(settings.problems, "dataset")
    front = ModelCardData(
        license=licence,
        base_model=hub_id if on_hub else None,
        datasets=[dataset] if "/" in dataset and not located(dataset) else None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["pause-tokens"] if variant.pauses else None,
    )
    places = {"model": without_place(settings.model), "dataset": without_place(settings.dataset)}
    used = settings.of(*names) | places
    losses = {name: record[name] for name in ("eval_loss", "lm_loss", "pause_loss") if name in record}
    injected = f"pauses were injected into the answers (strategy `{settings.strategy}`, {settings.n_copies} a problem)."
    return CARD.format(
        front=front.to_yaml(),
        variant=settings.variant,
        model=without_place(pinned(settings.source)),
        what=PAUSES if variant.pauses else NO_PAUSES,
        start=SECOND_STEP.format(first_step=FIRST_STEP) if variant.second_step else "",
        trained=table({row["part"]: f"{row['parameters']:,} numbers" for row in record["trainable"]}),
        steps=record["steps"],
        best_step=record["best_step"],
        losses=", ".join(f"{value:.4f} ({name})" for name, value in losses.items()),
        dataset=without_place(pinned(settings.problems, "dataset")),
        task=settings.task,
        prompt=json.dumps(find(settings.task).prompt("QUESTION"), ensure_ascii=False)[1:-1],
        rows=injected if variant.pauses else "their answers are as they were given.",
        settings=table({name: value for name, value in used.items() if value not in ("", {})}),
        licence=f"{licence}, as that of its base." if licence else "Its base's, which is not known here.",
    )


def without_place(source: str) -> str:
    """Return a source as a card names it, which others read: of a path its last part."""
    return Path(source).name if located(source) else source


def licence_of(source: str) -> str | None:
    """Return the licence of a model as its own card gives it; None where there is none to be had."""
    if source == "tiny":
        return "mit"
    if source in PACKAGED:
        return PACKAGED[source].licence
    from huggingface_hub import ModelCard

    name, _ = at_revision(source)
    place = located(name)
    try:
        return ModelCard.load(place / "README.md" if place else name).data.license
    except Exception:  # no card, no network, no front matter: each has errors of its own
        return None


def table(values: dict) -> str:
    """Return values by name as a table in Markdown."""
    return "\n".join(["| | |", "| --- | --- |", *(f"| `{name}` | {value} |" for name, value in values.items())])


def results(model: Path) -> str:
    """Return what the replies of the model in a variant's folder came to; empty where there are none of this model."""
    replies = model.parent
    made_from, metrics = runs.manifest(replies), runs.read_json(replies / "metrics.json")
    if not made_from or not metrics or runs.why_stale(replies):
        return ""
    values = {name: value for name, value in metrics.items() if name != "n" and value is not None}
    rows = "\n".join(f"| `{name}` | {value:.4f} |" for name, value in values.items())
    return RESULTS.format(n=metrics["n"], rows=rows, max_new_tokens=made_from["settings"]["max_new_tokens"])
