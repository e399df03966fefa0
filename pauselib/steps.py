"""The steps of an experiment. Each makes what it needs and does not find, once, and names what it was made from.

clean rows ─▶ first step ─▶ (a strategy may ask for its model) ─▶ injected rows ─▶ warm-up of a variant ─▶ its replies
                                                                                                        └▶ its trial
"""

import functools
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from pauselib import artifacts as parts
from pauselib import runs, tasks
from pauselib.decoding.interventions import INTERVENTION_SETTINGS, active_interventions, intervention_name
from pauselib.errors import InputError
from pauselib.injection.rows import build_clean, build_injected, fit, read_rows
from pauselib.manifests import without_notes
from pauselib.positions import check_replies, check_training_rows, check_trial
from pauselib.progress import working
from pauselib.settings import Settings
from pauselib.sources.models import check_language_model, load_tokenizer, model_source, pause_token_id, source_digest
from pauselib.sources.problems import draw_problems, load_problems
from pauselib.trials import models_of_curve, models_of_trial
from pauselib.variants import FIRST_STEP, parse

ROWS_MADE_BY = ("tokenizers", "numpy", "pyarrow")  # packages


def made(
    part: parts.Part, inputs: dict, packages: tuple[str, ...], make: Callable, settings: Settings, **options
) -> None:
    """Make a part by `make(folder, what it is made from)`, unless it is there, see `runs.make_once`."""
    made_from = runs.origin(part.folder, part.settings, inputs, *packages, code=part.code)
    runs.make_once(
        part.folder,
        made_from,
        lambda folder: make(folder, made_from),
        settings.overwrite,
        defaults=parts.IF_MISSING,
        **options,
    )


def clean_rows(settings: Settings) -> Path:
    """Return the folder of the clean rows: the problems, tokenized and split."""

    def problems() -> dict[str, list[dict]]:
        given = settings.data_seed, settings.dataset_config, settings.task
        return {
            "train": load_problems(settings.problems, "train", settings.n_train, *given),
            "test": load_problems(settings.problems, "test", settings.n_test, *given, settings.skip_test),
        }

    return make_clean(parts.clean_part(settings), settings, problems)


def drawn_rows(settings: Settings) -> Path:
    """Return the folder of the clean rows that a row is trained on: `train` and `validation`, see `parts.drawn`.

    They are those of `clean_rows` with seed 42, and a seed's own with another one.
    """
    own, part = parts.drawn(settings), parts.drawn_part(settings)
    if part == parts.clean_part(settings):
        return clean_rows(settings)

    def problems() -> dict[str, list[dict]]:
        return {"train": draw_problems(own.problems, own.n_train, own.data_seed, own.dataset_config, own.task)}

    return make_clean(part, own, problems)


def make_clean(clean: parts.Part, settings: Settings, problems: Callable[[], dict[str, list[dict]]]) -> Path:
    """Make clean rows from the problems of their splits, unless they are there, and return their folder."""

    def make(part: Path, made_from: dict) -> None:
        with working("clean rows: reading and tokenizing the problems"):
            build_clean(part, problems(), load_tokenizer(settings.source), tasks.find(settings.task), settings)

    made(clean, parts.source_inputs(settings), ROWS_MADE_BY, make, settings)
    return clean.folder


def inject(settings: Settings) -> Path:
    """Return the folder of the injected rows of a variant's strategy. The first step is trained before where a strategy
    asks for it.
    """
    settings = settings.of_row()
    parts.check_unchanged(settings, "inject")
    clean, injected, own = drawn_rows(settings), parts.injected_part(settings), parts.drawn(settings)
    inputs = {"data": clean}
    base = None
    if parts.needs_first_step(settings):
        base = first_step(settings)
        inputs["base"] = base

    def make(part: Path, made_from: dict) -> None:
        rows = {split: read_rows(clean, split) for split in ("train", "validation")}
        likelihoods = log_likelihoods(settings, base, rows) if base else None
        with working("injected rows: putting pauses into the answers"):
            tokenizer, pause_id = load_tokenizer(settings.source), pause_token_id(settings.source)
            build_injected(part, rows, tokenizer, pause_id, own, likelihoods)

    made(injected, inputs, ROWS_MADE_BY, make, settings)
    return injected.folder


