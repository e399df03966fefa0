"""The steps of an experiment. Each makes what it needs and does not find, once, and names what it was made from.

clean rows ─▶ first step ─▶ (a strategy may ask for its model) ─▶ injected rows ─▶ warm-up of a variant ─▶ its replies
                                                                                                        └▶ its trial

This is where settings end: what is called from here takes what it uses as plain arguments.
"""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from pauselib import artifacts, runs, tasks
from pauselib.decoding.evaluation import completion_log_likelihoods, computed_with, predict, reply_metrics
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions
from pauselib.errors import InputError
from pauselib.files import read_json, read_json_lines, write, write_json, write_json_lines
from pauselib.injection.rows import build_clean, build_injected, fit, read_rows
from pauselib.manifests import manifest_digest, origin
from pauselib.positions import check_positions, lengths_of, reply_lengths
from pauselib.progress import working
from pauselib.settings import Settings
from pauselib.sources.models import (
    check_language_model,
    load_config,
    load_model,
    load_tokenizer,
    model_source,
    source_digest,
)
from pauselib.sources.problems import count_in_both, draw_problems, load_problems
from pauselib.trials import conditions, models_of_trial
from pauselib.variants import FIRST_STEP, parse

ROWS_MADE_BY = ("tokenizers", "numpy", "pyarrow")  # packages


def make_artifact(
    artifact: artifacts.Artifact, inputs: dict, packages: tuple[str, ...], make: Callable, settings: Settings, **options
) -> None:
    """Make an artifact by `make(folder, what it is made from)`, unless it is there, see `runs.make_once`."""
    made_from = origin(artifact.folder, artifact.settings, inputs, *packages, code=artifact.code)
    options |= {"overwrite": settings.overwrite, "defaults": artifacts.IF_MISSING}
    runs.make_once(artifact.folder, made_from, lambda folder: make(folder, made_from), **options)


def clean_rows(settings: Settings) -> Path:
    """Return the folder of the clean rows: the problems, tokenized and split."""
    return make_clean(artifacts.clean_artifact(settings), settings, with_test=True)


def drawn_rows(settings: Settings) -> Path:
    """Return the folder of the clean rows that a row is trained on, those of its seed (see `artifacts.for_seed`)."""
    drawn, clean = artifacts.drawn_artifact(settings), artifacts.clean_artifact(settings)
    return make_clean(drawn, artifacts.for_seed(settings), with_test=drawn == clean)


def make_clean(clean: artifacts.Artifact, settings: Settings, with_test: bool) -> Path:
    """Make clean rows, those of the test problems too or not, unless they are there, and return their folder."""
    of_problems = settings.data_seed, settings.dataset_config, settings.task
    of_rows = settings.of("data_seed", "validation_share", "max_length", "too_long")

    def problems() -> dict[str, list[dict]]:
        test = load_problems(settings.problems, "test", settings.n_test, *of_problems, settings.skip_test)
        if with_test:
            return {"train": load_problems(settings.problems, "train", settings.n_train, *of_problems), "test": test}
        train = draw_problems(settings.problems, settings.n_train, *of_problems)
        count_in_both({"train": train, "test": test})
        return {"train": train}

    def make(folder: Path, made_from: dict) -> None:
        with working("clean rows: reading and tokenizing the problems"):
            build_clean(folder, problems(), load_tokenizer(settings.source), tasks.find(settings.task), **of_rows)

    make_artifact(clean, artifacts.source_inputs(settings), ROWS_MADE_BY, make, settings)
    return clean.folder


def inject(settings: Settings) -> Path:
    """Return the folder of the injected rows of a variant's strategy, which may ask the first step's model."""
    settings = settings.of_row()
    artifacts.check_possible(settings, "inject")
    clean, injected = drawn_rows(settings), artifacts.injected_artifact(settings)
    base = first_step(settings) if artifacts.needs_first_step(settings) else None
    inputs = {"data": clean} | ({"base": base} if base else {})

    def make(folder: Path, made_from: dict) -> None:
        rows, likelihoods = {split: read_rows(clean, split) for split in ("train", "validation")}, None
        if base:
            config, lengths = load_config(settings.source), pd.concat(map(lengths_of, rows.values()))
            check_positions(config, lambda: lengths, "give too_long='drop'")
            model, _ = trained_model(settings, base.parent)
            likelihoods = {split: completion_log_likelihoods(model, some) for split, some in rows.items()}
        with working("injected rows: putting pauses into the answers"):
            tokenizer = load_tokenizer(settings.source)
            build_injected(folder, rows, tokenizer, tokenizer.n_rows, likelihoods, **injected.settings)

    make_artifact(injected, inputs, ROWS_MADE_BY, make, settings)
    return injected.folder


