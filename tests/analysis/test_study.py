"""A study has all its tables before anything is finished, counts what is registered, and shows one row that pauses."""

from functools import cached_property

import pandas as pd
from conftest import note, reply, save

from pauselib.analysis.claims.pause_sites import incorrect_pause_more
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.study import Study
from pauselib.analysis.tables import loading
from pauselib.settings import Settings


def test_a_study_of_nothing_has_all_its_tables(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
    every = {name: getattr(study, name) for name, kind in vars(Study).items() if isinstance(kind, cached_property)}
    tables = {name: table for name, table in every.items() if isinstance(table, pd.DataFrame)}
    assert {name for name, table in tables.items() if len(table)} == {"claims", "table", "used"}
    assert set(study.claims["verdict"]) == {"undecided"}
    assert (study.table["accuracy"].isna().tolist(), loading.values_used(study.settings)) == ([True] * 25, {})
    assert (study.finished_rows, study.example_variant, study.plan_status) == ([], None, "not registered")
    assert study.scope[0] == "0 of 25 trainings are finished, of 25 rows with these training seeds: 42."
    assert study.scope[1:] == ["0 of 3 trials and replies under interventions are finished."]
    assert len(study.limits) == 7


def test_in_the_registered_experiment_only_the_registered_problems_count(tmp_path):
    """The first of the problems are those that the pilot saw: what they say is in no verdict."""
    settings = Settings(runs_dir=str(tmp_path), experiment=plan(1).experiment, plan=1, variants=["sft_peft"])
    save(settings, [reply(i, i < 100, i % 3 % 2) for i in range(200)], 0.5)
    counted = incorrect_pause_more(loading.predictions(settings).iloc[25:], plan(1))
    assert Study(settings).claims.iloc[2]["estimate"] == counted.estimate
    assert Study(settings).plan_status == "registered, unfinished"
    for seed in plan(1).seeds:
        save(settings.but(seed=seed), [reply(0, True, 1)], 0.5)
    alone = settings.but(seeds=plan(1).seeds, trials=[])
    assert Study(alone).plan_status == "registered"
    assert Study(alone.but(trials=["sft_peft"])).plan_status == "registered, unfinished"
    note(settings.folder() / "data", {}, **{"test.jsonl": "a"})
    of_inputs = Study(alone)
    for digest, status in (("a", "registered"), ("another", "not registered")):
        vars(of_inputs).pop("plan_status", None)
        of_inputs.plan = plan(1).model_copy(update={"inputs": {"test.jsonl": digest}})
        assert of_inputs.plan_status == status


def test_the_example_is_the_variant_of_the_settings_if_its_pause_head_is_trained(by_hand):
    assert Study(by_hand.but(variant="sft_peft")).example_variant == "sft_peft"
    assert Study(by_hand.but(variant="baseline_1_epoch")).example_variant == "sft"
    assert set(Study(by_hand.but(variant="sft_peft")).neighbours["variant"]) == {"sft_peft"}
