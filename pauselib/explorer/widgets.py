"""The explorer's widgets: ask one or two finished variants and change how they pause; browse the replies to the test problems.

In a notebook, `widgets.replies(settings)` and `widgets.predictions(settings)`. Where nobody can use widgets, under papermill or
nbconvert, both give the first reply as plain HTML.
"""

import functools
import time
from collections.abc import Callable
from html import escape

from ipywidgets import (
    HTML,
    Button,
    Dropdown,
    FloatSlider,
    HBox,
    IntRangeSlider,
    Select,
    SelectionSlider,
    Text,
    Textarea,
)

from pauselib.decoding.interventions import Intervention
from pauselib.explorer import contents as exploring
from pauselib.explorer.contents import Replies, legend, reply_block
from pauselib.explorer.panel import ACCESS, STYLE, WIDE, Panel, Work, complaint, control, line, offer, row, shorten
from pauselib.settings import Settings
from pauselib.tasks import gsm8k as scoring
from pauselib.variants import VARIANTS

REDRAW = 0.2  # seconds between two views of a reply that is being decoded
PAGE = 10  # replies in a page of the browser
VERDICTS = {"all": None, "correct": True, "incorrect": False}
ENDS = {"all": None, "cut at the limit": True, "ended by itself": False}


def live() -> bool:
    """Whether somebody can use widgets: papermill and nbconvert, which nobody sits before, ask the kernel for no input, ever."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def overview(settings: Settings):
    """What is finished and what is missing, with the commands."""
    return as_html(exploring.overview(settings))


def replies(settings: Settings):
    """Ask one or two finished variants, with sliders; the first test problem's reply where there is nobody to use them."""
    found = [row for one in exploring.experiments(settings) for row in exploring.trained(one)]
    if not found:
        return as_html(exploring.nothing(settings, "model"))
    if live():
        return shown(Explorer(settings))
    first = next((one for one in found if one.variant == settings.variant), found[0])
    asked = exploring.problems(first)
    if asked.empty:
        return as_html("<p>The experiment has no test problems to show a reply to.</p>")
    question, gold = asked["question"][0], scoring.extract_answer(asked["answer"][0])
    said = Replies().get(first, question, gold, Intervention())
    shade = "pause probability"
    return as_html(question_html(question) + f"<p>{legend(shade)}</p>" + reply_block(said, shade, title=first.variant))


def predictions(settings: Settings):
    """Browse the replies to the test problems; the first one where there is nobody to use widgets."""
    found = [
        row
        for one in exploring.experiments(settings)
        for row in exploring.trained(one)
        if exploring.replies_folders(row)
    ]
    if not found:
        return as_html(exploring.nothing(settings, "reply"))
    if live():
        return shown(Browser(settings))
    first = next((one for one in found if one.variant == settings.variant), found[0])
    said = exploring.stored(exploring.replies_folders(first)[0])[0]
    return as_html(
        question_html(said["question"]) + f"<p>{legend('none')}</p>" + reply_block(said, title=first.variant)
    )


def as_html(html: str):
    from IPython.display import HTML

    return HTML(f'{STYLE}<div class="pauses">{html}</div>')


def shown(panel: Panel) -> Panel:
    """The panel, used by keyboard as well."""
    from IPython.display import Javascript, display

    display(Javascript(ACCESS))
    return panel


def question_html(question: str) -> str:
    return f'<h4>Question</h4><div style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(question)}</div>'


