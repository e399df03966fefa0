"""The steps: each makes what it needs and nothing else, once, and names what it was made from."""

import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from pauselib import manifests, steps
from pauselib.analysis.tables.contrasts import Trials
from pauselib.artifacts import recipe, why_unfinished
from pauselib.decoding import greedy
from pauselib.errors import InputError
from pauselib.files import read_json, write_json_lines
from pauselib.injection.rows import prompt_ids, read_rows
from pauselib.manifests import MANIFEST, manifest_digest, why_stale
from pauselib.positions import last_position
from pauselib.settings import INTERVENTION_SETTINGS, Settings
from pauselib.sources.models import load_tokenizer, pause_token_id
from pauselib.steps import before_training, clean_rows, evaluate, inject, training_rows, trial, trials, warm_up
from pauselib.training import warmup
from pauselib.trials import trial as measures

P = pause_token_id("tiny")


def made(settings) -> set[str]:
    """The finished folders of an experiment, by the part of their path below it; notebooks and locks are none."""
    folder = settings.folder()
    return {path.parent.relative_to(folder).as_posix() for path in folder.rglob(MANIFEST)}


@pytest.fixture
def fresh(small, request):
    """As `small`, in a folder of the test's own; each training is one step."""
    return small.but(experiment=request.node.name, base_max_steps=1, max_steps=1)


def test_a_variant_makes_what_it_needs_and_is_made_once(small, monkeypatch):
    settings = small.but(variant="sft_unfr_lm_head_embed_peft")
    parts, loss = before_training(settings)
    folder = warm_up(settings)
    record = read_json(folder / "training.json")
    assert (folder.parent / "baseline_1_epoch" / "model" / "model.safetensors").exists()
    assert record["steps"] == 3  # 6 problems x 2 copies / 4
    assert record["eval_loss"] == min(entry["eval_loss"] for entry in record["history"] if "eval_loss" in entry)
    trained = {"LoRA", "pause_embedding", "pause_head", "lm.lm_head", "lm.model.embed_tokens"}
    assert {row["part"] for row in record["trainable"]} == trained
    assert not (folder / "checkpoints").exists()
    assert parts.to_dict("records") == record["trainable"]
    assert loss > record["eval_loss"]
    monkeypatch.setattr(warmup, "before_first_step", None)  # no model is loaded of a finished row
    stored, none = before_training(settings)
    assert (stored.to_dict("records"), none) == (record["trainable"], None)
    written = (folder / "model" / "model.safetensors").stat().st_mtime_ns
    warm_up(settings)
    assert (folder / "model" / "model.safetensors").stat().st_mtime_ns == written


def test_a_recipe_has_the_settings_by_their_names_and_the_first_step_those_of_its_own():
    second = {"learning_rate": 0.1, "eval_steps": 7, "max_steps": 9, "trial_checkpoints": (8,)}
    first = {"base_learning_rate": 0.2, "base_eval_steps": 8, "base_max_steps": 10}
    given = vars(recipe(Settings(**second, **first, strategy="prefix", n_prefix_pauses=3)))
    assert {**given, **second, "prompt_pauses": 3} == given
    given = vars(recipe(Settings(variant="baseline_1_epoch", **second, **first)))
    own = {"learning_rate": 0.2, "eval_steps": 8, "max_steps": 10, "trial_checkpoints": (), "prompt_pauses": 0}
    assert {**given, **own} == given


def test_the_matched_baseline_sees_each_clean_answer_as_often_as_it_was_injected_from_the_first_step_s_model(small):
    settings = small.but(variant="baseline_matched")
    injected = read_rows(inject(settings), "train")
    rows = training_rows(settings, clean_rows(settings))["train"]
    assert rows["problem_id"].to_list() == injected["problem_id"].to_list()
    without_pauses = [ids[ids != P].tolist() for ids in injected["input_ids"]]
    assert [ids.tolist() for ids in rows["input_ids"]] == without_pauses
    assert all(len(ids) == len(mask) for ids, mask in zip(rows["input_ids"], rows["completion_mask"]))
    record = read_json(warm_up(settings) / "training.json")
    assert record["steps"] == 3  # 6 problems x 2 copies / 4, as many as a variant that pauses
    assert "pause_loss" not in record
    predictions, metrics = evaluate(settings)
    assert [reply["n_pauses"] for reply in predictions] == [0, 0, 0]
    fields = "problem_id question gold reply predicted correct n_pauses n_tokens truncated"
    assert set(predictions[0]) == set(fields.split())
    fields = "accuracy pauses_mean pauses_mean_correct pauses_mean_incorrect truncated_rate n eval_loss step_accuracy"
    assert list(metrics) == fields.split()
    assert (metrics["eval_loss"], metrics["n"]) == (record["eval_loss"], 3)


