"""The outcomes that are stored in results/: whole, belonging together, and giving the tables that stand beside them."""

import io
import re
import tarfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from same_results import differences

from pauselib.analysis.study import Study
from pauselib.analysis.tables import loading
from pauselib.errors import InputError
from pauselib.files import digest, read_json, write, write_json
from pauselib.manifests import MANIFEST, damaged
from pauselib.settings import of_experiment
from tools import publish
from tools.publish import ARCHIVE

RESULTS = ROOT / "results"
ROWS = {"qwen": 15, "qwen-rivals": 15, "smollm2": 18, "smollm2-curve": 6, "tiny-seeds": 21}  # the others have all 25
RIVALS = ["sft", "sft_peft", "sft_fr_pembed_peft", "sft_unfr_lm_head_peft", "sft_unfr_lm_head_embed_peft"]
CHANGED = {"qwen-rivals": {"experiment": "qwen-rivals", "seeds": [43, 44, 45], "variants": RIVALS}}  # of qwen-table
FOLDERS = sorted(path.parent for path in RESULTS.rglob(ARCHIVE))
CURVE = RESULTS / "smollm2-curve"


def experiment_of(folder: Path) -> str:
    return folder.relative_to(RESULTS).parts[0]


def unpacked(folder: Path, runs_dir: Path, archive: bytes = b""):
    """The settings of an experiment whose published archive, or another one of it, was unpacked into `runs_dir`."""
    with tarfile.open(fileobj=io.BytesIO(archive or (folder / ARCHIVE).read_bytes())) as packed:
        packed.extractall(runs_dir, filter="data")
    name = experiment_of(folder)
    config = yaml.safe_load((ROOT / "configs" / f"{name.replace('rivals', 'table')}.yaml").read_text())
    return of_experiment({**config, **CHANGED.get(name, {}), "runs_dir": str(runs_dir)})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(RESULTS).as_posix())
def test_every_row_of_an_archive_is_read_and_gives_the_published_tables(folder, tmp_path):
    study = Study(unpacked(folder, tmp_path))
    assert study.table["accuracy"].notna().sum() == len(study.table) == ROWS.get(experiment_of(folder), 25)
    assert not loading.stale_folders(study.settings)
    if folder.name == "qwen":
        assert study.plan_status == "registered"
        assert {read_json(path)["notes"]["commit"] for path in tmp_path.rglob(MANIFEST)} == {"95187e8ef8d3"}
    computed = {f"tables/{name}": getattr(study, name) for name in ("over_seeds", "against_matched")}
    computed["results"] = study.table
    if folder.parent == RESULTS:  # the others are without their trials
        computed["tables/trials_gains"] = study.trials.gains()
        computed["tables/claims"] = study.claims
        for name in study.trials.variants:
            computed[f"tables/trial_{name}_likelihood"] = study.trials.contrasts(name)
            computed[f"tables/trial_{name}_correct"] = study.trials.contrasts(name, "correct")
    if folder.name == "smollm2":
        second = Study(study.settings.but(plan=2))
        likelihood = second.trials.contrasts("sft_peft")
        computed |= {"tables/version_2_likelihood": likelihood, "tables/version_2_claims": second.claims}
    if experiment_of(folder) == "tiny":
        claims = [pd.read_csv(folder / "tables" / "version_2_claims.csv"), study.claims]
        published, again = (one.set_index("claim").loc["Pauses help, as accuracy shows it."] for one in claims)
        assert again[["verdict", "estimate", "low"]].equals(published[["verdict", "estimate", "low"]])
    if folder == CURVE:
        computed["tables/curve_ends"] = study.curve.ends
    for name, table in computed.items():
        again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
        published = pd.read_csv(folder / f"{name}.csv") if len(again) else again  # where there is a row
        pd.testing.assert_frame_equal(again, published, rtol=1e-9)


