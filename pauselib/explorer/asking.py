"""Asking one model or two: the replies, none decoded twice, and the widgets with sliders for how the models pause."""

import contextlib
import functools
import itertools
import re
import textwrap
import threading
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

import pandas as pd
from ipywidgets import HTML, Button, Dropdown, FloatSlider, SelectionSlider, Textarea, VBox

from pauselib import tasks
from pauselib.artifacts import DEFAULTS, drawn_artifact, why_unfinished
from pauselib.decoding.evaluation import predict
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions
from pauselib.explorer import looks
from pauselib.explorer.choosing import NO_WEIGHTS, NOTHING, has_weights, labelled, stored_rows
from pauselib.files import read_json_lines
from pauselib.injection.rows import tokenize
from pauselib.manifests import MANIFEST
from pauselib.settings import Settings
from pauselib.sources.models import load_model, load_tokenizer
from pauselib.variants import parse

SENTENCE = "<p>In JupyterLab (<code>make lab</code>) a model can be asked here.</p>"
SETTLE = 0.15  # seconds that a slider may still move before anything is decoded
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s]")


def made_at(folder: Path) -> int | None:
    """Return when what is in a folder was finished, or came from an archive, in nanoseconds; None where it is not."""
    path = folder / MANIFEST
    return path.stat().st_mtime_ns or path.stat().st_ctime_ns if path.exists() else None


@functools.lru_cache(maxsize=4)
def stored_replies(folder: Path, _made: int | None) -> list[dict]:
    """Return the replies in a folder, `made_at` some time, in the order of their file: predictions.jsonl with the
    columns of tokens.parquet, which are empty lists where that is missing. The `note` says where a reply is from.
    """
    path, columns, tokens = folder / "tokens.parquet", ("tokens", "p_pause", "p_best"), {}
    for row in pd.read_parquet(path).to_dict("records") if path.exists() else ():
        tokens[row["problem_id"]] = {name: list(row[name]) for name in columns}
    base = {"note": "from predictions.jsonl", **{name: [] for name in columns}}
    replies = read_json_lines(folder / "predictions.jsonl")
    return [{**base, **said, **tokens.get(said["problem_id"], {})} for said in replies]


@functools.lru_cache(maxsize=2)
def loaded(folder: Path, _made: int | None, dtype: str, attention: str) -> tuple:
    """Return the model in a folder, `made_at` some time, and its tokenizer, loaded once."""
    return load_model(str(folder), dtype, attention), load_tokenizer(str(folder))


def stored(row: Settings, question: str) -> dict | None:
    """Return a row's stored reply to a question; None where there is none with its tokens, or it is not finished."""
    if why_unfinished(row, "evaluate") is not None:
        return None
    replies = stored_replies(row.replies_folder(), made_at(row.replies_folder()))
    return next((said for said in replies if said["question"] == question and said["tokens"]), None)


def decoded(row: Settings, question: str, answer: str | None, each: Callable[[dict], None]) -> dict:
    """Return the reply that a row's model gives now, with `gold` and `correct` None where there is no `answer`.

    `each` is that of `greedy.generate`. Raises InputError for a question that holds the pause token.
    """
    folder = row.variant_folder() / "model"
    model, tokenizer = loaded(folder, made_at(folder), row.dtype, row.attn_implementation)
    task, changes = tasks.find(row.task), active_interventions(row.of(*INTERVENTION_SETTINGS))
    asked = [{"problem_id": "of your own", "question": question, "answer": ""}]
    rows = tokenize(asked, tokenizer, task).assign(answer=[answer])
    how = {**row.of("max_new_tokens", "max_total_tokens", "seed"), "interventions": changes}
    [said], tokens = predict(model, tokenizer, rows, task, **how, show=False, each=each)
    return {**said, **tokens.iloc[0], "note": "decoded now"}


