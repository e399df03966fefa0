"""Replies to the test problems, scored: predictions.jsonl (one object a reply), tokens.parquet (what the model gave at each token), metrics.json."""

import functools
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.decoding import interventions
from pauselib.errors import InputError
from pauselib.injection import data
from pauselib.injection.rows import to_text, token_text
from pauselib.settings import Settings
from pauselib.tasks import gsm8k as scoring
from pauselib.training.warmup import load_model, load_tokenizer, warm_up
from pauselib.variants import VARIANTS

SETTINGS = ("variant", "seed", "max_new_tokens", "max_total_tokens", "dtype")


def evaluate(settings: Settings) -> tuple[list[dict], dict]:
    """The predictions and metrics of a variant, made now unless they are there; the variant is trained first if it isn't.

    Under an intervention they are in a folder of their own. Raises ValueError for an intervention on a variant that has no pauses.
    """
    from filelock import FileLock

    if settings.intervention.name and not VARIANTS[settings.variant].pauses:
        raise InputError(
            f"{settings.variant} never pauses, so {settings.intervention.name} changes nothing: choose a variant that pauses."
        )
    trained, folder = warm_up(settings, asked=False), settings.replies_folder()
    folder.mkdir(parents=True, exist_ok=True)
    data_folder, _ = data.make(settings)
    inputs = {"model": runs.digest(trained / "model"), "data": runs.digest(data_folder)}
    changed = interventions.NAMES if settings.intervention.name else ()
    origin = {
        "settings": settings.of(*SETTINGS, *changed),
        "inputs": inputs,
        "versions": runs.versions("torch", "transformers"),
    }
    with FileLock(folder / ".evaluation.lock"):
        metrics = runs.read_json(folder / "metrics.json")
        if (
            metrics is None
            or not (folder / "tokens.parquet").exists()
            or runs.differences(metrics["made_from"], runs.plain(origin))
        ):
            predictions, tokens = predict(settings, trained / "model", data_folder)
            eval_loss = runs.read_json(trained / "training.json")["eval_loss"]
            metrics = {**scoring.metrics(predictions), "eval_loss": eval_loss, "made_from": origin}
            (folder / "metrics.json").unlink(
                missing_ok=True
            )  # it is written last: where it is, the predictions are its own
            runs.write(
                folder / "predictions.jsonl", "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in predictions)
            )
            table = io.BytesIO()
            tokens.to_parquet(table, index=False)
            runs.write(folder / "tokens.parquet", table.getvalue())
            runs.write_json(folder / "metrics.json", metrics)
    return read_predictions(folder / "predictions.jsonl"), metrics


def predict(settings: Settings, model_folder: Path, data_folder: Path) -> tuple[list[dict], pd.DataFrame]:
    """One object a test problem: `problem_id`, `question` and what `judged` says of the reply; and the replies' tokens, one row a reply:

    `problem_id`, and one item a token in `tokens` (its text), `p_pause` (the head's probability of a pause there) and `p_best` (the LM's
    of its best word), both before any intervention.
    """
    from pauselib.decoding.greedy import generate

    tokenizer, model = load_tokenizer(str(model_folder)), load_model(str(model_folder), settings.dtype)
    pause_id = getattr(model.config, "pause_token_id", -1)
    rows = data.read(data_folder, "test")
    prompts = [ids[mask == 0].tolist() for ids, mask in zip(rows["input_ids"], rows["completion_mask"])]
    text_of, pausing = decoder(settings, tokenizer, pause_id)
    limits = settings.max_new_tokens, settings.max_total_tokens, settings.eval_batch_size
    replies = generate(model, prompts, tokenizer.eos_token_id, *limits, pausing=pausing)
    predictions = [
        {"problem_id": row.problem_id, "question": row.question, **judged(reply, row.answer, tokenizer, pause_id)}
        for row, reply in zip(rows.itertuples(), replies)
    ]
    given = {
        "tokens": [list(map(text_of, r.ids)) for r in replies],
        "p_pause": [r.p_pause for r in replies],
        "p_best": [r.p_best for r in replies],
    }
    return predictions, pd.DataFrame({"problem_id": rows["problem_id"], **given})


def decoder(settings: Settings, tokenizer, pause_id: int) -> tuple[Callable[[int], str], interventions.Pausing | None]:
    """What gives a token's text, and what chooses the tokens under the settings' intervention (None without one)."""
    text_of = functools.cache(lambda token: token_text(token, tokenizer, pause_id))
    return text_of, interventions.Pausing(
        settings.intervention, pause_id, text_of, settings.seed
    ) if settings.intervention.name else None


def judged(reply, answer: str | None, tokenizer, pause_id: int) -> dict:
    """What was said and extracted, and whether it is the gold `answer`'s number (None where that is not known), and how many pauses and tokens it has.

    The answer is extracted from the reply without its pauses: a pause inside a number does not break it.
    """
    spoken = to_text([i for i in reply.ids if i != pause_id], tokenizer, pause_id)
    return {
        "gold": answer and scoring.extract_answer(answer),
        "reply": to_text(reply.ids, tokenizer, pause_id),
        "predicted": scoring.extract_answer(spoken),
        "correct": None if answer is None else scoring.is_correct(spoken, answer),
        "n_pauses": reply.ids.count(pause_id),
        "n_tokens": len(reply.ids),
        "truncated": reply.truncated,
    }


def read_predictions(path: Path) -> list[dict]:
    """The objects of a predictions file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
