"""Injection beside tokenizing alone, which is its limit: every problem in five copies."""

from benchmarks import fastest, fastest_of_both, growth, row
from pauselib import tasks
from pauselib.injection.rows import inject, tokenize
from pauselib.sources.models import load_tokenizer, pause_token_id
from pauselib.sources.problems import load_problems

HOW = {"n_copies": 5, "n_random_pauses": 10, "variable_number_of_pauses": True}


def compare(dataset: str) -> list[dict]:
    """Measure the training problems of a dataset in five copies: tokenizing with injecting, and tokenizing alone."""
    task, tokenizer, pause_id = tasks.find("gsm8k"), load_tokenizer("tiny"), pause_token_id("tiny")
    problems = load_problems(dataset, "train")
    prompts = [task.prompt(problem["question"]) for problem in problems]
    answers = [problem["answer"] for problem in problems]

    def alone() -> None:
        tokenizer(prompts)
        tokenizer(answers, add_special_tokens=False)

    def ours() -> None:
        inject(tokenize(problems, tokenizer, task), tokenizer, pause_id, **HOW)

    seconds = fastest_of_both(ours, alone, tries=3)
    return [row(f"inject {len(problems):,} × 5", *seconds, "tokenizing alone", "0.77 on GSM8K (1.3 × its cost)")]


def grow() -> list[dict]:
    """Measure four times as many rows."""
    task, tokenizer, pause_id = tasks.find("gsm8k"), load_tokenizer("tiny"), pause_token_id("tiny")
    seconds = {}
    for n in (1000, 4000):
        rows = tokenize(load_problems("toy", "train", n), tokenizer, task)
        seconds[f"{n:,} problems"] = fastest(lambda rows=rows: inject(rows, tokenizer, pause_id, **HOW))
    return [growth("injection, by rows", seconds)]
