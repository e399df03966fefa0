"""Write what the finished runs of the shipped experiments say into docs/ and README.md: no number there is typed.

python docs/write_results.py "2 cores of an AMD EPYC, no GPU" [configs/tiny.yaml ...]

Those of the configurations named, or else of all: what was made on another machine is written by a call of its own.

The text goes between the comments `<!-- NAME: written by docs/write_results.py -->` and `<!-- end of NAME -->`. These
are the parts `real`, `table`, `curve`, `finding` and `example` of README.md, and the parts `tiny`, `seeds` and
`strategies` of docs/results.md. Seeds that are not finished are left out, and a line says so; where none is, parts stay
as they are.

What configs/smollm2.yaml, smollm2-table.yaml and smollm2-curve.yaml have made goes to folders of docs/. All but the
weights and the rows of the problems is in a zip a seed: unpacked into runs/, it is what `notebooks/analyze.ipynb`
reads. What needs the rows is left out there: how difficult a problem is, and the lowest losses of a pause head; of the
whole table also what needs the tokens of the replies.
"""

import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import findings
import nbformat
import yaml
from matplotlib.figure import Figure

from pauselib import runs
from pauselib.analysis import loading
from pauselib.analysis.study import Study
from pauselib.analysis.trials import LIKELIHOOD
from pauselib.report import document, figures, style
from pauselib.settings import of_experiment

ROOT = Path(__file__).parent.parent
RESULTS = "docs/results.md"
DPI = 100  # of the pictures


def finished_seeds(root: Path, config: str) -> Study | None:
    """Return the study of those seeds of a shipped experiment that are finished; None where none is."""
    settings = of_experiment(yaml.safe_load((root / config).read_text()))
    table = Study(settings).table
    unfinished = set(table.loc[table["accuracy"].isna(), "seed"])
    if unfinished:
        print(f"Not finished of {config}: seed {', '.join(map(str, sorted(unfinished)))}.")
    seeds = [seed for seed in settings.seeds if seed not in unfinished]
    return Study(settings.but(seeds=seeds)) if seeds else None


def fill(path: Path, part: str, content: str) -> None:
    """Put `content` between the comments that mark a part of a file. Exits with a sentence where they are missing."""
    begin, end = f"<!-- {part}: written by docs/write_results.py -->", f"<!-- end of {part} -->"
    text = path.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{path.name} has no place for '{part}': put '{begin}' and '{end}' where it belongs.")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    runs.write(path, f"{before}{begin}\n{content.strip()}\n{end}{after}")


def picture_of_origin(study: Study) -> Figure:
    """Return the picture of where the pauses come from."""
    origin = study.pause_origin
    return figures.pause_origin(origin.by, origin.losses, origin.variant)


PICTURES = {
    "finding": lambda study: figures.accuracies(study.over_seeds, study.against_matched),
    "by_pauses": lambda study: figures.accuracy_by_pauses(loading.of_pausing_variants(study.replies)),
    "interventions": lambda study: figures.accuracy_under_interventions(study.intervention_effects),
    "pause_origin": picture_of_origin,
    "trials": lambda study: figures.trial_gains(study.trials.gains(), study.trial_variant, LIKELIHOOD.column),
    "learning_curves": lambda study: figures.learning_curves(study.curve.gains),
}

OF_AN_EXPERIMENT = ("finding", "by_pauses", "interventions", "pause_origin", "trials")


def draw(study: Study, docs: Path, *names: str) -> None:
    """Write the pictures with these names into a folder."""
    for name in names:
        runs.write(docs / f"{name}.png", style.saved(PICTURES[name](study), "png", dpi=DPI))


def publish(study: Study, docs: Path) -> None:
    """Write the report and the executed analysis of an experiment into a folder."""
    docs.mkdir(parents=True, exist_ok=True)
    report = document.report_html(study, alone=True)
    runs.write(docs / "report.html", without_place(report, study, study.settings.dataset))
    copy_notebook(study.settings.folder() / "analyze.ipynb", docs / "analyze.ipynb", study)


def publish_all(study: Study, docs: Path, brief: bool = False) -> None:
    """Write the report of an experiment into a folder, and what its finished seeds have made. `brief`: without the
    notebooks of the rows and the tokens of their replies, which are most of it.
    """
    publish(study, docs)
    made = study.settings.folder()
    for path in [made / "results.csv", *made.glob("tables/*.csv")]:
        runs.write(docs / path.relative_to(made), without_place(path.read_text(encoding="utf-8"), study))
    for seed in study.settings.seeds:
        of_seed = made / f"seed-{seed}"
        if not brief:
            for path in of_seed.glob("*/*.ipynb"):
                copy_notebook(path, docs / path.relative_to(made), study)
        places = [path.relative_to(made) for root in (made / "data", of_seed) for path in sorted(root.rglob("*"))]
        kept = [place for place in places if is_outcome(place) and not (brief and place.name == "tokens.parquet")]
        content = {place.as_posix(): published(made / place, study) for place in kept}
        runs.write(docs / f"{of_seed.name}.zip", zipped(content, made.name))


