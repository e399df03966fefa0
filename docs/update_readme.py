"""Put the table and the picture of a finished run into README.md, so that no number there is typed.

python docs/update_readme.py configs/tiny.yaml "2 cores of an AMD EPYC, no GPU"
"""

import sys
from pathlib import Path

import yaml

from pauselib import analysis, figures, runs
from pauselib.settings import Settings

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- result: written by docs/update_readme.py -->", "<!-- end of result -->"


def main(config: str, machine: str) -> None:
    settings = Settings(**yaml.safe_load(Path(config).read_text()))
    table, replies = analysis.results(settings), analysis.predictions(settings)
    missing = table.loc[table["accuracy"].isna(), "variant"].tolist()
    if missing:
        sys.exit(f"These rows are not finished: {', '.join(missing)}.")
    figure = figures.accuracy_by_pauses(analysis.pausing(replies))
    figure.savefig(ROOT / "docs" / "accuracy_by_pauses.png", dpi=90)
    made = runs.versions("torch", "transformers", "trl", "peft")
    text = f"""{BEGIN}
`{config}`, seed {", ".join(map(str, settings.seeds))}, {table["n"].max():.0f} test problems; {machine}; {", ".join(f"{name} {number}" for name, number in made.items())}.
Best in bold; a baseline's eval loss is on clean answers and does not compare with the others.

{analysis.as_text(table).to_markdown(index=False, disable_numparse=True)}

![Accuracy against the number of pauses, one panel a variant](docs/accuracy_by_pauses.png)
{END}"""
    readme = (ROOT / "README.md").read_text()
    before, rest = readme.split(BEGIN)
    runs.write(ROOT / "README.md", before + text + rest.split(END)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
