"""What all pictures share: colours, one look a variant, panels, alternative texts, and how they become PNG or SVG.

Correct replies are blue, incorrect ones orange and hatched. No meaning hangs on colour alone: bars differ by hatching,
variants by marker (what of the LM is trained) and filling (with LoRA or without).
"""

import base64
import functools
import inspect
import io
import re
from html import escape

import matplotlib.pyplot as plt
import numpy as np

from pauselib.variants import Variant, parse

# Okabe and Ito's colours, which colour-blind readers tell apart.
CORRECT = "#0072B2"
INCORRECT = "#E69F00"
LINE = "#222222"
PAUSE_PART_COLOURS = {  # (pause embedding trained, pause head trained) -> colour, words
    (True, True): ("#009E73", "both pause parts trained"),
    (True, False): ("#D55E00", "pause head frozen"),
    (False, True): ("#AA4499", "pause embedding frozen"),
    (False, False): ("#555555", "baselines, without pauses"),
}
PICTURE_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "pauselib",
    "hatch.linewidth": 0.6,
    "figure.dpi": 110,
}
"""What differs from matplotlib's own defaults while a picture of this package is drawn or saved, and at no other time.
The user's matplotlibrc has no part in it: `text.usetex` there would need LaTeX.
"""

LONG_NUMBER = re.compile(r"(?<!scale\()-?\b\d+\.\d{3,}")
"""A coordinate with more decimals than anyone sees; the scale of a letter needs all of its own."""
UNSEEN = re.compile(r"(?<=\n)\s+|<!--.*?-->\n|(?<=<g) id=\"[^\"]*\"")
"""What a picture looks the same without: indentation, comments, names of groups."""


def described(draw):
    """Make a function of `figures` draw in the package's style, and label its figures with what they show.

    The label is the first paragraph of the function's docstring; it is the picture's alternative text, see
    `alternative`.
    """
    description = " ".join(inspect.getdoc(draw).split("\n\n")[0].split())

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        with plt.style.context(["default", PICTURE_STYLE]):
            figure = draw(*args, **kwargs)
        figure.set_label(description)
        return figure

    return drawn


def alternative(figure) -> str:
    """Return the text of a picture for those who don't see it."""
    return figure.get_label()


def saved(figure, form: str, **options) -> bytes:
    """Return a picture as a file's content, `form` being png or svg, and close the figure.

    The style holds here too: the layout is computed, and hatches and text are drawn, only now.
    """
    buffer = io.BytesIO()
    with plt.style.context(["default", PICTURE_STYLE]):
        figure.savefig(buffer, format=form, **options)
    plt.close(figure)
    return buffer.getvalue()


def svg(figure) -> str:
    """Return a picture as an SVG element for an HTML page, with its alternative text, and close the figure."""
    text = saved(figure, "svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))).decode()
    element = LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", text[text.index("<svg") :])
    element = UNSEEN.sub("", element)
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(alternative(figure))}"', 1)


def notebook_output(figure) -> tuple[dict, dict]:
    """Return a picture as the data and the metadata of IPython's `display(…, raw=True)`, and close the figure."""
    data = {"image/png": base64.b64encode(saved(figure, "png")).decode(), "text/plain": alternative(figure)}
    return data, {"image/png": {"alt": alternative(figure)}}


def show(figure) -> None:
    """Show a picture, with its alternative text, as the output of a notebook's cell."""
    from IPython.display import display

    data, metadata = notebook_output(figure)
    display(data, metadata=metadata, raw=True)


def panels(n: int, width: float = 3.4, height: float = 2.2, across: int = 3):
    """Return a figure of `n` panels in rows of `across`, and the list of their axes. Sizes are in inches, a panel.

    Without panels, the figure says that there is nothing to show.
    """
    if n == 0:
        figure = plt.figure(figsize=(width * 2, height / 2))
        figure.text(0.5, 0.5, "nothing to show yet", ha="center", va="center")
        return figure, []
    columns = min(n, across)
    rows = -(-n // across)
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:n])


def look(name: str) -> dict:
    """Return the colour, marker and filling of a row of the table, as arguments of matplotlib's `plot`.

    The colour says what of the pause is trained, the marker what of the LM (of a published baseline, how long it was
    trained), and the filling whether LoRA is. A row with an injection strategy of its own, such as `sft_peft@word`,
    looks like its variant.
    """
    variant = parse(name)
    colour, _ = PAUSE_PART_COLOURS[variant.pause_embedding, variant.pause_head]
    return {"color": colour, "marker": marker(variant), "markerfacecolor": colour if variant.lora else "white"}


def marker(variant: Variant) -> str:
    """Return the marker of a variant: by what of the LM is trained, and of a published baseline by its epochs."""
    if variant.epochs:
        return {1: "^", 2: "v"}[variant.epochs]
    if variant.lm_embeddings:
        return "D"
    return "s" if variant.lm_head else "o"


def whiskers(value, low, high) -> np.ndarray:
    """Return intervals as `errorbar` takes them: shape (2, n), how far each reaches below and above its value.

    None is below 0, where the last bit of a share of 0 or 1 would put it.
    """
    value, low, high = (np.asarray(numbers, float) for numbers in (value, low, high))
    return np.maximum([value - low, high - value], 0)