def first_step(settings: Settings) -> Path:
    """Return the folder of the first step's model, which the second step starts from."""
    return warm_up(settings.but(variant=FIRST_STEP)) / "model"


def rows_folder(settings: Settings) -> Path:
    """Return the folder that a variant's rows come from: the injected ones where it pauses, else the clean ones."""
    return inject(settings) if parse(settings.variant).pauses else drawn_rows(settings)


def training_rows(settings: Settings, folder: Path) -> dict[str, pd.DataFrame]:
    """Return a variant's rows of `train` and `validation`, from `rows_folder`.

    A baseline reads each clean one once an epoch, in the second step as often as it is injected.
    """
    variant = parse(settings.variant)
    rows = {split: read_rows(folder, split) for split in ("train", "validation")}
    if variant.pauses:
        return rows
    copies = settings.n_copies if variant.second_step else 1
    fitting = {split: fit(some, settings.max_length, settings.too_long)[0] for split, some in rows.items()}
    return {split: some.loc[some.index.repeat(copies)] for split, some in fitting.items()}


def start_of_training(settings: Settings) -> tuple[Path, Path | str]:
    """Return the folder of a variant's rows and the model that its training starts from, made if missing.
    Raises InputError, before anything is made, for a model that can't be had or used.
    """
    artifacts.check_possible(settings, "warmup")
    load_tokenizer(settings.source)
    check_language_model(settings.source)
    artifacts.given_first_step(settings)
    is_there, log = artifacts.model_artifact(settings).folder.exists(), settings.report_to
    if log != "none" and (settings.overwrite or not is_there) and find_spec(log) is None:
        raise InputError(f"report_to={log} needs a package that is not installed: `pip install {log}`.")
    source = rows_folder(settings)

    def lengths() -> pd.Series:
        return pd.concat(map(lengths_of, training_rows(settings, source).values()))

    check_positions(load_config(settings.source), lengths, "lower max_length")
    return source, first_step(settings) if parse(settings.variant).second_step else settings.source


def before_training(settings: Settings) -> tuple[pd.DataFrame, float | None]:
    """Return the table of what a variant trains, and its loss on the validation rows before its first step: None, with
    the table that was stored, where the model is finished and nothing has to be loaded for it.
    """
    settings = settings.of_row()
    if artifacts.why_unfinished(settings, "warmup", of_sources=True) is None:
        return pd.DataFrame(read_json(settings.variant_folder() / "model" / "training.json")["trainable"]), None
    source, base = start_of_training(settings)
    from pauselib.training.warmup import before_first_step

    rows, work = training_rows(settings, source), settings.variant_folder() / "checkpoints"
    return before_first_step(artifacts.recipe(settings.but(report_to="none")), base, rows, work)


def warm_up(settings: Settings) -> Path:
    """Return a variant's folder, with `model/` and `training.json`, after training it unless it is there."""
    settings = settings.of_row()
    variant, folder = parse(settings.variant), settings.variant_folder()
    source, base = start_of_training(settings)
    inputs = {"data": source, "base": base if variant.second_step else source_digest(model_source(base))}
    given = artifacts.given_first_step(settings) if variant.is_first_step else None
    if given:
        inputs["given"] = manifest_digest(given)

    def make(new: Path, made_from: dict) -> None:
        from pauselib.model.card import training_card
        from pauselib.model.trained_parts import copy_trained_parts

        if given:
            return copy_trained_parts(given, base, new)
        with working("importing the trainer"):
            from pauselib.training.warmup import train_variant  # of trl and peft: seconds

        rows, work = training_rows(settings, source), folder / "checkpoints"
        record = train_variant(artifacts.recipe(settings), base, rows, new, work, made_from)
        write_json(new / "training.json", record)
        write(new / "README.md", training_card(settings, artifacts.settings_of_card(variant), record))

    def settle() -> None:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # those of a run that was killed at its end, too
        record = (folder / "model" / "training.json").read_bytes()
        if not (folder / "training.json").exists() or (folder / "training.json").read_bytes() != record:
            write(folder / "training.json", record)

    trained = artifacts.model_artifact(settings)
    make_artifact(trained, inputs, ("torch", "transformers", "trl", "peft"), make, settings, settle=settle)
    return folder


def trained_model(settings: Settings, folder: Path, step: int | None = None) -> tuple:
    """Return the model and the tokenizer in a variant's folder; with a `step` the model as it was kept then."""
    model = folder / "model"
    tokenizer = load_tokenizer(str(model))
    if step is None:
        return load_model(str(model), settings.dtype, settings.attn_implementation), tokenizer
    from pauselib.training.warmup import model_at

    return model_at(artifacts.recipe(settings), first_step(settings), model, step), tokenizer


