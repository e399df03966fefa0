"""Which step takes which setting: from that follow manifests, parameters cells, and what the graph passes on."""

import json

import pytest
from pydantic_core import PydanticUndefined

from pauselib.declared import EVERY_NOTEBOOK, STEPS
from pauselib.settings import (
    INTERVENTION_SETTINGS,
    USES,
    Settings,
    settings_of_notebook,
    settings_of_step,
    settings_up_to,
)
from pauselib.settings.notebook_cells import parameters_cell

CHANGE_NO_RESULT = {
    "experiment",
    "runs_dir",
    "report_to",
    "eval_batch_size",
    "variants",
    "seeds",
    "interventions",
    "trials",
    "trial_checkpoints",
    "overwrite",
    "other_experiment",
    "other_variant",
    "other_seed",
}  # where things are written, what is shown or kept on the way, how many are computed together, which rows there are


def test_every_setting_belongs_to_a_step_or_changes_no_result():
    assert {name for name, use in USES.items() if not use.steps} == CHANGE_NO_RESULT
    assert set(USES) == set(Settings.model_fields)


def test_every_setting_has_a_default_a_meaning_and_a_notebook():
    for name, declared in Settings.model_fields.items():
        assert declared.default is not PydanticUndefined, name
        assert declared.description, name
        assert USES[name].notebooks, name


def test_the_settings_of_a_step_by_hand():
    computed = ("variant", "seed", "dtype", "attn_implementation")
    assert settings_of_step("evaluate") == (*computed, "max_new_tokens", "max_total_tokens")
    assert settings_of_step("intervene") == INTERVENTION_SETTINGS
    assert {"learning_rate", "eval_steps", "max_steps"} <= set(settings_of_step("second_step"))
    assert {"base_learning_rate", "base_eval_steps", "base_max_steps"} <= set(settings_of_step("first_step"))
    assert not set(settings_of_step("data")) & {"strategy", "n_copies", "seed", "variant"}


@pytest.mark.parametrize("step", STEPS)
def test_up_to_a_step_are_all_settings_of_the_steps_before(step):
    taken = set(settings_up_to(step))
    before = {name for one in STEPS[: STEPS.index(step) + 1] for name in settings_of_step(one)}
    assert before - taken == before & {"variant", "seed", *INTERVENTION_SETTINGS}  # those the graph gives a row each
    assert {"experiment", "runs_dir"} <= taken


def test_up_to_the_second_step_is_nothing_of_the_replies():
    taken = settings_up_to("second_step")
    assert "report_to" in taken
    assert not set(taken) & {"max_new_tokens", "eval_batch_size", "variants", "seeds", "interventions"}
    assert set(taken) >= set(settings_up_to("first_step")) >= set(settings_up_to("inject"))


def test_what_a_step_takes_can_be_written_as_json_and_read_again():
    settings = Settings(interventions=[{"variant": "sft", "max_pauses": 0}], n_copies=5)
    for step in STEPS:
        given = json.loads(json.dumps(settings.of(*settings_up_to(step))))
        assert Settings(**given).of(*settings_up_to(step)) == settings.of(*settings_up_to(step))


@pytest.mark.parametrize("notebook", EVERY_NOTEBOOK)
def test_a_parameters_cell_run_as_python_gives_the_defaults(notebook):
    variables = {}
    exec(parameters_cell(notebook), variables)
    given = {name: variables[name] for name in settings_of_notebook(notebook)}
    assert Settings(**given) == Settings()
