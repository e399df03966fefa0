"""What the tests share: no network, one thread, a tokenizer made in a second and models of two layers."""

import os

os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # before anything heavy is imported

from pathlib import Path

import pytest

KINDS = ("mistral", "llama", "qwen2", "gpt2")


@pytest.fixture(scope="session")
def tokenizer():
    """A byte-level BPE of 400 tokens, as the embedded model's: <s>, </s> and <pad> are 0, 1 and 2."""
    from pauselib.pretraining import make_tokenizer

    return make_tokenizer(vocab_size=400, n_documents=300)


@pytest.fixture
def tiny_lm():
    """tiny_lm(kind, tied): a random model of 50 tokens, width 32 and 2 layers, whose weights are large enough to prefer some words."""

    def make(kind: str = "mistral", tied: bool = False):
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        torch.manual_seed(0)
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64}
        if kind == "gpt2":
            sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
        ids = {"bos_token_id": 0, "eos_token_id": None, "pad_token_id": None}
        config = AutoConfig.for_model(kind, vocab_size=50, tie_word_embeddings=tied, initializer_range=0.3, **sizes, **ids)
        return AutoModelForCausalLM.from_config(config).eval()

    return make


@pytest.fixture(scope="session")
def GSM8K() -> Path:
    """The folder of the real train.jsonl and test.jsonl."""
    folder = Path(__file__).parents[2] / "shared" / "gsm8k"
    if not folder.is_dir():
        pytest.skip(f"the real GSM8K is not at {folder}")
    return folder
