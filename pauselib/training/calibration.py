"""Calibration of the pause head: how often there is a pause where the head finds one likely."""

import pandas as pd
import torch
from torch.nn.functional import log_softmax
from torch.nn.utils.rnn import pad_sequence

from pauselib.model.pause_model import PAUSE, labelled_positions, logits_of

EDGES = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]  # of the bins of the probability


@torch.inference_mode()
def calibration(model, rows: pd.DataFrame, batch_size: int) -> list[dict]:
    """Return how well the pause head of a trained model knows the answers of some rows, a line a bin of its probability
    of a pause: the `low` edge, the number `n` of labelled positions in it, the mean probability `predicted`, and the
    share `observed` at which there is a pause. Nothing of a model without pauses.
    """
    if not hasattr(model, "pause_head"):
        return []
    found = []
    for first in range(0, len(rows), batch_size):
        part = rows.iloc[first : first + batch_size]
        ids = [torch.as_tensor(one) for one in part["input_ids"]]
        labels = [one.masked_fill(torch.as_tensor(mask) == 0, -100) for one, mask in zip(ids, part["completion_mask"])]
        padded = pad_sequence(ids, batch_first=True).to(model.device)
        labels = pad_sequence(labels, batch_first=True, padding_value=-100).to(model.device)
        seen = pad_sequence([torch.ones_like(one) for one in ids], batch_first=True).to(model.device)
        embedded = model.embed(padded)
        hidden = model.lm.base_model(inputs_embeds=embedded, attention_mask=seen, use_cache=False).last_hidden_state
        hidden, targets = labelled_positions(hidden, labels)
        head = log_softmax(logits_of(model.pause_head, hidden), dim=-1)[:, PAUSE].exp().float()
        is_pause = (targets == model.config.pause_token_id).float()
        found.append(pd.DataFrame({"predicted": head.cpu().numpy(), "observed": is_pause.cpu().numpy()}))
    table = pd.concat(found)
    bins = pd.cut(table["predicted"], EDGES, labels=EDGES[:-1], include_lowest=True)
    lines = table.astype(float).groupby(bins, observed=True).mean().assign(n=bins.value_counts())
    return lines.rename_axis("low").reset_index().astype({"low": float, "n": int}).to_dict("records")
