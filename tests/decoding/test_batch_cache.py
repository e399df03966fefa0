"""The memory of the cache; what is in it is held by the replies in `test_greedy.py`."""

import torch

from pauselib.decoding.batch_cache import batch_cache


def states(n_rows: int, n_positions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values (rows, 1, positions, 1)."""
    return torch.zeros(n_rows, 1, n_positions, 1), torch.zeros(n_rows, 1, n_positions, 1)


def test_replies_of_a_thousand_tokens_take_hardly_more_memory_than_their_keys_and_values():
    """64 prompts of 100 tokens go on to 1,100; a row leaves every 40 tokens, and the last half stays."""
    cache, n_rows, most, needed = batch_cache(n_rows=64, length=100), 64, 0, 0
    cache.update(*states(64, 100), layer_idx=0)
    [layer] = cache.layers
    for length in range(101, 1101):
        if length % 40 == 0 and n_rows > 40:
            n_rows -= 1
            layer.keep(list(range(n_rows)))
        cache.update(*states(n_rows, 1), layer_idx=0)
        held = [one.untyped_storage() for one in (*layer.room, layer.keys, layer.values)]
        most = max(most, sum({storage.data_ptr(): storage.nbytes() for storage in held}.values()))
        needed = max(needed, 2 * n_rows * length * torch.float32.itemsize)
    assert most <= 1.1 * needed