def zipped(content: dict[str, bytes], folder: str) -> bytes:
    """Return files, given by their names, as a zip in which they are in one folder; the same files, the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16  # everybody may read it
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def published(path: Path, study: Study) -> bytes:
    """Return the content of a file; a manifest's without the folder that the problems came from."""
    if path.name != runs.MANIFEST:
        return path.read_bytes()
    return without_place(path.read_text(encoding="utf-8"), study).encode()


def is_outcome(place: Path) -> bool:
    """Return whether a file of a run is a result, or says what a result was made from. Weights and rows are neither."""
    if "checkpoints" in place.parts:
        return False
    if {"data", "injected", "model"} & set(place.parts):
        return place.name == runs.MANIFEST
    return place.suffix in (".json", ".jsonl", ".parquet")


def copy_notebook(source: Path, target: Path, study: Study) -> None:
    """Copy an executed notebook without what papermill notes of the machine: paths, times, where the data are."""
    notebook = nbformat.read(source, as_version=4)
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
        part.metadata.pop("execution", None)
    runs.write(target, without_place(nbformat.writes(notebook) + "\n", study))


def without_place(text: str, study: Study, instead: str = "/path/to/data") -> str:
    """Return a text with something instead of the path of the folder that an experiment's problems came from."""
    (dataset,) = loading.values_used(study.settings).get("dataset", [study.settings.dataset])
    return text.replace(dataset, instead) if Path(dataset).is_absolute() else text


def write_default(study: Study, run: str, root: Path) -> None:
    """Write what the embedded default says: into README.md, and into docs/."""
    publish(study, root / "docs")
    draw(study, root / "docs", *OF_AN_EXPERIMENT)
    fill(root / "README.md", "finding", findings.finding(study, run))
    fill(root / "README.md", "example", findings.example(study))
    fill(root / RESULTS, "tiny", findings.experiment_part(study, run))


def write_real(study: Study, run: str, root: Path) -> None:
    """Write what the registered experiment says: into README.md, and all of it into docs/smollm2."""
    folder = root / "docs" / "smollm2"
    publish_all(study, folder)
    draw(study, folder, *OF_AN_EXPERIMENT)
    runs.write(folder / "results.md", f"# The registered experiment\n{findings.experiment_part(study, run)}")
    fill(root / "README.md", "real", findings.real_finding(study, run))


def write_curve(study: Study, run: str, root: Path) -> None:
    """Write what the learning curves say: a sentence into README.md, and all of it into docs/smollm2-curve."""
    folder = root / "docs" / "smollm2-curve"
    publish_all(study, folder)
    draw(study, folder, "learning_curves")
    runs.write(folder / "results.md", findings.curve_page(study, run))
    fill(root / "README.md", "curve", findings.curve_finding(study, run))


def write_table(study: Study, run: str, root: Path) -> None:
    """Write what the whole table on the real model says: a bullet into README.md, and all of it into docs/."""
    folder = root / "docs" / "smollm2-table"
    publish_all(study, folder, brief=True)
    draw(study, folder, "finding", "by_pauses")
    runs.write(folder / "results.md", findings.table_page(study, run))
    fill(root / "README.md", "table", findings.table_finding(study, run))


def write_seeds(study: Study, run: str, root: Path) -> None:
    """Write what several seeds of the embedded default say into docs/results.md."""
    fill(root / RESULTS, "seeds", findings.seeds_part(study, run))


def write_strategies(study: Study, run: str, root: Path) -> None:
    """Write what the strategies of the embedded default say into docs/results.md."""
    fill(root / RESULTS, "strategies", findings.strategies_part(study, run))


WRITERS = {
    "configs/tiny.yaml": write_default,
    "configs/smollm2.yaml": write_real,
    "configs/smollm2-curve.yaml": write_curve,
    "configs/smollm2-table.yaml": write_table,
    "configs/tiny-seeds.yaml": write_seeds,
    "configs/tiny-strategies.yaml": write_strategies,
}


def main(machine: str, configs: Sequence[str] = (), root: Path = ROOT) -> None:
    """Write everything that the finished runs of some configurations allow, or of all shipped ones."""
    for config in configs or WRITERS:
        study = finished_seeds(root, config)
        if study is not None:
            WRITERS[config](study, findings.run_line(config, study, machine), root)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(WRITERS):
        sys.exit(
            'Name the machine of the runs, and which of them: python docs/write_results.py "2 cores of an AMD EPYC, no '
            f'GPU" [{" ".join(WRITERS)}]'
        )
    main(sys.argv[1], sys.argv[2:])
