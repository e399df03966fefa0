"""What the tests share: no network, one thread, a tokenizer made in a second, models of two layers, a finished run
written by hand.
"""

import os

# before anything heavy is imported
os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pauselib.artifacts import recipe, replies_artifact, trial_artifact
from pauselib.decoding.evaluation import reply_metrics
from pauselib.files import digest, write_json, write_json_lines
from pauselib.manifests import MANIFEST, origin
from pauselib.settings import Settings

ROOT = Path(__file__).parent.parent
KINDS = ("mistral", "llama", "qwen2", "gpt2")


def pytest_collection_modifyitems(items):
    """In the analysis a warning is a fault."""
    for item in items:
        if item.path.parent.name == "analysis":
            item.add_marker(pytest.mark.filterwarnings("error", "ignore::ResourceWarning"))


def copy_project(folder: Path) -> Path:
    """Copy the project, as a clone has it, into a folder that is not there yet, and return that."""
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "runs", "tests", "__pycache__"))


@pytest.fixture(scope="session")
def tokenizer():
    """A byte-level BPE of 400 tokens, as the embedded model's: <s>, </s> and <pad> are 0, 1 and 2."""
    from tools.pretrain import make_tokenizer

    return make_tokenizer(vocab_size=400, n_documents=300)


@pytest.fixture
def tiny_lm():
    """tiny_lm(kind, tied): a random model of 50 tokens, width 32 and 2 layers, whose weights are large enough to prefer
    some words.
    """

    def make(kind: str = "mistral", tied: bool = False):
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        torch.manual_seed(0)
        sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
        sizes |= {"num_key_value_heads": 2}
        if kind == "gpt2":
            sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
        ids = {"vocab_size": 50, "bos_token_id": 0, "eos_token_id": None, "pad_token_id": None}
        config = AutoConfig.for_model(kind, tie_word_embeddings=tied, initializer_range=0.3, **sizes, **ids)
        return AutoModelForCausalLM.from_config(config).eval()

    return make


def one_by_one(model, prompts: list[list[int]], end: int, n: int) -> list:
    """Greedy replies of at most `n` tokens, written out without cache, batch or padding."""
    import torch

    from pauselib.decoding.greedy import Reply

    replies = []
    for prompt in prompts:
        said = []
        while len(said) < n and said[-1:] != [end]:
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *said]]), use_cache=False).logits
            said.append(int(logits[0, -1].argmax()))
        replies.append(Reply([token for token in said if token != end], truncated=said[-1] != end))
    return replies


def same_weights(a, b) -> bool:
    """Whether two models have the same weights, by name and bit for bit."""
    pairs = zip(a.state_dict().items(), b.state_dict().items(), strict=True)
    return all(one == other and weight.equal(its) for (one, weight), (other, its) in pairs)


def labelled(*rows: tuple[list[int], int]) -> pd.DataFrame:
    """Rows to train on, each of its ids and the place from which on they are labelled."""
    masks = [(np.arange(len(ids)) >= start).astype(np.int8) for ids, start in rows]
    return pd.DataFrame({"input_ids": [np.array(ids, np.int32) for ids, _ in rows], "completion_mask": masks})


def train_briefly(place: Path, rows: pd.DataFrame, **settings) -> dict:
    """Train the model in the folder `base` of a place into its folder `model`, for one step unless settings say more,
    on rows that are those of validation too; return its record.
    """
    from pauselib.training.warmup import train_variant

    how = recipe(Settings(**{"max_steps": 1, "eval_steps": 1, "batch_size": 4, **settings}))
    splits = {"train": rows, "validation": rows}
    return train_variant(how, place / "base", splits, place / "model", place / "work", {"inputs": {}})


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Settings:
    """Settings of an experiment of seconds, in a folder that the tests of one file share: 6 problems to train on."""
    sizes = {"n_train": 8, "validation_share": 0.25, "n_test": 3, "n_copies": 2, "batch_size": 4, "max_new_tokens": 10}
    sizes |= {"eval_steps": 1, "base_eval_steps": 1}
    return Settings(runs_dir=str(tmp_path_factory.mktemp("runs")), experiment="small", **sizes)


SCRIPT = "<script>alert(1)</script>"  # said by a problem, a token and a reply: nowhere may it run


def reply(i: int, correct: bool, n_pauses: int, text: str = "#### 1") -> dict:
    """One line of predictions.jsonl."""
    problem = {"problem_id": f"test-{i}", "question": f"1?{SCRIPT}", "gold": "1"}
    said = {"reply": "<|pause|>" * n_pauses + text, "predicted": "1", "correct": correct}
    return {**problem, **said, "n_pauses": n_pauses, "n_tokens": 3, "truncated": False}


