"""The methods section of an experiment: written from its settings, its files and the code, so no number in it is typed.

>>> show_methods(study)
"""

from html import escape
from inspect import getdoc

from pauselib import runs
from pauselib.analysis.claims.preregistration import FILE, plan
from pauselib.analysis.statistics import intervals as statistics
from pauselib.analysis.study import Study
from pauselib.analysis.tables import comparisons, loading
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions, changes_in_words
from pauselib.injection.strategies import find_strategies
from pauselib.report.sources import sources
from pauselib.settings import Settings
from pauselib.sources.packaged import PACKAGED
from pauselib.trials import REGISTERED_DOSE, REGISTERED_SITE
from pauselib.variants import FIRST_STEP, parse


def methods(study: Study) -> dict[str, str]:
    """The methods of an experiment, a paragraph a heading."""
    settings = study.settings
    used = Used(settings)
    return {
        "Plan": plan_in_words(settings),
        "Model": model_in_words(used),
        "Data": data_in_words(settings, used),
        "Pauses in training": injection_in_words(settings, used),
        "Training": training_in_words(study, used),
        "Decoding": decoding_in_words(settings, used),
        "Insertion trials": trials_in_words(study),
        "Statistics": statistics_in_words(),
        "Exclusions": exclusions_in_words(study),
    }


def show_methods(study: Study) -> None:
    """Show the methods as the output of a notebook's cell."""
    from IPython.display import Markdown, display

    paragraphs = [f"**{heading}.** {escape(text, quote=False)}" for heading, text in methods(study).items()]
    display(Markdown("\n\n".join(paragraphs)))