def test_a_run_is_published_without_its_place_and_still_belongs_together(tmp_path, monkeypatch):
    settings = unpacked(CURVE, tmp_path / "first")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(publish, "SOMEWHERE", "/home/somebody/gsm8k")
        settings = unpacked(CURVE, tmp_path / "second", publish.archive(settings))
    assert loading.values_used(settings)["dataset"] == ["/home/somebody/gsm8k"]
    settings = unpacked(CURVE, tmp_path / "third", publish.archive(settings))
    assert loading.results(settings)["accuracy"].notna().all()
    assert differences(tmp_path / "third", tmp_path / "first") == []


def test_published_replies_have_the_pauses_that_the_head_expects_in_place_of_their_tokens(tmp_path):
    settings = unpacked(CURVE, tmp_path / "first").but(variant="sft_peft")
    replies = settings.variant_folder()
    tokens = loading.read_replies(replies)[["problem_id"]].assign(p_pause=[[0.1, 0.2, 0.4]] * 60)
    tokens.to_parquet(replies / "tokens.parquet")
    found = read_json(replies / MANIFEST)
    found["outputs"]["tokens.parquet"] = digest(replies / "tokens.parquet")
    write_json(replies / MANIFEST, found)
    replies = unpacked(CURVE, tmp_path / "second", publish.archive(settings)).but(variant="sft_peft").variant_folder()
    assert loading.read_replies(replies)["expected_pauses"].unique() == [0.1 + 0.2 + 0.4]
    assert damaged(replies) == []


def test_what_is_published_are_the_tables_chosen_pictures_and_the_archive(tmp_path):
    settings = unpacked(CURVE, tmp_path)
    tables = ("results.csv", "tables/over_seeds.csv", "tables/results.csv", "tables/empty.csv", "tables/over_seeds.tex")
    for name in (*tables, "figures/learning_curves.png", "figures/another.png"):
        text, picture = "variant\n" + "sft\n" * ("empty" not in name), (CURVE / "learning_curves.png").read_bytes()
        write(settings.folder() / name, picture if name.endswith("png") else text)
    for folder in (settings.variant_folder(), settings.injected_folder().parent):
        write(folder / ".model.part" / MANIFEST, '{"inputs": {}, "outputs": {}}')  # of what is under way
    write(tmp_path / "published" / "tables" / "empty.csv", "variant\nsft\n")  # of an earlier publication
    publish.publish(settings, tmp_path / "published", pictures=["learning_curves"], without=["trial"])
    found = {path.relative_to(tmp_path / "published").as_posix() for path in (tmp_path / "published").rglob("*.*")}
    assert found == {"results.csv", "tables/over_seeds.csv", "learning_curves.png", ARCHIVE}
    with tarfile.open(tmp_path / "published" / ARCHIVE) as packed:
        assert not [name for name in packed.getnames() if "/trial/" in name or ".part" in name]
    with pytest.raises(InputError, match=r"There is no \S+/curve\.png: run the notebook `analyze`"):
        publish.publish(settings, tmp_path / "published", pictures=["curve"])


def test_what_is_stale_is_not_published(tmp_path):
    settings = unpacked(CURVE, tmp_path)
    manifest = settings.folder() / "data" / "made_from.json"
    manifest.write_text(manifest.read_text().replace("/path/to/data", "/elsewhere"))
    with pytest.raises(InputError, match="6 rows of smollm2-curve aren't finished, or are stale"):
        publish.archive(settings)


def test_nothing_that_is_published_names_a_place_of_a_machine():
    place = re.compile(rb"/(?:work|home|root|tmp|Users)/\w")
    files = [one for end in ("csv", "html", "md") for top in (ROOT / "docs", RESULTS) for one in top.rglob(f"*.{end}")]
    assert not [path for path in files if place.search(path.read_bytes())]
    for folder in FOLDERS:
        with tarfile.open(folder / ARCHIVE) as packed:
            members = [member for member in packed if not member.name.endswith(".parquet")]
            assert not [member.name for member in members if place.search(packed.extractfile(member).read())]


def test_the_notice_of_the_problems_is_beside_them():
    notice = (RESULTS / "NOTICE-GSM8K").read_text()
    assert "Copyright (c) 2021 OpenAI" in notice
    gsm8k = [folder for folder in FOLDERS if folder.parent == RESULTS]
    assert all((folder / ARCHIVE).relative_to(ROOT).as_posix() in notice for folder in gsm8k)
