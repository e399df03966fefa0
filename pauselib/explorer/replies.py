"""One reply at a time: stored beside the model that gave it, or decoded now. And what is shown of it, as HTML."""

import functools
from collections.abc import Callable
from html import escape
from pathlib import Path

import pandas as pd

from pauselib import runs, tasks
from pauselib.decoding.evaluation import decoder, end_ids, judged, pause_id_of, with_prompt_pauses
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions
from pauselib.explorer.contents import model_time, replies_time
from pauselib.figures.reply_html import PAUSE_MARK, PAUSE_STYLE, pieces, reply_html
from pauselib.figures.tables import table_html
from pauselib.injection.rows import prompt_ids, tokenize
from pauselib.settings import Settings
from pauselib.tokens import PAUSE_TEXT
from pauselib.variants import parse

MEANING = {
    "pause probability": "how likely a pause is in its place, as the pause head says before any slider",
    "LM uncertainty": "how unsure the LM is of its best word in its place: 1 − its probability",
}
SHADES = ("none", *MEANING)  # what the tokens of a reply may be shaded by
DECODING = ("task", "dtype", "attn_implementation", "max_new_tokens", "max_total_tokens")
"""The settings that a plain greedy reply depends on."""


class Kept:
    """The values that were used last, by key. Where there are `most`, the oldest is let go before another is made."""

    def __init__(self, most: int):
        self.most, self.values = most, {}

    def get(self, key: tuple, make: Callable):
        """The value of `key`: the one that is kept, or what make() returns now."""
        if key in self.values:
            value = self.values.pop(key)
        else:
            while len(self.values) >= self.most:
                self.values.pop(next(iter(self.values)))
            value = make()
        self.values[key] = value
        return value


class Replies:
    """The replies of finished variants to any question: a stored one as it is, another one decoded now, and none twice.

    A reply is a dictionary with the fields of predictions.jsonl and those of tokens.parquet, which are lists of an item
    for each token: `tokens` (the texts), `p_pause` and `p_best` (the probabilities before any intervention). Its `note`
    says where it is from.
    """

    def __init__(self):
        self.folders, self.models, self.known = Kept(4), Kept(3), Kept(500)

    def stored_in(self, folder: Path) -> list[dict]:
        """The replies in a folder, in the order of their file; without tokens where tokens.parquet is missing."""
        return self.folders.get((folder, replies_time(folder)), lambda: read_stored_replies(folder))

    def get(
        self,
        settings: Settings,
        question: str,
        answer: str | None,
        changes: dict[str, float],
        each: Callable = lambda so_far: None,
    ) -> dict:
        """The reply of a variant to `question`, decoded as its stored replies were, but for `changes`.

        `answer` is the problem's, with the gold number; where it is None, so are the reply's `gold` and `correct`.
        `changes` are settings of an intervention, by name; a variant that has no pause token is never changed.

        While the reply is decoded, each(so_far) is called after every token, where so_far() is the reply so far; what
        `each` raises ends the decoding.
        """
        changes = changes if parse(settings.variant).pauses else {}
        settings = settings.but(**decoding_settings(settings))
        settings = settings.but(**changes)
        asked = (question, answer, frozenset(changes.items()), *settings.of(*DECODING).values())

        def look_up_or_decode() -> dict:
            return self.stored(settings, question) or self.decode(settings, question, answer, each)

        return self.known.get((settings.variant_folder(), model_time(settings), *asked), look_up_or_decode)

    def stored(self, settings: Settings, question: str) -> dict | None:
        """The reply in the variant's files; None where it has no tokens there, or the model is not the one it is of."""
        folder = settings.replies_folder()
        made_from = runs.manifest(folder)
        if made_from is None or runs.why_inputs_changed(folder, made_from):
            return None
        found = (said for said in self.stored_in(folder) if said["question"] == question and said["tokens"])
        return next(found, None)

    def decode(self, settings: Settings, question: str, answer: str | None, each: Callable) -> dict:
        """The reply that the variant's model gives now. Raises ValueError for a question that holds the pause token."""
        from pauselib.decoding.greedy import generate

        model, tokenizer = self.model_and_tokenizer(settings)
        pause_id, task = pause_id_of(model), tasks.find(settings.task)
        asked = [{"problem_id": "of your own", "question": question, "answer": ""}]
        [prompt] = prompt_ids(tokenize(asked, tokenizer, task))
        interventions = active_interventions(settings.of(*INTERVENTION_SETTINGS))
        text_of, chooser = decoder(tokenizer, pause_id, interventions, settings.seed, task.answer_mark)

        def as_dictionary(reply) -> dict:
            return {
                **judged(reply, answer, task, tokenizer, pause_id),
                "tokens": [text_of(token) for token in reply.ids],
                "p_pause": list(reply.p_pause),
                "p_best": list(reply.p_best),
                "note": "decoded now",
            }

        def watch(so_far: dict) -> None:
            each(functools.partial(as_dictionary, so_far[0]))

        limits = settings.max_new_tokens, settings.max_total_tokens
        prompts = [with_prompt_pauses(prompt, model)]
        [reply] = generate(model, prompts, end_ids(model, tokenizer), *limits, show=False, chooser=chooser, each=watch)
        return as_dictionary(reply)

    def model_and_tokenizer(self, settings: Settings) -> tuple:
        """A variant's model and its tokenizer, loaded once."""
        from pauselib.sources.models import load_model, load_tokenizer

        source = str(settings.variant_folder() / "model")
        how = settings.dtype, settings.attn_implementation
        return self.models.get(model_key(settings), lambda: (load_model(source, *how), load_tokenizer(source)))

    def has_model(self, settings: Settings) -> bool:
        """Whether a variant's model is loaded already."""
        return model_key(settings.but(**decoding_settings(settings))) in self.models.values


