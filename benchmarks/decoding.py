"""Greedy decoding beside `generate` of transformers in batches of 8, in the order of the problems: the same replies."""

import torch

from benchmarks import fastest, fastest_of_both, growth, row
from pauselib import tasks
from pauselib.decoding.greedy import generate
from pauselib.injection.rows import prompt_ids, tokenize
from pauselib.model.pause_model import PauseForCausalLM
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.sources.problems import load_problems
from tools.pretrain import make_model


def pausing_model():
    """Return the embedded model with an untrained head that pauses now and then: replies as long as a trained one's."""
    model = PauseForCausalLM.around(load_model("tiny")).eval()
    model.pause_head.bias.data += torch.tensor([2.0, -2.0])
    return model


def prompts(n: int) -> list[list[int]]:
    """Return the prompts of the first test problems."""
    return prompt_ids(tokenize(load_problems("toy", "test", n), load_tokenizer("tiny"), tasks.find("gsm8k")))


@torch.inference_mode()
def plain(model, asked: list[list[int]], tokenizer, n: int) -> list[list[int]]:
    """Return the replies that `generate` gives in batches of 8, without the end token and what follows it."""
    end, replies = tokenizer.eos_token_id, []
    for first in range(0, len(asked), 8):
        batch = tokenizer.pad({"input_ids": asked[first : first + 8]}, return_tensors="pt")
        options = {"max_new_tokens": n, "do_sample": False, "eos_token_id": end, "pad_token_id": tokenizer.pad_token_id}
        said = model.generate(**batch, **options)[:, batch["input_ids"].shape[1] :].tolist()
        replies += [reply[: reply.index(end)] if end in reply else reply for reply in said]
    return replies


def compare() -> list[dict]:
    """Measure the replies to 200 and to 500 problems, of at most 160 tokens, and see that they are the same."""
    model, tokenizer = pausing_model(), load_tokenizer("tiny")
    lines = []
    for n in (200, 500):
        asked, replies = prompts(n), {}

        def ours(asked=asked, replies=replies) -> None:
            found = generate(model, asked, tokenizer.eos_token_id, 160, batch_size=512, show=False)
            replies["ours"] = [reply.ids for reply in found]

        def theirs(asked=asked, replies=replies) -> None:
            replies["theirs"] = plain(model, asked, tokenizer, 160)

        seconds = fastest_of_both(ours, theirs)
        same = sum(a == b for a, b in zip(replies["ours"], replies["theirs"]))
        what = f"decode {n} replies, {same} of them the same"
        lines.append(row(what, *seconds, "`generate` in batches of 8", "6"))
    return lines


def grow() -> list[dict]:
    """Measure longer replies, and a model of twice the width."""
    model, asked = pausing_model(), prompts(64)
    never = -1  # no end token: every reply has all its tokens
    by_length = {
        f"{n} tokens": fastest(lambda n=n: generate(model, asked, never, n, show=False), tries=1) / n
        for n in (50, 200, 800)
    }
    by_width = {}
    for width in (128, 256):
        one = make_model(1024, width).eval()
        by_width[f"width {width}"] = fastest(lambda one=one: generate(one, asked, never, 100, show=False))
    return [growth("decoding a token, by reply length", by_length), growth("decoding, by width", by_width)]
