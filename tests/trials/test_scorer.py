"""The trial's numbers, against the plain way: one forward pass for every condition, with all tokens and one mask."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import KINDS

from pauselib.model.pause_model import PauseForCausalLM
from pauselib.model.precision import as_loaded_in, gold_read_in
from pauselib.trials import conditions
from pauselib.trials import scorer as scoring
from pauselib.trials.contents import CONTENTS, NOTHING, GivenResult
from pauselib.trials.scorer import Scorer, branch
from pauselib.trials.sites import SITES, GoldText, Result
from pauselib.trials.trial import lines_of_problem

IDS = [0, 3, 14, 15, 9, 2, 6, 5, 35, 8, 9, 7, 9, 32, 38, 4, 6, 26, 43, 3, 8, 1]
TEXT = GoldText("test-7", IDS, heading=3, start=5, results=[Result(0, 7, 10, 12), Result(1, 14, 17, 18)])
PAUSE = 50  # the rows of tiny_lm's embeddings
UNITS = {
    "pauses": [PAUSE],
    "masked": [PAUSE],
    "unmoved": [PAUSE],
    "question": [],
    "untrained": [PAUSE + 1],
    "newline": [11],
    "dots": [12, 13],
    "given": [12],
}


@pytest.mark.parametrize("gaps", [[], [5]])
def test_a_result_that_begins_the_answer_is_predicted_by_what_is_before_it(gaps):
    one = branch(TEXT, [Result(0, 5, 5, 7)], gaps, [PAUSE] * len(gaps), masked=True)
    assert (one.shared, one.ids, one.labels) == (4, IDS[4:6], [(0, IDS[5], 0), (1, IDS[6], 0)])


def plainly(model: PauseForCausalLM, drawn: torch.Tensor, result: Result, gaps, inserted, content: str, seen_last):
    """The log likelihood of a result's digits and whether all are the best words, from one forward pass.

    Hidden tokens are there, with their positions, and a mask hides them from all that follows.
    """
    ids, hidden, where, positions = [], [], {}, []
    queue = list(zip(gaps, inserted))
    for place, token in enumerate(TEXT.ids):
        while queue and queue[0][0] == place:
            hidden.append(len(ids))
            ids.append(queue.pop(0)[1])
            positions.append(place)
        where[place] = len(ids)
        positions.append(place)
        ids.append(token)
    if content != "masked":
        hidden = []
    elif seen_last:
        hidden = hidden[:-1]
    seen = torch.ones(len(ids), len(ids)).tril().bool()
    for column in hidden:
        seen[column + 1 :, column] = False
    embedded = torch.stack(
        [drawn[0] if token == PAUSE + 1 else model.embed(torch.tensor([[token]]))[0, 0] for token in ids]
    )
    with torch.no_grad():
        logits = model(
            inputs_embeds=embedded[None],
            attention_mask=torch.zeros(seen.shape).masked_fill(~seen, torch.finfo(torch.float32).min)[None, None],
            position_ids=torch.tensor([positions]) if content == "unmoved" else torch.arange(len(ids))[None],
        ).logits[0]
    words = logits[:, :PAUSE].log_softmax(-1)  # without the pause's mass
    digits = range(result.start, result.end)
    told = [(words[where[place] - 1], TEXT.ids[place]) for place in digits]
    return sum(float(row[token]) for row, token in told), all(int(row.argmax()) == token for row, token in told)


@pytest.fixture
def pausing(tiny_lm):
    def make(kind: str) -> PauseForCausalLM:
        model = PauseForCausalLM.around(tiny_lm(kind), seed=7)
        with torch.no_grad():
            model.pause_embedding.weight.normal_(0, 0.3)
        return model

    return make


@pytest.mark.parametrize(("kind", "pack"), [*((kind, 256) for kind in KINDS), ("mistral", 1), ("mistral", 40)])
def test_every_condition_is_what_a_forward_pass_of_its_own_gives(kind, pack, pausing, monkeypatch):
    monkeypatch.setattr(scoring, "PACK", pack)
    model = pausing(kind)
    scorer = Scorer(model, seed=7)
    drawn = PauseForCausalLM.around(model.lm, seed=7).pause_embedding.weight
    scorer.check(TEXT)
    asked = conditions(SITES, CONTENTS, [1, 3], True, ">>")
    lines = lines_of_problem(scorer, TEXT, asked, UNITS, seed=3)
    assert len(lines) == 2 * (1 + len(asked))
    *_, p_pause = scorer.read(TEXT)
    text = replace(TEXT, p_pause=p_pause)
    for problem_id, index, site, content, dose, likelihood, n_digits, correct in lines:
        result = TEXT.results[index]
        inserted = (
            (GivenResult() if content == "given" else CONTENTS[content]).tokens(UNITS[content], dose, text, result)
            if content != NOTHING
            else []
        )
        gaps = SITES[site].gaps(text, result, len(inserted), 3) if content != NOTHING else []
        expected = plainly(model, drawn, result, gaps, inserted, content, site == "result")
        assert (problem_id, n_digits) == ("test-7", result.end - result.start)
        assert likelihood == pytest.approx(expected[0], abs=1e-5), (site, content, dose, index)
        assert correct == expected[1]


def test_a_model_without_pause_parts_has_the_vector_that_a_variant_starts_from(tiny_lm):
    lm, asked = tiny_lm(), (["step"], ["pauses", "untrained"], [2])
    scorer = Scorer(lm, seed=7)
    assert not scorer.pauses
    lines = lines_of_problem(scorer, TEXT, conditions(*asked, scorer.pauses, ">>"), UNITS, seed=3)
    assert [line[2:5] for line in lines[::2]] == [("", "nothing", 0), ("step", "pauses", 2), ("result", "given", 0)]
    started = Scorer(PauseForCausalLM.around(lm, seed=7), seed=7)
    again = lines_of_problem(started, TEXT, conditions(*asked, started.pauses, ">>"), UNITS, seed=3)
    pauses, untrained = again[2][5], again[4][5]  # of the variant; its start has the same vector
    assert [pauses, untrained] == pytest.approx([lines[2][5]] * 2, abs=1e-5)


def test_the_probability_of_a_pause_stands_before_each_token(pausing):
    model = pausing("llama")
    *_, p_pause = Scorer(model).read(TEXT)
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([IDS[:18]])).logits[0, :, PAUSE]
    np.testing.assert_allclose(p_pause[1:], logits.exp()[:-1], atol=1e-6)
    assert p_pause[0] == 0


@pytest.mark.parametrize("gold_dtype", ["float32", "mixed"])
@pytest.mark.parametrize("kind", KINDS)
def test_where_layers_are_in_bfloat16_heads_and_likelihoods_are_in_float32(kind, gold_dtype, pausing):
    model = pausing(kind)
    plain = Scorer(model, seed=7).read(TEXT)[0]
    if gold_dtype == "float32":
        as_loaded_in("bfloat16", model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for scorer in (Scorer(model, seed=7), Scorer(model.lm, seed=7)):
        with gold_read_in(gold_dtype, scorer.lm):
            scorer.check(TEXT)
            likelihoods, *_ = scorer.read(TEXT)
        assert likelihoods.dtype == np.float32
        np.testing.assert_allclose(likelihoods, plain, atol=0.2)
        assert not np.allclose(likelihoods, plain, atol=1e-5)
        assert not np.array_equal(likelihoods, torch.tensor(likelihoods).bfloat16().float().numpy())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("ignored", ["attention_mask", "position_ids"])
def test_a_model_that_ignores_the_mask_or_the_positions_is_refused(ignored, dtype, tiny_lm, monkeypatch):
    lm, hidden = tiny_lm().to(dtype), Scorer.hidden
    for matrix in [one for one in lm.parameters() if one.dim() == 2]:
        matrix.data *= 2  # so that what a token sees matters by more than bfloat16 rounds
    scorer = Scorer(lm)
    monkeypatch.setattr(Scorer, "hidden", lambda self, ids, **given: hidden(self, ids, **{**given, ignored: None}))
    with pytest.raises(ValueError, match="MistralForCausalLM can't be used in an insertion trial, since its attention"):
        scorer.check(TEXT)
