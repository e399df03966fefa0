"""The panel that asks one or two finished variants, with sliders for how they pause."""

import functools
import itertools
import time
from collections.abc import Callable
from html import escape
from typing import NamedTuple

from ipywidgets import HTML, Button, Dropdown, FloatSlider, SelectionSlider, Textarea

from pauselib.explorer.contents import problems_of
from pauselib.explorer.pane import Pane
from pauselib.explorer.panel import (
    STYLE,
    WIDE,
    Panel,
    Waiting,
    Work,
    complaint_html,
    control,
    in_a_line,
    in_columns,
    offer,
    question_html,
    shorten,
)
from pauselib.explorer.phrasing import N_EXAMPLES, phrasing_of
from pauselib.explorer.replies import Replies, legend_html, reply_block
from pauselib.settings import Settings
from pauselib.variants import parse

OWN = ("(own question)", "")  # the first of the problems
REDRAW = 0.2  # seconds between two views of a reply that is being decoded


class Slider(NamedTuple):
    """A setting of an intervention that can be slid. Its `neutral` value changes nothing.

    The neutral value of a cap is a number that stands for no cap at all: it comes after `most`, at the slider's end.
    """

    label: str
    kind: type  # FloatSlider, or SelectionSlider for a cap: a whole number
    least: float
    most: float
    step: float
    neutral: float

    def widget(self) -> FloatSlider | SelectionSlider:
        """The slider, at its neutral value."""
        if self.kind is SelectionSlider:
            caps = [(str(n), n) for n in range(self.least, self.most + 1, self.step)]
            return control(self.kind, self.label, options=[*caps, ("no cap", self.neutral)], value=self.neutral)
        span = {"min": self.least, "max": self.most, "step": self.step}
        return control(self.kind, self.label, value=self.neutral, **span)

    def rounded(self, value: float) -> float:
        """What a widget of this slider says, as a multiple of its step: a browser may say 0.30000000000000004."""
        if self.kind is SelectionSlider:
            return value
        return round(round(value / self.step) * self.step, 10) + 0.0  # never -0.0


# By the setting's name, in the order they are shown in. To slide another one is to add its line.
SLIDERS = {
    "pause_temperature": Slider("Head temperature", FloatSlider, 0.1, 3.0, 0.1, neutral=1.0),
    "pause_bias": Slider("Pause bias", FloatSlider, -3.0, 3.0, 0.1, neutral=0.0),
    "max_pauses": Slider("Cap on pauses", SelectionSlider, 0, 20, 1, neutral=-1),
    "max_pauses_in_a_row": Slider("Cap in a row", SelectionSlider, 0, 20, 1, neutral=-1),
}


