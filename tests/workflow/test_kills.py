"""An experiment that is killed at every step ends as one that was left alone; the full number is in `benchmarks/`."""

from benchmarks import kills

SMALLEST = kills.EXPERIMENT | {"variants": ["baseline_1_epoch", "sft_peft"], "interventions": []}


def test_an_experiment_that_was_killed_at_every_step_ends_with_the_same_bytes_and_leaves_nothing_behind(tmp_path):
    steps = ("inject", "warmup", "evaluate", "analyze")
    done, wrong, n_files = kills.run_killed(tmp_path, 4, seed=0, settings=SMALLEST, steps=steps)
    assert not any(wrong.values()), wrong
    assert {kill.way for kill in done} == set(kills.WAYS)
    assert n_files > 20
    statuses = {kill.way: kill.status for kill in done}
    assert statuses == {"group": -9, "kernel": 1, "terminate": 128 + 15, "interrupt": 128 + 2}