@pytest.fixture
def by_hand(tmp_path):
    """Three of four rows are finished: sft is right in 2 of 3, sft_peft in 1, the baseline in 2."""
    settings = Settings(
        runs_dir=str(tmp_path), experiment="by_hand", variants=["sft", "sft_peft", "sft_fr_phead", "baseline_1_epoch"]
    )
    finished = {
        "sft": ([reply(0, True, 1), reply(1, True, 2), reply(2, False, 9)], 0.5),
        "sft_peft": ([reply(0, True, 0), reply(1, False, 4), reply(2, False, 20)], 0.25),
        "baseline_1_epoch": ([reply(0, True, 0), reply(1, True, 0), reply(2, False, 0)], 0.1),
    }
    for name, (replies, eval_loss) in finished.items():
        row = settings.but(variant=name)
        folder = save(row, replies, eval_loss)
        history = [{"step": 1, "loss": 1.0, "eval_loss": eval_loss}]
        write_json(folder / "training.json", {"history": history})
        tokens = [["<|pause|>"] * r["n_pauses"] + [SCRIPT, "1"] for r in replies]
        given = {
            "tokens": tokens,
            "p_pause": [[0.5] * len(t) for t in tokens],
            "p_best": [[0.25] * r["n_pauses"] + [0.9, 0.9] for r in replies],
        }
        pd.DataFrame({"problem_id": [r["problem_id"] for r in replies], **given}).to_parquet(folder / "tokens.parquet")
    (settings.folder() / "data").mkdir()
    answers = ["<<1+1=2>>2\n#### 2", "#### 1", "<<1=1>><<1=1>>#### 1"]
    rows = {"problem_id": [f"test-{i}" for i in range(3)], "answer": answers}
    pd.DataFrame(rows).to_parquet(settings.folder() / "data" / "test.parquet")
    return settings


def note(folder: Path, settings: dict, *files: str, code: dict | None = None, **inputs) -> None:
    """Write the manifest that says that a folder is finished, made from settings, inputs and code, with some files."""
    outputs = {name: digest(folder / name) for name in files} or {"made": "digest"}
    write_json(folder / MANIFEST, {**origin(folder, settings, inputs, code=code), "outputs": outputs})


def save(row: Settings, replies: list[dict], eval_loss: float) -> Path:
    """Write predictions.jsonl, metrics.json and the manifest that says they are a row's; return their folder."""
    _, folder, settings, _ = replies_artifact(row)
    write_json_lines(folder / "predictions.jsonl", replies)
    write_json(folder / "metrics.json", {**reply_metrics(replies), "eval_loss": eval_loss})
    note(folder, settings, "metrics.json", "predictions.jsonl", model="abc")
    return folder


def save_outcomes(row: Settings, outcomes: pd.DataFrame, step: int | None = None) -> None:
    """Write trials.parquet of a row's trial, perhaps at a step, and the manifest that says that it is finished."""
    _, folder, settings, _ = trial_artifact(row, step)
    folder.mkdir(parents=True, exist_ok=True)
    outcomes.to_parquet(folder / "trials.parquet")
    note(folder, settings, "trials.parquet")


@pytest.fixture
def intervened(by_hand):
    """sft without pauses is right in 3 of 3, with 2 forced ones in none; the experiment asks for both interventions."""
    asked = ({"variant": "sft", "max_pauses": 0}, {"variant": "sft", "forced_pauses": 2})
    settings = by_hand.but(interventions=asked)
    for changes, correct in zip(asked, ([True] * 3, [False] * 3)):
        row = settings.but(**changes)
        replies = [reply(i, right, row.forced_pauses) for i, right in enumerate(correct)]
        save(row, replies, 0.5)
    return settings


@pytest.fixture(scope="session")
def run_notebook():
    """run_notebook(step, out, settings): execute a notebook by papermill in an empty namespace. One kernel does for all
    of them, since its start and its imports take longer than a notebook.
    """
    import papermill
    from jupyter_client import KernelManager

    kernel = KernelManager(kernel_name="python3")
    kernel.start_kernel(cwd=str(ROOT))

    def execute(step: str, out: Path, settings: dict) -> None:
        client = kernel.client()
        client.start_channels()
        client.wait_for_ready()
        client.execute("%reset -f", reply=True)
        client.stop_channels()
        source = ROOT / "notebooks" / f"{step}.ipynb"
        papermill.execute_notebook(str(source), str(out), settings, km=kernel, progress_bar=False)

    yield execute
    kernel.shutdown_kernel(now=True)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook was given to show: ("new" or "update", what)."""
    import IPython.display

    from pauselib import progress

    outputs = []
    handle = SimpleNamespace(update=lambda what, raw: outputs.append(("update", what)))
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda what, **_: outputs.append(("new", what)) or handle)
    return outputs


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when told to: clock[0] seconds."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now
