"""Calibration of a trained head, against what the model gives in a forward pass."""

import pandas as pd
import pytest
import torch

from pauselib.model.pause_model import PauseForCausalLM
from pauselib.training.calibration import EDGES, calibration


def test_the_bins_have_the_probabilities_and_the_pauses_at_labelled_positions_alone(tiny_lm):
    model = PauseForCausalLM.around(tiny_lm(), seed=7).eval()
    pause = model.config.pause_token_id
    ids = torch.tensor([[3, 4, 5, pause, 6, 7], [3, pause, pause, 9, 0, 0]])
    mask = torch.tensor([[1] * 6, [1] * 4 + [0] * 2])
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :2] = -100
    table = pd.DataFrame(calibration(model, [{"input_ids": ids, "attention_mask": mask, "labels": labels}]))
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask).logits[..., pause].exp()
    given = [logits[0, at - 1].item() for at in (2, 3, 4, 5)] + [logits[1, at - 1].item() for at in (2, 3)]
    assert table["n"].sum() == 6
    assert (table["n"] * table["predicted"]).sum() == pytest.approx(sum(given), rel=1e-5)
    assert (table["n"] * table["observed"]).sum() == 2
    assert set(table["low"]) <= set(EDGES)
    assert (table["predicted"] >= table["low"]).all()
    assert calibration(tiny_lm(), []) == []
