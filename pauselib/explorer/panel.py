"""What the two panels share: their looks, the choice of run and variant, and work in a thread that newer work stops."""

import contextlib
import textwrap
import threading
import time
from collections.abc import Callable
from html import escape

from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, VBox

from pauselib.errors import InputError
from pauselib.explorer.contents import experiments_with_models, rows_with_models
from pauselib.explorer.replies import SHADES
from pauselib.settings import Settings

WIDE = "calc(100% - 4px)"  # but for its margins
SETTLE = 0.15  # seconds that a slider may still move before anything is decoded
STYLE = """<style>
.pauses .widget-html-content { line-height: 1.5 } .pauses h4 { margin: .6em 0 .2em } .pauses p { margin: .4em 0 }
.pauses .scale > div { display: inline-block }
.pauses .facts { border-top: 1px solid var(--jp-border-color2, #bbb); padding-top: .3em }
.pauses .pane { border-left: 3px solid var(--jp-border-color2, #bbb); padding-left: 12px }
.pauses .pane .note { color: #8a3b12; font-weight: bold } .jp-mod-dark .pauses .pane .note { color: #f0a070 }
.pauses .pane.old .widget-html-content > :not(.note) { opacity: .45; filter: grayscale(1); transition: all .2s .4s }
.pauses .pane.old { border-left-style: dashed }
.pauses .beside { display: flex; flex-wrap: wrap; gap: 0 3em; align-items: start; overflow-x: auto }
.pauses caption { text-align: left; font-weight: bold } .pauses img { max-width: 100% }
.pauses .status { height: 3.2em; overflow: auto } .pauses .hint { min-height: 1.6em }
.pauses .question { white-space: pre-wrap; overflow-wrap: anywhere; min-height: 3em; max-height: 12em;
  overflow: auto }
.pauses .example { flex: 1 1 0; min-width: 8em; overflow: hidden; text-overflow: ellipsis }
.pauses .numbers { max-height: 20em; overflow: auto; white-space: pre }
.pauses.pauses table td, .pauses.pauses table th { text-align: left; padding: .1em 1.5em .1em 0 }
.pauses.pauses table .number { text-align: right }
.pauses .rows select { font-family: var(--jp-code-font-family, monospace) }
</style>"""

# Names the sliders' handles for screen readers. Keeps the keys that are pressed in a panel from JupyterLab, where an
# arrow goes to another cell and letters are commands.
ACCESS = """if (!window.pausesAccess) {
    window.pausesAccess = event => {
        const name = event.target.closest?.(".pauses .widget-slider")?.querySelector(".widget-label")?.textContent;
        if (event.type === "focusin" && name) event.target.setAttribute("aria-label", name);
        const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape");
        if (event.type === "keydown" && plain && event.target.closest?.(".pauses")) event.stopPropagation();
    };
    for (const type of ["focusin", "keydown"]) document.body.addEventListener(type, window.pausesAccess);
}"""


class Stopped(Exception):
    """Something newer is asked for, or nothing any more."""


class Work:
    """Does the latest task in a thread of its own, so that sliders and buttons keep working, and stops the one before.

    task(put) is called with a function: put(widget, value=…) sets what a widget shows, or raises Stopped where the task
    is not the latest any more; put() only does the latter. Other errors of a task are given to `complain(put, error)`.
    """

    def __init__(self, complain: Callable):
        self.complain, self.turn, self.thread = complain, 0, None
        self.writing, self.working = threading.Lock(), threading.Lock()

    def stop(self) -> None:
        """Let the task that is being done, if there is one, write nothing more: its next `put` raises Stopped."""
        with self.writing:
            self.turn += 1

    def start(self, task: Callable) -> None:
        """Stop the task before, and do this one in a thread."""
        self.stop()
        self.thread = threading.Thread(target=self.do, args=(task, self.turn), daemon=True)
        self.thread.start()

    def do(self, task: Callable, turn: int) -> None:
        """Do a task, after the one before has ended, unless a newer turn has come; `turn` is the task's own."""

        def put(widget=None, **state) -> None:
            with self.writing:
                if turn != self.turn:
                    raise Stopped
                for name, value in state.items():
                    setattr(widget, name, value)

        time.sleep(SETTLE)
        with self.working, contextlib.suppress(Stopped):
            try:
                put()
                task(put)
            except Stopped:
                raise
            except Exception as error:
                self.complain(put, error)


