"""What the explorer shows, without its widgets: what is finished under runs/, and one reply at a time, stored or decoded now, as HTML."""

import functools
import json
import shlex
from collections.abc import Callable, Iterable
from dataclasses import asdict
from html import escape
from pathlib import Path

import pandas as pd

from pauselib import runs
from pauselib.decoding.evaluation import decoder, judged, read_predictions
from pauselib.decoding.interventions import Intervention
from pauselib.injection import data
from pauselib.injection import rows as injection
from pauselib.report.html import MARK, PAUSE_STYLE, pieces, reply_html, table_html
from pauselib.settings import Settings
from pauselib.variants import VARIANTS

SHADES = {"none": None, "pause probability": "p_pause", "LM uncertainty": "p_best"}
MEANING = {
    "pause probability": "how likely a pause is in its place, as the pause head says before any slider",
    "LM uncertainty": "how unsure the LM is of its best word in its place: 1 − its probability",
}
MODELS, REPLIES = 3, 500  # kept in memory, at most


def experiments(settings: Settings) -> list[Settings]:
    """Every experiment and seed below runs_dir that has a model, the one of `settings` first."""
    found = {
        (path.parents[2].name, int(path.parents[1].name[5:]))
        for path in settings.folder().parent.glob("*/seed-*/*/model")
    }
    first = (settings.experiment, settings.seed)
    return [
        settings.but(experiment=experiment, seed=seed)
        for experiment, seed in sorted(found, key=lambda one: (one != first, one[0] != first[0], one))
    ]


def trained(settings: Settings) -> list[Settings]:
    """The variants of an experiment that have a model, in the order of the table."""
    rows = [settings.but(variant=name) for name in VARIANTS]
    return [row for row in rows if (row.variant_folder() / "model" / "config.json").exists()]


def replies_folders(settings: Settings) -> list[Path]:
    """Where a variant has finished replies: its own folder, then those of the interventions."""
    folder = settings.variant_folder()
    return [
        path.parent
        for path in [folder / "metrics.json", *sorted(folder.glob("interventions/*/metrics.json"))]
        if path.exists()
    ]


def made_with(paths: Iterable[Path]) -> dict:
    """The settings in the manifests of some files."""
    records = [runs.read_json(path) or {} for path in paths]
    return {
        name: value for record in records for name, value in record.get("made_from", record).get("settings", {}).items()
    }


def made_here(settings: Settings) -> dict:
    """The settings that an experiment's files were made with."""
    folder = settings.folder()
    return made_with(
        [
            folder / "data" / runs.MANIFEST,
            *sorted(folder.glob("seed-*/*/training.json")),
            *sorted(folder.glob("seed-*/*/metrics.json")),
        ]
    )


def command(settings: Settings, made: dict | None = None) -> str:
    """What trains a variant and makes its replies, with all that this experiment's files were made with (`made_here`) and is no default."""
    defaults, made = runs.plain(asdict(Settings())), made_here(settings) if made is None else made
    given = {**made, **settings.of("variant", "experiment", "seed", "runs_dir")}
    changed = {
        name: value
        for name, value in given.items()
        if name == "variant" or (name in defaults and runs.plain(value) != defaults[name])
    }
    flat = [
        f"-p {name} {shlex.quote(str(value))}" for name, value in changed.items() if not isinstance(value, list | dict)
    ]
    nested = {name: value for name, value in changed.items() if isinstance(value, list | dict)}
    return " ".join(
        [
            "papermill notebooks/evaluate.ipynb out.ipynb",
            *flat,
            *([f"-y {shlex.quote(json.dumps(nested))}"] if nested else []),
        ]
    )


def overview(settings: Settings) -> str:
    """What is finished in an experiment and what is missing, with the command that makes it, as HTML."""
    rows, models = [], [row.variant for row in trained(settings)]
    for name in VARIANTS:
        row = settings.but(variant=name)
        metrics, folders = runs.read_json(row.variant_folder() / "metrics.json") or {}, replies_folders(row)
        shade = (row.variant_folder() / "tokens.parquet").exists()
        has = {"model": name in models, "replies": bool(metrics), "each token's probabilities": shade}
        words = {what: "yes" if there else "missing" for what, there in has.items()}
        numbers = {
            "accuracy": metrics.get("accuracy"),
            "interventions": str(sum("interventions" in path.parts for path in folders) or "–"),
        }
        rows.append({"variant": name, **words, **numbers, "finished": all(has.values())})
    table = pd.DataFrame(rows).astype({"accuracy": float})
    there, missing = table[table["model"] == "yes"], table[~table["finished"]]["variant"]
    told = f"{len(there)} of {len(table)} variants have a model in experiment {settings.experiment}, seed {settings.seed}, under {settings.runs_dir}."
    html = f"<p>{escape(told)}</p>" + (table_html(there.drop(columns="finished")) if len(there) else "")
    if len(missing):
        html += f"<p>{whole(settings)}One variant is made by its command:</p>{commands(settings, missing)}"
    return html


