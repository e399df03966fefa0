"""What is written into README.md and docs/, from twelve hand-written replies a variant."""

import json
import zipfile

import findings
import nbformat
import pandas as pd
import pytest
import write_results
import yaml
from conftest import save, save_outcomes

from pauselib.analysis.study import Study
from pauselib.settings import of_experiment

CONFIG = {
    "experiment": "tiny",
    "variants": ["sft_peft", "baseline_1_epoch", "baseline_matched"],
    "interventions": [{"variant": "sft_peft", "max_pauses": 0}],
}
MARKED = "before\n<!-- {0}: written by docs/write_results.py -->\nold {0}\n<!-- end of {0} -->\nafter\n"
PAUSE = "<|pause|>"


def replies(n_pauses: list[int], n_right: int) -> list[dict]:
    """A reply a problem, the first `n_right` of them correct, two pauses before its first word and a third in it."""
    return [
        {
            "problem_id": f"test-{i}",
            "question": f"What is {i} and {i}?",
            "gold": "1",
            "reply": f"{PAUSE * min(n, 2)}It is {PAUSE * (n - 2)}#### 1",
            "predicted": "1",
            "correct": i < n_right,
            "n_pauses": n,
            "n_tokens": n + 10,
            "truncated": False,
        }
        for i, n in enumerate(n_pauses)
    ]


@pytest.fixture
def root(tmp_path):
    """A project of which one run is finished: sft_peft is right in 9 of 12 problems, without its pauses in 6, as are
    the baselines.
    """
    config = {**CONFIG, "runs_dir": str(tmp_path / "runs")}
    settings = of_experiment(config)
    pauses = [1, 2, 3] * 4
    save(settings.but(variant="sft_peft", max_pauses=0).replies_folder(), replies([0] * 12, 6), eval_loss=0.5)
    for name, rows in (
        ("sft_peft", replies(pauses, 9)),
        ("baseline_1_epoch", replies([0] * 12, 6)),
        ("baseline_matched", replies([0] * 12, 6)),
    ):
        folder = settings.but(variant=name).variant_folder()
        save(folder, rows, eval_loss=0.5)
        training = {"history": [{"step": 1, "loss": 1.0}], "nearest_tokens": []}
        (folder / "training.json").write_text(json.dumps(training))
    tokens = [[PAUSE, "a", PAUSE, "b", PAUSE, "c"][: 2 * n] + list("abcdefghij"[n:]) for n in pauses]
    halves = [[0.5] * len(one) for one in tokens]
    given = {"tokens": tokens, "p_pause": halves, "p_best": halves}
    names = [f"test-{i}" for i in range(12)]
    (settings.folder() / "data").mkdir()
    problems = pd.DataFrame({"problem_id": names, "answer": ["<<1+1=2>>2", "2"] * 6})
    problems.to_parquet(settings.folder() / "data" / "test.parquet")
    kept = pd.DataFrame({"problem_id": names, **given})
    kept.to_parquet(settings.but(variant="sft_peft").variant_folder() / "tokens.parquet")
    notebook = nbformat.v4.new_notebook(metadata={"papermill": {"output_path": "/home/somebody/analyze.ipynb"}})
    nbformat.write(notebook, settings.folder() / "analyze.ipynb")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "tiny.yaml").write_text(yaml.safe_dump(config))
    for name in ("tiny-seeds", "tiny-strategies", "smollm2", "smollm2-table", "smollm2-curve"):
        unfinished = {**config, "experiment": name, "variants": ["sft"], "interventions": []}
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(unfinished))
    (tmp_path / "README.md").write_text("".join(map(MARKED.format, ("real", "table", "curve", "finding", "example"))))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "results.md").write_text("".join(map(MARKED.format, ("tiny", "seeds", "strategies"))))
    return tmp_path


def test_the_finding_is_three_sentences_with_numbers_and_intervals(root):
    study = Study(of_experiment(yaml.safe_load((root / "configs" / "tiny.yaml").read_text())))
    trained, forbidden, places, _, run, *_ = findings.finding(study, "which run").splitlines()
    assert trained.startswith(
        "* Trained with pauses, `sft_peft` is right in 75.0 % of 12 new problems; as much training without pauses "
        "(`baseline_matched`) gives 50.0 %: a difference of +25.0 points (95 % interval "
    )
    assert forbidden.startswith(
        "* With pauses forbidden, the accuracy of the same model changes by -25.0 points (95 % interval "
    )
    assert places.startswith(
        "* `sft_peft` pauses 2.0 times a reply. Over all variants with a trained pause head, incorrect replies pause "
        "in 1.00 times as many places as correct ones (95 % interval "
    )
    assert places.endswith("This is about these models, not about training.")
    assert run == "which run"