def model_key(settings: Settings) -> tuple:
    """What tells a loaded model from others: its folder, when it was made, its precision, how attention is computed."""
    how = settings.dtype, settings.attn_implementation
    return settings.variant_folder() / "model", model_time(settings), *how


def read_stored_replies(folder: Path) -> list[dict]:
    """The replies of predictions.jsonl with their tokens from tokens.parquet; empty lists where that is missing."""
    columns, tokens = ("tokens", "p_pause", "p_best"), {}
    if (folder / "tokens.parquet").exists():
        for row in pd.read_parquet(folder / "tokens.parquet").to_dict("records"):
            tokens[row["problem_id"]] = {name: list(row[name]) for name in columns}
    unknown = {name: [] for name in columns}
    predictions = runs.read_json_lines(folder / "predictions.jsonl")
    return [
        {**said, **tokens.get(said["problem_id"], unknown), "note": "from predictions.jsonl"} for said in predictions
    ]


def decoding_settings(settings: Settings) -> dict:
    """Those settings of `DECODING` that the manifests name: of the data, a variant's replies, or else its model."""
    folder = settings.variant_folder()
    places = (settings.folder() / "data", folder / "model", folder)
    made_with = {name: value for place in places for name, value in settings_in_manifest(place).items()}
    return {name: made_with[name] for name in DECODING if name in made_with}


def settings_in_manifest(folder: Path) -> dict:
    """The settings that a folder's files were made with; empty where it has no manifest."""
    return (runs.manifest(folder) or {}).get("settings", {})


def token_values(said: dict, shade: str) -> list[float]:
    """The `shade` of each token of a reply, from 0 to 1; empty for `none`, and where the tokens are not known."""
    if shade == "pause probability":
        return said["p_pause"]
    if shade == "LM uncertainty":
        return [1 - p for p in said["p_best"]]
    return []


def reply_block(
    said: dict, shade: str = "none", numbers: bool = False, title: str = "", unfinished: bool = False
) -> str:
    """A reply as HTML: its tokens, shaded where their values are known, with pauses marked; then the facts in words.

    With `numbers`, a table of each token's values follows. `unfinished` is for a reply that is still being decoded.
    """
    html = f"<h4>{escape(title)}</h4>" if title else ""
    html += reply_html(said["tokens"] or pieces(said.get("reply", "")), token_values(said, shade) or None, shade)
    html += f'<p class="facts">{facts_html(said, unfinished)}</p>'
    if numbers and said["tokens"]:
        table = pd.DataFrame(
            {
                "token": [repr(token)[1:-1] for token in said["tokens"]],
                **{name: token_values(said, name) for name in MEANING},
            }
        )
        html += (
            '<div class="numbers" tabindex="0" role="region" aria-label="numbers of each token">'
            f"{table_html(table)}</div>"
        )
    return html


def facts_html(said: dict, unfinished: bool = False) -> str:
    """What is counted and judged of a reply, in words, as HTML."""
    counts = f"{said['n_tokens']} tokens, {said['n_pauses']} of them pauses"
    if unfinished:
        return f"{counts}, so far"
    verdict = {True: "✓ correct", False: "✗ incorrect", None: "gold answer unknown"}[said["correct"]]
    answer = f"answer {said['predicted'] or 'none'}"
    if said["gold"] is not None:
        answer += f", gold {said['gold']}"
    end = "cut at the limit" if said["truncated"] else "ended by itself"
    return f"<b>{verdict}</b> · {escape(' · '.join([answer, counts, end, said['note']]))}"


def legend_html(shade: str) -> str:
    """What the marks and the shade mean, as HTML."""
    html = f'<span style="{PAUSE_STYLE}">{PAUSE_MARK}</span> is a pause.'
    if shade in MEANING:
        scale = reply_html([" 0 ", " 0.5 ", " 1 "], [0, 0.5, 1], "shade of")
        html += (
            f' A token\'s shade is {escape(MEANING[shade])}: <span class="scale">{scale}</span> '
            "The number is in its tooltip and in the table of numbers."
        )
    return html


def matching(
    stored: list[dict],
    correct: bool | None = None,
    truncated: bool | None = None,
    pauses: tuple[float, float] = (0, float("inf")),
    text: str = "",
) -> list[dict]:
    """The replies that pass all filters; None lets both through.

    `pauses` is how many a reply may have, both ends included. `text` is looked for, whatever its case, in the problem's
    id, in the question, and in the reply, with its pauses and without them.
    """

    def passes(said: dict) -> bool:
        spoken = said["reply"].replace(PAUSE_TEXT, "")
        searched = f"{said['problem_id']}\n{said['question']}\n{said['reply']}\n{spoken}"
        return (
            correct in (None, said["correct"])
            and truncated in (None, said["truncated"])
            and pauses[0] <= said["n_pauses"] <= pauses[1]
            and text.casefold() in searched.casefold()
        )

    return [said for said in stored if passes(said)]