def whole(settings: Settings) -> str:
    """The sentence that says how to make a whole experiment; empty where no file of configs/ has its name."""
    if settings.experiment == Settings.experiment:
        return "<code>make run</code> makes the whole experiment. "
    config = f"configs/{settings.experiment}.yaml"
    return (
        f"<code>make run CONFIG={escape(config)}</code> makes the whole experiment. "
        if (Path(__file__).parents[2] / config).exists()
        else ""
    )


def commands(settings: Settings, names: Iterable[str]) -> str:
    made = made_here(settings)
    rows = "".join(
        f"<li>{escape(name)}: <code>{escape(command(settings.but(variant=name), made))}</code></li>" for name in names
    )
    return f'<details><summary>The commands for what is missing</summary><ul style="overflow-wrap:anywhere">{rows}</ul></details>'


def nothing(settings: Settings, what: str) -> str:
    """The sentence that takes the place of a part that has nothing to show."""
    one = escape(command(settings))
    return f"<p>There is no {what} under {escape(settings.runs_dir)} yet. {whole(settings)}<code>{one}</code> makes one variant.</p>"


def problems(settings: Settings) -> pd.DataFrame:
    """The test problems of an experiment (`problem_id`, `question`, `answer`); none where its data are gone."""
    folder = settings.folder() / "data"
    return (
        data.read(folder, "test")
        if (folder / "test.parquet").exists()
        else pd.DataFrame({"problem_id": [], "question": [], "answer": []})
    )


def stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def stored(folder: Path) -> list[dict]:
    """The replies in a folder, with `tokens`, `p_pause` and `p_best` (empty without tokens.parquet) and a `note` where they are from."""
    return read_stored(folder, stamp(folder / "metrics.json"))


@functools.lru_cache(maxsize=4)
def read_stored(folder: Path, _: int) -> list[dict]:
    given: dict[str, dict] = {}
    if (folder / "tokens.parquet").exists():
        rows = pd.read_parquet(folder / "tokens.parquet").to_dict("records")
        given = {row["problem_id"]: {name: list(row[name]) for name in ("tokens", "p_pause", "p_best")} for row in rows}
    none = {"tokens": [], "p_pause": [], "p_best": []}
    return [
        {**said, **given.get(said["problem_id"], none), "note": "from predictions.jsonl"}
        for said in read_predictions(folder / "predictions.jsonl")
    ]


class Replies:
    """Replies of finished variants to any question: a stored one as it is, any other decoded now, and none twice."""

    def __init__(self):
        self.known, self.models = {}, {}

    def get(
        self,
        settings: Settings,
        question: str,
        gold: str | None,
        how: Intervention,
        each: Callable = lambda so_far: None,
    ) -> dict:
        """A reply with the fields of predictions.jsonl and of tokens.parquet; `correct` is None where `gold` is.

        While it is decoded, each(so_far) is called after every token, where so_far() is the reply so far; what it raises ends the decoding.
        """
        how = how if VARIANTS[settings.variant].pauses else Intervention()
        folder, limits = settings.variant_folder(), ("dtype", "max_new_tokens", "max_total_tokens")
        made = made_with([folder / "model" / runs.MANIFEST, folder / "metrics.json"])
        settings = settings.but(**asdict(how), **{name: made[name] for name in limits if name in made})
        key = (folder, stamp(folder / "model" / runs.MANIFEST), question, gold, how, *settings.of(*limits).values())
        if key not in self.known:
            said = self.stored(settings, question) or self.decoded(settings, question, gold, each)
            self.known = dict([*self.known.items(), (key, said)][-REPLIES:])
        return self.known[key]

    def stored(self, settings: Settings, question: str) -> dict | None:
        """The reply in the variant's files, where it has its tokens and is not older than the model."""
        folder = settings.replies_folder()
        if not stamp(folder / "metrics.json") > stamp(settings.variant_folder() / "model" / runs.MANIFEST):
            return None
        return next((said for said in stored(folder) if said["question"] == question and said["tokens"]), None)

    def decoded(self, settings: Settings, question: str, gold: str | None, each: Callable) -> dict:
        from pauselib.decoding.greedy import generate

        model, tokenizer = self.model(settings)
        pause_id = getattr(model.config, "pause_token_id", -1)
        (ids,), (start,), _ = injection.tokenize(
            [{"problem_id": "asked", "question": question, "answer": ""}], tokenizer
        )
        text_of, pausing = decoder(settings, tokenizer, pause_id)
        answer = None if gold is None else f"#### {gold}"

        def scored(reply) -> dict:
            given = {
                "tokens": list(map(text_of, reply.ids)),
                "p_pause": list(reply.p_pause),
                "p_best": list(reply.p_best),
            }
            return {**judged(reply, answer, tokenizer, pause_id), **given, "note": "decoded now"}

        limits = settings.max_new_tokens, settings.max_total_tokens
        prompts = [ids[:start].tolist()]

        def watch(said: dict) -> None:
            each(functools.partial(scored, said[0]))

        return scored(
            generate(model, prompts, tokenizer.eos_token_id, *limits, show=False, pausing=pausing, each=watch)[0]
        )

    def model(self, settings: Settings) -> tuple:
        """A variant's model and tokenizer, loaded once."""
        from pauselib.training.warmup import load_model, load_tokenizer

        source = settings.variant_folder() / "model"
        key = (source, stamp(source / runs.MANIFEST), settings.dtype)
        if key not in self.models:
            self.models = dict(list(self.models.items())[1 - MODELS :])  # before the next one is loaded: memory
            self.models[key] = load_model(str(source), settings.dtype), load_tokenizer(str(source))
        return self.models[key]


