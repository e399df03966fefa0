"""Replies and tables as HTML, for notebooks, the explorer and the report. Whatever a model or a problem says is shown as text."""

import math
from collections.abc import Sequence
from html import escape

import pandas as pd

from pauselib.injection.rows import PAUSE_TEXT

MARK = "‖"  # how a pause is shown
PAUSE_STYLE = "color:#fff;background:#8a3b12;border-radius:3px;padding:0 .2em;margin:0 1px"
SHADE = (0, 114, 178)  # blue; text on it stays dark at the strongest shade


def reply_html(tokens: Sequence[str], values: Sequence[float] | None = None, what: str = "") -> str:
    """A reply's tokens (texts, with PAUSE_TEXT for a pause) as HTML: pauses marked in place, line breaks kept, all else escaped.

    With `values`, one from 0 to 1 a token: each token shaded by its value, and in its tooltip `what` it is with the number.
    """
    parts = []
    for i, token in enumerate(tokens):
        tip = f"{what} {values[i]:.3f}" if values is not None else ""
        if token == PAUSE_TEXT:
            parts.append(
                f'<span role="img" aria-label="pause" title="{escape(f"pause; {tip}" if tip else "pause")}" style="{PAUSE_STYLE}">{MARK}</span>'
            )
        elif values is None:
            parts.append(escape(token))
        else:
            shade = f"background:rgba({SHADE[0]},{SHADE[1]},{SHADE[2]},{0.55 * min(max(float(values[i]), 0), 1):.3f})"
            parts.append(f'<span title="{escape(tip)}" style="{shade}">{escape(token)}</span>')
    return f'<div style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.7">{"".join(parts)}</div>'


def pieces(reply: str) -> list[str]:
    """A reply's text with `<|pause|>` in it as tokens for `reply_html`: the pauses, and the text between them."""
    parts = reply.split(PAUSE_TEXT)
    return [piece for i, part in enumerate(parts) for piece in ([PAUSE_TEXT] * (i > 0) + [part] * bool(part))]


def as_text(column: pd.Series) -> list[str]:
    """A column's cells rounded for reading: whole where all are, else with three decimals (one above 10, two digits below 0.001); `–` for none.

    p values, in columns named p or p_…, below 0.001 are `<0.001`.
    """
    known = [value for value in column.dropna() if not isinstance(value, str)]
    whole = all(float(value).is_integer() for value in known if not math.isinf(value))

    def text(value) -> str:
        if isinstance(value, str) or pd.isna(value):
            return value if isinstance(value, str) else "–"
        if column.dtype == bool or math.isinf(value):
            return {1: "yes", 0: "no", math.inf: "∞"}.get(value, "−∞")
        if str(column.name).split("_")[0] == "p" and value < 0.001:
            return "<0.001"
        return (
            f"{value:,.0f}"
            if whole
            else f"{value:.2g}"
            if 1e-6 < abs(value) < 0.001
            else f"{value:.3f}"
            if abs(value) < 10
            else f"{value:,.1f}"
        )

    return [text(value) for value in column]


def table_html(table: pd.DataFrame, caption: str = "") -> str:
    """A table as HTML, numbers rounded for reading and all text escaped; a number's exact value is in `data-value`, for sorting."""
    head, columns = "", []
    for name in table.columns:
        exact = [
            "" if isinstance(cell, str) or pd.isna(cell) else f' data-value="{float(cell)!r}"' for cell in table[name]
        ]
        kind = ' class="number"' if any(exact) else ""
        head += f'<th scope="col"{kind}>{escape(str(name).replace("_", " "))}</th>'
        columns.append([f"<td{kind}{value}>{escape(cell)}</td>" for value, cell in zip(exact, as_text(table[name]))])
    rows = "".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*columns))
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def shown(table: pd.DataFrame):
    """A table in a notebook."""
    from IPython.display import HTML

    return HTML(table_html(table))
