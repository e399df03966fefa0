"""The trainer: by which loss, and what moves."""

import pandas as pd
import pytest
import torch
from conftest import labelled
from torch.nn.functional import nll_loss
from transformers.trainer_pt_utils import LengthGroupedSampler

from pauselib.artifacts import recipe
from pauselib.model.pause_model import PauseForCausalLM, PauseOutput
from pauselib.settings import Settings
from pauselib.training.trainer import ShuffledBatches, as_dataset, labelled_loss
from pauselib.training.warmup import EDGES, calibration, sft_config, trainer_of


def trainer_for(model, tokenizer, tmp_path, rows, **how):
    how = recipe(Settings(variant="sft", eval_steps=1, batch_size=len(rows), **how))
    return trainer_of(how, model, tokenizer, {"train": rows, "validation": rows}, tmp_path)


@pytest.fixture
def rows():
    """Three short rows; id 50 is the pause of a model with 50 words."""
    return labelled(([3, 4, 5, 50, 6, 1], 2), ([3, 7, 8, 9, 1], 2), ([3, 4, 50, 50, 9, 8, 1], 2))


@pytest.mark.parametrize("parts", [1, 3])
def test_the_trainers_loss_is_the_models_and_one_cross_entropy_over_all_words_and_the_pause(
    parts, tiny_lm, tokenizer, tmp_path, rows
):
    model = PauseForCausalLM.around(tiny_lm("mistral", False))
    trainer = trainer_for(
        model, tokenizer, tmp_path, rows, gradient_accumulation_steps=parts, learning_rate=1e-9, max_steps=1
    )
    losses = []
    for ids, mask in zip(rows["input_ids"], rows["completion_mask"]):
        ids, mask = torch.tensor(ids).long(), torch.tensor(mask)
        logits = model.eval()(ids[None]).logits[0, :-1]
        losses.append(nll_loss(logits, ids[1:], reduction="none")[mask[1:] == 1])
    expected = torch.cat(losses).mean().item()
    trainer.train()
    logged = next(entry for entry in trainer.history() if "loss" in entry)
    assert logged["loss"] == pytest.approx(expected, abs=1e-3)
    assert logged["lm_loss"] + logged["pause_loss"] == pytest.approx(expected, abs=1e-3)
    assert trainer.evaluate()["eval_loss"] == pytest.approx(expected, abs=1e-3)
    trainer.model.train()  # a part counts once in the loss of a step, however many rows it has
    trainer.note_parts_of(PauseOutput(lm_loss=torch.tensor(1.0)), n_rows=4)
    assert len(trainer._metrics["train"]["lm_loss"]) == 1


def test_a_loss_that_is_not_a_number_stops_the_run_with_one_sentence(tiny_lm, tokenizer, tmp_path, rows):
    model = PauseForCausalLM.around(tiny_lm("mistral", False))
    model.pause_head.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"loss is nan at step 1: lower the learning rate"):
        trainer_for(model, tokenizer, tmp_path, rows, max_steps=1).train()


def test_a_token_without_a_label_is_no_target_wherever_it_stands():
    rows = pd.DataFrame({"input_ids": [torch.tensor([3, 50, 4, 50, 1]).numpy()], "completion_mask": [[0, 0, 1, 0, 1]]})
    assert as_dataset(rows)["labels"][0] == [-100, -100, 4, -100, 1]


@pytest.mark.parametrize(
    ("variant", "asked", "epochs", "max_steps"),
    [
        ("sft", 2, 1, 2),
        ("sft", 100, 1, -1),
        ("baseline_1_epoch", -1, 1, -1),
        ("baseline_1_epoch", 3, 1, -1),  # as long as the epoch: 12 rows / 4
        ("baseline_2_epoch", 3, 2, 3),
        ("baseline_2_epoch", 6, 2, -1),
    ],
)
def test_a_limit_of_steps_never_goes_past_the_epochs(variant, asked, epochs, max_steps, tmp_path):
    settings = Settings(variant=variant, max_steps=asked, base_max_steps=asked, batch_size=4)
    given = sft_config(recipe(settings), tmp_path, 12)
    assert (given.num_train_epochs, given.max_steps) == (epochs, max_steps)


def test_the_head_of_a_model_without_pauses_can_be_computed_at_labelled_positions_alone(tiny_lm, rows):
    lm, labels = tiny_lm("mistral"), as_dataset(rows)["labels"][1]
    ids = torch.tensor([[3, 7, 8, 9, 1]])
    stock = lm(input_ids=ids, labels=torch.tensor([labels])).loss
    ours = labelled_loss(lm, ids, torch.ones_like(ids), torch.tensor([labels])).loss
    torch.testing.assert_close(ours, stock)
    part = labelled_loss(lm, ids, torch.ones_like(ids), torch.tensor([labels]), n=30).loss
    torch.testing.assert_close(part, stock * 3 / 30)


def test_batches_of_rows_of_similar_length_can_come_in_a_random_order():
    lengths, batches = [5 * row % 42 for row in range(42)], {}
    for sampler in (LengthGroupedSampler, ShuffledBatches):
        rows = list(sampler(4, lengths=lengths, generator=torch.Generator().manual_seed(0)))
        batches[sampler] = [rows[first : first + 4] for first in range(0, 42, 4)]
    grouped, shuffled = batches.values()
    assert sorted(grouped) == sorted(shuffled)
    assert grouped != shuffled
    assert grouped[-1] == shuffled[-1]  # two rows


def test_the_order_of_a_later_epoch_is_drawn_from_the_seed_alone():
    """A run that goes on from a checkpoint in it hasn't drawn what the steps before had."""
    sampler, orders = ShuffledBatches(4, lengths=[5 * row % 42 for row in range(42)]), []
    for seed, epoch, drawn in ((42, 1, 0), (42, 1, 5), (42, 2, 0), (43, 1, 0)):
        torch.manual_seed(seed)
        torch.rand(drawn)
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
    assert orders[0] == orders[1]
    assert orders[0] not in orders[2:]


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
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).pause_loss.item()  # the mean of all six
    assert (table["n"] * table["loss"]).sum() == pytest.approx(6 * loss, rel=1e-5)
    assert set(table["low"]) <= set(EDGES)
    assert (table["predicted"] >= table["low"]).all()
    assert calibration(tiny_lm(), []) == []
