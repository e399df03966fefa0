"""The cache of a batch of three rows, with one head of width 1, so that a row's keys are its numbers."""

import torch

from pauselib.decoding.batch_cache import ROOM, BatchCache


def states(*rows: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys (rows, 1, positions, 1), and values that are their negatives."""
    keys = torch.tensor(rows)[:, None, :, None]
    return keys, -keys


def numbers(states: tuple[torch.Tensor, torch.Tensor]) -> list[list[float]]:
    keys, values = states
    assert torch.equal(values, -keys)
    return keys[:, 0, :, 0].tolist()


def three_rows() -> BatchCache:
    """Prompts of two and of four tokens, read in two parts."""
    cache = BatchCache(n_rows=3, length=4)
    cache.update(*states([1.0, 2.0], [3.0, 4.0]), layer_idx=0)
    cache.update(*states([5.0, 6.0, 7.0, 8.0]), layer_idx=0)
    return cache


def test_a_prompt_sees_itself_alone_and_a_new_position_all_that_came_before_it():
    cache = BatchCache(n_rows=3, length=4)
    assert numbers(cache.update(*states([1.0, 2.0], [3.0, 4.0]), layer_idx=0)) == [[1, 2], [3, 4]]
    assert cache.get_seq_length() == 0
    assert numbers(cache.update(*states([5.0, 6.0, 7.0, 8.0]), layer_idx=0)) == [[5, 6, 7, 8]]
    assert cache.get_seq_length() == 4
    now = cache.update(*states([10.0], [11.0], [12.0]), layer_idx=0)
    assert numbers(now) == [[0, 0, 1, 2, 10], [0, 0, 3, 4, 11], [5, 6, 7, 8, 12]]


def test_the_last_row_takes_the_place_of_one_that_leaves():
    cache = three_rows()
    cache.keep([2, 1])
    assert numbers(cache.update(*states([10.0], [11.0]), layer_idx=0)) == [[5, 6, 7, 8, 10], [0, 0, 3, 4, 11]]
    cache.keep([1])
    assert numbers(cache.update(*states([12.0]), layer_idx=0)) == [[0, 0, 3, 4, 11, 12]]


def test_it_grows_past_its_room():
    cache = three_rows()
    for n in range(2 * ROOM):
        now = cache.update(*states([float(n)], [float(n)], [float(n)]), layer_idx=0)
    assert numbers(now)[2] == [5, 6, 7, 8, *range(2 * ROOM)]


def test_replies_of_a_thousand_tokens_take_hardly_more_memory_than_their_keys_and_values():
    """64 prompts of 100 tokens go on to 1,100; a row leaves every 40 tokens, and the last half stays."""
    cache, n_rows, most, needed = BatchCache(n_rows=64, length=100), 64, 0, 0
    cache.update(*states(*[[0.0] * 100] * 64), layer_idx=0)
    [layer] = cache.layers
    for length in range(101, 1101):
        if length % 40 == 0 and n_rows > 40:
            n_rows -= 1
            cache.keep(list(range(n_rows)))
        cache.update(*states(*[[0.0]] * n_rows), layer_idx=0)
        held = {
            one.untyped_storage().data_ptr(): one.untyped_storage() for one in (*layer.room, layer.keys, layer.values)
        }
        most = max(most, sum(storage.nbytes() for storage in held.values()))
        needed = max(needed, 2 * n_rows * length * torch.float32.itemsize)
    assert most <= 1.1 * needed
