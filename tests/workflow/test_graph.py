"""The notebooks of an experiment, and which come before which."""

from pauselib.settings import Settings
from pauselib.workflow.graph import notebooks_of_graph


def test_every_notebook_of_a_run_comes_once_and_behind_those_that_it_needs(tmp_path):
    settings = Settings(
        runs_dir=str(tmp_path),
        variants=["sft_peft", "sft@surprise"],
        seeds=[42, 43],
        trials=["sft_peft", "sft_fr_pembed"],  # the second is no row, and so it has none
        interventions=[{"variant": "sft_peft", "max_pauses": 0}, {"variant": "sft", "max_pauses": 0}],
    )
    found, of_seed = notebooks_of_graph(settings), tmp_path / "tiny" / "seed-43"
    needs = {one.notebook: list(one.needs) for one in found}
    assert len(needs) == len(found)
    assert all(list(needs).index(before) < list(needs).index(path) for path in needs for before in needs[path])
    first = of_seed / "baseline_1_epoch" / "warmup.ipynb"
    trials = {name: of_seed / name / "trial.ipynb" for name in ("baseline_1_epoch", "baseline_matched", "sft_peft")}
    forbidden = of_seed / "sft_peft" / "interventions" / "max_pauses-0" / "evaluate.ipynb"
    expected = {
        first: [],
        of_seed / "injected" / "random.inject.ipynb": [],
        of_seed / "injected" / "surprise.inject.ipynb": [first],  # it asks for the first step's model
        of_seed / "sft_peft" / "warmup.ipynb": [of_seed / "injected" / "random.inject.ipynb", first],
        of_seed / "sft@surprise" / "warmup.ipynb": [of_seed / "injected" / "surprise.inject.ipynb", first],
        of_seed / "baseline_matched" / "warmup.ipynb": [first],
        of_seed / "sft_peft" / "evaluate.ipynb": [of_seed / "sft_peft" / "warmup.ipynb"],
        of_seed / "sft@surprise" / "evaluate.ipynb": [of_seed / "sft@surprise" / "warmup.ipynb"],
        trials["baseline_1_epoch"]: [first],
        trials["baseline_matched"]: [of_seed / "baseline_matched" / "warmup.ipynb", trials["baseline_1_epoch"]],
        trials["sft_peft"]: [of_seed / "sft_peft" / "warmup.ipynb", *list(trials.values())[:2]],
        forbidden: [of_seed / "sft_peft" / "warmup.ipynb"],
    }
    assert {path: needs[path] for path in needs if path.is_relative_to(of_seed)} == expected
    assert found[-1].notebook == tmp_path / "tiny" / "analyze.ipynb"
    of_both = [path for path in expected if path.stem == "evaluate"] + [trials["sft_peft"]]
    assert {path for path in needs[found[-1].notebook] if path.is_relative_to(of_seed)} == set(of_both)
    wildcards = {one.notebook: (one.rule, *one.wildcards) for one in found}
    assert wildcards[of_seed / "injected" / "surprise.inject.ipynb"] == ("inject", "43", "surprise")
    assert wildcards[trials["sft_peft"]] == ("trial", "43", "sft_peft")
    assert wildcards[forbidden] == ("intervene", "43", "sft_peft", "max_pauses-0")
