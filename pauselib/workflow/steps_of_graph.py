"""The steps of Snakemake's graph: what each is called, what came of it, and why it failed."""

import json
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

from pauselib import runs
from pauselib.variants import parse

KERNEL_DIED = (
    "the notebook's kernel died: it was killed, by a person or because memory ran out, and the same command goes on "
    "from there; or it never began, as the `python3` of `jupyter kernelspec list` is another one, without ipykernel."
)


@dataclass(frozen=True)
class GraphStep:
    """A job of the graph that executes a notebook."""

    rule: str
    wildcards: dict[str, str]  # what it is about: its seed, its variant, the name of an intervention
    notebook: Path  # as it is when executed
    log: Path | None = None
    times: Path | None = None  # where Snakemake keeps how long it took
    needs: frozenset[int] = frozenset()  # the job ids of the steps before it

    def label(self, with_seed: bool) -> str:
        """The rule and what it is about, such as `warmup sft_peft, seed 43`."""
        about = [value for name, value in self.wildcards.items() if name != "seed"]
        seed = f", seed {self.wildcards['seed']}" if with_seed and "seed" in self.wildcards else ""
        return " ".join([self.rule, *about]) + seed

    @property
    def failed_notebook(self) -> Path:
        """Where the notebook is kept after a failure: `warmup.failed.ipynb` beside `warmup.ipynb`."""
        return self.notebook.with_suffix(".failed.ipynb")


def steps_of_graph(dag) -> tuple[dict[int, GraphStep], set[int]]:
    """All steps of Snakemake's graph by job id, and the ids of those that have to run.

    A job without an output of its own, which only asks for what others make, is no step.
    """
    jobs = [job for job in dag.jobs if job.output]
    steps = {
        job.jobid: GraphStep(
            rule=job.rule.name,
            wildcards=dict(job.wildcards_dict),
            notebook=Path(job.output[0]),
            log=Path(job.log[0]) if job.log else None,
            times=Path(job.benchmark) if job.benchmark else None,
            needs=frozenset(before.jobid for before in dag.dependencies[job]),
        )
        for job in jobs
    }
    return steps, {job.jobid for job in jobs if dag.needrun(job)}


def short_path(path: Path | str) -> str:
    """A path as seen from the current folder where it is below that, else the whole path."""
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith(os.pardir) else relative


def result_of(step: GraphStep) -> str:
    """What came of a step that judges replies, `accuracy 0.714, 4.2 pauses a reply`; empty for other steps."""
    if step.rule not in ("evaluate", "intervene"):
        return ""
    metrics = runs.read_json(step.notebook.parent / "metrics.json")
    if metrics is None:
        return ""
    pauses = f", {metrics['pauses_mean']:.1f} pauses a reply" if parse(step.wildcards["variant"]).pauses else ""
    return f"accuracy {metrics['accuracy']:.3f}{pauses}"


def reason_of_failure(step: GraphStep) -> str:
    """Why a step failed: the last error in its notebook, or the last line of its log.

    An InputError is a sentence that says everything. The message of another error follows its type.
    """
    errors = [output for output in outputs_of(step.notebook) if output["output_type"] == "error"]
    if errors:
        kind, message = errors[-1]["ename"], errors[-1]["evalue"]
        return textwrap.shorten(message if kind == "InputError" else f"{kind}: {message}", 600, placeholder=" …")
    logged = step.log is not None and step.log.exists()
    text = step.log.read_text(encoding="utf-8", errors="replace") if logged else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "Its log doesn't say why."
    return KERNEL_DIED if "Kernel died" in last else last


def outputs_of(notebook: Path) -> list[dict]:
    """The outputs of all cells of an executed notebook; none where it isn't there, or isn't whole."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):
        return []
    return [output for cell in cells for output in cell.get("outputs", [])]
