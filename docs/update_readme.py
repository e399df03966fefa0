"""Put the tables, readings and pictures of a finished run into README.md, so that no number there is typed.

python docs/update_readme.py configs/tiny.yaml "2 cores of an AMD EPYC, no GPU"
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

from pauselib import analysis, markup, pausing, runs
from pauselib.settings import of_experiment
from pauselib.study import Study

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- result: written by docs/update_readme.py -->", "<!-- end of result -->"
PICTURES = ("accuracy", "interventions", "by_pauses")


def markdown(table: pd.DataFrame) -> str:
    """A table for README.md, rounded for reading."""
    text = table.apply(markup.as_text).rename(columns=lambda name: name.replace("_", " "))
    return text.to_markdown(index=False, disable_numparse=True)


def main(config: str, machine: str) -> None:
    settings = of_experiment(yaml.safe_load(Path(config).read_text()))
    study = Study(settings)
    missing = study.table.loc[study.table["accuracy"].isna(), "variant"].tolist()
    if missing:
        sys.exit(f"These rows are not finished: {', '.join(missing)}.")
    for name in PICTURES:
        study.pictures[name].savefig(ROOT / "docs" / f"{name}.png", dpi=100)
    made = runs.versions("torch", "transformers", "trl", "peft")
    effects = study.effects[["variant", "intervention", "accuracy", "difference", "low", "high", "p_holm", "pauses_mean", "truncated_rate"]]
    text = f"""{BEGIN}
`{config}`, seed {", ".join(map(str, settings.seeds))}, {study.table["n"].max():.0f} test problems; {machine}; {", ".join(f"{name} {number}" for name, number in made.items())}.

**The published takeaways, tested**

{markdown(study.takeaways[["claim", "verdict", "reading"]])}

![Accuracy of every variant with its interval, and its difference to the model all started from](docs/accuracy.png)

{study.detectable}

**Do pauses help?** The same models with their pauses forbidden, capped, forced or drawn, on the same problems (difference: to the plain replies):

{markdown(effects)}

![Accuracy against the number of pauses allowed, and the other interventions](docs/interventions.png)

**Why they pause.** {pausing.reading(study.reasons)} Greedy decoding agrees with the rule *pause where the LM's best word is less likely than the odds of a pause*
at {study.rule["agree"].min():.1%} of the positions or more, in every variant.

**The table** in the published layout; best in bold; a baseline's eval loss is on clean answers and does not compare with the others.

{analysis.as_text(study.table).to_markdown(index=False, disable_numparse=True)}

![Accuracy against the number of pauses, one panel a variant](docs/by_pauses.png)
{END}"""
    readme = (ROOT / "README.md").read_text()
    before, rest = readme.split(BEGIN)
    runs.write(ROOT / "README.md", before + text + rest.split(END)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
