"""What a step's manifest names: every setting of the step, so that another value makes its results again."""

import json
from pathlib import Path

import pytest

from pauselib import manifests, runs, steps
from pauselib.artifacts import DEFAULTS
from pauselib.declared import STEPS
from pauselib.files import write
from pauselib.manifests import MANIFEST, PLACES, changes, manifest, origin, why_stale
from pauselib.settings import Settings, settings_of_step

VARIANTS = {"first_step": "baseline_1_epoch"}  # the row that a step is asked for; otherwise sft
CHANGED = {
    "variant": {"first_step": "baseline_2_epoch", **dict.fromkeys(("second_step", "evaluate", "trial"), "sft_peft")},
    "model": "other",
    "dataset": "folder",
    "model_revision": "v1",
    "dataset_revision": "v1",
    "dataset_config": "socratic",
    "task": "aqua",
    "too_long": "drop",
    "strategy": "word",
    "n_pauses_per_patterns": {"a": 2},
    "validation_split": "row",
    "base_max_steps": 5,
    "gradient_accumulation_steps": 2,
    "lora_target_modules": ["q_proj"],
    "dtype": "bfloat16",
    "attn_implementation": "eager",
    "forced_at": "start",
    "pause_bias": 0.5,
    "trial_sites": ["step"],
    "trial_contents": ["pauses"],
    "trial_doses": [2],
}  # other values that can be meant; a number is made larger, a boolean the opposite
NEEDS = {
    "model_revision": {"model": "no/model"},
    "dataset_revision": {"dataset": "no/dataset"},
    "n_pauses_per_patterns": {"strategy": "pattern", "n_pauses_per_patterns": {"a": 1}},
    "forced_at": {"forced_pauses": 1},
}
CASES = [(step, name) for step in STEPS for name in settings_of_step(step)]


class Asked(Exception):
    """Ends a step where it asks for what it makes, with the manifest of that."""


def another(step: str, name: str, value):
    """Another value of a setting."""
    if name in CHANGED:
        return CHANGED[name][step] if name == "variant" else CHANGED[name]
    if isinstance(value, bool):
        return not value
    return value / 2 if isinstance(value, float) else value + 1


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """asked(step, **settings): what the step says it is made from; nothing is made."""
    for module in (manifests, runs):
        monkeypatch.setattr(module, "digest", lambda *what: "digest")
    for name in ("load_tokenizer", "first_step"):
        monkeypatch.setattr(steps, name, lambda of: Path("base"))
    ask = {"data": steps.clean_rows, "inject": steps.inject, "first_step": steps.warm_up}
    ask |= {"second_step": steps.warm_up, "evaluate": steps.evaluate, "intervene": steps.evaluate}
    ask |= {"trial": steps.trial}

    def make_once(folder, made_from, *args, **kwargs):
        raise Asked(made_from)

    def of(step: str, **given) -> dict:
        settings = Settings(**{"runs_dir": str(tmp_path), "variant": VARIANTS.get(step, "sft"), **given})
        monkeypatch.setattr(runs, "make_once", make_once)
        if step != "data":
            monkeypatch.setattr(steps, "clean_rows", lambda *args: Path("data"))
        if step.endswith("_step"):
            monkeypatch.setattr(steps, "rows_folder", lambda *args: Path("data"))
        if step in ("evaluate", "intervene", "trial"):
            monkeypatch.setattr(steps, "warm_up", lambda *args, **kwargs: Path("trained"))
        with pytest.raises(Asked) as found:
            ask[step](settings)
        return found.value.args[0]

    return of


@pytest.mark.parametrize(("step", "name"), CASES)
def test_another_value_of_a_step_s_setting_is_another_manifest(step, name, asked):
    given = NEEDS.get(name, {"max_pauses_in_a_row": 9} if step == "intervene" else {})
    value = Settings(**{"variant": VARIANTS.get(step, "sft"), **given}).of(name)[name]
    before, after = asked(step, **given), asked(step, **{**given, name: another(step, name, value)})
    assert {one for one, old in before["settings"].items() if after["settings"][one] != old} == {name}
    assert name in changes(before, after, DEFAULTS) or (name in PLACES and before["inputs"] == after["inputs"])


def test_a_new_manifest_has_the_settings_of_its_step_in_their_order(tmp_path):
    """Manifests are inputs of digests by their bytes."""
    small = {"n_train": 12, "n_test": 4, "n_random_pauses": 2, "runs_dir": str(tmp_path)}
    folder = steps.inject(Settings(variant="sft", **small))
    found = json.loads((folder / MANIFEST).read_text())
    assert list(found) == ["settings", "inputs", "places", "versions", "code", "notes", "outputs"]
    assert list(found["settings"].items()) == [
        *{"data_seed": 42, "validation_share": 0.05, "max_length": 600, "too_long": "refuse"}.items(),
        *{"strategy": "random", "n_random_pauses": 2, "variable_number_of_pauses": True}.items(),
        *{"n_pauses_per_patterns": {}, "n_prefix_pauses": 10, "label_pauses": True, "n_copies": 1}.items(),
        ("validation_split", "problem"),
    ]
    assert found["places"] == {"data": "../../../data"}
    assert {"commit", "threads", "processor"} == found["notes"].keys()
    assert why_stale(folder) is None


def test_the_matched_baseline_names_its_copies_too_and_the_clean_rows_no_pauses(asked):
    before, after = (asked("second_step", variant="baseline_matched", n_copies=n) for n in (1, 2))
    assert changes(before, after, DEFAULTS) == {"n_copies": (1, 2)}
    assert asked("data", n_copies=1, strategy="random") == asked("data", n_copies=2, strategy="word")


def test_a_strategy_that_asks_the_first_step_s_model_names_it(asked):
    assert asked("inject", strategy="surprise")["inputs"] == {"data": "digest", "base": "digest"}


def test_another_revision_is_another_source_before_its_commit_is_known():
    before, after = ({"settings": {"model": "no/model", "model_revision": one}, "inputs": None} for one in ("", "v1"))
    assert changes(before, after, DEFAULTS) == {"model_revision": ("", "v1")}


def chain(folder: Path, seed: int) -> None:
    """Make `first` from a seed, `second` from `first`, and `third` from `second`."""
    first, second, third = (folder / name for name in ("first", "second", "third"))
    made_from = {first: ({"seed": seed}, {}), second: ({}, {"first": first}), third: ({}, {"second": second})}
    for one, (settings, inputs) in made_from.items():
        runs.make_once(one, origin(one, settings, inputs), lambda part: write(part / "a.txt", "made"), overwrite=True)


def test_what_was_made_from_something_that_was_made_again_is_stale_however_far_back(tmp_path):
    chain(tmp_path, seed=1)
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    assert [why_stale(one) for one in (first, second, third)] == [None, None, None]
    runs.make_once(first, origin(first, {"seed": 2}, {}), lambda part: write(part / "a.txt", "made"), overwrite=True)
    assert why_stale(second) == "its first was made again since"
    assert why_stale(third) == "its second is stale: its first was made again since"
    (second / MANIFEST).unlink()
    assert manifest(second) is None
    assert why_stale(third) == "its second is gone"


def test_a_clone_in_another_folder_has_the_same_manifests(tmp_path):
    chain(tmp_path / "here", seed=1)
    chain(tmp_path / "far" / "away", seed=1)
    for name in ("first", "second", "third"):
        here, away = (folder / name / MANIFEST for folder in (tmp_path / "here", tmp_path / "far" / "away"))
        assert here.read_bytes() == away.read_bytes()