class Explorer(Panel):
    """A problem or a question of one's own, the replies of one or two variants to it, and sliders for how they pause."""

    def __init__(self, settings: Settings):
        super().__init__(settings, lambda one: True)
        self.replies = Replies()
        self.work = Work(lambda put, error: (put(self.status, value=complaint(error)), put(self.stop, disabled=True)))
        self.beside, self.problem = control(Dropdown, "Second variant"), control(Dropdown, "Problem", WIDE)
        self.own = control(
            Textarea,
            "Own question",
            WIDE,
            continuous_update=False,
            placeholder="Type a question, then press Tab or Answer",
            rows=3,
        )
        caps = [*((str(n), n) for n in range(21)), ("no cap", -1)]
        self.temperature = control(FloatSlider, "Head temperature", value=1, min=0.1, max=3, step=0.1)
        self.bias = control(FloatSlider, "Pause bias", value=0, min=-3, max=3, step=0.1)
        self.cap = control(SelectionSlider, "Cap on pauses", options=caps, value=-1)
        self.in_a_row = control(SelectionSlider, "Cap in a row", options=caps, value=-1)
        self.answer, self.stop, self.reset = (
            Button(description="Answer"),
            Button(description="Stop", disabled=True),
            Button(description="Reset sliders"),
        )
        self.asked, self.panes = HTML(), [HTML(), HTML()]
        for pane in self.panes:
            pane.add_class("pane")
        sliders = [self.temperature, self.bias, self.cap, self.in_a_row]
        choices = [
            row(self.run, self.shade),
            row(self.variant, self.beside),
            self.problem,
            self.own,
            row(*sliders[:2]),
            row(*sliders[2:]),
        ]
        buttons = line(self.answer, self.stop, self.reset, self.numbers, self.status)
        self.children = [HTML(STYLE), *choices, buttons, self.asked, self.legend, HBox(self.panes)]
        self.choose_run()
        self.when(self.choose_run, self.run)
        self.when(
            self.ask, self.answer, self.variant, self.beside, self.problem, self.own, self.shade, self.numbers, *sliders
        )
        self.when(self.halt, self.stop)
        self.when(self.back, self.reset)
        self.ask()

    def choose_run(self) -> None:
        options, problems = self.variants(), exploring.problems(self.run.value)
        names = [
            f"{name}: {shorten(question, 130)}" for name, question in zip(problems["problem_id"], problems["question"])
        ]
        asked = list(zip(problems["question"], map(scoring.extract_answer, problems["answer"])))
        offer(self.problem, [*zip(names, asked), ("(own question)", "")])
        offer(self.beside, [("(none)", ""), *options])
        self.choose_variant(options)

    def back(self) -> None:
        self.temperature.value, self.bias.value, self.cap.value, self.in_a_row.value = 1, 0, -1, -1

    def halt(self) -> None:
        self.work.stop()
        self.stop.disabled, self.status.value = True, "Stopped."

    def how(self) -> Intervention:
        """What the sliders say."""
        temperature, bias = round(self.temperature.value, 1), round(self.bias.value, 1) + 0.0  # no -0.0
        return Intervention(
            pause_temperature=temperature,
            pause_bias=bias,
            max_pauses=self.cap.value,
            max_pauses_in_a_row=self.in_a_row.value,
        )

    def ask(self) -> None:
        """Have the chosen problem answered."""
        self.work.stop()
        question, gold = self.problem.value or (self.own.value, None)
        chosen = [one for one in (self.variant.value, self.beside.value) if one]
        self.own.layout.display = "none" if self.problem.value else None
        for i, pane in enumerate(self.panes):
            pane.layout.width, pane.layout.display = f"{100 // len(chosen)}%", None if i < len(chosen) else "none"
        self.legend.value, self.asked.value, self.stop.disabled = (
            legend(self.shade.value),
            question_html(question),
            not question.strip(),
        )
        if not question.strip():
            self.status.value = "Type a question into Own question, then press Tab or Answer."
            return
        view = functools.partial(reply_block, shade=self.shade.value, numbers=self.numbers.value)
        self.work.start(functools.partial(self.tell, list(zip(chosen, self.panes)), question, gold, self.how(), view))

    def tell(
        self, chosen: list, question: str, gold: str | None, how: Intervention, view: Callable, put: Callable
    ) -> None:
        """The work itself: each variant's reply into its pane."""
        for settings, pane in chosen:
            title = (
                settings.variant
                if VARIANTS[settings.variant].pauses
                else f"{settings.variant} (has no pause token: the sliders change nothing)"
            )
            put(self.status, value=f"{settings.variant}: loading the model, if it is not there yet, and answering.")
            grows = self.growing(put, pane, functools.partial(view, title=title, unfinished=True))
            put(pane, value=view(self.replies.get(settings, question, gold, how, grows), title=title))
        put(self.status, value="Finished.")
        put(self.stop, disabled=True)

    def growing(self, put: Callable, pane: HTML, view: Callable) -> Callable:
        """What shows a reply while it is decoded, every now and then."""
        shown = time.monotonic()

        def each(so_far: Callable) -> None:
            nonlocal shown
            put()
            if time.monotonic() - shown > REDRAW:
                said, shown = so_far(), time.monotonic()
                put(pane, value=view(said))
                put(self.status, value=f"{said['n_tokens']} tokens so far.")

        return each


