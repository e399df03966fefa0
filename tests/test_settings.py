"""Settings from a notebook's variables: every name is known, no two contradict each other."""

from pathlib import Path

import pytest

from pauselib.decoding import interventions
from pauselib.settings import Settings, of_experiment, read, settings_of_notebook, settings_up_to
from pauselib.settings.yaml_text import read_config
from pauselib.variants import VARIANTS

ROOT = Path(__file__).parents[1]


def injected(code: str) -> list[str]:
    """The cells a notebook has run: IPython's empty first one, its parameters, and those that papermill puts behind."""
    return ["", "variant = 'sft'  # what is unfrozen", f"# Parameters\n{code}\n"]


def test_the_defaults_need_nothing_else():
    s = Settings()
    assert (s.model, s.dataset, s.variant, s.seed) == ("tiny", "toy", "sft_peft", 42)
    assert s.variants == tuple(VARIANTS)
    assert s.interventions == of_experiment({"interventions": None}).interventions == ()
    assert s.trial_sites == ("prompt", "start", "step", "result", "random", "injected", "chosen", "drawn")
    assert s.trial_contents == ("pauses", "masked", "unmoved", "question", "untrained", "newline", "dots")


def test_read_takes_the_settings_among_a_notebooks_variables():
    s = read({"In": injected("seed = 7"), "variant": "sft.yaml", "seed": 7, "n_copies": 2, "pd": object(), "_": 3})
    assert s == Settings(variant="sft", seed=7, n_copies=2)
    assert read({"interventions": interventions, "seed": 7}) == Settings(seed=7)  # a module is no setting
    assert read({"In": ["", "sed = 1"], "sed": 1}) == Settings()  # a variable of the notebook's may have any name
    with pytest.raises(ValueError, match="no parameter 'n_copys': did you mean 'n_copies'"):
        read({"In": injected("seed = 1\nn_copys = 1"), "seed": 1, "n_copys": 1})


def test_the_folders_are_named_by_experiment_seed_strategy_and_variant(tmp_path, monkeypatch):
    s = Settings(runs_dir=str(tmp_path), experiment="mine", seed=7, variant="sft@word")
    assert s.folder() == tmp_path / "mine"
    assert s.variant_folder() == tmp_path / "mine" / "seed-7" / "sft@word"
    assert s.injected_folder() == tmp_path / "mine" / "seed-7" / "injected" / "word"
    assert s.but(variant="sft").injected_folder() == tmp_path / "mine" / "seed-7" / "injected" / "random"
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Settings().folder() == ROOT / "runs" / "tiny"  # wherever one is
    places = Settings(runs_dir="~/a", model="~/b", dataset="~/c")
    assert [places.folder().parent, Path(places.model), Path(places.dataset)] == [Path.home() / one for one in "abc"]


def test_but_changes_only_what_it_names_and_checks_again():
    s = Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2})
    assert s.but(seed=1) == Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2}, seed=1) != s
    with pytest.raises(ValueError, match="strategy is 'random'"):
        s.but(strategy="random")
    with pytest.raises(ValueError, match="frozen"):
        s.seed = 7


def test_what_differs_from_the_defaults_is_shown_and_nothing_else():
    assert Settings().changed == "Every setting has its default."
    assert Settings(variant="sft", seeds=[1], n_train=3).changed == "variant = 'sft'\nn_train = 3\nseeds = (1,)"


def experiment(name: str) -> Settings:
    return of_experiment(read_config(ROOT / "configs" / f"{name}.yaml"))


def test_without_its_interventions_the_embedded_experiment_is_the_defaults():
    assert len(experiment("tiny").interventions) == 11
    assert experiment("tiny").but(interventions=()) == Settings()
    assert experiment("mistral-7b").interventions == ()


def test_a_row_takes_its_own_injection_strategy_and_patterns_only_where_that_has_some():
    settings = of_experiment({"variants": ["sft", "sft@pattern", "sft@word"], "n_pauses_per_patterns": {"\n": 2}})
    rows = {name: settings.but(variant=name).of_row() for name in settings.variants}
    assert {name: (row.strategy, row.n_pauses_per_patterns) for name, row in rows.items()} == {
        "sft": ("random", {}),
        "sft@pattern": ("pattern", {"\n": 2}),
        "sft@word": ("word", {}),
    }


def test_a_table_can_be_made_without_the_patterns_of_its_rows_but_not_the_rows():
    settings = Settings(variants=["sft", "sft@pattern"])
    assert settings.but(variant="sft@pattern").replies_folder().name == "sft@pattern"
    with pytest.raises(ValueError, match="strategy 'pattern' has no pattern"):
        settings.but(variant="sft@pattern").of_row()
    with pytest.raises(ValueError, match="strategy 'pattern' has no pattern"):
        of_experiment({"variants": ["sft@pattern"]})


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "configs").glob("*.yaml")))
def test_what_the_graph_gives_to_the_notebooks_of_a_shipped_experiment_can_be_meant(name):
    settings = experiment(name)
    for variant in settings.variants:
        row = settings.but(variant=variant).of_row()
        for step in ("inject", "second_step", "evaluate"):
            given = row.of(*settings_up_to(step))
            assert Settings(**given, variant=variant).of_row().of(*settings_up_to(step)) == given
    for one in settings.interventions:
        given = settings.but(**one).of_row().of(*settings_up_to("evaluate"))
        assert Settings(**given, **one).replies_folder() == settings.but(**one).replies_folder()
    assert Settings(**settings.of(*settings_of_notebook("analyze"))).variants == settings.variants
