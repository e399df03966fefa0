"""What `make share` runs: it packs the report of a finished experiment with the files beside it into one zip.

python -m pauselib.workflow.share configs/tiny.yaml [name=value ...]

The arguments are those of `python -m pauselib.workflow`. The zip is runs/<experiment>/pauselib-<experiment>.zip.
"""

import io
import re
import sys
import zipfile
from html import unescape
from pathlib import Path

from pauselib import runs
from pauselib.errors import InputError
from pauselib.settings import Settings, of_experiment
from pauselib.workflow.command import read_arguments
from pauselib.workflow.steps_of_graph import short_path

REPORT = "report.html"
ALWAYS = ("tables/*.*", "figures/*.*", "results*.csv", "config.yaml")  # beside the report, linked to or not
LINK = re.compile(r'<a class="beside" href="([^"]*)">([^<]*)</a>')  # as a report links to a file beside it
ONE_TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the zip, so that the same files give the same bytes
README = """Pause tokens: {experiment}

Open report.html in a browser. It needs no network and no installation.

report.html   the report: what was found, all tables and pictures, samples of the replies, methods, how to cite it
tables/       every table of the report: CSV (every column, all digits), LaTeX and Markdown (rounded)
figures/      every picture of the report as SVG, most of them as PNG too
seed-*/       of each row its replies (predictions.jsonl, a reply a line) and its executed notebooks as pages
results*.csv  the results of all rows, and over seeds
config.yaml   the settings of the run

Not included: {missing}.
"""


def pack(settings: Settings) -> Path:
    """Write the zip of an experiment's report, and return its path. Raises InputError where there is no report.

    In it are the report, the files that it links to, its tables and pictures, and a README. Of what is not included,
    such as the models, the report in the zip says so.
    """
    folder = settings.folder()
    if not (folder / REPORT).exists():
        raise InputError(f"There is no report under {short_path(folder)}: `make run` makes it.")
    page = (folder / REPORT).read_text(encoding="utf-8")
    targets = dict.fromkeys(unescape(target) for target, _ in LINK.findall(page))
    linked = [target for target in targets if (folder / target).is_file()]
    others = [path.relative_to(folder).as_posix() for pattern in ALWAYS for path in sorted(folder.glob(pattern))]
    missing = [target for target in targets if target not in linked]
    content = {
        "README.txt": README.format(experiment=settings.experiment, missing=missing_in_words(missing)).encode(),
        REPORT: LINK.sub(lambda link: link[0] if unescape(link[1]) in linked else not_included(link[2]), page).encode(),
        **{name: (folder / name).read_bytes() for name in dict.fromkeys([*linked, *others])},
    }
    path = folder / f"pauselib-{settings.experiment}.zip"
    runs.write(path, zipped(content, path.stem))
    return path


def not_included(name: str) -> str:
    """Return what takes the place of a link to a file that is not in the zip."""
    return f"{name} (not included)"


def missing_in_words(missing: list[str]) -> str:
    """Return what the report names and the zip does not have, in words."""
    models = [target for target in missing if Path(target).name == "model"]
    others = [target for target in missing if target not in models]
    words = [f"{len(models)} trained model{'s' if len(models) > 1 else ''}"] if models else []
    return ", ".join([*words, *others, "the prepared data, logs and each token's probabilities"])


def zipped(content: dict[str, bytes], folder: str) -> bytes:
    """Return files, given by their names, as a zip in which they are in one folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", ONE_TIME)
            entry.external_attr = 0o644 << 16  # everybody may read it
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def main(*arguments: str) -> int:
    """Write the zip and say where it is; return 0, or 2 for what can't be packed."""
    try:
        path = pack(of_experiment(read_arguments(arguments)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    with zipfile.ZipFile(path) as archive:
        n_files = len(archive.namelist())
    print(f"{short_path(path)}: {n_files} files, {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
