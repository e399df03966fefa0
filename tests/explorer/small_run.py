"""A finished run of two variants and four problems, made in seconds, for `pytest_plugins = ["small_run"]`."""

import shutil

import pytest

from pauselib.settings import Settings

STEPS = {"eval_steps": 2, "base_eval_steps": 2, "max_steps": 2, "base_max_steps": 2, "max_new_tokens": 20}
SMALL = {"experiment": "small", "n_train": 12, "n_test": 4, "n_copies": 2, **STEPS}


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> Settings:
    """Two variants, one of them with an intervention too, and the first step's model without replies."""
    from pauselib.steps import evaluate

    settings = Settings(**SMALL, runs_dir=str(tmp_path_factory.mktemp("runs")), variant="sft_fr_phead_peft")
    evaluate(settings.but(variant="sft_peft"))
    evaluate(settings)
    evaluate(settings.but(max_pauses=0))
    return settings


@pytest.fixture
def asked(small_run) -> Settings:
    """The settings of a notebook that knows the folder and nothing else."""
    return Settings(experiment="small", variant="sft_fr_phead_peft", runs_dir=small_run.runs_dir)


@pytest.fixture
def own_copy(asked, tmp_path) -> Settings:
    """The same, of a copy of the run that a test may change."""
    shutil.copytree(asked.runs_dir, tmp_path / "runs")
    return asked.but(runs_dir=str(tmp_path / "runs"))
