"""What a step's manifest names: every setting of the step, so that another value makes its results again."""

from pathlib import Path

import pytest

from pauselib import manifests, runs, steps
from pauselib.artifacts import DEFAULTS
from pauselib.declared import STEPS
from pauselib.manifests import PLACES, changes, in_words
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
def manifest(monkeypatch, tmp_path):
    """manifest(step, **settings): what the step says it is made from; nothing is made."""
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
        with pytest.raises(Asked) as asked:
            ask[step](settings)
        return asked.value.args[0]

    return of


@pytest.mark.parametrize(("step", "name"), CASES)
def test_another_value_of_a_step_s_setting_is_another_manifest(step, name, manifest):
    given = NEEDS.get(name, {"max_pauses_in_a_row": 9} if step == "intervene" else {})
    value = Settings(**{"variant": VARIANTS.get(step, "sft"), **given}).of(name)[name]
    before, after = manifest(step, **given), manifest(step, **{**given, name: another(step, name, value)})
    assert {one for one, old in before["settings"].items() if after["settings"][one] != old} == {name}
    assert name in changes(before, after, DEFAULTS) or (name in PLACES and before["inputs"] == after["inputs"])


@pytest.mark.parametrize("step", STEPS)
def test_a_manifest_names_the_settings_of_its_step_its_inputs_and_the_versions(step, manifest):
    found = manifest(step, **({"max_pauses": 0} if step == "intervene" else {}))
    assert set(found) == {"settings", "inputs", "places", "versions", "code", "notes"}
    also = settings_of_step("evaluate") if step == "intervene" else ()
    assert set(found["settings"]) == {*settings_of_step(step), *also}
    inputs = {
        "data": {"tokenizer of"},
        "inject": {"data"},
        "first_step": {"base", "data"},
        "second_step": {"base", "data"},
    }
    assert set(found["inputs"]) == inputs.get(step, {"model", "data"})
    assert {"python", "pauselib"} < set(found["versions"])


def test_the_matched_baseline_names_its_copies_too_and_the_clean_rows_no_pauses(manifest):
    before, after = (manifest("second_step", variant="baseline_matched", n_copies=n) for n in (1, 2))
    assert in_words(changes(before, after, DEFAULTS)) == "n_copies=1 (now 2)"
    assert manifest("data", n_copies=1, strategy="random") == manifest("data", n_copies=2, strategy="word")


def test_a_strategy_that_asks_the_first_step_s_model_names_it(manifest):
    assert manifest("inject", strategy="surprise")["inputs"] == {"data": "digest", "base": "digest"}


def test_another_revision_is_another_source_before_its_commit_is_known():
    before, after = ({"settings": {"model": "no/model", "model_revision": one}, "inputs": None} for one in ("", "v1"))
    assert changes(before, after, DEFAULTS) == {"model_revision": ("", "v1")}
