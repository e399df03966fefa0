"""Each number in README.md and the pages of results is that of the file that it is from, and there is no other one."""

import math
import re
from functools import partial

import pandas as pd
import pytest
from conftest import ROOT
from published import TABLES, against_matched, contrast, gain, line, percent, points, signed, table
from test_archives import stored, unpacked

from pauselib.analysis.claims.preregistration import plan
from pauselib.analysis.statistics.paired import compare
from pauselib.analysis.study import Study
from pauselib.tokens import PAUSE_TEXT

README, DEFAULT = "README.md", "docs/results.md"
REAL, WHOLE, CURVE = (f"docs/{name}/results.md" for name in ("smollm2", "smollm2-table", "smollm2-curve"))
KNOWN = {"3.11", "1.4", "0.05", "0.1", "0.3", "0.2"}  # Python, millions of parameters, margin and ticks of a picture


def words(page: str) -> str:
    """The text of a page in one line."""
    return " ".join((ROOT / page).read_text().split())


def unit(number: str, name: str) -> str:
    """`-0.14 (-0.21 to -0.07)` with its unit: `-0.14 nats (-0.21 to -0.07)`."""
    return number.replace(" (", f" {name} (")


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Study:
    """The registered experiment, from its archive."""
    return Study(unpacked(stored("smollm2"), tmp_path_factory.mktemp("real"), "smollm2"))


@pytest.fixture(scope="module")
def default(tmp_path_factory) -> Study:
    """The embedded default on the Xeon, from its archive."""
    return Study(unpacked(stored("tiny/xeon"), tmp_path_factory.mktemp("default"), "tiny/xeon"))


def test_tables_have_the_numbers_of_their_files():
    for page, tables in TABLES.items():
        lines = (ROOT / page).read_text().splitlines()
        for of_file in tables:
            assert not [row for row in of_file() if row not in lines], f"not in {page}, by {of_file.__name__}"


def embedded(number, experiment: str = "tiny") -> str:
    """A number of the embedded default on both processors, as the table in README.md has it."""
    epyc, xeon = (number(f"{experiment}/{machine}") for machine in ("epyc", "xeon"))
    return f"{epyc} on an AMD EPYC, {xeon} on an Intel Xeon [exploratory]"


def of_trials() -> list[tuple[str, str]]:
    """What is said of the insertion trials."""
    nothing, masked, own = (
        contrast("smollm2", name) for name in ("above nothing", "beyond masked", "beyond masked, own")
    )
    hidden, one = (gain("smollm2", "sft_peft", "step", *what) for what in (("masked", 4), ("pauses", 1)))
    factor = math.exp(line("smollm2/tables/trial_sft_peft_likelihood", contrast="above nothing")["estimate"])
    steps = [unit(contrast("smollm2", name, "correct"), "points") for name in ("above nothing", "beyond masked")]
    nats = [unit(nothing, "nats"), unit(masked, "nats")]
    small = [embedded(partial(contrast, name=name)) for name in ("above nothing", "beyond masked")]
    ends = table("smollm2-curve/tables/curve_ends", site="result")["last_gain"]
    assert set(table("smollm2-curve/tables/curve_ends", site="step")["is"]) == {"not decided"}
    return [
        (README, f"({nothing.split()[0]} nats, a factor of {factor:.2f}) [registered]"),
        (README, f"hidden from the model cost more ({hidden.split()[0]} nats) [exploratory]"),
        (README, f"is undecided ({one.replace(' (', ' nats, ')} [exploratory]"),
        (README, f"before a hard calculation, less nothing, in nats | {nothing} [registered] | {small[0]} |"),
        (README, f"less four masked pauses, beyond matched training | {masked} [registered] | {small[1]} |"),
        (README, f"({own.split()[0]} nats in the model itself [exploratory])"),
        (REAL, f"against nothing {nats[0]}, against masked pauses and matched training {nats[1]}"),
        (REAL, f"against nothing {steps[0]}, against masked pauses and matched training {steps[1]}"),
        (REAL, f"{unit(own, 'nats')} in `sft_peft` itself"),
        (CURVE, f"pauses still cost {-ends.max():.1f} to {-ends.min():.1f} nats after 120 steps"),
    ]


