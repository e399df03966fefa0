"""Settings from a notebook's variables: every name is known, no two contradict each other."""

from pathlib import Path

import pytest
import yaml

from pauselib.settings import Settings, of_experiment, read, settings_of_notebook, settings_up_to
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


def test_read_takes_the_settings_among_a_notebooks_variables():
    s = read({"In": injected("seed = 7"), "variant": "sft.yaml", "seed": 7, "n_copies": 2, "pd": object(), "_": 3})
    assert s == Settings(variant="sft", seed=7, n_copies=2)


def test_read_works_without_a_notebook():
    assert read({}) == Settings()


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("sed", "seed"), ("n_copys", "n_copies"), ("lora_rank", "lora_r"), ("lerning_rate", "learning_rate")],
)
def test_an_unknown_parameter_of_papermill_is_refused_with_the_nearest(wrong, meant):
    with pytest.raises(ValueError, match=f"no parameter '{wrong}': did you mean '{meant}'"):
        read({"In": injected(f"seed = 1\n{wrong} = 1"), "seed": 1, wrong: 1})


def test_a_notebooks_own_variables_may_have_any_name():
    assert read({"In": ["", "sed = 1"], "sed": 1}) == Settings()


def test_one_variant_or_several_can_be_asked_for():
    assert Settings(variants="sft.yaml").variants == ("sft",)
    assert Settings(variants=["sft", "baseline_1_epoch"]).variants == ("sft", "baseline_1_epoch")


def test_a_list_of_yaml_is_a_tuple_and_one_layer_is_not_its_letters():
    assert Settings(lora_target_modules=["q_proj"], seeds=[1, 2]).of("lora_target_modules", "seeds") == {
        "lora_target_modules": ("q_proj",),
        "seeds": (1, 2),
    }
    assert Settings(lora_target_modules="q_proj").lora_target_modules == ("q_proj",)


def test_a_number_that_yaml_reads_as_text_is_a_number():
    assert Settings(learning_rate="1e-3").learning_rate == 0.001  # YAML 1.1 wants 1.0e-3


def test_the_folders_are_named_by_experiment_seed_and_variant(tmp_path):
    s = Settings(runs_dir=str(tmp_path), experiment="mine", seed=7, variant="sft.yaml")
    assert s.folder() == tmp_path / "mine"
    assert s.variant_folder() == tmp_path / "mine" / "seed-7" / "sft"


def test_a_relative_runs_folder_starts_at_the_project_wherever_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings().folder() == ROOT / "runs" / "tiny"


def test_but_changes_only_what_it_names_and_checks_again():
    s = Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2})
    assert s.but(seed=1) == Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2}, seed=1)
    with pytest.raises(ValueError, match="strategy is 'random'"):
        s.but(strategy="random")


def test_an_imported_module_is_not_a_setting():
    from pauselib.decoding import interventions

    assert read({"interventions": interventions, "seed": 7}) == Settings(seed=7)


def test_two_settings_of_the_same_values_are_equal_and_none_can_be_changed_in_place():
    assert Settings(seed=7) == Settings().but(seed=7) != Settings()
    with pytest.raises(ValueError, match="frozen"):
        Settings().seed = 7


MANY = {
    "variant": "sft@pattern",
    "variants": ["sft", "sft@pattern"],
    "n_pauses_per_patterns": {"\n": 2},
    "seeds": [42, 43],
    "learning_rate": 5e-5,
    "lora_target_modules": ["q_proj"],
    "interventions": [{"variant": "sft", "max_pauses": 0}, {"variant": "sft", "pause_bias": 0.5}],
}


@pytest.mark.parametrize("given", [{}, MANY], ids=["defaults", "many"])
def test_settings_are_the_same_after_a_round_trip_through_yaml(given):
    settings = Settings(**given)
    assert Settings(**yaml.safe_load(yaml.safe_dump(dict(settings)))) == settings


def experiment(name: str) -> Settings:
    return of_experiment(yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text()))


def test_the_embedded_experiment_lists_its_eleven_interventions_and_the_published_one_has_none():
    assert len(experiment("tiny").interventions) == 11
    assert experiment("mistral-7b").interventions == ()


def test_without_its_interventions_the_embedded_experiment_is_the_defaults():
    assert experiment("tiny").but(interventions=()) == Settings()


def test_a_row_takes_its_own_injection_strategy_and_patterns_only_where_that_has_some():
    """With a pattern for one row, the settings of every row can be given to its notebooks alone."""
    settings = of_experiment({"variants": ["sft", "sft@pattern", "sft@word"], "n_pauses_per_patterns": {"\n": 2}})
    rows = {name: settings.but(variant=name).of_row() for name in settings.variants}
    assert {name: (row.strategy, row.n_pauses_per_patterns) for name, row in rows.items()} == {
        "sft": ("random", {}),
        "sft@pattern": ("pattern", {"\n": 2}),
        "sft@word": ("word", {}),
    }
    for name, row in rows.items():
        alone = Settings(variant=name, **row.of("strategy", "n_pauses_per_patterns"))
        assert alone.of_row().but(variants="all") == row.but(variants="all")


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


def test_rows_with_different_strategies_have_folders_of_their_own(tmp_path):
    settings = Settings(runs_dir=str(tmp_path), variant="sft@word")
    assert settings.variant_folder() == tmp_path / "tiny" / "seed-42" / "sft@word"
    assert settings.injected_folder() == tmp_path / "tiny" / "seed-42" / "injected" / "word"
    assert settings.but(variant="sft").injected_folder() == tmp_path / "tiny" / "seed-42" / "injected" / "random"