def test_a_claim_that_can_not_be_estimated_is_told_in_its_own_words(root):
    settings = of_experiment(yaml.safe_load((root / "configs" / "tiny.yaml").read_text()))
    folder = settings.but(variant="sft_peft").variant_folder()
    save(folder, replies([1, 2, 3] * 4, 12), eval_loss=0.5)
    places = findings.places_sentence(Study(settings))
    assert places.startswith("`sft_peft` pauses 2.0 times a reply. Not decided: none of ")


def test_the_example_is_the_first_correct_reply_with_two_pauses(root):
    study = Study(of_experiment(yaml.safe_load((root / "configs" / "tiny.yaml").read_text())))
    assert findings.example(study).splitlines()[-3:] == ["    What is 1 and 1?", "", "    ‖‖It is #### 1"]


def test_only_what_is_finished_is_written_and_the_rest_is_named(root, capsys):
    write_results.main("a machine", root=root)
    told = capsys.readouterr().out
    assert "Not finished of configs/tiny-seeds.yaml: seed 42." in told
    readme, results = (root / "README.md").read_text(), (root / "docs" / "results.md").read_text()
    assert readme.count("before") == readme.count("after") == 5
    assert "old real" in readme
    assert "old curve" in readme
    assert "old finding" not in readme
    assert "`configs/tiny.yaml`, seed 42, 12 test problems; a machine" in readme
    assert "old tiny" not in results
    assert "| sft_peft " in results
    assert "old seeds" in results
    assert "old strategies" in results
    for name in ("finding", "interventions", "by_pauses"):
        assert (root / "docs" / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_the_real_experiment_goes_to_a_folder_of_its_own_and_above_the_quick_look(root):
    real = yaml.safe_load((root / "configs" / "tiny.yaml").read_text())
    (root / "configs" / "smollm2.yaml").write_text(yaml.safe_dump(real))
    (root / "runs" / "tiny" / "results.csv").write_text("variant\n")
    manifest = {"settings": {"dataset": "/somewhere/gsm8k"}}
    (root / "runs" / "tiny" / "data" / "made_from.json").write_text(json.dumps(manifest))
    write_results.main("a machine", root=root)
    readme, docs = (root / "README.md").read_text(), root / "docs" / "smollm2"
    assert "old real" not in readme
    assert "](docs/smollm2/finding.png)" in readme
    assert "**Whether pauses buy computation is undecided: SmolLM2-135M-Instruct on GSM8K**" in readme
    assert "`configs/smollm2.yaml`, seed 42, 12 test problems; a machine" in readme
    assert "| sft_peft " in (docs / "results.md").read_text()
    assert (docs / "results.csv").read_text() == "variant\n"
    assert "somebody" not in (docs / "analyze.ipynb").read_text()
    with zipfile.ZipFile(docs / "seed-42.zip") as outcomes:
        outcomes.extractall(root / "elsewhere")
    elsewhere = of_experiment({**real, "runs_dir": str(root / "elsewhere")})
    assert len(Study(elsewhere).replies) == 3 * 12
    assert "/path/to/data" in (elsewhere.folder() / "data" / "made_from.json").read_text()
    assert not list((root / "elsewhere").rglob("test.parquet"))


def test_the_whole_table_says_the_range_of_its_numbers_and_only_claims_of_its_rows(root):
    whole = {**yaml.safe_load((root / "configs" / "tiny.yaml").read_text()), "interventions": []}
    (root / "configs" / "smollm2-table.yaml").write_text(yaml.safe_dump(whole))
    (root / "runs" / "tiny" / "results.csv").write_text("variant\n")
    write_results.main("a machine", ["configs/smollm2-table.yaml"], root)
    said = (
        "The 1 variants with pauses are right in 75.0 to 75.0 % of the problems and the baselines in 50.0 to 50.0 %; "
        "0 of 1 variants differ from as much training without pauses (p < 0.05, corrected over the table). Rows with "
        "a trained pause head pause 2.0 to 2.0 times a reply, and 0.0 to 0.0 % of their replies are cut."
    )
    readme, page = ((root / name).read_text() for name in ("README.md", "docs/smollm2-table/results.md"))
    assert said in readme
    assert said in page
    assert "Incorrect replies pause" in page
    assert "Pauses buy computation" not in page
    docs = root / "docs" / "smollm2-table"
    assert (docs / "finding.png").read_bytes()[:4] == b"\x89PNG"
    with zipfile.ZipFile(docs / "seed-42.zip") as outcomes:
        names = [name.rpartition("/")[2] for name in outcomes.namelist()]
    assert names.count("predictions.jsonl") == 4
    assert "tokens.parquet" not in names


def test_of_the_real_experiment_those_seeds_are_shown_that_are_finished(root, capsys):
    real = yaml.safe_load((root / "configs" / "tiny.yaml").read_text())
    (root / "configs" / "smollm2.yaml").write_text(yaml.safe_dump({**real, "seeds": [42, 43]}))
    (root / "runs" / "tiny" / "results.csv").write_text("variant\n")
    write_results.main("a machine", root=root)
    assert "Not finished of configs/smollm2.yaml: seed 43." in capsys.readouterr().out
    assert "`configs/smollm2.yaml`, seed 42, 12 test problems; a machine" in (root / "README.md").read_text()
    assert [path.name for path in (root / "docs" / "smollm2").glob("*.zip")] == ["seed-42.zip"]


def test_the_learning_curves_go_to_a_folder_of_their_own_and_into_a_sentence_of_the_readme(root):
    config = {**yaml.safe_load((root / "configs" / "tiny.yaml").read_text()), "trial_checkpoints": [10, 20]}
    (root / "configs" / "smollm2-curve.yaml").write_text(yaml.safe_dump(config))
    (root / "runs" / "tiny" / "results.csv").write_text("variant\n")
    settings = of_experiment(config)
    conditions = pd.DataFrame({"site": ["", "step"], "content": ["nothing", "pauses"], "dose": [0, 4]})
    names = [f"test-{i // 2}" for i in range(24)]
    results = pd.DataFrame({"problem_id": names, "result": [0, 1] * 12, "correct": False})
    for name, step, loss in (("baseline_1_epoch", 0, 5.0), ("sft_peft", 10, 3.0), ("sft_peft", 20, 2.0)):
        table = results.merge(conditions, how="cross")
        table["log_likelihood"] = -1.0 - loss * (table["dose"] > 0) - 0.1 * (table["result"] == 1)
        folder = settings.but(variant=name).variant_folder() / (f"trial-at-step-{step}" if step else "trial")
        save_outcomes(folder, table)
    write_results.main("a machine", root=root)
    readme, docs = (root / "README.md").read_text(), root / "docs" / "smollm2-curve"
    assert "old curve" not in readme
    assert "Pauses before the calculation: 1 curves begin at -5.000 to -5.000 nats and end at -2.000 " in readme
    assert (docs / "learning_curves.png").read_bytes()[:4] == b"\x89PNG"
    assert "| sft_peft  | before the calculation " in (docs / "results.md").read_text()
    with zipfile.ZipFile(docs / "seed-42.zip") as outcomes:
        assert "tiny/seed-42/sft_peft/trial-at-step-20/trials.parquet" in outcomes.namelist()


def test_a_copied_notebook_says_not_where_the_data_are(tmp_path):
    settings = of_experiment({**CONFIG, "runs_dir": str(tmp_path)})
    folder = settings.folder() / "data"
    folder.mkdir(parents=True)
    (folder / "made_from.json").write_text(json.dumps({"settings": {"dataset": "/somewhere/gsm8k"}}))
    cell = nbformat.v4.new_code_cell("dataset = '/somewhere/gsm8k'")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "source.ipynb")
    write_results.copy_notebook(tmp_path / "source.ipynb", tmp_path / "target.ipynb", Study(settings))
    assert nbformat.read(tmp_path / "target.ipynb", 4).cells[0].source == "dataset = '/path/to/data'"


def test_the_copies_have_no_dead_links_and_no_paths_of_the_machine(root):
    write_results.main("a machine", root=root)
    assert 'href="seed-' not in (root / "docs" / "report.html").read_text()
    assert "somebody" not in (root / "docs" / "analyze.ipynb").read_text()


def test_an_experiment_that_is_not_named_stays_as_it_is(root):
    before = (root / "README.md").read_text()
    write_results.main("a machine", ["configs/smollm2.yaml"], root)
    assert (root / "README.md").read_text() == before
    write_results.main("a machine", ["configs/tiny.yaml"], root)
    assert (root / "README.md").read_text() != before


def test_writing_twice_changes_nothing(root):
    write_results.main("a machine", root=root)
    first = {path: path.read_bytes() for path in root.rglob("*.md")}
    write_results.main("a machine", root=root)
    assert {path: path.read_bytes() for path in root.rglob("*.md")} == first


def test_a_file_without_a_place_for_it_is_named(root):
    (root / "README.md").write_text("nothing")
    with pytest.raises(SystemExit, match=r"README.md has no place for 'finding'"):
        write_results.main("a machine", root=root)
