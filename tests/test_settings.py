"""Settings from a notebook's variables: every name is known, no two contradict each other."""

from pathlib import Path

import pytest

from pauselib.settings import Settings, read
from pauselib.variants import VARIANTS


def injected(code: str) -> list[str]:
    """The cells a notebook has run: IPython's empty first one, its own parameters, and those papermill injects behind them."""
    return ["", "variant = 'sft'  # what is unfrozen", f"# Parameters\n{code}\n"]


def test_the_defaults_need_nothing_else():
    s = Settings()
    assert (s.model, s.dataset, s.variant, s.seed) == ("tiny", "toy", "sft_peft", 42)
    assert s.variants == tuple(VARIANTS)


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


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"variant": "sft_pft"}, "did you mean 'sft_peft'"),
        ({"variants": ["sft", "sft_pft"]}, "did you mean 'sft_peft'"),
        ({"strategy": "randm"}, "did you mean 'random'"),
        ({"unit": "words"}, "did you mean 'word'"),
        ({"validation_split": "rows"}, "did you mean 'row'"),
        ({"too_long": "droop"}, "did you mean 'drop'"),
        ({"dtype": "float16"}, "Choose from float32, bfloat16"),
        ({"strategy": "pattern"}, "has no pattern"),
        ({"n_pauses_per_patterns": {r"\n": 1}}, "strategy is 'random'"),
        ({"validation_share": 0}, "validation_share is 0"),
        ({"validation_share": 1.0}, "validation_share is 1.0"),
        ({"batch_size": 8, "gradient_accumulation_steps": 3}, "8 is not a multiple of gradient_accumulation_steps 3"),
        ({"n_copies": 0}, "n_copies is 0: give a number of at least 1"),
        ({"n_random_pauses": -1}, "n_random_pauses is -1: give 0 or more"),
    ],
)
def test_a_contradiction_is_refused_in_one_sentence(settings, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        Settings(**settings)
    assert "\n" not in str(error.value)


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
    assert Settings().folder() == Path(__file__).parents[1] / "runs" / "tiny"


def test_but_changes_only_what_it_names_and_checks_again():
    s = Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2})
    assert s.but(seed=1) == Settings(strategy="pattern", n_pauses_per_patterns={r"\n": 2}, seed=1)
    with pytest.raises(ValueError, match="strategy is 'random'"):
        s.but(strategy="random")


def test_an_imported_module_is_not_a_setting():
    from pauselib.decoding import interventions

    assert read({"interventions": interventions, "seed": 7}) == Settings(seed=7)
