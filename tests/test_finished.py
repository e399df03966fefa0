"""What counts as finished is decided by comparing manifests with what is asked: never by a folder's name or place."""

import shutil

import pytest
from conftest import note

from pauselib import manifests, steps
from pauselib.analysis.tables import loading
from pauselib.artifacts import (
    clean_artifact,
    injected_artifact,
    inputs_on_this_machine,
    model_artifact,
    replies_artifact,
    trial_artifact,
    why_unfinished,
)  # fmt: skip
from pauselib.decoding.interventions import Cap
from pauselib.errors import InputError
from pauselib.explorer.choosing import will_do
from pauselib.files import digest, read_json, write, write_json, write_json_lines
from pauselib.manifests import MANIFEST, classes_of, code_digest, manifest_digest, plain_source
from pauselib.sources.models import source_digest
from pauselib.sources.problems import digests
from pauselib.tasks.gsm8k import GSM8K


@pytest.fixture
def sft(by_hand):
    return by_hand.but(variant="sft")


def edit(folder, change) -> None:
    """Change a manifest in place."""
    found = read_json(folder / MANIFEST)
    change(found)
    write_json(folder / MANIFEST, found)


def test_what_was_made_with_other_settings_is_not_finished(sft):
    shorter = sft.but(max_new_tokens=6)
    assert why_unfinished(shorter, "evaluate") == "replies made with max_new_tokens=160 (now 6)"
    assert loading.results(shorter)["accuracy"].isna().all()


def test_a_folder_that_took_the_place_of_another_is_not_taken_for_it(sft):
    folders = [sft.but(variant=name).variant_folder() for name in ("sft", "baseline_1_epoch")]
    shutil.move(folders[0], folders[0].with_name("x"))
    shutil.move(folders[1], folders[0])
    shutil.move(folders[0].with_name("x"), folders[1])
    assert why_unfinished(sft, "evaluate") == "replies made with variant=baseline_1_epoch (now sft)"
    assert [one.row.variant for one in loading.finished(sft, loading.REPLIES)] == ["sft_peft"]
    assert len(loading.stale_folders(sft)) == 2


@pytest.mark.parametrize(
    "edited",
    [
        *({name: None} for name in ("settings", "inputs", "outputs", "places", "code")),
        {"outputs": {}},
        {"places": {"data": "../../data"}},  # of which no digest is named
        {"inputs": {"data": "abc"}, "places": {"data": 5}},
    ],
)
def test_a_manifest_that_was_emptied_or_contradicts_itself_is_none(sft, edited):
    edit(sft.variant_folder(), lambda found: found.update(edited))
    assert why_unfinished(sft, "evaluate") == "replies missing or unreadable"


def test_a_manifest_that_names_no_row_is_of_no_row(sft):
    row = sft.but(variant="sft_peft")  # the default variant, and the default seed
    edit(row.variant_folder(), lambda found: found.update(settings={}))
    assert why_unfinished(row, "evaluate") == "replies made with variant=None (now sft_peft), seed=None (now 42)"


def made(folder, settings: dict, code: dict | None = None, **inputs) -> None:
    """Write what counts as something that a step made."""
    write(folder / "file", "content")
    note(folder, settings, "file", code=code, **inputs)


def test_a_model_trained_on_the_pauses_of_another_strategy_is_not_what_is_asked_for(sft):
    random, word = (injected_artifact(sft.but(strategy=name)) for name in ("random", "word"))
    model, replies = model_artifact(sft), replies_artifact(sft)
    made(random.folder, random.settings)
    made(model.folder, model.settings, data=random.folder)
    made(replies.folder, replies.settings, model=model.folder)
    assert why_unfinished(sft, "evaluate") is None
    reason = "model made from injected/random, which is not what is asked for"
    assert why_unfinished(sft.but(strategy="word"), "evaluate") == reason
    made(word.folder, word.settings)
    assert why_unfinished(sft.but(strategy="word"), "evaluate") == reason


def test_the_trial_of_a_checkpoint_is_not_that_of_the_last_weights(sft):
    at_2, at_4, last = (trial_artifact(sft, step) for step in (2, 4, None))
    made(at_4.folder, at_2.settings, at_2.code)
    made(last.folder, at_2.settings, at_2.code)
    assert why_unfinished(sft, "trial", 4) == "trial made with step=2 (now 4)"
    assert why_unfinished(sft, "trial") == "trial made with step=2 (now last)"
    edit(last.folder, lambda found: found["code"].pop("step"))  # as older versions wrote it
    assert why_unfinished(sft, "trial") is None


def test_other_weights_at_the_path_of_the_model_are_another_model(sft, tmp_path):
    folder = tmp_path / "model"
    write(folder / "config.json", "{}")
    write(folder / "model.safetensors", "weights")
    row = sft.but(model=str(folder), variant="baseline_1_epoch")
    made(model_artifact(row).folder, model_artifact(row).settings, base=source_digest(folder))
    write(folder / ".git" / "index", "changes at every fetch")
    assert why_unfinished(row, "warmup", of_sources=True) is None
    write(folder / "model.safetensors", "others")
    assert why_unfinished(row, "warmup", of_sources=True).startswith("model made with base=")