def test_another_seed_draws_its_own_training_data_and_pauses_and_has_the_same_test_problems(fresh):
    other = fresh.but(seed=43)
    ours, theirs = (read_rows(inject(one), "train") for one in (fresh, other))
    assert not set(ours["question"]) & set(theirs["question"])
    assert all(name.startswith("train-43-") for name in theirs["problem_id"])
    assert not (fresh.folder() / "seed-43" / "data" / "test.parquet").exists()
    assert made(fresh) == {"data", "seed-42/injected/random", "seed-43/data", "seed-43/injected/random"}
    assert manifests.manifest(inject(other))["settings"]["data_seed"] == 43
    row = other.but(variant="sft")
    predictions, _ = evaluate(row)
    tested = read_rows(clean_rows(fresh), "test")["problem_id"]
    assert [reply["problem_id"] for reply in predictions] == tested.to_list()
    assert why_stale(row.variant_folder()) is None
    shifted = fresh.but(experiment="shifted", data_seed=43)  # the same draw, with other test problems
    assert read_rows(inject(shifted), "train")["question"].equals(theirs["question"])
    assert not read_rows(clean_rows(shifted), "test").equals(read_rows(clean_rows(fresh), "test"))


def test_a_baseline_reads_clean_rows_each_once_an_epoch_and_nothing_is_injected_for_it(fresh):
    settings = fresh.but(variant="baseline_1_epoch")
    rows = training_rows(settings, clean_rows(settings))
    assert [len(rows[split]) for split in ("train", "validation")] == [6, 2]
    assert rows["train"]["problem_id"].is_unique
    warm_up(settings)
    warm_up(settings.but(variant="baseline_matched"))
    assert made(settings) == {"data", "seed-42/baseline_1_epoch/model", "seed-42/baseline_matched/model"}


def test_a_strategy_that_asks_the_first_step_s_model_trains_that_before(fresh):
    folder = inject(fresh.but(strategy="surprise", n_random_pauses=1, variable_number_of_pauses=False))
    assert made(fresh) == {"data", "seed-42/baseline_1_epoch/model", "seed-42/injected/surprise"}
    model = fresh.but(variant="baseline_1_epoch").variant_folder() / "model"
    digests = {"data": manifest_digest(clean_rows(fresh)), "base": manifest_digest(model)}
    assert manifests.manifest(folder)["inputs"] == digests
    assert manifests.manifest(folder)["places"] == {"data": "../../../data", "base": "../../baseline_1_epoch/model"}


def test_a_given_first_step_is_taken_by_every_seed_in_place_of_training_and_no_other_model_is(fresh, monkeypatch):
    given = warm_up(fresh.but(variant="baseline_1_epoch")) / "model"
    for path in given.glob("tokenizer*"):
        path.unlink()  # it is the model's, so a published folder does without
    other = fresh.but(seed=43, start_from=str(given), variant="sft_peft")
    second = warm_up(other) / "model"
    monkeypatch.setattr(warmup, "train_variant", None)
    taken = warm_up(other.but(variant="baseline_1_epoch")) / "model"
    assert (taken / "model.safetensors").read_bytes() == (given / "model.safetensors").read_bytes()
    assert manifests.manifest(taken)["inputs"]["given"] == manifest_digest(given)
    assert manifests.manifest(second)["inputs"]["base"] == manifest_digest(taken)
    assert why_unfinished(other, "warmup") is None
    evaluate(other.but(variant="baseline_1_epoch"))
    before = made(fresh)
    for folder in (second, given.parent, "nowhere"):
        with pytest.raises(InputError, match=f"start_from is '{folder}', which holds no baseline_1_epoch of the model"):
            warm_up(other.but(seed=44, start_from=str(folder)))
    assert made(fresh) == before