class Used:
    """The settings that the files of an experiment were made with, and where there is no file yet, those asked for."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.found = loading.values_used(settings) | {name: [value] for name, value in sources(settings).items()}

    def __getitem__(self, name: str) -> str:
        """The values of a setting, joined by commas."""
        asked = getattr(self.settings, name, None)
        return ", ".join(map(in_words, self.found.get(name, [asked])))


def in_words(value) -> str:
    """A value of a setting as a methods section has it."""
    if isinstance(value, list | tuple):
        return " and ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def plan_in_words(settings: Settings) -> str:
    """Which plan there is, whether it came before this experiment, and what of the analysis is in it."""
    registered = plan()
    known = [claim.claim.rstrip(".") for claim in registered.claims.values()]
    words = f"The plan is {FILE.name} (digest {runs.digest(FILE)}). "
    if not registered.is_registered(settings.experiment):
        return (
            words + f"It registers the experiment '{registered.experiment}', so all of this one is exploratory: the "
            "claims are judged by the margins of the plan, which did not come before these results."
        )
    return (
        words + f"It registers this experiment, on the test problems {registered.test_problems[0]} to "
        f"{registered.test_problems[1]}. Its claims are: {'; '.join(known)}. Its primary outcome is "
        f"'{registered.claims[registered.primary].claim.rstrip('.')}'. Every other table and picture is exploratory."
    )


def model_in_words(used: Used) -> str:
    """Which model it is, and what is put beside it."""
    packaged = PACKAGED.get(used["model"])
    origin = f" ({packaged.hub_id}, of the 4-bit weights in {packaged.requirement})" if packaged else ""
    return (
        f"The model is '{used['model']}'{origin} in {used['dtype']}. A pause token stands beside its vocabulary, with "
        "an embedding and a head of its own: log p(pause) = log softmax(pause head(h)), and log p(word) = "
        "log p(no pause) + log softmax(LM head(h)), with h the last hidden state. The pause head's loss does not reach "
        "the LM."
    )


def data_in_words(settings: Settings, used: Used) -> str:
    """Which problems there are, and how many."""
    folder = settings.folder() / "data"
    counts = runs.read_json(folder / "counts.json")
    if not counts:
        return (
            f"The problems are those of '{used['dataset']}', asked as the task {used['task']} does; none are there yet."
        )
    parts = {"train": "to train on", "validation": "held out for validation", "test": "to test on"}
    numbers = ", ".join(f"{counts[name]:,} {words}" for name, words in parts.items() if name in counts)
    shared = "no question is in two of these"
    if "test_in_train" in counts:
        shared = f"{counts['test_in_train']} test questions are training questions too"
    if used["validation_split"] != "problem":
        shared = "the validation rows are drawn after copying, so they share questions with the training rows"
    return (
        f"The problems are those of '{used['dataset']}', asked as the task {used['task']} does: {numbers}; {shared}. "
        f"The data seed is {used['data_seed']}. Rows longer than {used['max_length']} tokens "
        f"({counts.get('too_long', 0):,} of them) follow the rule '{used['too_long']}'."
    )


def injection_in_words(settings: Settings, used: Used) -> str:
    """Where pauses are put in training answers, as the strategies say it themselves."""
    strategies = dict.fromkeys(settings.but(variant=name).row_strategy for name in settings.variants)
    parts = []
    for names in strategies:
        documents = [getdoc(one.gaps).split("\n\n")[0] for one in find_strategies(names)]
        parts.append(f"'{names}': " + " ".join(" ".join(documents).split()))
    number = f"uniform from 0 to {used['n_random_pauses']}"
    if used["variable_number_of_pauses"] == "False":
        number = f"always {used['n_random_pauses']}"
    learned = "are learned" if used["label_pauses"] == "True" else "are context alone, and never learned"
    return (
        f"Copies with pauses of each training answer: {used['n_copies']}. The pauses are put in as token ids and "
        f"{learned}. {' '.join(parts)} Where their number is drawn, it is {number}."
    )


def training_in_words(study: Study, used: Used) -> str:
    """How the rows were trained, with the numbers of steps that were done."""
    settings, steps = study.settings, {True: set(), False: set()}
    for seed, name in study.finished_rows:
        record = loading.training_record(settings.but(seed=seed, variant=name).variant_folder())
        steps[parse(name).second_step].add(record.get("steps"))
    first, second = (
        ", ".join(f"{n:,}" for n in sorted(found - {None})) or "no" for found in (steps[False], steps[True])
    )
    seeds = ", ".join(map(str, settings.seeds))
    return (
        f"The first step ({FIRST_STEP}) and the other baselines from the original model train on clean answers with a "
        f"learning rate of {used['base_learning_rate']} ({first} steps). All other rows start from the first step's "
        f"model, with a learning rate of {used['learning_rate']} ({second} steps). AdamW with linear decay, without "
        f"warm-up or weight decay; {used['batch_size']} rows in a step; LoRA of rank {used['lora_r']}, alpha "
        f"{used['lora_alpha']} and dropout {used['lora_dropout']} on {used['lora_target_modules']}, merged after "
        f"training. The checkpoint with the lowest eval loss is kept, of one every {used['base_eval_steps']} steps in "
        f"the first step and every {used['eval_steps']} in the second. {len(study.finished_rows)} rows are finished. "
        f"Seeds: {seeds}. A seed is that of training: weights, order of rows, dropout; another one than 42 draws "
        "training problems and pauses, too. The data seed is that of the problems, the validation split and the "
        "injected positions."
    )


def decoding_in_words(settings: Settings, used: Used) -> str:
    """How replies are decoded, plain and under interventions."""
    limit = f"{used['max_new_tokens']} tokens"
    if any(int(value) for value in used.found.get("max_total_tokens", [settings.max_total_tokens])):
        limit += f", and of {used['max_total_tokens']} tokens with the prompt"
    words = f"Replies are decoded greedily, one a problem, with a limit of {limit}, pauses counted."
    rows = [settings.but(**one) for one in settings.interventions]
    if not rows:
        return words + " There are no interventions."
    named = [
        f"{row.variant} ({changes_in_words(active_interventions(row.of(*INTERVENTION_SETTINGS)))})"
        for row in rows
        if row.variant in settings.variants
    ]
    room = ", ".join(str(value) for value in dict.fromkeys(row.pause_room for row in rows))
    return (
        f"{words} Under an intervention the limit counts spoken tokens alone, and a reply has at most {room} times as "
        f"many tokens in all. The interventions are: {', '.join(named)}."
    )


def trials_in_words(study: Study) -> str:
    """What was put into which gold answers, and which of it the registered contrasts are about."""
    trials = study.trials
    if trials.outcomes.empty:
        return "There is no trial here."
    tried = {
        name: ", ".join(str(value) for value in trials.outcomes[name].unique() if value)  # nothing has no site, no dose
        for name in ("site", "content", "dose")
    }
    return (
        f"Before a result something is put into the gold answer, and the model scores the result's "
        f"digits as they stand there. Sites: {tried['site']}. Contents: {tried['content']}. Doses: {tried['dose']}. "
        f"The registered contrasts are at the site '{REGISTERED_SITE}' with dose {REGISTERED_DOSE}, at the hard half "
        "of the results. A contrast is averaged over the results of each problem, and problems are crossed with seeds."
    )


def statistics_in_words() -> str:
    """How intervals and tests are computed, with their sources."""
    level, few = f"{100 * plan().level:g} %", f"{plan().guard('least_problems'):g}"
    return (
        f"An accuracy has Wilson's interval of {level}, with several seeds that of two crossed random effects, seeds "
        "and problems (Wilson 1927, doi:10.1080/01621459.1927.10502953; Satterthwaite 1946, doi:10.2307/3002019; "
        "Hillis 2007, doi:10.1002/sim.2532; Cameron, Gelbach & Miller 2011, doi:10.1198/jbes.2010.07136). Two models "
        "are compared on the same problems, with one seed by the score interval of a paired difference and McNemar's "
        "exact test, with several by the crossed effects (Tango 1998, Statistics in Medicine 17, 891–908; McNemar "
        "1947, doi:10.1007/BF02295996). Where a column says so, the p values of one table are corrected together by "
        "Holm's method (Holm 1979, Scandinavian Journal of Statistics 6, 65–70). A verdict is what the interval of "
        f"{level} says by the margin of the plan: larger than the margin, opposite, equivalent or undecided; a large p "
        "is never a verdict (Schuirmann 1987, doi:10.1007/BF01068419). Pauses of correct and incorrect replies are "
        "compared by a rank test, and by a Poisson regression of the places with pauses; intervals by cluster are "
        f"called too narrow with fewer than {few} problems, and what covariates explain has the interval of a "
        f"bootstrap over problems with {statistics.RESAMPLES:,} resamples (Conover & Iman 1981, "
        "doi:10.1080/00031305.1981.10479327; Greenland, Robins & Pearl 1999, doi:10.1214/ss/1009211805; Mundlak 1978, "
        "doi:10.2307/1913646; Kline & Santos 2012, doi:10.1515/2156-6674.1006). How well a pause is told from a word "
        "is an AUC, clustered by problem (Obuchowski 1997, doi:10.2307/2533958). The benefit of pauses in an insertion "
        "trial is the smaller of two contrasts, with one interval (Berger 1982, doi:10.1080/00401706.1982.10487790). "
        f"What could have been found is what a test of the same level finds in {statistics.POWER:.0%} of the cases, by "
        "how much these very answers differ (Connor 1987, doi:10.2307/2531961)."
    )


def exclusions_in_words(study: Study) -> str:
    """What is left out, and how much of it there is."""
    replies = study.replies
    n_cut = int(replies["truncated"].astype(bool).sum())
    heads = set(comparisons.trained_head(list(dict.fromkeys(replies["variant"]))))
    of_heads = int(replies.loc[replies["variant"].isin(heads), "truncated"].astype(bool).sum())
    stale = len(loading.stale_folders(study.settings))
    return (
        f"{n_cut:,} of {len(replies):,} replies were cut at the limit; they count as they are in every accuracy and "
        "mean, in the rank test and beside which tokens pauses stand. They are left out of the claim about incorrect "
        "replies, of the regression, of the places within a reply and of where the pauses come from "
        f"({of_heads:,} of the variants with a trained pause head; only these are compared there, since a frozen head "
        "pauses up to the limit). Files that don't "
        f"belong to what they were made from any more are left out ({stale} folders). By the plan: "
        f"{' '.join(plan().exclusions)}"
    )