def test_other_problems_in_a_folder_are_found_where_the_model_is_on_the_hub(sft, tmp_path):
    def write_problems(number: str) -> None:
        for split in ("train", "test"):
            write(tmp_path / f"{split}.jsonl", f'{{"question": "Ada has {number} pens.", "answer": "#### {number}"}}\n')

    row = sft.but(model="org/name", dataset=str(tmp_path))
    write_problems("4")
    clean = clean_artifact(row)
    made(clean.folder, clean.settings, **digests(row.problems))
    assert clean.difference(inputs_on_this_machine(row, clean)) == ""
    write_problems("5")
    assert "test.jsonl=" in clean.difference(inputs_on_this_machine(row, clean))
    toy = row.but(dataset="toy")
    assert "(now toy)" in clean_artifact(toy).difference(inputs_on_this_machine(toy, clean_artifact(toy)))


def test_a_setting_that_a_manifest_lacks_is_its_default_so_that_a_new_one_makes_nothing_stale(sft):
    edit(sft.variant_folder(), lambda found: found["settings"].pop("attn_implementation"))
    assert why_unfinished(sft, "evaluate") is None
    assert "attn_implementation=auto (now eager)" in why_unfinished(sft.but(attn_implementation="eager"), "evaluate")
    edit(sft.variant_folder(), lambda found: found["settings"].update(gone_since=1))
    assert why_unfinished(sft, "evaluate") is None


def test_another_code_of_a_task_makes_its_replies_stale_and_one_that_a_manifest_lacks_does_not(sft):
    name = f"{manifests.CODE}task gsm8k"
    edit(sft.variant_folder(), lambda found: found["code"].update({name: "another"}))
    assert why_unfinished(sft, "evaluate") == f"replies made with another {name}"
    edit(sft.variant_folder(), lambda found: found.pop("code"))
    assert why_unfinished(sft, "evaluate") is None


def test_the_digest_of_code_is_that_of_what_it_does():
    def one(x):
        """Return the next number."""
        return x + 1  # by one

    first = code_digest(one)

    def one(x):
        return x + 1

    assert code_digest(one) == first

    def one(x):
        return x + 2

    assert code_digest(one) != first
    assert code_digest(len) is None
    assert "class Declared" not in "".join(map(plain_source, classes_of(Cap)))
    assert "no limit" not in plain_source(Cap)
    assert [one.__name__ for one in classes_of(GSM8K)] == ["GSM8K", "Task"]
    assert code_digest(GSM8K) != code_digest(type("Other", (GSM8K,), {"__module__": "pauselib.tasks.gsm8k"}))


def test_notes_are_no_part_of_what_something_was_made_from(sft):
    folder = sft.variant_folder()
    before = manifest_digest(folder)
    edit(folder, lambda found: found["notes"].update(commit="another", threads=64, processor="another"))
    assert manifest_digest(folder) == before
    edit(folder, lambda found: found.pop("notes"))
    assert manifest_digest(folder) == digest(folder / MANIFEST) == before


def test_settings_of_other_steps_are_checked_before_anything_is_trained(small, monkeypatch):
    """The injected rows are there with 2 pauses at most; asked for the replies without saying so again."""
    settings = small.but(experiment="other", variant="sft")
    steps.inject(settings.but(n_random_pauses=2))
    monkeypatch.setattr(steps, "first_step", lambda _: pytest.fail("trained"))
    with pytest.raises(InputError, match=r"n_random_pauses=2 \(now 10\): choose another name"):
        steps.evaluate(settings)


def test_the_same_problems_at_another_path_are_the_same_and_others_or_none_at_the_same_path_are_not(small, tmp_path):
    first, second, link = tmp_path / "first", tmp_path / "second", tmp_path / "link"
    rows = [{"question": f"Ann has 3 pens, and {i} more?", "answer": f"#### {i + 3}"} for i in range(16)]
    write_json_lines(first / "train.jsonl", rows[:12])
    write_json_lines(first / "test.jsonl", rows[13:])
    shutil.copytree(first, second)
    link.symlink_to(first)
    settings = small.but(experiment="moved", n_train=0, n_test=0)
    folder = steps.clean_rows(settings.but(dataset=str(first)))
    before = (folder / MANIFEST).read_bytes()
    for same in (str(second), str(link), f"{first}/"):
        steps.clean_rows(settings.but(dataset=same))
        missing = why_unfinished(settings.but(dataset=same), "inject", of_sources=True)
        assert missing == "injected rows missing or unreadable"
    assert (folder / MANIFEST).read_bytes() == before
    write_json_lines(second / "train.jsonl", rows[:13])
    with pytest.raises(InputError, match=r"train.jsonl=\w+ \(now \w+\).* choose another name"):
        steps.clean_rows(settings.but(dataset=str(second)))
    assert will_do(settings.but(dataset=str(second)), "warmup").startswith(f"will be refused: {folder} was made")
    made(*injected_artifact(settings)[1:3], data=folder)
    (second / "train.jsonl").unlink()
    assert "There is no file" in will_do(settings.but(dataset=str(second), overwrite=True), "inject")
    first.rename(tmp_path / "moved")
    with pytest.raises(InputError, match=f"^The dataset '{first}' is not there: nothing has the path"):
        steps.clean_rows(settings.but(dataset=str(first)))


def test_more_checkpoints_than_asked_for_do_no_harm_and_other_ones_do(sft):
    folder, settings = model_artifact(sft)[1:3]
    made(folder, {**settings, "trial_checkpoints": [10]})
    assert model_artifact(sft).difference() == ""
    assert model_artifact(sft.but(trial_checkpoints=[20])).difference() == "trial_checkpoints=[10] (now [20])"