def test_what_was_made_from_other_settings_is_refused_on_the_way_and_made_again_where_it_may_be_overwritten(fresh):
    first = fresh.but(variant="baseline_1_epoch")
    warm_up(first)
    with pytest.raises(ValueError, match=r"data was made with n_train=8 \(now 9\): choose another name"):
        warm_up(first.but(n_train=9))
    with pytest.raises(ValueError, match=r"model was made with base_learning_rate=0.006 \(now 0.1\)"):
        warm_up(first.but(variant="sft", base_learning_rate=0.1))
    folder = warm_up(first.but(n_train=9, base_learning_rate=0.1, overwrite=True))
    assert manifests.manifest(fresh.folder() / "data")["settings"]["n_train"] == 9
    assert manifests.manifest(folder / "model")["settings"]["base_learning_rate"] == 0.1


@pytest.fixture
def decoded(monkeypatch) -> list[list[list[int]]]:
    """The prompts of every decoding from here on, one list a decoding."""
    asked, generate = [], greedy.generate

    def recorded(model, prompts, *args, **kwargs):
        asked.append(prompts)
        return generate(model, prompts, *args, **kwargs)

    monkeypatch.setattr(greedy, "generate", recorded)
    return asked


def test_the_pauses_of_a_prefix_stand_behind_every_prompt_in_training_and_at_test_time(fresh, decoded):
    settings = fresh.but(variant="sft@prefix", n_prefix_pauses=3)
    evaluate(settings)
    plain = prompt_ids(read_rows(clean_rows(settings), "test"))
    assert decoded == [[[*prompt, P, P, P] for prompt in plain]]
    assert AutoConfig.from_pretrained(settings.variant_folder() / "model").whole.prompt_pauses == 3
    evaluate(fresh.but(variant="sft"))
    assert decoded[1] == plain
    assert AutoConfig.from_pretrained(fresh.but(variant="sft").variant_folder() / "model").whole.prompt_pauses == 0


def test_replies_are_made_once_again_where_a_file_of_them_is_gone_and_the_same(small, decoded):
    settings = small.but(variant="sft")
    folder = settings.replies_folder()
    predictions, metrics = evaluate(settings)
    assert evaluate(settings) == (predictions, metrics)
    assert len(decoded) == 1
    for name in ("metrics.json", "predictions.jsonl", "tokens.parquet", MANIFEST):
        before = (folder / "predictions.jsonl").read_bytes(), (folder / "metrics.json").read_bytes()
        (folder / name).unlink()
        assert evaluate(settings) == (predictions, metrics)
        assert ((folder / "predictions.jsonl").read_bytes(), (folder / "metrics.json").read_bytes()) == before
    assert len(decoded) == 5


def test_replies_name_the_model_and_the_rows_that_they_were_made_from_and_what_they_were_computed_with(small):
    settings = small.but(variant="sft")
    evaluate(settings)
    evaluate(settings.but(max_pauses=0))
    row, clean = settings.variant_folder(), clean_rows(settings)
    found, changed = (manifests.manifest(place) for place in (row, row / "interventions" / "max_pauses-0"))
    assert found["inputs"] == {"model": manifest_digest(row / "model"), "data": manifest_digest(clean)}
    assert found["outputs"].keys() == {"predictions.jsonl", "tokens.parquet", "metrics.json"}
    assert found["notes"]["eval_batch_size"] == settings.eval_batch_size
    assert found["notes"]["device"].startswith(("cpu (", "cuda ("))
    assert changed["settings"] == {**found["settings"], **settings.but(max_pauses=0).of(*INTERVENTION_SETTINGS)}
    assert changed["inputs"] == found["inputs"]