class Browser(Panel):
    """The replies of a variant to the test problems, filtered and searched, a page at a time, and the chosen one with its pauses."""

    def __init__(self, settings: Settings):
        super().__init__(settings, lambda one: bool(exploring.replies_folders(one)))
        self.how = control(Dropdown, "Decoded")
        self.correct, self.cut = (
            control(Dropdown, "Judged", options=list(VERDICTS)),
            control(Dropdown, "End", options=list(ENDS)),
        )
        self.pauses, self.search = (
            control(IntRangeSlider, "Pauses", min=0, max=1),
            control(Text, "Search", placeholder="in questions and replies"),
        )
        self.back, self.forth = Button(description="Previous page"), Button(description="Next page")
        self.rows, self.asked, self.pane = (
            Select(rows=PAGE, description="Reply", layout={"width": WIDE}, style={"description_width": "4em"}),
            HTML(),
            HTML(),
        )
        self.rows.add_class("rows")
        self.pane.add_class("pane")
        choices = [
            row(self.run, self.shade),
            row(self.variant, self.how),
            row(self.correct, self.cut),
            row(self.pauses, self.search),
        ]
        buttons = line(self.back, self.forth, self.numbers, self.status)
        self.children = [HTML(STYLE), *choices, buttons, self.rows, self.asked, self.legend, self.pane]
        self.choose_run()
        self.when(self.choose_run, self.run)
        self.when(self.choose_how, self.variant)
        self.when(self.read, self.how)
        self.when(self.filter, self.correct, self.cut, self.pauses, self.search)
        self.when(lambda: self.turn(-PAGE), self.back)
        self.when(lambda: self.turn(PAGE), self.forth)
        self.when(self.show, self.rows, self.shade, self.numbers)

    def choose_run(self) -> None:
        self.choose_variant(self.variants())
        self.choose_how()

    def choose_how(self) -> None:
        folders = exploring.replies_folders(self.variant.value)
        offer(
            self.how,
            [
                (folder.name if folder.parent.name == "interventions" else "as the model says", folder)
                for folder in folders
            ],
        )
        self.read()

    def read(self) -> None:
        """Take the replies from their files, and let the slider of pauses span them."""
        self.replies = exploring.stored(self.how.value)
        most = max((said["n_pauses"] for said in self.replies), default=0)
        self.pauses.max = max(most, 1)
        self.pauses.value = (0, self.pauses.max)
        self.filter()

    def filter(self) -> None:
        self.found = exploring.matching(
            self.replies, VERDICTS[self.correct.value], ENDS[self.cut.value], self.pauses.value, self.search.value
        )
        self.turn(None)

    def turn(self, by: int | None) -> None:
        """List another page of what is found; the first one for None."""
        self.at = 0 if by is None else self.at + by
        page = range(self.at, min(self.at + PAGE, len(self.found)))
        self.back.disabled, self.forth.disabled = self.at == 0, page.stop == len(self.found)
        listed = f"; {page.start + 1} to {page.stop} are listed" if page else ""
        self.status.value = f"{len(self.found)} of {len(self.replies)} replies pass the filters{listed}."
        offer(self.rows, [(row_text(self.found[i]), i) for i in page])
        self.show()

    def show(self) -> None:
        """The chosen reply."""
        self.legend.value = legend(self.shade.value)
        if self.rows.value is None:
            self.asked.value = self.pane.value = ""
            return
        said = self.found[self.rows.value]
        self.asked.value = question_html(said["question"])
        missing = (
            ""
            if said["tokens"]
            else "<p>There is no tokens.parquet beside these replies, so no token's probabilities are known.</p>"
        )
        self.pane.value = reply_block(said, self.shade.value, self.numbers.value, said["problem_id"]) + missing


def row_text(said: dict) -> str:
    """A reply as a row of the browser's list, in columns."""
    verdict, cut = "✓ correct" if said["correct"] else "✗ incorrect", "cut" if said["truncated"] else ""
    counts = f"{said['n_pauses']:>3} pauses {said['n_tokens']:>4} tokens {cut:<3}"
    text = f"{said['problem_id']:<10} {verdict:<11} {counts}  {shorten(said['question'], 95)}"
    return text.replace(" ", "\u00a0")
