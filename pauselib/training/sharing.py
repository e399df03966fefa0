"""How several processes share a batch, so that they train as one process would at the same batch."""

import torch
from torch.utils.data import Sampler

from pauselib.errors import InputError
from pauselib.processes import from_first, is_first, n_processes
from pauselib.settings import Settings


def part_of_batch(settings: Settings) -> int:
    """Return how many rows a process computes at a time: a batch is parted among the processes, and for memory.

    Raises InputError where it can't be.
    """
    n_parts = settings.gradient_accumulation_steps * n_processes()
    if settings.batch_size % n_parts:
        raise InputError(
            f"batch_size {settings.batch_size} can't be parted among {n_processes()} processes with "
            f"gradient_accumulation_steps {settings.gradient_accumulation_steps}: give a multiple of {n_parts}."
        )
    return settings.batch_size // n_parts


class SameOrder(Sampler):
    """The order of rows that a sampler draws in the first of several processes, in all of them."""

    def __init__(self, sampler: Sampler):
        self.sampler = sampler

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self):
        yield from from_first(list(self.sampler) if is_first() else None)


def n_last(labels: torch.Tensor, accelerator) -> int:
    """Return how many rows the last batch of a pass has that no batch had before, over all processes; 0 where all are
    new, or the batch, of which a process has some `labels`, is not the last.
    """
    state = accelerator.gradient_state
    if n_processes() == 1 or not state.end_of_dataloader:
        return 0
    return len(state.active_dataloader.dataset) % (len(labels) * n_processes())  # `remainder` is lost on going on


def forget_repeated(labels: torch.Tensor, accelerator) -> None:
    """Take the labels (rows, length) from rows that fill up the last batch, so that all processes have as many: they
    were read before.
    """
    if n := n_last(labels, accelerator):
        labels[max(0, n - accelerator.process_index * len(labels)) :] = -100


def n_rows(labels: torch.Tensor, accelerator, training: bool) -> int:
    """Return how many rows the batch of which a process has some `labels` counts for, over all processes."""
    return (0 if training else n_last(labels, accelerator)) or len(labels) * n_processes()
