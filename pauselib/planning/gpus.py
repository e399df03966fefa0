"""What some GPUs can do, by their makers' data sheets, and how much of it training and decoding are taken to reach.

Nothing here was measured by this project. The shares are usual ones for transformers without compilation; hours that
follow from them are a guide to the order of magnitude.
"""

from dataclasses import dataclass

from pauselib.errors import one_of

TRAINING_SHARE = 0.35  # of the operations a second
READING_SHARE = 0.5  # of the bytes a second, in decoding
SECONDS_A_LAYER = 5e-4  # that a machine needs to start the work of a layer, for one token of all replies
SECONDS_OF_STEP = 60  # to start a notebook, load the model and save what was made
BEYOND_TENSORS = 1e9  # bytes that CUDA and its libraries take


@dataclass(frozen=True)
class Gpu:
    """A GPU: operations a second in each precision (dense), bytes a second, bytes."""

    name: str
    bfloat16: float
    float32: float
    bandwidth: float
    memory: float


GPUS = {
    "h100": Gpu("H100 SXM", 989e12, 67e12, 3.35e12, 80e9),
    "a100": Gpu("A100 SXM 80 GB", 312e12, 19.5e12, 2.04e12, 80e9),
    "l4": Gpu("L4", 121e12, 30.3e12, 0.3e12, 24e9),
    "rtx4090": Gpu("RTX 4090", 165e12, 82.6e12, 1.01e12, 24e9),
}


def find(name: str) -> Gpu:
    """Return the GPU of a name. Raises InputError for an unknown one, with the nearest."""
    one_of("gpu", name, GPUS)
    return GPUS[name]


def training_hours(gpu: Gpu, operations: float, in_bfloat16: bool) -> float:
    """Return how many hours a GPU takes for so many operations."""
    return operations / (TRAINING_SHARE * (gpu.bfloat16 if in_bfloat16 else gpu.float32)) / 3600


def decoding_hours(gpu: Gpu, n_tokens: int, bytes_read: float, n_layers: int) -> float:
    """Return how many hours a GPU takes for so many tokens, one after the other, that each read so many bytes."""
    return n_tokens * max(bytes_read / (READING_SHARE * gpu.bandwidth), SECONDS_A_LAYER * n_layers) / 3600
