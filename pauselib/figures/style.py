"""What all pictures share: colours, one look a row, panels, alternative texts, and how they become PNG or SVG.

Correct replies are blue, incorrect ones orange and hatched. No meaning hangs on colour alone: bars differ by hatching,
rows by marker (what of the LM is trained) and filling (with LoRA or without).
"""

import io
from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import wrapt
from IPython.display import Image, display
from matplotlib.ticker import AsinhLocator

from pauselib.variants import parse

# Okabe and Ito's colours, which colour-blind readers tell apart.
CORRECT, INCORRECT, LINE = "#0072B2", "#E69F00", "#222222"
PAUSE_PART_COLOURS = {  # (pause embedding trained, pause head trained) -> colour, words
    (True, True): ("#009E73", "both pause parts trained"),
    (True, False): ("#D55E00", "pause head frozen"),
    (False, True): ("#AA4499", "pause embedding frozen"),
    (False, False): ("#555555", "baselines, without pauses"),
}
LM_MARKERS = {(False, False): "o", (True, False): "s", (True, True): "D", (False, True): "P"}  # LM head, LM embeddings
LM_WORDS = {"s": "LM head trained too", "D": "LM head, embeddings too", "P": "LM embeddings too"}
EPOCH_MARKERS = {1: "^", 2: "v"}  # of the published baselines
FREE_COLOURS = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#999933")  # of rows that differ in something else
# What differs from matplotlib's defaults while a picture is drawn or saved; the user's matplotlibrc has no part in it.
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
NEAREST = 0.08  # share of an axis between two marks, at least: below that their labels overlap
NAME_WIDTH = 2.2  # inches that a name in a legend may take
FINE = 2  # pixels of a notebook's picture to one on the screen


def shows(words: str):
    """Make a function draw in the package's style; its pictures have these words as alternative text."""

    @wrapt.decorator
    def drawn(draw, _, args, kwargs):
        with plt.style.context(["default", PICTURE_STYLE]):
            figure = draw(*args, **kwargs)
        figure.set_label(words)
        return figure

    return drawn


def saved(figure, form: str, **options) -> bytes:
    """Return a picture as a file's content, `form` being png or svg, and close the figure.

    The style holds here too: the layout is computed, and hatches and text are drawn, only now.
    """
    buffer = io.BytesIO()
    with plt.style.context(["default", PICTURE_STYLE]):
        figure.savefig(buffer, format=form, metadata={"Date": None} if form == "svg" else None, **options)
    plt.close(figure)
    return buffer.getvalue()


def image(figure) -> Image:
    """Return a picture with its alternative text, for IPython to display, and close the figure."""
    width = round(figure.get_figwidth() * figure.dpi)
    return Image(saved(figure, "png", dpi=FINE * figure.dpi), width=width, alt=figure.get_label())


def show(figure) -> None:
    """Show a picture, with its alternative text, as the output of a notebook's cell."""
    display(image(figure))


def panels(n: int, width: float = 3.4, height: float = 2.2, across: int = 3):
    """Return a figure of `n` panels in rows of `across`, and the list of their axes. Sizes are in inches, a panel.

    One alone is half as large again. Without panels, the figure says that there is nothing to show.
    """
    if n == 0:
        figure = plt.figure(figsize=(width * 2, height / 2))
        figure.text(0.5, 0.5, "nothing to show yet", ha="center", va="center")
        return figure, []
    columns, rows = min(n, across), -(-n // across)
    size = np.multiply((width * columns, height * rows), 1.5 if n == 1 else 1)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    for axis in axes.flat:
        axis.grid(alpha=0.3)
    return figure, list(axes.flat[:n])


def legend_above(figure, axes: list) -> None:
    """Put one legend of all that is named in some axes above a figure; nothing where there are no axes."""
    found = [axis.get_legend_handles_labels() for axis in axes]
    named = {label: handle for handles, labels in found for handle, label in zip(handles, labels)}
    if named:
        columns = int(figure.get_figwidth() / NAME_WIDTH)
        figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=columns, frameon=False)


def legend_of_looks(figure, names: Iterable[str]) -> None:
    """Put a legend of the colours, markers and fillings of some rows (`looks`) below a figure."""
    found = looks(names).values()
    keys = [({"color": colour}, words) for colour, words in PAUSE_PART_COLOURS.values()]
    keys += [({"marker": marker}, words) for marker, words in LM_WORDS.items()]
    keys.append(({"markerfacecolor": "white"}, "open: without LoRA"))
    plain = {"color": LINE, "marker": "o", "linestyle": "none"}
    keys = [(key, words) for key, words in keys if any(key.items() <= look.items() for look in found)]
    handles = [plt.Line2D([], [], label=words, **{**plain, **key}) for key, words in keys]
    columns = int(figure.get_figwidth() / NAME_WIDTH)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)


def looks(names: Iterable[str]) -> dict[str, dict]:
    """Return the colour, marker and filling of some rows of the table, as arguments of matplotlib's `plot`, by name.

    The colour says what of the pause is trained, the marker what of the LM (of a published baseline, how long it was
    trained), and the filling whether LoRA is. Of rows that differ in something else, such as `sft_peft@word` and
    `sft_peft`, the later ones have free colours, so that the first six are not drawn alike.
    """
    found: dict[str, dict] = {}
    for name in dict.fromkeys(names):
        variant = parse(name)
        marker = EPOCH_MARKERS.get(variant.epochs) or LM_MARKERS[variant.lm_head, variant.lm_embeddings]
        own = PAUSE_PART_COLOURS[variant.pause_embedding, variant.pause_head][0]
        for colour in (own, *FREE_COLOURS):
            look = {"color": colour, "marker": marker, "markerfacecolor": colour if variant.lora else "white"}
            if look not in found.values():
                break
        found[name] = look
    return found


def whiskers(value, low, high) -> np.ndarray:
    """Return intervals as `errorbar` takes them: shape (2, n), how far each reaches below and above its value.

    None is below 0, where the last bit of a share of 0 or 1 would put it.
    """
    value, low, high = (np.asarray(numbers, float) for numbers in (value, low, high))
    return np.maximum([value - low, high - value], 0)


class SpacedMarks(AsinhLocator):
    """Marks of an axis of `mostly_linear`, without those nearer than NEAREST to 0 or to one farther out."""

    def __call__(self) -> list[float]:
        """Return the marks, from low to high."""
        low, high = np.arcsinh(np.sort(self.axis.get_view_interval()) / self.linear_width)
        kept: dict[float, float] = {}  # mark -> its place
        for mark in sorted(super().__call__(), key=lambda mark: (mark != 0, -abs(mark))):
            place = np.arcsinh(mark / self.linear_width)
            if low <= place <= high and all(abs(place - other) >= NEAREST * (high - low) for other in kept.values()):
                kept[mark] = place
        return sorted(kept)


def mostly_linear(axis, of: str, linear: float, marks: int = 6) -> None:
    """Make the `x` or `y` axis linear near 0 and logarithmic far beyond `linear`, with about so many `marks`.

    Call it before anything is drawn there: the limits follow the scale.
    """
    getattr(axis, f"set_{of}scale")("asinh", linear_width=linear)
    getattr(axis, f"{of}axis").set_major_locator(SpacedMarks(linear, numticks=marks, base=0))
    getattr(axis, f"{of}axis").set_major_formatter("{x:g}")
    axis.minorticks_off()
