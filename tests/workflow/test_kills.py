"""An experiment that is killed in every way ends as one that was left alone; the full number is in `benchmarks/`."""

from benchmarks import kills
from benchmarks.results import differences, left_behind
from pauselib.analysis.study import Study
from pauselib.settings import Settings
from pauselib.steps import evaluate
from pauselib.workflow.steps_of_graph import KERNEL_DIED

SMALLEST = kills.EXPERIMENT | {"variants": ["sft_peft"], "interventions": [], "trials": []}  # five steps
SECONDS = dict.fromkeys(["inject", "warmup", "evaluate", "analyze"], 1)  # within which a step of each kind is killed
STATUS = {"group": -9, "kernel": 143, "terminate": 143, "interrupt": 130}


def test_an_experiment_that_was_killed_in_every_way_has_the_same_bytes_and_nothing_is_left_behind(tmp_path):
    undisturbed = Settings(**SMALLEST, runs_dir=str(tmp_path / "undisturbed"), variant="sft_peft")
    evaluate(undisturbed)
    for disturbed, done in kills.run_killed(tmp_path, 4, seed=0, seconds=SECONDS, settings=SMALLEST):
        check(disturbed, done, undisturbed)


def check(disturbed: kills.Runs, done: list[kills.Kill], undisturbed: Settings) -> None:
    """Check a round; there is a second one where a run of the first had ended before it was killed."""
    assert {kill.way: kill.status for kill in done} == {kill.way: STATUS[kill.way] for kill in done}
    assert KERNEL_DIED in disturbed.output() or "kernel" not in {kill.way for kill in done}
    differ = differences(disturbed.folder, undisturbed.folder())
    made_by_steps = [name for name in differ if name.startswith(("data/", "seed-")) and not name.endswith(".ipynb")]
    assert (made_by_steps, left_behind(disturbed.folder)) == ([], [])
    assert "Traceback" not in disturbed.output()
    study = Study(Settings(**SMALLEST, runs_dir=str(disturbed.folder.parent)))
    assert (disturbed.folder / "results.csv").read_text() == study.table.to_csv(index=False)
    assert (disturbed.folder / "report.html").exists()
