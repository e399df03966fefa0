"""The text of tokens, and where in a text they stand, with a fast tokenizer and with a slow one (of bytes)."""

import pytest
from transformers import ByT5Tokenizer

from pauselib import tasks
from pauselib.errors import InputError
from pauselib.injection.rows import inject, tokenize
from pauselib.settings import Settings
from pauselib.tokens import spans_by_decoding, token_spans, token_text
from pauselib.trials.trial import gold_texts

TEXT = "It is 12 €.\n#### 12"


@pytest.fixture(scope="module")
def slow():
    return ByT5Tokenizer(extra_ids=0)


def test_the_bytes_of_one_character_share_its_bounds(slow):
    [spans] = token_spans(["5 €!"], slow)
    assert spans == [(0, 1), (1, 2), *[(2, 3)] * 3, (3, 4), (4, 4)]  # and the end token, which stands for nothing


def test_bounds_by_decoding_are_a_fast_tokenizer_s_own_but_for_the_space_that_it_leaves_out(tokenizer):
    [ids] = tokenizer([TEXT])["input_ids"]
    [own] = token_spans([TEXT], tokenizer)
    found = spans_by_decoding(ids, TEXT, tokenizer)
    assert [TEXT[slice(*one)].strip() for one in found] == [TEXT[slice(*one)].strip() for one in own]


def test_a_slow_tokenizer_that_does_not_give_the_text_back_is_refused(slow):
    with pytest.raises(InputError, match="ByT5Tokenizer doesn't tell where in a text its tokens stand"):
        spans_by_decoding(slow("yes")["input_ids"], "no", slow)


@pytest.mark.parametrize("strategy", ["random", "word"])
def test_rows_and_gold_texts_are_made_with_a_slow_tokenizer_too(slow, strategy):
    answer = "There are 3+4=<<3+4=7>>7.\n#### 7"
    problem = {"problem_id": "train-0", "question": "3 and 4?", "answer": answer}
    rows = tokenize([problem], slow, tasks.find("gsm8k"))
    [row] = inject(rows, slow, 300, Settings(strategy=strategy)).itertuples()
    words = [token for token in row.input_ids if token != 300]
    assert words == rows["input_ids"][0].tolist()
    [text] = gold_texts(rows, slow, tasks.find("gsm8k"))
    assert [slow.decode(text.ids[one.start : one.end]) for one in text.results] == ["7"]


def test_a_row_of_the_embeddings_that_is_no_token_has_no_text(tokenizer):
    assert token_text(len(tokenizer) + 5, tokenizer, pause_id=448) == ""
