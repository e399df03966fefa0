"""The keys and values of a batch whose prompts come in parts and whose rows leave one after the other."""

from functools import partial

import torch
from torch.nn.functional import pad
from transformers.cache_utils import Cache, DynamicLayer

ROOM = 64  # positions in reserve


class BatchLayer(DynamicLayer):
    """One layer of a `batch_cache`: `room` has two tensors (rows, heads, positions, width), of the keys and the values,
    with more positions than are used, since DynamicLayer copies everything at every token.
    """

    def __init__(self, n_rows: int, length: int):
        super().__init__()
        self.n_rows, self.n_read = n_rows, 0  # the rows that there is memory for, and those that are there
        self.length = length

    def get_seq_length(self) -> int:
        """Return the number of positions; 0 as long as there are prompts to come."""
        return self.length if self.n_read == self.n_rows else 0

    def update(self, keys, values, *args, **kwargs) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the next prompts and return just them; after that, add a position to all rows and return all of them."""
        if self.n_read < self.n_rows:
            self.read((keys, values))
            return keys, values
        if self.length == self.room[0].shape[2]:
            self.room = [pad(room, (0, 0, 0, ROOM)) for room in self.room]
        for room, new in zip(self.room, (keys, values)):
            room[:, :, self.length : self.length + 1] = new
        self.length += 1
        self.keys, self.values = (room[:, :, : self.length] for room in self.room)
        return self.keys, self.values

    def read(self, states: tuple[torch.Tensor, torch.Tensor]) -> None:
        """Add the keys and values of the next prompts, which all end at the same position. What is before them is 0."""
        n_new, heads, n_positions, _ = states[0].shape
        if not self.is_initialized:
            self.is_initialized, self.dtype, self.device = True, states[0].dtype, states[0].device
            shape = self.n_rows, heads, self.length + ROOM
            self.room = [new.new_zeros(*shape, new.shape[-1]) for new in states]
        for room, new in zip(self.room, states):
            room[self.n_read : self.n_read + n_new, :, self.length - n_positions : self.length] = new
        self.n_read += n_new

    def keep(self, kept: list[int]) -> None:
        """Keep only some rows: at each place the row that is named there, itself or one from behind.

        Nothing but the moved rows is copied; the memory of those that left is free once they are half.
        """
        moved = [place for place, row in enumerate(kept) if place != row]
        rows = [kept[place] for place in moved]
        for room in self.room:
            room[moved, :, : self.length] = room[rows, :, : self.length]
        self.room = [room[: len(kept)] for room in self.room]
        if len(kept) <= self.n_rows // 2:
            self.room = [room.clone() for room in self.room]
            self.n_rows = self.n_read = len(kept)
        self.keys = self.values = None  # until the next token


def batch_cache(n_rows: int, length: int) -> Cache:
    """Return the cache of a whole model, for prompts of which the longest has `length` tokens."""
    return Cache(layer_class_to_replicate=partial(BatchLayer, n_rows, length))
