"""What all pictures share: colours, one look a variant, panels, alternative texts, and how a notebook shows them.

Correct replies are blue, incorrect ones orange and hatched. No meaning hangs on colour alone: bars differ by hatching, variants by
marker (what of the LM is trained) and filling (with LoRA or without).
"""

import base64
import functools
import io

import matplotlib.pyplot as plt
import numpy as np

from pauselib.variants import VARIANTS, Variant

CORRECT, INCORRECT, LINE = (
    "#0072B2",
    "#E69F00",
    "#222222",
)  # Okabe and Ito's colours, told apart by colour-blind readers
PARTS = {  # (pause embedding, pause head trained) -> colour, words
    (True, True): ("#009E73", "both pause parts trained"),
    (True, False): ("#D55E00", "pause head frozen"),
    (False, True): ("#AA4499", "pause embedding frozen"),
    (False, False): ("#555555", "baselines, without pauses"),
}
plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "pauselib",
        "hatch.linewidth": 0.6,
        "figure.dpi": 110,
    }
)


def described(draw):
    """A picture's function, so that its figures carry the first line of its docstring: `alternative` gives it to those who don't see them."""

    @functools.wraps(draw)
    def drawn(*args, **kwargs):
        figure = draw(*args, **kwargs)
        figure.set_label(draw.__doc__.split("\n")[0])
        return figure

    return drawn


def alternative(figure) -> str:
    """A picture's text for those who don't see it."""
    return figure.get_label()


def shown(figure) -> tuple[dict, dict]:
    """A picture as a notebook's output with its alternative text: the data and the metadata of `display(…, raw=True)`. Closes the figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": alternative(figure)}
    return data, {"image/png": {"alt": alternative(figure)}}


def show(figure) -> None:
    """Show a picture in a notebook."""
    from IPython.display import display

    data, metadata = shown(figure)
    display(data, metadata=metadata, raw=True)


def panels(n: int, width: float = 3.4, height: float = 2.2, across: int = 3):
    """A figure of `n` panels in rows of `across` and their axes; with none, it says that nothing is finished."""
    if n == 0:
        figure = plt.figure(figsize=(width * 2, height / 2))
        figure.text(0.5, 0.5, "nothing is finished yet", ha="center", va="center")
        return figure, []
    rows = -(-n // across)
    figure, axes = plt.subplots(rows, min(n, across), figsize=(width * min(n, across), height * rows), squeeze=False)
    for axis in axes.flat[n:]:
        axis.set_visible(False)
    return figure, list(axes.flat[:n])


def look(name: str) -> dict:
    """The colour, marker and filling of a variant, as arguments of `plot`: colour by what of the pause is trained, marker by what of the LM
    (of a baseline, by how long it was trained), filled with LoRA."""
    variant: Variant = VARIANTS[name]
    colour, _ = PARTS[variant.pause_embedding, variant.pause_head]
    marker = {False: "o", True: "s"}[variant.lm_head] if not variant.lm_embeddings else "D"
    if not variant.pauses:
        marker = {1: "^", 2: "v", None: "P"}[variant.epochs]
    return {"color": colour, "marker": marker, "markerfacecolor": colour if variant.lora else "white"}


def whiskers(value, low, high) -> np.ndarray:
    """Intervals as `errorbar` takes them, (2, n): how far down and up; never below 0, where the last bit of a share of 0 or 1 would put them."""
    value, low, high = (np.asarray(numbers, float) for numbers in (value, low, high))
    return np.maximum([value - low, high - value], 0)
