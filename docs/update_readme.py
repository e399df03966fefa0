"""Put the tables, readings and pictures of the finished runs of configs/tiny.yaml and configs/tiny-seeds.yaml into README.md: no number there is typed.

python docs/update_readme.py "2 cores of an AMD EPYC, no GPU"
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

from pauselib import runs
from pauselib.analysis import reasons as pausing
from pauselib.analysis.study import Study
from pauselib.report import html as markup
from pauselib.report import tables
from pauselib.settings import of_experiment

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- result: written by docs/update_readme.py -->", "<!-- end of result -->"
PICTURES = ("accuracy", "interventions", "by_pauses")


def markdown(table: pd.DataFrame) -> str:
    """A table for README.md, rounded for reading."""
    text = table.apply(markup.as_text).rename(columns=lambda name: name.replace("_", " "))
    return text.to_markdown(index=False, disable_numparse=True)


def over_seeds(study: Study) -> pd.DataFrame:
    """The table over seeds with the differences to the start."""
    against = study.against_start[["variant", "difference", "low", "high", "p_holm"]]
    columns = ["variant", "accuracy", "low", "high", "se", "se_seeds", "se_problems", "pauses_mean"]
    return study.over_seeds[columns].merge(against, on="variant", how="left", suffixes=("", " of the difference"))


def finished(config: str) -> Study:
    """The study of a shipped experiment, all of whose rows are finished."""
    study = Study(of_experiment(yaml.safe_load((ROOT / config).read_text())))
    if missing := study.table.loc[study.table["accuracy"].isna(), "variant"].tolist():
        sys.exit(f"These rows of {config} are not finished: {', '.join(missing)}.")
    return study


def told(config: str, study: Study, machine: str) -> str:
    """Which run it was."""
    made = runs.versions("torch", "transformers", "trl", "peft")
    seeds = f"seed{'s' * (len(study.settings.seeds) > 1)} {', '.join(map(str, study.settings.seeds))}"
    listed = ", ".join(f"{name} {number}" for name, number in made.items())
    return f"`{config}`, {seeds}, {study.table['n'].max():.0f} test problems; {machine}; {listed}."


def main(machine: str) -> None:
    config, config_seeds = "configs/tiny.yaml", "configs/tiny-seeds.yaml"
    study, seeds = finished(config), finished(config_seeds)
    for name in PICTURES:
        study.pictures[name].savefig(ROOT / "docs" / f"{name}.png", dpi=100)
    effects = study.effects[
        ["variant", "intervention", "accuracy", "difference", "low", "high", "p_holm", "pauses_mean", "truncated_rate"]
    ]
    text = f"""{BEGIN}
{told(config, study, machine)}

**The published takeaways, tested**

{markdown(study.takeaways[["claim", "verdict", "reading"]])}

![Accuracy of every variant with its interval, and its difference to the model all started from](docs/accuracy.png)

{study.detectable}

**Do pauses help?** The same models with their pauses forbidden, capped, forced or drawn, on the same problems (difference: to the plain replies):

{markdown(effects)}

![Accuracy against the number of pauses allowed, and the other interventions](docs/interventions.png)

**Why they pause.** {pausing.reading(study.reasons)} Greedy decoding agrees with the rule *pause where the LM's best word is less likely than the odds of a pause*
at {study.rule["agree"].min():.1%} of the positions in the variant where it agrees least.

**The table** in the published layout; best in bold; a baseline's eval loss is on clean answers and does not compare with the others.

{tables.as_published(study.table).to_markdown(index=False, disable_numparse=True)}

![Accuracy against the number of pauses, one panel a variant](docs/by_pauses.png)

**Three seeds** of seven variants: accuracy, its 95 % interval over seeds and problems, what the seeds and the problems bring to its standard error (se),
and the paired difference to the model it started from. {told(config_seeds, seeds, machine)}

{markdown(over_seeds(seeds))}
{END}"""
    readme = (ROOT / "README.md").read_text()
    before, rest = readme.split(BEGIN)
    runs.write(ROOT / "README.md", before + text + rest.split(END)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
