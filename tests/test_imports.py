"""What an import costs and leaves behind: nothing heavy before it is needed, and no state of other packages changed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pauselib
from pauselib import machine

ROOT = Path(pauselib.__file__).parents[1]
HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "matplotlib", "scipy", "statsmodels", "ipywidgets")
MAY_BE_HEAVY = ("pauselib.figures", "pauselib.explorer", "pauselib.trials.trial")  # they draw, and score with tensors


def modules() -> dict[str, str]:
    """The source of all modules by their full names, but of those that run something when they are imported."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "pauselib").rglob("*.py")) if path.stem != "__main__"]
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): (ROOT / path).read_text() for path in paths}


def run(code: str, **variables: str) -> str:
    """What a fresh Python prints, with more environment variables."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)} | variables
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_what_computes_with_tensors_or_shows_something_imports_anything_heavy():
    light = [
        name
        for name, source in modules().items()
        if not re.search(r"^(import|from) (torch|transformers|trl)\b", source, re.MULTILINE)
        and not name.startswith(MAY_BE_HEAVY)
    ]
    assert "pauselib.settings" in light
    loaded = run(f"import sys, {', '.join(light)}; print(*(name for name in {HEAVY} if name in sys.modules))")
    assert loaded.split() == []


THREADS = "import {}; from pauselib import machine; print(torch.get_num_threads(), machine.threads())"


@pytest.mark.parametrize("order", ["pauselib, torch", "torch, pauselib"])
def test_one_thread_computes_unless_the_user_says_otherwise_whatever_is_imported_first(order):
    assert run(THREADS.format(order), OMP_NUM_THREADS="", MKL_NUM_THREADS="").split() == ["1", "1"]
    two = {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    alone = run("import torch; print(torch.get_num_threads())", **two)  # 2, on one core 1
    assert run(THREADS.format(order), **two).split() == alone.split() * 2


def test_before_torch_is_there_the_threads_are_known_from_the_environment():
    code = "import sys; from pauselib import machine; print(machine.threads(), 'torch' in sys.modules)"
    assert run(code, OMP_NUM_THREADS="3,2").split() == ["3", "False"]


@pytest.mark.parametrize(("flag", "amx"), [("amx_tile", " with AMX"), ("", "")])
def test_the_processor_is_named_with_amx_where_it_has_that(flag, amx, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    machine.CPUINFO.write_text(f"processor\t: 0\nmodel name\t: Xeon @ 2:1 GHz\n\nflags\t\t: avx512f {flag}\n")
    assert machine.processor() == f"Xeon @ 2:1 GHz{amx}"


STATE = """
import importlib, json, os, warnings
import datasets, ipywidgets, matplotlib.pyplot, peft, scipy.stats, statsmodels.api, torch, transformers, trl
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationMixin, PreTrainedModel
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig, SFTTrainer

def state():
    threads = torch.get_num_threads(), torch.get_default_dtype(), transformers.utils.logging.get_verbosity()
    return dict(matplotlib.rcParams), dict(os.environ), list(warnings.filters), threads

changed = []
for name in NAMES:
    before = state()
    importlib.import_module(name)
    changed += [name] if state() != before else []
print(json.dumps(changed))
"""


def test_an_import_changes_nothing_outside_the_module():
    """In a Python that has everything else imported before."""
    assert json.loads(run(STATE.replace("NAMES", repr(list(modules())))).splitlines()[-1]) == []