def log_likelihoods(settings: Settings, base: Path, rows: dict[str, pd.DataFrame]) -> dict[str, list[np.ndarray]]:
    """Return, for every clean row of every split, the log likelihoods of its answer's tokens and end token."""
    from pauselib.decoding.likelihood import completion_log_likelihoods
    from pauselib.sources.models import load_model

    model = load_model(str(base), settings.dtype, settings.attn_implementation)
    return {split: completion_log_likelihoods(model, part) for split, part in rows.items()}


def first_step(settings: Settings) -> Path:
    """Return the folder of the first step's model, which the second step starts from."""
    return warm_up(settings.but(variant=FIRST_STEP)) / "model"


def rows_folder(settings: Settings) -> Path:
    """Return the folder that a variant's rows come from: the injected ones where it pauses, else the clean ones."""
    return inject(settings) if parse(settings.variant).pauses else drawn_rows(settings)


def training_rows(settings: Settings, folder: Path) -> dict[str, pd.DataFrame]:
    """Return a variant's rows of `train` and `validation`, from `rows_folder`.

    A baseline reads the clean ones: each once an epoch, or in the second step as often as it is injected.
    """
    variant = parse(settings.variant)
    rows = {split: read_rows(folder, split) for split in ("train", "validation")}
    if variant.pauses:
        return rows
    copies = settings.n_copies if variant.second_step else 1
    fitting = {split: fit(part, settings)[0] for split, part in rows.items()}
    return {split: part.loc[part.index.repeat(copies)] for split, part in fitting.items()}


def check_installed(report_to: str) -> None:
    """Raise InputError where the losses are to be logged with a package that is not installed."""
    if report_to != "none" and find_spec(report_to) is None:
        raise InputError(f"report_to={report_to} needs a package that is not installed: `pip install {report_to}`.")


def warm_up(settings: Settings, picture=None) -> Path:
    """Return a variant's folder, with `model/` and `training.json`, after training it unless it is there.

    `picture.update(history)` is called as the losses come, and with `last=True` when all are there. Raises InputError
    where the loss is not a number.
    """
    settings = settings.of_row()
    variant, folder = parse(settings.variant), settings.variant_folder()
    parts.check_unchanged(settings, "warmup")
    load_tokenizer(settings.source)  # a model that can't be had or used is refused before anything is made
    check_language_model(settings.source)
    trained = parts.model_part(settings)
    if settings.overwrite or not trained.folder.exists():
        check_installed(settings.report_to)
    source = rows_folder(settings)
    check_training_rows(settings, lambda: training_rows(settings, source))
    base = first_step(settings) if variant.second_step else settings.source
    inputs = {"data": source, "base": base if variant.second_step else source_digest(model_source(base))}

    def make(part: Path, made_from: dict) -> None:
        from pauselib.model.card import TRAINED_PARTS, training_card

        with working("importing the trainer"):
            import pauselib.training.trainer  # noqa: F401  (of trl and peft: seconds)
            from pauselib.training.warmup import train_variant

        rows = training_rows(settings, source)
        record = train_variant(settings, base, rows, part, folder / "checkpoints", made_from, picture)
        runs.write_json(part / "training.json", record)
        runs.write(part / "README.md", training_card(settings, record) + TRAINED_PARTS)

    def settle() -> None:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # those of a run that was killed at its end, too
        record = (folder / "model" / "training.json").read_bytes()
        if not (folder / "training.json").exists() or (folder / "training.json").read_bytes() != record:
            runs.write(folder / "training.json", record)

    made(trained, inputs, ("torch", "transformers", "trl", "peft"), make, settings, settle=settle)
    if picture:
        picture.update(runs.read_json(folder / "training.json")["history"], last=True)
    return folder


def trained_model(settings: Settings, folder: Path, step: int | None = None):
    """Return the model and the tokenizer in a variant's folder; with a `step` the model as it was kept then."""
    from pauselib.sources.models import load_model

    model = folder / "model"
    tokenizer = load_tokenizer(str(model))
    if step is None:
        return load_model(str(model), settings.dtype, settings.attn_implementation), tokenizer
    from pauselib.training.warmup import model_at

    return model_at(settings, first_step(settings), model, step), tokenizer


