"""Replies to problems, scored: what was said and extracted, its pauses, and what the model gave at each token."""

import functools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from pauselib.decoding.interventions import Intervention
from pauselib.injection.rows import prompt_ids, prompt_lengths
from pauselib.tasks import Task
from pauselib.tokens import to_text, token_text


def predict(
    model, tokenizer, rows: pd.DataFrame, task: Task, interventions: Iterable[Intervention] = (), seed=42, **limits
) -> tuple[list[dict], pd.DataFrame]:
    """Return the replies of a trained model to clean rows, as two tables.

    One object a problem: `problem_id`, `question` and what `judged` says of the reply. And the replies' tokens, one row
    a reply: `problem_id`, and one item a token in `tokens` (its text), `p_pause` and `p_best` (those of `Reply`).
    `seed` is that of drawn pauses; `limits` are as `greedy.generate` has them.
    """
    from pauselib.decoding.greedy import Chooser, generate

    pause_id = getattr(model.config, "pause_token_id", -1)  # -1 is no token
    between = [pause_id] * getattr(model.config, "prompt_pauses", 0)
    text_of = functools.cache(lambda token: token_text(token, tokenizer, pause_id))
    chooser = Chooser(interventions, pause_id, text_of, seed, task.answer_mark) if interventions else None
    prompts = [ids + between for ids in prompt_ids(rows)]
    replies = generate(model, prompts, end_ids(model, tokenizer), chooser=chooser, **limits)
    predictions = [
        {"problem_id": row.problem_id, "question": row.question} | judged(reply, row.answer, task, tokenizer, pause_id)
        for row, reply in zip(rows.itertuples(), replies)
    ]
    given = {
        "tokens": [[text_of(token) for token in reply.ids] for reply in replies],
        "p_pause": [reply.p_pause for reply in replies],
        "p_best": [reply.p_best for reply in replies],
    }
    return predictions, pd.DataFrame({"problem_id": rows["problem_id"].tolist(), **given})


def computed_with(model, eval_batch_size: int) -> dict:
    """Return on what the rounding in bfloat16, and so a reply, depends too: `device` and `eval_batch_size`."""
    import torch

    is_cuda = model.device.type == "cuda"
    name = torch.cuda.get_device_name(model.device) if is_cuda else torch.backends.cpu.get_cpu_capability()
    return {"device": f"{model.device.type} ({name})", "eval_batch_size": eval_batch_size}


def end_ids(model, tokenizer) -> set[int]:
    """Return the tokens that end a reply: the tokenizer's end token, which ends every answer in training, and those of
    the model's generation config, such as the end of a turn.
    """
    given = model.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *(given if isinstance(given, list) else [given])} - {None}


def judged(reply, answer: str | None, task: Task, tokenizer, pause_id: int) -> dict:
    """Return what was said and extracted, whether it is right, and how many pauses and tokens it has.

    `gold` and `correct` are None where there is no gold `answer`. The answer is extracted from the reply without its
    pauses: a pause inside a number does not break it.
    """
    spoken = to_text([token for token in reply.ids if token != pause_id], tokenizer, pause_id)
    return {
        "gold": None if answer is None else task.extract(answer),
        "reply": to_text(reply.ids, tokenizer, pause_id),
        "predicted": task.extract(spoken),
        "correct": None if answer is None else task.is_correct(spoken, answer),
        "n_pauses": reply.ids.count(pause_id),
        "n_tokens": len(reply.ids),
        "truncated": reply.truncated,
    }


def reply_metrics(predictions: list[dict]) -> dict:
    """Return the accuracy, the mean pauses per reply (all, correct, incorrect), the share of cut replies, and their
    number. A mean is None where there is no such reply.
    """
    right = [one["n_pauses"] for one in predictions if one["correct"]]
    wrong = [one["n_pauses"] for one in predictions if not one["correct"]]
    averaged = {
        "accuracy": [one["correct"] for one in predictions],
        "pauses_mean": right + wrong,
        "pauses_mean_correct": right,
        "pauses_mean_incorrect": wrong,
        "truncated_rate": [one["truncated"] for one in predictions],
    }
    means = {name: sum(values) / len(values) if values else None for name, values in averaged.items()}
    return {**means, "n": len(predictions)}


def completion_log_likelihoods(model, rows: pd.DataFrame, batch_size: int = 32) -> list[np.ndarray]:
    """Return the natural log likelihoods of each clean row's answer tokens and end token, one array (n + 1) a row."""
    import torch

    from pauselib.model.pause_model import token_logits

    starts = prompt_lengths(rows)
    ids = [torch.tensor(row, dtype=torch.long) for row in rows["input_ids"]]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    found: dict[int, np.ndarray] = {}
    for first in range(0, len(order), batch_size):
        batch = order[first : first + batch_size]
        padded = torch.nn.utils.rnn.pad_sequence([ids[i] for i in batch], batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(ids[i]) for i in batch], batch_first=True)
        with torch.inference_mode():
            inputs = {"input_ids": padded.to(model.device), "attention_mask": mask.to(model.device)}
            for i, logits in zip(batch, token_logits(model, **inputs, use_cache=False)):  # gigabytes, of many rows
                words = logits[starts[i] - 1 : len(ids[i]) - 1].log_softmax(-1)
                found[i] = words.gather(-1, ids[i][starts[i] :, None].to(words.device))[:, 0].cpu().numpy()
    return [found[i] for i in range(len(ids))]
