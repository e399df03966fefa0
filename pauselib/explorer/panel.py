"""What the explorer's two panels share: their looks, the choice of run and variant, and work in a thread that the next one stops."""

import contextlib
import textwrap
import threading
import time
from collections.abc import Callable
from html import escape

from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, VBox

from pauselib.errors import InputError
from pauselib.explorer import contents as exploring
from pauselib.settings import Settings

WIDE = "calc(100% - 4px)"  # but for its margins
SETTLE = 0.15  # seconds that a slider may still move before anything is decoded
STYLE = """<style>
.pauses .widget-html-content { line-height: 1.5 } .pauses h4 { margin: .6em 0 .2em } .pauses p { margin: .4em 0 }
.pauses .scale > div { display: inline-block } .pauses .facts { border-top: 1px solid var(--jp-border-color2, #bbb); padding-top: .3em }
.pauses .pane { border-left: 3px solid var(--jp-border-color2, #bbb); padding-left: 12px }
.pauses .numbers { max-height: 20em; overflow: auto; white-space: pre }
.pauses.pauses table td, .pauses.pauses table th { text-align: left; padding: .1em 1.5em .1em 0 }
.pauses .rows select { font-family: var(--jp-code-font-family, monospace) }
</style>"""

ACCESS = """if (!window.pausesAccess) {
    window.pausesAccess = event => {
        const name = event.target.closest?.(".pauses .widget-slider")?.querySelector(".widget-label")?.textContent;
        if (event.type === "focusin" && name) event.target.setAttribute("aria-label", name);
        const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape");
        if (event.type === "keydown" && plain && event.target.closest?.(".pauses")) event.stopPropagation();
    };
    for (const type of ["focusin", "keydown"]) document.body.addEventListener(type, window.pausesAccess);
}"""  # names the sliders' handles, and keeps a list's keys from JupyterLab: an arrow would go to another cell, letters are commands


class Stopped(Exception):
    """Something newer is asked for, or nothing any more."""


class Work:
    """Does the latest task in a thread of its own, so that sliders and buttons keep working; the one before is stopped.

    task(put) is called with a function: put(widget, value=…) sets what a widget shows, or raises Stopped where the task is not the
    latest any more; put() only does the latter. What a task raises is given to `complain(put, error)`.
    """

    def __init__(self, complain: Callable):
        self.complain, self.turn, self.thread = complain, 0, None
        self.writing, self.working = threading.Lock(), threading.Lock()

    def stop(self) -> None:
        with self.writing:
            self.turn += 1

    def start(self, task: Callable) -> None:
        self.stop()
        self.thread = threading.Thread(target=self.do, args=(task, self.turn), daemon=True)
        self.thread.start()

    def do(self, task: Callable, turn: int) -> None:
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


def control(kind, description: str, width: str = "49%", **options):
    """A widget with its whole description beside it."""
    return kind(
        description=description,
        style={"description_width": "10.5em"},
        layout={"width": width, "min_width": "20em"},
        **options,
    )


def offer(widget, options: list[tuple], chosen: int = 0) -> None:
    """Give a widget other options, and choose one: left alone, it may choose none."""
    widget.options = options
    widget.index = chosen if options else None


def row(*children) -> HBox:
    return HBox(children, layout={"flex_flow": "row wrap", "justify_content": "space-between"})


def line(*children) -> HBox:
    """Buttons and what is told beside them."""
    return HBox(children, layout={"flex_flow": "row wrap", "align_items": "center"})


def shorten(text: str, n: int) -> str:
    return textwrap.shorten(text, n, placeholder=" …")


class Panel(VBox):
    """A choice of a run and of one of its variants, and what depends on it. `status` says what goes on, and what went wrong."""

    def __init__(self, settings: Settings, fits: Callable[[Settings], bool]):
        self.fits, self.status = fits, HTML()
        found = [one for one in exploring.experiments(settings) if any(map(fits, exploring.trained(one)))]
        self.run = control(
            Dropdown, "Run", options=[(f"{one.experiment}, seed {one.seed}", one) for one in found], index=0
        )
        self.variant = control(Dropdown, "Variant")
        self.shade = control(Dropdown, "Shade", options=list(exploring.SHADES), value="pause probability")
        self.numbers = Checkbox(
            description="Table of each token's numbers",
            indent=False,
            layout={"width": "max-content", "margin": "2px 1.5em"},
        )
        self.legend = HTML()
        super().__init__()
        self.add_class("pauses")

    def variants(self) -> list[tuple[str, Settings]]:
        return [(one.variant, one) for one in exploring.trained(self.run.value) if self.fits(one)]

    def choose_variant(self, options: list[tuple[str, Settings]]) -> None:
        """Offer these variants, the notebook's one first chosen where it is there."""
        offer(
            self.variant,
            options,
            [name for name, _ in options].index(self.run.value.variant)
            if self.run.value.variant in dict(options)
            else 0,
        )

    def when(self, call: Callable, *controls) -> None:
        """Call when one of `controls` changes; what that raises is told."""

        def told(_):
            try:
                call()
            except Exception as error:
                self.status.value = complaint(error)

        for one in controls:
            one.on_click(told) if isinstance(one, Button) else one.observe(told, "value")


def complaint(error: Exception) -> str:
    what = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    return f'<p role="alert"><b>This did not work.</b> {escape(what)}</p>'