def pairs(question: str) -> frozenset[tuple[str, str]]:
    """Return the pairs of neighbouring words of a question, in small letters; a number is `#`, a mark is a word."""
    words = ["#" if word[0].isdigit() else word for word in WORD.findall(question.lower())]
    return frozenset(itertools.pairwise(words))


@functools.lru_cache(maxsize=4)
def phrasing(folder: Path, _made: int | None) -> tuple[frozenset, float]:
    """Return the pairs of the training questions in a folder, `made_at` some time, and the least share of a validation
    question's pairs that is among them: 0 without the files.
    """
    if not (folder / "train.parquet").exists():
        return frozenset(), 0.0
    files = (folder / f"{split}.parquet" for split in ("train", "validation"))
    training, others = (map(pairs, pd.read_parquet(path, columns=["question"])["question"].unique()) for path in files)
    known = frozenset().union(*training)
    return known, min((len(found & known) / len(found) for found in others if found), default=0.0)


def hint(question: str, known: frozenset, least: float) -> str:
    """Return in words how much of a question is new, where more of it is than of a validation question (`phrasing`)."""
    found = pairs(question)
    if not found or len(found & known) >= least * len(found):
        return ""
    new = f"{len(found - known)} of its {len(found)} pairs of neighbouring words"
    return f"{new} are in no training question: the model may not understand it."


class Stopped(BaseException):
    """Something newer is asked, or nothing any more."""


