"""An analysis takes what is not given from the experiment, and a report names what it was made from."""

import pytest
import yaml
from conftest import note, reply, save

from pauselib.analysis.tables import record
from pauselib.errors import InputError
from pauselib.files import write_json
from pauselib.settings import Settings
from pauselib.settings.notebook_cells import parameters_cell


def opened(settings: Settings, **injected) -> dict:
    """The `globals()` of the analyze notebook after its parameters cell, edited for a place, and papermill's cell."""
    variables = {"In": ["", "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in injected.items())]}
    exec(parameters_cell("analyze"), variables)
    return variables | settings.of("experiment", "runs_dir") | injected


def test_what_is_not_given_is_that_of_the_record_and_a_record_without_settings_is_refused(intervened):
    asked = {"variants": list(intervened.variants), "interventions": list(intervened.interventions)}
    path = intervened.folder() / record.RECORD
    path.write_text(yaml.safe_dump({"experiment": "other", "trials": ["sft"], "max_new_tokens": 77, **asked}))
    settings = record.settings_of_analysis(opened(intervened))
    assert settings == intervened.but(trials=("sft",), max_new_tokens=77)
    assert record.settings_of_analysis(opened(intervened, experiment="by_hand")) == settings
    assert record.settings_of_analysis(opened(intervened) | {"plan": 1}).plan == 1
    assert record.settings_of_analysis(opened(intervened, trials=["sft_peft"])).trials == ("sft_peft",)
    path.write_text("- 1\n")
    with pytest.raises(InputError, match=r"config\.yaml holds no settings: write lines such as"):
        record.settings_of_analysis(opened(intervened))


def test_without_a_record_it_is_what_is_on_disk(intervened):
    save(intervened.but(variant="sft_peft@prefix", seed=43), [reply(0, True, 1)], 0.5)
    made = {
        "data": {"dataset": "theirs", "data_seed": 7, "gone": 1},
        "seed-42/injected/prefix": {"strategy": "prefix", "n_prefix_pauses": 3, "data_seed": 7},
        "seed-43/injected/word": {"strategy": "word", "n_prefix_pauses": 3, "data_seed": 8},
        "seed-43/sft_peft@prefix/model": {"variant": "sft_peft@prefix", "max_steps": 5, "trial_checkpoints": [2]},
    }
    for place, values in made.items():
        note(intervened.folder() / place, values)
    settings = record.settings_of_analysis(opened(intervened))
    assert (settings.seeds, settings.max_pauses) == ((42, 43), Settings().max_pauses)
    assert settings.variants == (*Settings().variants, "sft_peft@prefix")
    used = settings.of("dataset", "data_seed", "strategy", "n_prefix_pauses", "max_steps", "trial_checkpoints")
    assert [*used.values()] == ["theirs", 7, "word", 3, 5, (2,)]
    nothing = Settings(runs_dir=intervened.runs_dir, experiment="nothing")
    assert record.settings_of_analysis(opened(nothing)) == nothing


def test_a_result_that_is_another_one_than_a_report_was_made_from_is_named(by_hand):
    assert record.why_read_again(by_hand) is None  # no report says what it was made from
    write_json(by_hand.folder() / record.READ, record.read_from(by_hand.but(variants=["sft"])))
    assert record.why_read_again(by_hand) is not None  # a report of fewer rows is made again
    write_json(by_hand.folder() / record.READ, record.read_from(by_hand))
    assert record.why_read_again(by_hand) is None
    save(by_hand.but(variant="sft"), [reply(0, True, 3)], 0.5)
    assert record.why_read_again(by_hand) == "seed-42/sft is another one than it was made from"
