# The experiment as a graph: inject -> first step -> variants -> evaluate -> analyze.
# The outputs that Snakemake knows are the executed notebooks (it deletes a rule's outputs before it runs); the files that the notebooks
# write beside them are made once, and kept, by the package.
# snakemake --configfile configs/tiny.yaml --cores all
import json

from pauselib.injection import data
from pauselib.decoding import evaluation
from pauselib.training import warmup as training
from pauselib.settings import of_experiment
from pauselib.variants import FIRST_STEP, VARIANTS
from pauselib.workflow.step_lines import show_step_lines

settings = of_experiment(config)
folder = settings.folder().as_posix()
show_step_lines(workflow, folder)
row = folder + "/seed-{seed}/{variant}"
PLACE = ("experiment", "runs_dir")
DATA = (*PLACE, *data.SETTINGS)
STEPS = (*training.BY_STEP, *(f"base_{name}" for name in training.BY_STEP))
TRAINING = (*DATA, *(name for name in training.SETTINGS if name not in ("variant", "seed")), *STEPS, "report_to")
REPLIES = (*TRAINING, *(name for name in evaluation.SETTINGS if name not in ("variant", "seed")), "eval_batch_size")


# (variant, name) -> the intervention's own settings
INTERVENED = {(changed.variant, changed.intervention.name): i for i in settings.interventions if (changed := settings.but(**i)).variant in settings.variants}


def given(names):
    """Some settings as YAML for `papermill -y`; the value is part of the rule, so that a changed setting reruns what depends on it."""
    return json.dumps(settings.of(*dict.fromkeys(names)))


localrules: table

rule table:
    input: f"{folder}/report.html"

rule inject:
    output: f"{folder}/inject.ipynb"
    params: given(DATA)
    log: f"{folder}/inject.log"
    benchmark: f"{folder}/times/inject.tsv"
    shell: "papermill notebooks/inject.ipynb {output} -y {params:q} > {log} 2>&1"

rule warmup:
    input:
        f"{folder}/inject.ipynb",
        lambda w: f"{folder}/seed-{w.seed}/{FIRST_STEP}/warmup.ipynb" if VARIANTS[w.variant].second_step else [],
    output: row + "/warmup.ipynb"
    params: given(TRAINING)
    priority: 1  # the long jobs first, so that no core waits for one at the end
    log: row + "/warmup.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.warmup.tsv"
    shell: "papermill notebooks/warmup.ipynb {output} -y {params:q} -p variant {wildcards.variant} -p seed {wildcards.seed} > {log} 2>&1"

rule evaluate:
    input: row + "/warmup.ipynb"
    output: row + "/evaluate.ipynb"
    params: given(REPLIES)
    log: row + "/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.evaluate.tsv"
    shell: "papermill notebooks/evaluate.ipynb {output} -y {params:q} -p variant {wildcards.variant} -p seed {wildcards.seed} > {log} 2>&1"

rule intervene:
    input: row + "/warmup.ipynb"
    output: row + "/interventions/{name}/evaluate.ipynb"
    params: lambda w: json.dumps(settings.of(*REPLIES) | INTERVENED[w.variant, w.name])
    log: row + "/interventions/{name}/evaluate.log"
    benchmark: folder + "/times/seed-{seed}/{variant}.{name}.intervene.tsv"
    shell: "papermill notebooks/evaluate.ipynb {output} -y {params:q} -p seed {wildcards.seed} > {log} 2>&1"

rule analyze:
    input:
        expand(row + "/evaluate.ipynb", variant=settings.variants, seed=settings.seeds),
        [expand(row + "/interventions/{name}/evaluate.ipynb", variant=v, name=name, seed=settings.seeds) for v, name in INTERVENED],
    output:
        f"{folder}/analyze.ipynb",
        f"{folder}/report.html",
        f"{folder}/results.csv",
    params: given((*DATA, "variants", "seeds"))
    log: f"{folder}/analyze.log"
    benchmark: f"{folder}/times/analyze.tsv"
    shell: "papermill notebooks/analyze.ipynb {output[0]} -y {params:q} > {log} 2>&1"