def of_accuracy() -> list[tuple[str, str]]:
    """What is said of accuracies and of the other registered claims."""
    ours, matched = (
        percent(line("smollm2/tables/over_seeds", variant=name)["accuracy"])
        for name in ("sft_peft", "baseline_matched")
    )
    real = against_matched("smollm2", "sft_peft")
    small = embedded(partial(against_matched, variant="sft_peft"), "tiny-seeds").removesuffix(" [exploratory]")
    claims = (plan().claims[name].claim for name in ("incorrect", "embedding", "forbidden"))
    sites, pair, forbidden = (line("smollm2/tables/takeaways", claim=claim) for claim in claims)
    frozen = table("smollm2-table/results", pause_head=False, pause_embedding=True)
    against = table("smollm2-table/tables/against_matched")
    differ = set(against[against["p_holm"] < 0.05]["variant"])
    assert differ < set(frozen["variant"])
    assert (len(differ), len(frozen)) == (4, 6)  # 'four of these six rows differ', and no other row does
    return [
        (README, f"{ours} % of the answers are right, {matched} % after as much training without pauses"),
        (README, f"with pauses in training less without | {real} [exploratory] | {small}, 3 seeds [exploratory] |"),
        (REAL, f"{sites.estimate:.2f} times as many ({sites.low:.2f} to {sites.high:.2f})"),
        (REAL, f"differs by {signed(100 * pair.estimate, 1)} points, at the most by {100 * pair.high:.1f}"),
        (REAL, f"{unit(points(forbidden, 'estimate'), 'points')} with pauses, less with the same forbidden"),
        (WHOLE, f"{percent(frozen['truncated_rate'].min())} % of its replies or more are cut"),
    ]


def of_replies(study: Study) -> list[tuple[str, str]]:
    """What is said of the registered experiment's replies and gold answers, computed from the archive."""
    seeds = study.settings.seeds
    replies = {name: rows for name, rows in study.replies.groupby("variant")}
    ours = replies["sft_peft"]
    by_luck = sum(
        (rows["gold"].value_counts(normalize=True) * rows["predicted"].value_counts() / len(rows)).sum()
        for _, rows in ours.groupby("seed")
    ) / len(seeds)  # fmt: skip
    models = [study.settings.but(variant=name) for name in ("sft_peft", "baseline_matched")]
    steps = compare(*([plain_steps(model.but(seed=seed)) for seed in seeds] for model in models))
    value, _, ends = points(pd.Series(vars(steps))).partition(" ")
    behind = f"is {value.removeprefix('-')} points behind {ends}"
    changed = (study.intervened["correct"].to_numpy() != ours["correct"].to_numpy()).sum()
    most = ours["n_pauses"].sort_values(ascending=False)
    assert 0.45 < most[: len(most) // 100].sum() / most.sum() < 0.55  # 'half of the pauses stand in 1 % of its replies'
    origin = table("smollm2/tables/pause_origin", bins_of="so_far")
    uncut = ours[~ours["truncated"]]["n_pauses"]
    expected = (origin["n"] * origin["head"]).sum() / len(uncut)
    return [
        (README, f"and {percent(by_luck)} % would be right by luck"),
        (README, f"On gold steps, where there is signal, training with pauses {behind} [exploratory]"),
        (REAL, f"About {percent(by_luck)} % would be right by luck"),
        (WHOLE, f"near the {percent(by_luck)} % that would be right by luck"),
        (REAL, f"`sft_peft` {behind} matched training in step accuracy"),
        (REAL, f"differs in {changed} of {len(ours):,} answers"),
        (REAL, f"it pauses {uncut.mean():.2f} times, while the probabilities of its head add up to {expected:.1f}"),
    ]


def plain_steps(settings) -> list[float]:
    """The share of correct results of each problem, where nothing is put into its gold answer."""
    outcomes = pd.read_parquet(settings.variant_folder() / "trial" / "trials.parquet")
    return outcomes[outcomes["content"] == "nothing"].groupby("problem_id")["correct"].mean().to_list()


def test_sentences_have_the_numbers_of_their_files_and_no_other_number_is_there(real):
    said = of_trials() + of_accuracy() + of_replies(real)
    assert not [f"{page}: {sentence}" for page, sentence in said if sentence not in words(page)]
    for page in (README, DEFAULT, REAL, WHOLE, CURVE):
        held = [sentence for where, sentence in said if where == page]
        held += [row for of_file in TABLES.get(page, ()) for row in of_file()]
        found = re.findall(r"\d+\.\d+", words(page))
        assert set(found) <= set(re.findall(r"\d+\.\d+", " ".join(held))) | KNOWN, page


def test_the_steps_and_answers_of_the_headline_are_those_of_the_training(real):
    made = [study_manifest(real, seed) for seed in real.settings.seeds]
    assert {(one["max_steps"], one["batch_size"] * one["max_steps"]) for one in made} == {(46, 368)}
    assert "after 46 steps of training with pauses: 368 answers of GSM8K" in words(README)


def study_manifest(study: Study, seed: int) -> dict:
    from pauselib import runs

    return runs.manifest(study.settings.but(variant="sft_peft", seed=seed).variant_folder() / "model")["settings"]


def test_the_two_replies_are_the_first_ones_with_two_pauses(default):
    replies = default.replies
    paused = replies[(replies["variant"] == "sft_peft") & (replies["n_pauses"] >= 2)]
    page = words(README)
    for right in (True, False):
        first = paused[paused["correct"] == right].iloc[0]
        assert " ".join(first["question"].split()) in page
        assert " ".join(first["reply"].replace(PAUSE_TEXT, "‖").split()) in page
