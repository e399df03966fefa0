# The experiment as a graph: inject and first step -> variants -> evaluate, trial -> analyze. A strategy that asks for the
# first step's model is injected after it, any other at once.
# The outputs that Snakemake knows are the executed notebooks (it deletes a rule's outputs before it runs); the files that
# the notebooks write beside them are made once, and kept, by the package.
# `python -m pauselib.workflow` says by manifests which notebooks have to be executed again; all others are "ancient", so
# that no time of a file makes a step run again.
import signal

from pauselib.settings import of_experiment, settings_of_notebook, settings_up_to
from pauselib.settings.yaml_text import to_yaml
from pauselib.workflow.__main__ import stop_at_signals
from pauselib.workflow.graph import steps_of_experiment

unfinished = set(config.pop("unfinished", ()))
settings = of_experiment(config)
folder = settings.folder().as_posix()
of_seed = folder + "/seed-{seed}"
row = of_seed + "/{variant}"
injected = of_seed + "/injected/{strategy}"


def given(names, strategy=settings.strategy, **more):
    """Return some settings of a row that is injected by a strategy, as YAML for `papermill -y`.

    They are part of the rule: a changed one reruns what depends on it. The graph owns its experiment, so what was made
    from other settings is made again.
    """
    return to_yaml(settings.injected_by(strategy).of(*names) | {"overwrite": True} | more)


def strategy_of(variant):
    """Return the injection strategy of a variant's row."""
    return settings.but(variant=variant).row_strategy


INTERVENED = [(settings.but(**one), one) for one in settings.interventions]
INTERVENTIONS = {(changed.variant, changed.replies_folder().name): one for changed, one in INTERVENED}


def by_manifest(path):
    """Return a notebook as an input, whose time doesn't count unless it is executed again."""
    return path.as_posix() if path.as_posix() in unfinished else ancient(path.as_posix())


NEEDS = {step.notebook.as_posix(): list(map(by_manifest, step.needs)) for step in steps_of_experiment(settings)}


def needs(notebook):
    """Return the function from a rule's wildcards to the notebooks that have to be there before its own."""
    return lambda wildcards: NEEDS[notebook.format(**dict(wildcards.items()))]


TRIAL_SETTINGS = [name for name in settings_of_notebook("trial") if name not in ("variant", "seed")]

# What a step that computes with a model asks for: GPUs, the machine's memory in MB, minutes; a profile may say otherwise.
# In a run on a machine with GPUs each such step sees just its own.
COMPUTES = {"gpu": 1, "mem_mb": 32_000, "runtime": 8 * 60}


onstart:  # Snakemake has put its own answer to SIGTERM in the place of ours; jobs elsewhere it has to cancel itself
    if workflow.local_exec:
        stop_at_signals()
    else:
        signal.signal(signal.SIGINT, signal.default_int_handler)

wildcard_constraints: seed=r"\d+", strategy="[^/]+", variant="[^/]+", name="[^/]+"

localrules: table

rule table:
    input: [f"{folder}/{name}" for name in ("analyze.ipynb", "report.html", "results.csv")]

rule inject:
    input: needs(injected + ".inject.ipynb")
    output: injected + ".inject.ipynb"
    params: lambda w, input: given(settings_up_to("first_step" if input else "inject"), w.strategy)
    log: injected + ".inject.log"
    benchmark: folder + "/times/seed-{seed}/{strategy}.inject.tsv"
    resources: **COMPUTES | {"gpu": lambda w, input: len(input)}
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/inject.ipynb {output:q} "
        "-y {params:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule warmup:
    input: needs(row + "/warmup.ipynb")
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
    input: needs(row + "/evaluate.ipynb")
    output: row + "/evaluate.ipynb"
    params: lambda w: given(settings_up_to("evaluate"), strategy_of(w.variant))
    log: row + "/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.evaluate.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/evaluate.ipynb {output:q} "
        "-y {params:q} -p variant {wildcards.variant:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule intervene:
    input: needs(row + "/interventions/{name}/evaluate.ipynb")
    output: row + "/interventions/{name}/evaluate.ipynb"
    params: lambda w: given(settings_up_to("evaluate"), strategy_of(w.variant), **INTERVENTIONS[w.variant, w.name])
    log: row + "/interventions/{name}/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.{name}.intervene.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/evaluate.ipynb {output:q} "
        "-y {params:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule trial:
    input: needs(row + "/trial.ipynb")
    output: row + "/trial.ipynb"
    params: lambda w: given([*settings_up_to("second_step"), *TRIAL_SETTINGS], strategy_of(w.variant))
    log: row + "/trial.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.trial.tsv"
    resources: **COMPUTES
    shell:
        "python -m pauselib.workflow.gpus {resources.gpu} papermill -k python3 notebooks/trial.ipynb {output:q} "
        "-y {params:q} -p variant {wildcards.variant:q} -p seed {wildcards.seed} > {log:q} 2>&1"

rule analyze:
    input: NEEDS[f"{folder}/analyze.ipynb"]
    output:
        f"{folder}/analyze.ipynb",
        f"{folder}/report.html",
        f"{folder}/results.csv",
    params: to_yaml(settings.of(*settings_of_notebook("analyze")))
    log: f"{folder}/analyze.log"
    benchmark: f"{folder}/times/analyze.tsv"
    shell: "papermill -k python3 notebooks/analyze.ipynb {output[0]:q} -y {params:q} > {log:q} 2>&1"
