"""The model card: README.md in a model's folder, which the hub shows and `pauselib.model.export` takes along."""

import json
from collections.abc import Iterable
from pathlib import Path

from pauselib.located import located
from pauselib.sources.models import at_revision, is_local
from pauselib.sources.packaged import PACKAGED
from pauselib.tasks import find
from pauselib.variants import parse

CARD = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
PAUSES = (
    "A causal language model with a pause token, `config.pause_token_id`, one past the vocabulary. It is chosen, "
    "sampled and searched like any token, and says nothing; the logits are the log probabilities of all words and the "
    "pause. The model was trained to find `config.prompt_pauses` pauses between a prompt and the answer."
)
NO_PAUSES = "A causal language model without pauses, which the models with pauses are compared with."


def training_card(settings, names: Iterable[str], record: dict) -> str:
    """Return a trained model's card, which lists the settings that are named; `record` is of training.json."""
    from huggingface_hub import ModelCardData

    variant, packaged = parse(settings.variant), PACKAGED.get(settings.model)
    (model, _), (dataset, _) = at_revision(settings.source), at_revision(settings.problems, "dataset")
    front = ModelCardData(
        license=packaged.licence if packaged else "mit" if model == "tiny" else None,
        base_model=packaged.hub_id if packaged else None if is_local(model) else model,
        datasets=None if is_local(dataset) else [dataset],
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["pause-tokens"] if variant.pauses else None,
    )
    given = settings.of("model", "dataset", "start_from")  # others read the card: of a path its last part
    places = {name: Path(source).name if located(source) else source for name, source in given.items()}
    used = settings.of(*names) | places
    losses = {name: record[name] for name in ("eval_loss", "lm_loss", "pause_loss") if name in record}
    return CARD.format(
        front=front.to_yaml(),
        variant=settings.variant,
        model=places["model"],
        what=PAUSES if variant.pauses else NO_PAUSES,
        trained=", ".join(f"{row['part']} ({row['parameters']:,} numbers)" for row in record["trainable"]),
        steps=record["steps"],
        best_step=record["best_step"],
        losses=", ".join(f"{name} {value:.4f}" for name, value in losses.items()),
        prompt=json.dumps(find(settings.task).prompt("QUESTION"), ensure_ascii=False)[1:-1],
        settings=json.dumps({name: value for name, value in used.items() if value not in ("", {})}, ensure_ascii=False),
    )
