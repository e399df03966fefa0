"""Where a run of the graph stands: what is kept, running, finished and failed, and how long it takes."""

from statistics import mean

from pauselib.declared import number_of
from pauselib.workflow.durations import seconds_kept, time_to_go
from pauselib.workflow.steps_of_graph import GraphStep


class RunState:
    """Which steps are kept, running, finished and failed, and how long they take."""

    def __init__(self, steps: dict[int, GraphStep], to_make: set[int]):
        self.steps, self.to_make = steps, to_make
        self.began: dict[int, float] = {}  # when each step that is running began, by job id
        self.finished: set[int] = set()
        self.failed: set[int] = set()
        self.at_once = self.n_begun = 0
        self.seconds: dict[str, list[float]] = {}  # by rule, of the steps finished in this run
        self.seconds_before: dict[str, list[float]] = {}  # the same of earlier runs
        for step in steps.values():
            seconds = seconds_kept(step.times) if step.times else None
            if seconds is not None:
                self.seconds_before.setdefault(step.rule, []).append(seconds)

    def begin(self, jobid: int, now: float) -> None:
        """Note that a step begins; it may have failed before."""
        self.failed.discard(jobid)
        self.began[jobid] = now
        self.n_begun += 1
        self.at_once = max(self.at_once, len(self.began))

    def finish(self, jobid: int, now: float) -> float:
        """Note that a step is finished and return the seconds it took."""
        seconds = now - self.began.pop(jobid, now)
        self.finished.add(jobid)
        self.seconds.setdefault(self.steps[jobid].rule, []).append(seconds)
        return seconds

    def fail(self, jobid: int, now: float) -> float:
        """Note that a step failed and return the seconds it took."""
        self.failed.add(jobid)
        return now - self.began.pop(jobid, now)

    def n_kept(self) -> int:
        """How many steps were finished before this run."""
        return len(self.steps) - len(self.to_make)

    def blocked(self) -> set[int]:
        """The steps that can't be made because of a step that failed."""
        lost = set(self.failed)
        while True:
            more = {jobid for jobid in self.to_make - lost if self.steps[jobid].needs & lost}
            if not more:
                return lost - self.failed
            lost |= more

    def to_go(self, now: float) -> str:
        """The time to go in words; empty where too little is known, such as how many steps run at once."""
        if self.n_begun < 2:
            return ""
        waiting = self.to_make - self.finished - self.failed - self.blocked()
        seconds = {rule: mean(values) for rule, values in {**self.seconds_before, **self.seconds}.items()}
        spent = [(self.steps[jobid].rule, now - self.began.get(jobid, now)) for jobid in sorted(waiting)]
        return time_to_go(spent, seconds, self.at_once)

    def seeds(self) -> set[str]:
        """The seeds that the steps are about."""
        return {step.wildcards["seed"] for step in self.steps.values() if "seed" in step.wildcards}

    def label(self, jobid: int) -> str:
        """A step's label, with its seed where there are several."""
        return self.steps[jobid].label(with_seed=len(self.seeds()) > 1)

    def contents(self) -> str:
        """What the steps are about: `21 variants, 11 interventions, 3 seeds`."""
        variants = {step.wildcards["variant"] for step in self.steps.values() if step.rule == "evaluate"}
        changed = [step.wildcards for step in self.steps.values() if step.rule == "intervene"]
        interventions = {(wildcards["variant"], wildcards["name"]) for wildcards in changed}
        words = [number_of(len(variants), "variant")]
        if interventions:
            words.append(number_of(len(interventions), "intervention"))
        if len(self.seeds()) > 1:
            words.append(number_of(len(self.seeds()), "seed"))
        return ", ".join(words)