class AskPanel(Panel):
    """A problem or one's own question, the replies of one or two variants to it, and sliders for how they pause."""

    def __init__(self, settings: Settings):
        super().__init__(settings, lambda row: True)
        self.replies, self.work = Replies(), Work(self.complain)
        self.beside, self.problem = control(Dropdown, "Second variant"), control(Dropdown, "Problem", WIDE)
        self.own = control(
            Textarea,
            "Own question",
            WIDE,
            continuous_update=False,
            placeholder="Type a question, then press Tab or Answer",
            rows=3,
        )
        self.examples = [Button() for _ in range(N_EXAMPLES)]
        self.hint = HTML(layout={"width": WIDE})
        self.sliders = {name: slider.widget() for name, slider in SLIDERS.items()}
        self.answer = Button(description="Answer")
        self.stop = Button(description="Stop", disabled=True)
        self.reset = Button(description="Reset sliders")
        self.asked, self.panes = HTML(), [Pane(), Pane()]
        self.hint.add_class("hint")
        for button in self.examples:
            button.add_class("example")
        sliders = self.sliders.values()
        self.children = [
            HTML(STYLE),
            in_columns(self.run, self.shade),
            in_columns(self.variant, self.beside),
            self.problem,
            self.own,
            in_a_line(HTML("Training questions to try:"), *self.examples),
            self.hint,
            in_columns(*sliders),
            in_a_line(self.answer, self.stop, self.reset, self.numbers),
            self.status,
            self.asked,
            self.legend,
            in_columns(*self.panes),
        ]
        self.choose_run()
        self.when(self.choose_run, self.run)
        self.when(self.choose_own, self.own)
        for button in self.examples:
            self.when(functools.partial(self.take_example, button), button)
        choices = self.variant, self.beside, self.problem, self.own, self.shade, self.numbers
        self.when(self.start_answering, self.answer, *choices, *sliders)
        self.when(self.stop_answering, self.stop)
        self.when(self.reset_sliders, self.reset)
        self.start_answering()

    def choose_run(self) -> None:
        """Offer the problems and the variants of the chosen run. A problem's value is its question and answer."""
        problems = problems_of(self.run.value)
        options = [
            (f"{problem.problem_id}: {shorten(problem.question, 130)}", (problem.question, problem.answer))
            for problem in problems.itertuples()
        ]
        offer(self.problem, [OWN, *options], chosen=1 if options else 0)
        self.phrasing = phrasing_of(self.run.value)
        found = self.phrasing.examples()
        for button, question in itertools.zip_longest(self.examples, found):
            button.description = button.tooltip = question or ""
            button.layout.display = None if question else "none"
        variants = self.offer_variants()
        offer(self.beside, [("(none)", ""), *variants])

    def choose_own(self) -> None:
        """Ask the question that was typed, not the problem that was chosen before."""
        self.problem.index = 0

    def take_example(self, button: Button) -> None:
        """Ask an example as one's own question, which may then be changed."""
        self.own.value = button.description
        self.choose_own()

    def changes(self) -> dict[str, float]:
        """The settings of an intervention that the sliders change, by name; empty where all of them are neutral."""
        values = {name: SLIDERS[name].rounded(widget.value) for name, widget in self.sliders.items()}
        return {name: value for name, value in values.items() if value != SLIDERS[name].neutral}

    def reset_sliders(self) -> None:
        """Take all sliders back to where they change nothing."""
        for name, widget in self.sliders.items():
            widget.value = SLIDERS[name].neutral

    def start_answering(self) -> None:
        """Have the chosen problem answered, by a thread."""
        self.work.stop()
        question, answer = self.problem.value or (self.own.value, None)
        chosen = [row for row in (self.variant.value, self.beside.value) if row]
        for i, pane in enumerate(self.panes):
            pane.layout.display = None if i < len(chosen) else "none"
            pane.grey()
        self.legend.value, self.asked.value = legend_html(self.shade.value), question_html(question)
        self.hint.value = "" if self.problem.value else escape(self.phrasing.hint(question))
        self.stop.disabled = not question.strip()
        if not question.strip():
            self.status.value = "Type a question into Own question, then press Tab or Answer."
            return
        self.status.value = "Answering …"
        view = functools.partial(reply_block, shade=self.shade.value, numbers=self.numbers.value)
        panes, asked = list(zip(chosen, self.panes)), (question, answer, self.changes())
        self.work.start(functools.partial(self.write_answers, panes, asked, view))

    def write_answers(self, panes: list[tuple[Settings, Pane]], asked: tuple, view: Callable, put: Callable) -> None:
        """The thread's work: each variant's reply into its pane.

        `asked` is the question, its answer and the changes, as `Replies.get` takes them; view(reply, title=…) is HTML.
        """
        for settings, pane in panes:
            title = settings.variant
            if not parse(settings.variant).pauses:
                title += " (has no pause token: the sliders change nothing)"
            what = "answering" if self.replies.has_model(settings) else "loading what is needed for its reply"
            waiting = Waiting(put, self.status, f"{settings.variant}: {what}")
            each = self.show_growth(put, pane, functools.partial(view, title=title, unfinished=True), waiting)
            try:
                said = self.replies.get(settings, *asked, each)
            finally:
                waiting.stop()
            put(pane, reply=view(said, title=title))
        put(self.status, value="Finished.")
        put(self.stop, disabled=True)

    def show_growth(self, put: Callable, pane: Pane, view: Callable, waiting: Waiting) -> Callable:
        """A function for `Replies.get` to call after every token: every now and then, it shows the reply so far."""
        last_shown = time.monotonic()

        def each(so_far: Callable) -> None:
            nonlocal last_shown
            waiting.stop()
            put()
            if time.monotonic() - last_shown > REDRAW:
                said, last_shown = so_far(), time.monotonic()
                put(pane, partial=view(said))
                put(self.status, value=f"{said['n_tokens']} tokens so far.")

        return each

    def stop_answering(self) -> None:
        """Stop the decoding; what is written of a reply stays, and says that it is not whole."""
        self.work.stop()
        for pane in self.panes:
            pane.stop()
        self.stop.disabled, self.status.value = True, "Stopped."

    def complain(self, put: Callable, error: Exception) -> None:
        """Tell what went wrong in the thread."""
        put(self.status, value=complaint_html(error))
        put(self.stop, disabled=True)
