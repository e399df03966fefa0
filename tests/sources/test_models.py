"""Models and tokenizers by name: the embedded one, a folder, and what is said where there is none."""

import pytest

from pauselib.sources.models import load_tokenizer, model_source, pause_token_id


def test_the_embedded_model_is_a_folder_of_the_package_and_any_other_is_where_it_is_said_to_be():
    assert (model_source("tiny") / "model.safetensors").exists()
    assert model_source("mistralai/Mistral-7B-v0.1") == "mistralai/Mistral-7B-v0.1"


def test_the_pause_is_one_past_the_rows_of_the_embeddings():
    assert pause_token_id("tiny") == len(load_tokenizer("tiny")) == 884


def test_a_tokenizer_pads_on_the_left_and_has_a_padding_token_of_its_own():
    tokenizer = load_tokenizer("tiny")
    assert tokenizer.padding_side == "left"
    assert tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)


def test_a_tokenizer_without_a_padding_token_pads_with_the_end_token(tokenizer, tmp_path):
    from transformers import PreTrainedTokenizerFast

    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, eos_token="</s>")
    bare.save_pretrained(tmp_path)
    assert load_tokenizer(str(tmp_path)).pad_token == "</s>"


@pytest.mark.parametrize("load", [load_tokenizer, pause_token_id])
def test_an_unknown_model_is_refused_in_one_sentence(load):
    with pytest.raises(ValueError, match=r"'no/such-model' could not be loaded .*: give 'tiny', a folder") as error:
        load("no/such-model")
    assert "\n" not in str(error.value)
