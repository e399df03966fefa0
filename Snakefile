# The experiment as a graph: inject and first step -> variants -> evaluate, trial -> analyze. A strategy that asks for the
# first step's model is injected after it, any other at once.
# The outputs that Snakemake knows are the executed notebooks (it deletes a rule's outputs before it runs); the files that
# the notebooks write beside them are made once, and kept, by the package.
# snakemake --configfile configs/tiny.yaml --cores all
import json

from pauselib.conditions import models_of_trial
from pauselib.strategies import find_strategies
from pauselib.settings import of_experiment, settings_of_notebook, settings_of_step, settings_up_to
from pauselib.variants import FIRST_STEP, parse
from pauselib.workflow.interrupts import hear
from pauselib.workflow.step_lines import show_step_lines

settings = of_experiment(config)
folder = settings.folder().as_posix()
show_step_lines(workflow, folder)
of_seed = folder + "/seed-{seed}"
row = of_seed + "/{variant}"
injected = of_seed + "/injected/{strategy}.inject.ipynb"
first_step = of_seed + f"/{FIRST_STEP}/warmup.ipynb"


def given(names, strategy=settings.strategy, **more):
    """Return some settings of a row that is injected by a strategy, as YAML for `papermill -y`.

    They are part of the rule: a changed one reruns what depends on it. The graph owns its experiment, so what was made
    from other settings is made again.
    """
    return json.dumps(settings.injected_by(strategy).of(*names) | {"overwrite": True} | more)


def strategy_of(variant):
    """Return the injection strategy of a variant's row."""
    return settings.but(variant=variant).row_strategy


def injected_for(wildcards):
    """Return what a variant needs before its warm-up: its injected rows, and the first step where it starts from it."""
    variant, strategy = parse(wildcards.variant), strategy_of(wildcards.variant)
    rows = [injected.format(seed=wildcards.seed, strategy=strategy)] if variant.pauses else []
    return rows + ([first_step.format(seed=wildcards.seed)] if variant.second_step else [])


def model_for(wildcards):
    """Return what a strategy needs before the rows are injected: the first step, for one that asks for its model."""
    needed = any(strategy.needs_model for strategy in find_strategies(wildcards.strategy))
    return [first_step.format(seed=wildcards.seed)] if needed else []


def interventions():
    """Return the interventions on the experiment's rows: (variant, name) -> the intervention's own settings."""
    rows = [(settings.but(**one), one) for one in settings.interventions]
    return {(row.variant, row.replies_folder().name): one for row, one in rows if row.variant in settings.variants}


INTERVENTIONS = interventions()
TRIALS = [name for name in settings.trials if name in settings.variants]


def trials_before(wildcards):
    """Return the trials that a variant's is compared with, so that its notebook has no need to make them."""
    models = models_of_trial(wildcards.variant)
    return expand(of_seed + "/{variant}/trial.ipynb", variant=models[1:], seed=wildcards.seed)


TRIAL_SETTINGS = [name for name in settings_of_step("trial") if name not in ("variant", "seed")]

# What a step that computes with a model asks for: GPUs, the machine's memory in MB, minutes; a profile may say otherwise.
# In a run on a machine with GPUs each such step sees just its own.
COMPUTES = {"gpu": 1, "mem_mb": 32_000, "runtime": 8 * 60}


onstart:
    hear()  # from here on Ctrl-C ends the steps

localrules: table

rule table:
    input: f"{folder}/report.html"

rule inject:
    input: model_for
    output: injected
    params: lambda w: given(settings_up_to("inject" if not model_for(w) else "first_step"), w.strategy)
    log: of_seed + "/injected/{strategy}.inject.log"
    benchmark: folder + "/times/seed-{seed}/{strategy}.inject.tsv"
    resources: gpu=lambda w: len(model_for(w))
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/inject.ipynb {output:q} "
        "-y {params:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule warmup:
    input: injected_for
    output: row + "/warmup.ipynb"
    params: lambda w: given(settings_up_to("second_step"), strategy_of(w.variant))
    priority: 1  # the long jobs first, so that no core waits for one at the end
    log: row + "/warmup.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.warmup.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/warmup.ipynb {output:q} "
        "-y {params:q} -p variant {wildcards.variant:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule evaluate:
    input: row + "/warmup.ipynb"
    output: row + "/evaluate.ipynb"
    params: lambda w: given(settings_up_to("evaluate"), strategy_of(w.variant))
    log: row + "/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.evaluate.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/evaluate.ipynb {output:q} "
        "-y {params:q} -p variant {wildcards.variant:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule intervene:
    input: row + "/warmup.ipynb"
    output: row + "/interventions/{name}/evaluate.ipynb"
    params: lambda w: given(settings_up_to("evaluate"), strategy_of(w.variant), **INTERVENTIONS[w.variant, w.name])
    log: row + "/interventions/{name}/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.{name}.intervene.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/evaluate.ipynb {output:q} "
        "-y {params:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule trial:
    input: row + "/warmup.ipynb", trials_before
    output: row + "/trial.ipynb"
    params: lambda w: given([*settings_up_to("second_step"), *TRIAL_SETTINGS], strategy_of(w.variant))
    log: row + "/trial.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.trial.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/trial.ipynb {output:q} "
        "-y {params:q} -p variant {wildcards.variant:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule analyze:
    input:
        expand(row + "/evaluate.ipynb", variant=settings.variants, seed=settings.seeds),
        expand(row + "/trial.ipynb", variant=TRIALS, seed=settings.seeds),
        [
            expand(row + "/interventions/{name}/evaluate.ipynb", variant=variant, name=name, seed=settings.seeds)
            for variant, name in INTERVENTIONS
        ],
    output:
        f"{folder}/analyze.ipynb",
        f"{folder}/report.html",
        f"{folder}/results.csv",
    params: json.dumps(settings.of(*settings_of_notebook("analyze")))
    log: f"{folder}/analyze.log"
    benchmark: f"{folder}/times/analyze.tsv"
    shell: "papermill -k python3 notebooks/analyze.ipynb {output[0]:q} -y {params:q} > {log:q} 2>&1"
