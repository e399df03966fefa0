"""A finished run of two variants and four problems, made in seconds, for `pytest_plugins = ["small_run"]`."""

import shutil

import pytest

from pauselib.settings import Settings

STEPS = {"eval_steps": 2, "base_eval_steps": 2, "max_steps": 2, "base_max_steps": 2, "max_new_tokens": 20}
ROW = {"experiment": "small", "variant": "sft_fr_phead_peft"}


@pytest.fixture(scope="session")
def small_run(tmp_path_factory) -> Settings:
    """Two variants, one of them with an intervention too, and the first step's model without replies."""
    from pauselib.steps import evaluate

    runs_dir = str(tmp_path_factory.mktemp("runs"))
    settings = Settings(n_train=12, n_test=4, n_copies=2, runs_dir=runs_dir, **STEPS, **ROW)
    for changes in ({"variant": "sft_peft"}, {}, {"max_pauses": 0}):
        evaluate(settings.but(**changes))
    return settings


@pytest.fixture
def asked(small_run) -> Settings:
    """The settings of a notebook that knows the folder and nothing else."""
    return Settings(runs_dir=small_run.runs_dir, **ROW)


@pytest.fixture
def own_copy(asked, tmp_path) -> Settings:
    """The same, of a copy of the run that a test may change."""
    shutil.copytree(asked.runs_dir, tmp_path / "runs")
    return asked.but(runs_dir=str(tmp_path / "runs"))
