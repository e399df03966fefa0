"""A study computes every table once, and has all of them before anything is finished."""

from functools import cached_property

import pandas as pd
from conftest import reply, save

from pauselib.analysis.claims.pause_sites import incorrect_pause_more
from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.study import Study
from pauselib.analysis.tables import loading
from pauselib.settings import Settings

TABLES = [name for name, kind in vars(Study).items() if isinstance(kind, cached_property)]


def test_a_study_of_nothing_has_all_its_tables(tmp_path):
    study = Study(Settings(runs_dir=str(tmp_path)))
    lengths = {name: len(getattr(study, name)) for name in TABLES if isinstance(getattr(study, name), pd.DataFrame)}
    assert {name for name, length in lengths.items() if length} == {"claims", "table", "used"}
    assert set(study.claims["verdict"]) == {"undecided"}
    assert (study.finished_rows, study.example_variant, study.plan_status) == ([], None, "not registered")
    assert study.scope == ["0 of 25 rows are finished, with these training seeds: 42."]
    assert len(study.limits) == 6


def test_in_the_registered_experiment_only_the_registered_problems_count(tmp_path):
    """The first of the problems are those that the pilot saw: what they say is in no verdict."""
    settings = Settings(runs_dir=str(tmp_path), experiment=plan().experiment, variants=["sft_peft"])
    replies = [reply(i, i < 100, i % 3 % 2) for i in range(200)]
    save(settings, replies, 0.5)
    assert len(Study(settings).replies) == 200
    counted = incorrect_pause_more(loading.predictions(settings).iloc[25:], plan())
    assert Study(settings).claims.iloc[2]["estimate"] == counted.estimate
    assert Study(settings).plan_status == "registered, unfinished"


def test_a_table_is_computed_once(intervened):
    study = Study(intervened)
    assert all(getattr(study, name) is getattr(study, name) for name in TABLES)
    assert study.finished_rows == [(42, "sft"), (42, "sft_peft"), (42, "baseline_1_epoch")]


def test_the_example_is_the_variant_of_the_settings_if_it_pauses(by_hand):
    assert Study(by_hand.but(variant="sft_peft")).example_variant == "sft_peft"
    assert Study(by_hand.but(variant="baseline_1_epoch")).example_variant == "sft"
    assert set(Study(by_hand.but(variant="sft_peft")).neighbours["variant"]) == {"sft_peft"}