def test_a_measure_that_fails_has_cost_no_decoding(small, decoded, monkeypatch):
    monkeypatch.setattr(measures, "step_accuracy", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        evaluate(small.but(variant="sft_fr_phead"))
    assert decoded == []


@pytest.fixture
def few_positions(tmp_path):
    """A folder with a model of 64 learned positions and the tokenizer of the embedded one."""
    config = AutoConfig.for_model("gpt2", n_embd=8, n_layer=1, n_head=2, n_positions=64, vocab_size=884)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    load_tokenizer("tiny").save_pretrained(tmp_path / "model")
    return str(tmp_path / "model")


@pytest.mark.parametrize(
    ("make", "train", "test", "changes", "sentence"),
    [
        (warm_up, 60, 1, {}, r"train-\d+ takes 1\d\d tokens, but this model knows 64 positions: lower max_length, or"),
        (trial, 1, 1, {"trial_doses": [50]}, r"test-\d+ takes \d\d tokens, .* 64 positions: give smaller trial_doses"),
    ],
)
def test_what_is_longer_than_a_model_s_learned_positions_is_refused_before_it_is_trained(
    make, train, test, changes, sentence, small, few_positions, tmp_path
):
    for split, n in (("train", train), ("test", test)):
        rows = [{"question": f"{split} {i} {'a b ' * n}?", "answer": f"<<{i}={i}>>\n#### {i}"} for i in range(8)]
        write_json_lines(tmp_path / f"{split}.jsonl", rows)
    few = {"model": few_positions, "runs_dir": str(tmp_path / "runs"), "n_random_pauses": 2}
    settings = small.but(dataset=str(tmp_path), variant="sft_peft", **few, **changes)
    with pytest.raises(InputError, match=sentence) as error:
        make(settings)
    assert "\n" not in str(error.value)
    assert not any("model" in part for part in made(settings))


def test_positions_have_an_end_where_they_are_learned():
    assert last_position(AutoConfig.for_model("gpt2")) == 1024
    assert last_position(AutoConfig.for_model("mistral")) == last_position(AutoConfig.for_model("mamba")) == 0
    assert last_position(AutoConfig.for_model("mistral"), rotary_too=True) > 0


def test_an_intervention_on_a_variant_that_never_pauses_is_refused(fresh):
    with pytest.raises(ValueError, match="baseline_1_epoch never pauses, so interventions change nothing: choose"):
        evaluate(fresh.but(variant="baseline_1_epoch", max_pauses=0))
    assert not fresh.folder().exists()


def test_beside_a_finished_model_its_record_is_mended_and_what_a_kill_left_is_cleared(small, monkeypatch):
    folder = warm_up(small.but(variant="sft"))
    record, beside = (folder / "model" / "training.json").read_bytes(), folder / "training.json"
    assert beside.read_bytes() == record
    (folder / "checkpoints" / "checkpoint-1").mkdir(parents=True)
    monkeypatch.setattr(steps, "training_rows", None)  # the rows are not even read
    for edited in (None, '{"steps": 1000}'):
        beside.unlink() if edited is None else beside.write_text(edited)
        warm_up(small.but(variant="sft"))
        assert beside.read_bytes() == record
    assert not (folder / "checkpoints").exists()


FEW = {"trial_sites": ["step", "chosen"], "trial_contents": ["pauses", "masked"], "trial_doses": [1, 4]}


def test_the_trial_of_a_variant_makes_the_trials_that_it_is_compared_with_each_once(small):
    settings = small.but(variant="sft_peft", n_trial=2, **FEW)
    found = trials(settings)
    problems = found.groupby("variant", sort=False)["problem_id"].nunique()
    assert problems.to_dict() == {"sft_peft": 2, "baseline_1_epoch": 2, "baseline_matched": 2}
    conditions = [("", "nothing"), ("step", "pauses"), ("step", "masked"), ("result", "given")]
    mine, *others = (set(zip(one["site"], one["content"])) for _, one in found.groupby("variant", sort=False))
    assert mine == {*conditions, ("chosen", "pauses")}
    assert others == [set(conditions)] * 2
    folder = settings.variant_folder() / "trial"
    assert set(manifests.manifest(folder)["outputs"]) == {"trials.parquet"}
    written = (folder / "trials.parquet").stat().st_mtime_ns
    assert trial(settings)["log_likelihood"].le(0).all()
    assert (folder / "trials.parquet").stat().st_mtime_ns == written
    assert Trials(found).contrasts("sft_peft")["problems"][0] == 2


def test_the_step_accuracy_of_a_row_is_that_of_its_trial_with_nothing_put_in(small):
    settings = small.but(variant="sft", trial_sites="step", trial_contents="pauses", trial_doses=[1])
    _, metrics = evaluate(settings)
    found = trial(settings)
    assert metrics["step_accuracy"] == found.loc[found["content"] == "nothing", "correct"].mean()
    _, forbidden = evaluate(settings.but(max_pauses=0))
    assert "step_accuracy" not in forbidden


def test_a_task_without_results_has_no_step_accuracy_and_a_trial_that_says_so(fresh, tmp_path):
    rows = [{"question": f"What comes after {i}?", "answer": f"#### {i + 1}"} for i in range(10)]
    write_json_lines(tmp_path / "train.jsonl", rows[:8])
    write_json_lines(tmp_path / "test.jsonl", rows[8:])
    settings = fresh.but(dataset=str(tmp_path), variant="baseline_1_epoch", n_train=0, n_test=0)
    _, metrics = evaluate(settings)
    assert metrics["step_accuracy"] is None
    assert trials(settings).empty
