"""What a manifest names, and what makes it stale."""

import json
from pathlib import Path

from pauselib import runs, steps
from pauselib.files import write
from pauselib.manifests import MANIFEST, changes, manifest, origin, why_stale
from pauselib.settings import Settings


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


def test_another_revision_is_another_source_before_its_commit_is_known():
    before, after = ({"settings": {"model": "no/model", "model_revision": one}, "inputs": None} for one in ("", "v1"))
    assert changes(before, after, {}) == {"model_revision": ("", "v1")}


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
