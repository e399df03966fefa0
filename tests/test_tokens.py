"""The text of tokens, and where in a text they stand."""

import pytest
from transformers import ByT5Tokenizer, LlamaTokenizer

from pauselib.errors import InputError
from pauselib.sources import models
from pauselib.tokens import to_text, token_spans, token_text


def test_the_bytes_of_one_character_share_its_bounds(tokenizer):
    [spans] = token_spans(["5 €"], tokenizer, add_special_tokens=False)
    assert spans[0] == (0, 1)
    assert {end for _, end in spans[-3:]} == {3}
    assert len({start for start, _ in spans[-2:]}) == 1


def test_a_slow_tokenizer_which_does_not_know_where_its_tokens_stand_is_refused(monkeypatch):
    monkeypatch.setattr(models, "from_pretrained", lambda *given, **how: ByT5Tokenizer(extra_ids=0))
    with pytest.raises(InputError, match="ByT5Tokenizer doesn't tell where its tokens stand"):
        models.load_tokenizer("tiny")


def test_a_leading_space_that_a_tokenizer_drops_stands_behind_a_pause():
    vocab = {piece: i for i, piece in enumerate(["<unk>", "<s>", "</s>", "▁", "a", "▁a"])}
    tokenizer = LlamaTokenizer(vocab=vocab, merges=[("▁", "a")])
    assert to_text([5, 9, 5, 9, 9, 4], tokenizer, pause_id=9) == "a<|pause|> a<|pause|><|pause|>a"


def test_a_row_of_the_embeddings_that_is_no_token_has_no_text(tokenizer):
    assert token_text(len(tokenizer) + 5, tokenizer, pause_id=448) == ""