def facts(said: dict, unfinished: bool = False) -> str:
    """What is counted and judged of a reply, in words, as HTML."""
    counts = f"{said['n_tokens']} tokens, {said['n_pauses']} of them pauses"
    if unfinished:
        return f"{counts}, so far"
    verdict = {True: "✓ correct", False: "✗ incorrect", None: "gold answer unknown"}[said["correct"]]
    answer = f"answer {said['predicted'] or 'none'}" + ("" if said["gold"] is None else f", gold {said['gold']}")
    end = "cut at the limit" if said["truncated"] else "ended by itself"
    return f"<b>{verdict}</b> · {escape(' · '.join([answer, counts, end, said['note']]))}"


def reply_block(
    said: dict, shade: str = "none", numbers: bool = False, title: str = "", unfinished: bool = False
) -> str:
    """A reply as HTML: its tokens with pauses marked in place, shaded where its probabilities are known, and the facts in words."""
    given = said[SHADES[shade]] if SHADES[shade] else []
    values = [1 - p for p in given] if shade == "LM uncertainty" else given
    html = f"<h4>{escape(title)}</h4>" if title else ""
    html += (
        reply_html(said["tokens"] or pieces(said.get("reply", "")), values or None, shade)
        + f'<p class="facts">{facts(said, unfinished)}</p>'
    )
    if numbers and said["tokens"]:
        rows = {
            "token": [repr(token)[1:-1] for token in said["tokens"]],
            "pause probability": said["p_pause"],
            "LM uncertainty": [1 - p for p in said["p_best"]],
        }
        html += f'<div class="numbers" tabindex="0" role="region" aria-label="numbers of each token">{table_html(pd.DataFrame(rows))}</div>'
    return html


def legend(shade: str) -> str:
    """What the marks and the shade mean, as HTML."""
    html = f'<span style="{PAUSE_STYLE}">{MARK}</span> is a pause.'
    if SHADES[shade]:
        scale = reply_html([" 0 ", " 0.5 ", " 1 "], [0, 0.5, 1], "shade of")
        html += f' A token\'s shade is {escape(MEANING[shade])}: <span class="scale">{scale}</span> The number is in its tooltip and in the table of numbers.'
    return html


def matching(
    replies: list[dict],
    correct: bool | None = None,
    truncated: bool | None = None,
    pauses: tuple = (0, float("inf")),
    text: str = "",
) -> list[dict]:
    """The replies that pass all filters; `text` is looked for, whatever its case, in the question and in the reply with and without its pauses."""

    def passes(said: dict) -> bool:
        spoken = said["reply"].replace(injection.PAUSE_TEXT, "")
        judged = correct in (None, said["correct"]) and truncated in (None, said["truncated"])
        return (
            judged
            and pauses[0] <= said["n_pauses"] <= pauses[1]
            and text.casefold() in f"{said['question']}\n{said['reply']}\n{spoken}".casefold()
        )

    return [said for said in replies if passes(said)]
