"""Replies as HTML, for notebooks, the explorer and the report. Whatever a model or a problem says is shown as text."""

import re
from collections.abc import Sequence
from html import escape

from IPython.display import HTML, display

from pauselib.tokens import PAUSE_TEXT

PAUSE_MARK = "‖"  # how a pause is shown
PRINTED = "print-color-adjust:exact"  # grounds, which browsers leave out on paper
PAUSE_STYLE = f"color:#fff;background:#8a3b12;border-radius:3px;padding:0 .2em;margin:0 1px;{PRINTED}"
REPLY_STYLE = f"white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.7;{PRINTED}"
SET_OFF = "border-left:3px solid #bbb;padding-left:12px;margin-bottom:1.5em;max-height:20em;overflow:auto"
NO_MATH = "mathjax_ignore tex2jax_ignore"  # the class of what notebooks and their exports show without formulas: $5
SHADE = "0,114,178"  # blue; text on it stays dark at the strongest shade
STRONGEST = 0.55  # the opacity of a shade whose value is 1


def reply_html(tokens: Sequence[str], values: Sequence[float] | None = None, what: str = "") -> str:
    """Return a reply's tokens as HTML: pauses marked in place, line breaks kept, all else escaped.

    `tokens` are texts, with PAUSE_TEXT for a pause. With `values`, one from 0 to 1 a token, each token is shaded by its
    value, and its tooltip says `what` the value is, and its number.
    """
    tips = [""] * len(tokens) if values is None else [f"{what} {value:.3f}" for value in values]
    parts = []
    for i, (token, tip) in enumerate(zip(tokens, tips)):
        if token == PAUSE_TEXT:
            title = escape(f"pause; {tip}" if tip else "pause")
            role = 'role="img" aria-label="pause"'
            parts.append(f'<span {role} title="{title}" style="{PAUSE_STYLE}">{PAUSE_MARK}</span>')
        elif values is None:
            parts.append(escape(token))
        else:
            opacity = STRONGEST * min(max(float(values[i]), 0), 1)
            ground = f"background:rgba({SHADE},{opacity:.3f})"
            parts.append(f'<span title="{escape(tip)}" style="{ground}">{escape(token)}</span>')
    return f'<div style="{REPLY_STYLE}">{"".join(parts)}</div>'


def pieces(reply: str) -> list[str]:
    """Cut a reply's text at every `<|pause|>` into tokens for `reply_html`: the pauses, and the texts between them."""
    return [piece for piece in re.split(f"({re.escape(PAUSE_TEXT)})", reply) if piece]


def show_reply(question: str, reply: str, heading: str) -> None:
    """Show a question and the reply to it, `<|pause|>` being a pause, as the output of a notebook's cell.

    The reply is set off from the question; one that is very long scrolls.
    """
    asked = f'<p><b>{escape(heading)}</b></p><p style="white-space:pre-wrap">{escape(question)}</p>'
    said = f'<div style="{SET_OFF}">{reply_html(pieces(reply))}</div>'
    display(HTML(f'<div class="{NO_MATH}">{asked}{said}</div>'))
