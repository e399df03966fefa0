"""What a model thinks of a given text: the log likelihood of each token given the ones before it (teacher forcing)."""

import numpy as np
import pandas as pd

from pauselib.injection.rows import prompt_lengths


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
