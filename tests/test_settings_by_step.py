"""Which step takes which setting: from that follow manifests, parameters cells, and what the graph passes on."""

import json
from pathlib import Path

import papermill
import pytest
from pydantic_core import PydanticUndefined

from pauselib.declared import EVERY_NOTEBOOK, STEPS
from pauselib.settings import INTERVENTION_SETTINGS, Settings, settings_of_notebook, settings_of_step, settings_up_to
from pauselib.settings.notebook_cells import parameters_cell

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
CHANGE_NO_RESULT = {
    *("experiment", "runs_dir", "overwrite", "report_to", "eval_batch_size", "plan"),
    *("variants", "seeds", "interventions", "trials", "trial_checkpoints"),
    *("other_experiment", "other_variant", "other_seed"),
}  # where things are written, what is shown or kept on the way, how many are computed together, which rows there are


def test_every_setting_has_a_default_a_meaning_and_a_notebook_and_a_step_unless_it_changes_no_result():
    for name, declared in Settings.model_fields.items():
        assert declared.default is not PydanticUndefined, name
        assert declared.description, name
        assert any(name in settings_of_notebook(notebook) for notebook in EVERY_NOTEBOOK), name
    of_steps = {name for step in STEPS for name in settings_of_step(step)}
    assert Settings.model_fields.keys() - of_steps == CHANGE_NO_RESULT


def test_the_settings_of_a_step_by_hand_in_the_order_of_its_manifest():
    computed = ("variant", "seed", "dtype", "attn_implementation", "gold_dtype")
    assert settings_of_step("evaluate") == (*computed, "max_new_tokens", "max_total_tokens")
    assert settings_of_step("trial") == ("n_trial", "trial_sites", "trial_contents", "trial_doses", *computed)
    assert settings_of_step("intervene") == INTERVENTION_SETTINGS
    assert {"learning_rate", "eval_steps", "max_steps"} <= set(settings_of_step("second_step"))
    assert {"base_learning_rate", "base_eval_steps", "base_max_steps"} <= set(settings_of_step("first_step"))
    assert settings_of_step("data") == (
        *("model", "dataset", "model_revision", "dataset_revision", "task", "dataset_config"),
        *("n_train", "n_test", "skip_test", "data_seed", "validation_share", "max_length", "too_long"),
    )


@pytest.mark.parametrize("step", STEPS)
def test_up_to_a_step_are_all_settings_of_the_steps_before(step):
    taken = set(settings_up_to(step))
    before = {name for one in STEPS[: STEPS.index(step) + 1] for name in settings_of_step(one)}
    assert before - taken == before & {"variant", "seed", *INTERVENTION_SETTINGS}  # those the graph gives a row each
    assert {"experiment", "runs_dir"} <= taken
    assert not taken & {"variants", "seeds", "interventions"}
    given = Settings(n_copies=5).of(*settings_up_to(step))
    assert Settings(**json.loads(json.dumps(given))).of(*settings_up_to(step)) == given


@pytest.mark.parametrize("notebook", EVERY_NOTEBOOK)
def test_a_parameters_cell_run_as_python_gives_the_defaults_and_papermill_shows_their_types_and_meanings(notebook):
    variables = {}
    exec(parameters_cell(notebook), variables)
    given = {name: variables[name] for name in settings_of_notebook(notebook)}
    assert Settings(**given) == Settings()
    found = papermill.inspect_notebook(str(NOTEBOOKS / f"{notebook}.ipynb"))
    assert {name: (one["inferred_type_name"], one["help"]) for name, one in found.items()} == {
        name: (type(value).__name__, Settings.model_fields[name].description) for name, value in given.items()
    }


@pytest.mark.parametrize(("notebook", "first"), [("inject", "strategy"), ("warmup", "variant"), ("trial", "variant")])
def test_a_notebook_begins_with_what_one_comes_for(notebook, first):
    assert parameters_cell(notebook).startswith(f"{first}: ")
