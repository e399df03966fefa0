"""What replies and widgets look like: a reply as HTML with its pauses, and what all groups of widgets share."""

from html import escape
from pathlib import Path

import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Javascript, display
from ipywidgets import Checkbox, Dropdown, HBox, VBox

from pauselib.figures.reply_html import NO_MATH, PAUSE_MARK, PAUSE_STYLE, pieces, reply_html
from pauselib.figures.tables import table_html

MEANING = {  # what the tokens of a reply may be shaded by
    "pause probability": "how likely a pause is in its place, as the pause head says before any slider",
    "LM uncertainty": "how unsure the LM is of its best word in its place: 1 − its probability",
}
WIDE = "calc(100% - 4px)"  # but for its margins
STYLE = f"<style>{Path(__file__).with_name('looks.css').read_text(encoding='utf-8')}</style>"
KEYS = Path(__file__).with_name("keys.js").read_text(encoding="utf-8")


def can_use_widgets() -> bool:
    """Return whether somebody sits before the notebook: under papermill and nbconvert, no kernel may ask for input."""
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def usable(box: VBox) -> VBox:
    """Return a group of widgets with the explorer's looks, and what lets it be used by keyboard."""
    box.add_class("pauses")
    display(HTML(STYLE), Javascript(KEYS))
    return box


def as_html(html: str) -> HTML:
    """Return HTML in the explorer's looks, for a notebook to show."""
    return HTML(f'{STYLE}<div class="pauses {NO_MATH}">{html}</div>')


def control(kind, description: str, width: str = "49%", **options):
    """Return a widget with its whole description beside it."""
    layout = {"width": width, "min_width": "20em"}
    return kind(description=description, style={"description_width": "10.5em"}, layout=layout, **options)


def shading() -> tuple[Dropdown, Checkbox]:
    """Return the controls of how replies are shown: what their tokens are shaded by, and whether as numbers too."""
    numbers = Checkbox(description="Table of each token's numbers", indent=False)
    return control(Dropdown, "Shade", options=("none", *MEANING), value="pause probability"), numbers


def in_lines(*children) -> HBox:
    """Return widgets beside each other, on as many lines as they need."""
    return HBox(children, layout={"flex_flow": "row wrap", "align_items": "center"})


def page_html(question: str, replies: list[str], shade: str) -> str:
    """Return a question, what the marks and the shade mean, and replies (`reply_block`) side by side, as HTML."""
    scrolled = 'class="question" tabindex="0" role="region" aria-label="Question"'
    legend = f'<span style="{PAUSE_STYLE}">{PAUSE_MARK}</span> is a pause.'
    if shade in MEANING:
        scale = reply_html([" 0 ", " 0.5 ", " 1 "], [0, 0.5, 1], "shade of")
        legend += f' A token\'s shade is {MEANING[shade]}: <span class="scale">{scale}</span> '
        legend += "The number is in its tooltip and in the table of numbers."
    asked = f"<h4>Question</h4><div {scrolled}>{escape(question)}</div><div>{legend}</div>"
    return f'{asked}<div class="beside">{"".join(replies)}</div>'


def reply_block(said: dict, title: str, shade: str = "none", numbers: bool = False) -> str:
    """Return a reply as HTML: its tokens, shaded where their values are known, with pauses marked; in words what is
    counted and judged; and with `numbers` a table of each token's values.
    """
    verdict = {True: "✓ correct", False: "✗ incorrect", None: "gold answer unknown"}[said["correct"]]
    gold = "" if said["gold"] is None else f", gold {said['gold']}"
    counts = f"{said['n_tokens']} tokens, {said['n_pauses']} of them pauses"
    end = "cut at the limit" if said["truncated"] else "ended by itself"
    facts = " · ".join([f"answer {said['predicted'] or 'none'}{gold}", counts, end, said["note"]])
    values = {"pause probability": said["p_pause"], "LM uncertainty": [1 - p for p in said["p_best"]]}
    html = f"<h4>{escape(title)}</h4>"
    html += reply_html(said["tokens"] or pieces(said["reply"]), values.get(shade) or None, shade)
    html += f'<p class="facts"><b>{verdict}</b> · {escape(facts)}</p>'
    if numbers and said["tokens"]:
        table = pd.DataFrame({"token": [repr(token)[1:-1] for token in said["tokens"]], **values})
        region = '<div class="numbers" tabindex="0" role="region" aria-label="numbers of each token">'
        html += f"{region}{table_html(table)}</div>"
    return f'<div class="reply">{html}</div>'