class Asker(VBox):
    """A problem or one's own question, the replies of one or two models to it, and sliders for how they pause."""

    def __init__(self, rows: list[Settings], first: Settings):
        """`rows` are those with weights; `first` is the one that is asked to begin with."""
        super().__init__()
        self.variant = looks.control(Dropdown, "Variant", options=labelled(rows), index=rows.index(first))
        self.beside = looks.control(Dropdown, "Second variant", options=[("(none)", ""), *labelled(rows)], index=0)
        self.problem = looks.control(Dropdown, "Problem", looks.WIDE)
        typed = {"placeholder": "Type a question, then press Tab or Answer", "continuous_update": False, "rows": 3}
        self.own = looks.control(Textarea, "Own question", looks.WIDE, **typed)
        caps = [*((str(n), n) for n in range(21)), ("no cap", -1)]
        self.sliders = {
            "pause_temperature": looks.control(FloatSlider, "Head temperature", min=0.1, max=3.0, step=0.1, value=1.0),
            "pause_bias": looks.control(FloatSlider, "Pause bias", min=-3.0, max=3.0, step=0.1, value=0.0),
            "max_pauses": looks.control(SelectionSlider, "Cap on pauses", options=caps, value=-1),
            "max_pauses_in_a_row": looks.control(SelectionSlider, "Cap in a row", options=caps, value=-1),
        }
        self.shade, self.numbers = looks.shading()
        self.answer, self.stop, self.reset = (Button(description=name) for name in ("Answer", "Stop", "Reset sliders"))
        self.hint, self.status, self.shown = HTML(), HTML(), HTML()
        self.hint.add_class("hint")
        self.status.add_class("status")
        choices = [self.variant, self.beside, self.problem, self.own, *self.sliders.values(), self.shade]
        buttons = looks.in_lines(self.answer, self.stop, self.reset, self.numbers)
        self.children = [looks.in_lines(*choices), buttons, self.hint, self.status, self.shown]
        self.known, self.turn, self.thread = {}, 0, None  # replies by what was asked; how often something was
        self.writing, self.working = threading.Lock(), threading.Lock()
        self.offer_problems()
        self.variant.observe(self.offer_problems, "value")
        self.own.observe(lambda _: setattr(self.problem, "index", 0), "value")
        for one in (*choices, self.numbers):
            one.observe(self.start, "value")
        self.answer.on_click(self.start)
        self.stop.on_click(self.end)
        self.reset.on_click(self.reset_sliders)
        self.start()

    def offer_problems(self, _=None) -> None:
        """Offer the test problems of the variant's experiment; a problem's value is its question and its answer."""
        path, options = self.variant.value.folder() / "data" / "test.parquet", [("(own question)", "")]
        for one in pd.read_parquet(path).itertuples() if path.exists() else ():
            name = f"{one.problem_id}: {textwrap.shorten(one.question, 130, placeholder=' …')}"
            options.append((name, (one.question, one.answer)))
        if options != list(self.problem.options):  # another experiment's
            self.problem.options = options
            self.problem.index = min(1, len(options) - 1)

    def changes(self) -> dict[str, float]:
        """Return the settings of an intervention that the sliders change; a browser may say 0.30000000000000004."""
        values = {name: round(slider.value, 1) for name, slider in self.sliders.items()}
        return {name: value for name, value in values.items() if value != DEFAULTS[name]}

    def reset_sliders(self, _=None) -> None:
        """Take all sliders back to where they change nothing."""
        for name, slider in self.sliders.items():
            slider.value = DEFAULTS[name]

    def start(self, _=None) -> None:
        """Answer what is chosen now, in a thread, so that every control keeps working. What is being answered stops."""
        question, answer = self.problem.value or (self.own.value, None)
        self.end(status="Answering …")
        self.shown.add_class("old")
        folder = drawn_artifact(self.variant.value).folder
        self.hint.value = "" if self.problem.value else hint(question, *phrasing(folder, made_at(folder)))
        if not question.strip():
            self.status.value = "Type a question into Own question, then press Tab or Answer."
            return
        self.thread = threading.Thread(target=self.work, args=(self.turn, question, answer), daemon=True)
        self.thread.start()

    def end(self, _=None, status: str = "Stopped.") -> None:
        """Let what is being answered show nothing more."""
        with self.writing:
            self.turn += 1
            self.status.value = status

    def show(self, turn: int, status: str, html: str = "") -> None:
        """Show a status, and a page of replies if there is one, or raise Stopped where something newer is asked."""
        with self.writing:
            if turn != self.turn:
                raise Stopped
            self.status.value = status
            if html:
                self.shown.value = html
                self.shown.remove_class("old")

    def work(self, turn: int, question: str, answer: str | None) -> None:
        """Answer a question once the sliders have settled and the work before has stopped; tell what goes wrong."""
        time.sleep(SETTLE)
        with self.working, contextlib.suppress(Stopped):
            try:
                self.write_replies(turn, question, answer)
            except Exception as error:
                self.show(turn, f'<p role="alert"><b>This did not work.</b> {escape(str(error) or repr(error))}</p>')

    def write_replies(self, turn: int, question: str, answer: str | None) -> None:
        """Show the replies of the chosen models side by side; none is decoded twice."""

        def count(replies: dict) -> None:
            self.show(turn, f"{len(replies[0].ids)} tokens so far …")

        blocks = []
        for row in filter(None, (self.variant.value, self.beside.value)):
            pauses = parse(row.variant).pauses
            title = row.variant + ("" if pauses else " (has no pause token: the sliders change nothing)")
            row = row.but(**self.changes()) if pauses else row
            self.show(turn, f"{row.variant} is answering; before its first reply its model is loaded …")
            asked = row.replies_folder(), made_at(row.variant_folder() / "model"), question, answer
            if asked not in self.known:
                self.known[asked] = stored(row, question) or decoded(row, question, answer, count)
            blocks.append(looks.reply_block(self.known[asked], title, self.shade.value, self.numbers.value))
        self.show(turn, "Finished.", looks.page_html(question, blocks, self.shade.value))


def ask(settings: Settings):
    """Return what asks one or two models, with sliders; where nobody can use widgets, a sentence."""
    found = stored_rows(settings)
    rows = [row for row in found if has_weights(row)]
    if not rows or not looks.can_use_widgets():
        return looks.as_html(SENTENCE if rows else NO_WEIGHTS if found else NOTHING)
    return looks.usable(Asker(rows, next((row for row in rows if row.variant == settings.variant), rows[0])))