class Waiting:
    """Tells every second how long something has been going on that says nothing itself, until `stop` is called.

    `put(status, value=…)` is that of a task of `Work`; `what` is told with the seconds behind it.
    """

    def __init__(self, put: Callable, status: HTML, what: str):
        self.put, self.status, self.what, self.done = put, status, what, threading.Event()
        put(status, value=f"{escape(what)} …")
        self.thread = threading.Thread(target=self.tell, daemon=True)
        self.thread.start()

    def tell(self) -> None:
        """Tell the seconds; the thread's work."""
        started = time.monotonic()
        with contextlib.suppress(Stopped):
            while not self.done.wait(1):
                self.put(self.status, value=f"{escape(self.what)}, {time.monotonic() - started:.0f} s so far …")

    def stop(self) -> None:
        """Tell nothing more."""
        self.done.set()
        self.thread.join()


class Panel(VBox):
    """A choice of a run and of one of its variants, and what depends on it.

    Both panels have the controls `run`, `variant` (whose values are Settings), `shade` and `numbers`, and the texts
    `legend` and `status`, which says what goes on and what went wrong.
    """

    def __init__(self, settings: Settings, fits: Callable[[Settings], bool]):
        """Offer the variants that have a model and that `fits` accepts, those of the notebook's `settings` first."""
        self.fits = fits
        runs_that_fit = [one for one in experiments_with_models(settings) if self.rows_of(one)]
        options = [(f"{one.experiment}, seed {one.seed}", one) for one in runs_that_fit]
        self.run = control(Dropdown, "Run", options=options, index=0)
        self.variant = control(Dropdown, "Variant")
        self.shade = control(Dropdown, "Shade", options=SHADES, value="pause probability")
        self.numbers = Checkbox(
            description="Table of each token's numbers",
            indent=False,
            layout={"width": "max-content", "margin": "2px 1.5em"},
        )
        self.legend, self.status = HTML(), HTML(layout={"width": WIDE})
        self.status.add_class("status")
        super().__init__()
        self.add_class("pauses")

    def rows_of(self, run: Settings) -> list[Settings]:
        """The variants of a run that the panel can show."""
        return [row for row in rows_with_models(run) if self.fits(row)]

    def offer_variants(self) -> list[tuple[str, Settings]]:
        """Offer the variants of the chosen run and choose the notebook's, if it is there; return them as options."""
        options = [(row.variant, row) for row in self.rows_of(self.run.value)]
        names = [name for name, _ in options]
        wanted = self.run.value.variant
        offer(self.variant, options, names.index(wanted) if wanted in names else 0)
        return options

    def when(self, call: Callable, *controls) -> None:
        """Call `call` whenever one of `controls` changes or is clicked; what it raises is told."""

        def call_and_tell(_) -> None:
            try:
                call()
            except Exception as error:
                self.status.value = complaint_html(error)

        for one in controls:
            if isinstance(one, Button):
                one.on_click(call_and_tell)
            else:
                one.observe(call_and_tell, "value")


def control(kind, description: str, width: str = "49%", **options):
    """A widget with its whole description beside it."""
    layout = {"width": width, "min_width": "20em"}
    return kind(description=description, style={"description_width": "10.5em"}, layout=layout, **options)


def offer(widget, options: list[tuple], chosen: int = 0) -> None:
    """Give a widget other options, and choose one: left alone, it may choose none."""
    widget.options = options
    widget.index = chosen if options else None


def in_columns(*children) -> HBox:
    """Controls beside each other, on as many lines as they need."""
    return HBox(children, layout={"flex_flow": "row wrap", "justify_content": "space-between"})


def in_a_line(*children) -> HBox:
    """Buttons and what is told beside them."""
    return HBox(children, layout={"flex_flow": "row wrap", "align_items": "center"})


def shorten(text: str, n: int) -> str:
    """The text in at most `n` characters, cut between words."""
    return textwrap.shorten(text, n, placeholder=" …")


def question_html(question: str) -> str:
    """A question below its heading, with its line breaks; a long one scrolls."""
    scrolled = 'class="question" tabindex="0" role="region" aria-label="Question"'
    return f"<h4>Question</h4><div {scrolled}>{escape(question)}</div>"


def complaint_html(error: Exception) -> str:
    """What went wrong, in one sentence, as an alert."""
    what = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return f'<p role="alert"><b>This did not work.</b> {escape(what)}</p>'
