"""Several processes that train one model together: the first of them alone locks and writes.

`accelerate launch` starts them. A process sees in its environment how many they are (WORLD_SIZE) and which of them it
is (RANK).
"""

import functools
import os
from datetime import timedelta

from pauselib.errors import InputError

PARTS_HELD = {"FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "false"}  # as accelerate passes it on
PATIENCE = timedelta(days=30)  # the first may wait for another run, or make what all need


def n_processes() -> int:
    """Return how many processes train together; 1 for a process of its own."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Return whether this process is the one that writes."""
    return int(os.environ.get("RANK", "0")) == 0


def is_sharded() -> bool:
    """Return whether each process holds a part of the model (FSDP)."""
    return n_processes() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def check_parts() -> None:
    """Raise InputError where processes would hold parts of a model, but not as `profiles/fsdp2.yaml` says."""
    given = {name: os.environ.get(name, "").lower() for name in PARTS_HELD}
    if is_sharded() and given != PARTS_HELD:
        raise InputError(
            "A model in parts (FSDP) is trained with fsdp_version 2 and without fsdp_cpu_ram_efficient_loading: give "
            "accelerate launch the options of profiles/fsdp2.yaml."
        )


def from_first(value=None):
    """Return in every process the value that the first one gives; each waits for it."""
    if n_processes() == 1:
        return value
    import torch

    connect()
    box = [value]
    torch.distributed.broadcast_object_list(box, src=0)
    return box[0]


@functools.cache
def connect() -> None:
    """Connect the processes with each other, unless they are."""
    import torch
    from accelerate import PartialState

    PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