def evaluate(settings: Settings) -> tuple[list[dict], dict]:
    """Return the predictions and metrics of a variant, made now unless they are there; it is trained first if it isn't.

    Under an intervention they are in a folder of their own. Raises InputError for an intervention on a variant that has
    no pauses.
    """
    from pauselib.decoding.evaluation import computed_with, predict, reply_metrics
    from pauselib.trials.trial import step_accuracy

    settings = settings.of_row()
    interventions = active_interventions(settings.of(*INTERVENTION_SETTINGS))
    if interventions and not parse(settings.variant).pauses:
        raise InputError(
            f"{settings.variant} never pauses, so {intervention_name(interventions)} changes nothing: choose a variant "
            "that pauses."
        )
    parts.check_unchanged(settings, "evaluate")
    check_replies(settings, lambda: read_rows(clean_rows(settings), "test"))
    trained, replies, clean = warm_up(settings), parts.replies_part(settings), clean_rows(settings)
    folder, inputs = replies.folder, {"model": trained / "model", "data": clean}
    decoded = folder / "decoded"

    def make(part: Path, made_from: dict) -> None:
        rows, model, tokenizer = read_rows(clean, "test"), *trained_model(settings, trained)
        made_from["notes"] |= computed_with(settings, model)
        kept = runs.manifest(decoded) or {}
        if not without_notes(made_from).items() <= kept.items() or runs.damaged(decoded):
            predictions, tokens = predict(settings, model, tokenizer, rows)
            with runs.new_folder(decoded) as new:  # kept whatever happens to the measures below
                tokens.to_parquet(new / "tokens.parquet", index=False)
                runs.fill(new, made_from, lambda _: runs.write_json_lines(new / "predictions.jsonl", predictions))
        for name in ("predictions.jsonl", "tokens.parquet"):
            shutil.copyfile(decoded / name, part / name)
        metrics = reply_metrics(runs.read_json_lines(part / "predictions.jsonl"))
        metrics["eval_loss"] = runs.read_json(trained / "training.json")["eval_loss"]
        if not interventions:  # they change no gold text
            metrics["step_accuracy"] = step_accuracy(settings, model, tokenizer, rows)
        runs.write_json(part / "metrics.json", metrics)

    settle = functools.partial(shutil.rmtree, decoded, ignore_errors=True)
    made(replies, inputs, ("torch", "transformers"), make, settings, beside=True, settle=settle)
    return runs.read_json_lines(folder / "predictions.jsonl"), runs.read_json(folder / "metrics.json")


def trial(settings: Settings, step: int | None = None) -> pd.DataFrame:
    """Return the insertion trial of a variant (see `trials.trial`), made now unless it is there; the variant is trained
    first if it isn't. With a `step` it is that of the weights which were kept then, one of `trial_checkpoints`.
    """
    from pauselib.trials.trial import summary
    from pauselib.trials.trial import trial as trial_of_model

    settings = settings.of_row()
    parts.check_unchanged(settings, "trial")
    check_trial(settings, lambda: read_rows(clean_rows(settings), "test")[: settings.n_trial or None])
    trained, tried, clean = warm_up(settings), parts.trial_part(settings, step), clean_rows(settings)
    folder, inputs = tried.folder, {"model": trained / "model", "data": clean}

    def make(part: Path, made_from: dict) -> None:
        rows, (model, tokenizer) = read_rows(clean, "test"), trained_model(settings, trained, step)
        found = trial_of_model(settings, model, tokenizer, rows[: settings.n_trial or None])
        found.to_parquet(part / "trials.parquet", index=False)
        runs.write_json(part / "trial.json", summary(found))

    made(tried, inputs, ("torch", "transformers"), make, settings)
    return pd.read_parquet(folder / "trials.parquet")


def trials(settings: Settings) -> pd.DataFrame:
    """Return the trials that answer for a variant, with the columns `seed` and `variant`: its own, that of its start,
    and that of as much training without pauses.
    """
    found = [
        trial(settings.but(variant=name)).assign(seed=settings.seed, variant=name)
        for name in models_of_trial(settings.variant)
    ]
    return pd.concat(found, ignore_index=True)


def learning_curve(settings: Settings) -> pd.DataFrame:
    """Return the trials of a variant and of as much training without pauses at each of `trial_checkpoints`, with the
    columns `seed`, `variant` and `step`. Those of their start, before the first step, come first.
    """
    start = settings.but(variant=FIRST_STEP)
    found = [trial(start).assign(variant=FIRST_STEP, step=0)]
    for name in models_of_curve(settings.variant):
        row = settings.but(variant=name)
        found += [trial(row, step).assign(variant=name, step=step) for step in settings.trial_checkpoints]
    return pd.concat(found, ignore_index=True).assign(seed=settings.seed)
