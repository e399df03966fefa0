"""Replies to the test problems, scored: predictions.jsonl (one object a reply) and metrics.json."""

import json
from pathlib import Path

from pauselib import data, runs, scoring
from pauselib.injection import to_text
from pauselib.settings import Settings
from pauselib.training import load_model, load_tokenizer, warm_up

SETTINGS = ("variant", "seed", "max_new_tokens", "max_total_tokens", "dtype")


def evaluate(settings: Settings) -> tuple[list[dict], dict]:
    """The predictions and metrics of a variant, made now unless they are there; the variant is trained first if it isn't."""
    from filelock import FileLock

    folder = warm_up(settings, asked=False)
    data_folder, _ = data.make(settings)
    inputs = {"model": runs.digest(folder / "model"), "data": runs.digest(data_folder)}
    origin = {"settings": settings.of(*SETTINGS), "inputs": inputs, "versions": runs.versions("torch", "transformers")}
    with FileLock(folder / ".evaluation.lock"):
        metrics = runs.read_json(folder / "metrics.json")
        if metrics is None or runs.differences(metrics["made_from"], runs.plain(origin)):
            predictions = predict(settings, folder / "model", data_folder)
            eval_loss = runs.read_json(folder / "training.json")["eval_loss"]
            metrics = {**scoring.metrics(predictions), "eval_loss": eval_loss, "made_from": origin}
            (folder / "metrics.json").unlink(missing_ok=True)  # it is written last: where it is, the predictions are its own
            runs.write(folder / "predictions.jsonl", "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in predictions))
            runs.write_json(folder / "metrics.json", metrics)
    return read_predictions(folder / "predictions.jsonl"), metrics


def predict(settings: Settings, model_folder: Path, data_folder: Path) -> list[dict]:
    """One object a test problem: what was asked, said and extracted, and how many pauses and tokens the reply has.

    The answer is extracted from the reply without its pauses: a pause inside a number does not break it.
    """
    from pauselib.generation import generate

    tokenizer, model = load_tokenizer(str(model_folder)), load_model(str(model_folder), settings.dtype)
    pause_id = getattr(model.config, "pause_token_id", -1)
    rows = data.read(data_folder, "test")
    prompts = [ids[mask == 0].tolist() for ids, mask in zip(rows["input_ids"], rows["completion_mask"])]
    replies = generate(model, prompts, tokenizer.eos_token_id, settings.max_new_tokens, settings.max_total_tokens, settings.eval_batch_size)
    predictions = []
    for row, reply in zip(rows.itertuples(), replies):
        spoken = to_text([i for i in reply.ids if i != pause_id], tokenizer, pause_id)
        predictions.append(
            {
                "problem_id": row.problem_id,
                "question": row.question,
                "gold": scoring.extract_answer(row.answer),
                "reply": to_text(reply.ids, tokenizer, pause_id),
                "predicted": scoring.extract_answer(spoken),
                "correct": scoring.is_correct(spoken, row.answer),
                "n_pauses": reply.ids.count(pause_id),
                "n_tokens": len(reply.ids),
                "truncated": reply.truncated,
            }
        )
    return predictions


def read_predictions(path: Path) -> list[dict]:
    """The objects of a predictions file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