def evaluate(settings: Settings) -> tuple[list[dict], dict]:
    """Return the predictions and metrics of a variant, made now unless they are there; it is trained first if it isn't.

    Raises InputError for an intervention on a variant that has no pauses.
    """
    from pauselib.model.precision import gold_read_in
    from pauselib.trials.trial import step_accuracy

    settings = settings.of_row()
    interventions = active_interventions(settings.of(*INTERVENTION_SETTINGS))
    artifacts.check_possible(settings, "evaluate")
    limits, task = settings.of("max_new_tokens", "max_total_tokens"), tasks.find(settings.task)
    between = artifacts.pauses_of_prompt(settings)

    def lengths() -> pd.Series:
        return reply_lengths(read_rows(clean_rows(settings), "test"), between, **limits)

    check_positions(load_config(settings.source), lengths, "lower max_new_tokens, leave that problem out")
    trained, replies, clean = warm_up(settings), artifacts.replies_artifact(settings), clean_rows(settings)

    def make(new: Path, made_from: dict) -> None:
        rows, (model, tokenizer) = read_rows(clean, "test"), trained_model(settings, trained)
        made_from["notes"] |= computed_with(model, settings.eval_batch_size)
        on_gold = {}
        if not interventions:  # they change no gold text; before the replies, which take longest: nothing fails behind
            with gold_read_in(settings.gold_dtype, model):
                on_gold["step_accuracy"] = step_accuracy(model, tokenizer, rows, task)
        how = interventions, settings.seed
        predictions, tokens = predict(model, tokenizer, rows, task, *how, **limits, batch_size=settings.eval_batch_size)
        tokens.to_parquet(new / "tokens.parquet", index=False)
        write_json_lines(new / "predictions.jsonl", predictions)
        loss = {"eval_loss": read_json(trained / "training.json")["eval_loss"]}
        write_json(new / "metrics.json", {**reply_metrics(predictions), **loss, **on_gold})

    inputs = {"model": trained / "model", "data": clean}
    make_artifact(replies, inputs, ("torch", "transformers"), make, settings, beside=True)
    return read_json_lines(replies.folder / "predictions.jsonl"), read_json(replies.folder / "metrics.json")


def trial(settings: Settings, step: int | None = None) -> pd.DataFrame:
    """Return the insertion trial of a variant (see `trials.trial`), made now unless it is there; the variant is trained
    first if it isn't. With a `step` it is that of the weights which were kept then, one of `trial_checkpoints`.
    """
    from pauselib.model.precision import gold_read_in
    from pauselib.trials.trial import run_trial

    settings = settings.of_row()
    artifacts.check_possible(settings, "trial")
    n_rows, how = settings.n_trial or None, (settings.trial_sites, settings.trial_contents, settings.trial_doses)
    largest = max(dose for *_, dose in conditions(*how, pauses=True, repeated_after=""))
    inserted = artifacts.pauses_of_prompt(settings) + largest

    def lengths() -> pd.Series:
        return lengths_of(read_rows(clean_rows(settings), "test")[:n_rows]) + inserted

    check_positions(load_config(settings.source), lengths, "give smaller trial_doses, leave that problem out")
    trained, tried, clean = warm_up(settings), artifacts.trial_artifact(settings, step), clean_rows(settings)

    def make(new: Path, made_from: dict) -> None:
        rows, (model, tokenizer) = read_rows(clean, "test")[:n_rows], trained_model(settings, trained, step)
        with gold_read_in(settings.gold_dtype, model):
            found = run_trial(model, tokenizer, rows, tasks.find(settings.task), *how, settings.seed)
        found.to_parquet(new / "trials.parquet", index=False)

    inputs = {"model": trained / "model", "data": clean}
    make_artifact(tried, inputs, ("torch", "transformers"), make, settings)
    return pd.read_parquet(tried.folder / "trials.parquet")


def trials(settings: Settings) -> pd.DataFrame:
    """Return the trials of `models_of_trial`, with the columns `seed` and `variant`."""
    names = models_of_trial(settings.variant)
    found = [trial(settings.but(variant=name)).assign(seed=settings.seed, variant=name) for name in names]
    return pd.concat(found, ignore_index=True)


def learning_curve(settings: Settings) -> pd.DataFrame:
    """Return the trials of a variant and its matched baseline at each of `trial_checkpoints`, with the columns `seed`,
    `variant` and `step`; that of their start, at step 0, comes first.
    """
    found = [trial(settings.but(variant=FIRST_STEP)).assign(variant=FIRST_STEP, step=0)]
    for name in models_of_trial(settings.variant):
        steps = settings.trial_checkpoints if parse(name).second_step else ()  # those that start from that start
        found += [trial(settings.but(variant=name), step).assign(variant=name, step=step) for step in steps]
    return pd.concat(found, ignore_index=True).assign(seed=settings.seed)
