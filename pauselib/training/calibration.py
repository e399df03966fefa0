"""Calibration of the pause head: how often there is a pause where the head finds one likely."""

from collections.abc import Iterable

import pandas as pd
import torch
from torch.nn.functional import log_softmax

from pauselib.model.pause_model import PAUSE, labelled_positions, logits_of

EDGES = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]  # of the bins of the probability


@torch.inference_mode()
def calibration(model, batches: Iterable[dict[str, torch.Tensor]]) -> list[dict]:
    """Return how well the pause head of a trained model knows the answers in some batches, with `input_ids`,
    `attention_mask` and `labels` (rows, length): a line a bin of its probability of a pause.

    A line has the `low` edge, the number `n` of labelled positions in it, the mean probability `predicted`, and the
    share `observed` at which there is a pause. There is none of a model without pauses.
    """
    if not hasattr(model, "pause_head"):
        return []
    found = []
    for batch in batches:
        embedded, mask = model.embed(batch["input_ids"]), batch["attention_mask"]
        hidden = model.lm.base_model(inputs_embeds=embedded, attention_mask=mask, use_cache=False).last_hidden_state
        hidden, targets = labelled_positions(hidden, batch["labels"])
        head = log_softmax(logits_of(model.pause_head, hidden), dim=-1)[:, PAUSE].exp()
        both = torch.stack([head, (targets == model.config.pause_token_id).to(head)], dim=1)
        found.append(pd.DataFrame(both.cpu().numpy(), columns=["predicted", "observed"], dtype=float))
    table = pd.concat(found)
    bins = pd.cut(table["predicted"], EDGES, labels=EDGES[:-1], include_lowest=True)
    lines = table.groupby(bins, observed=True).mean().assign(n=bins.value_counts())
    return lines.rename_axis("low").reset_index().astype({"low": float, "n": int}).to_dict("records")
